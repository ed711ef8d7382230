-- migrate:up
CREATE TABLE membership_tiers (
    id        INTEGER PRIMARY KEY,
    code      TEXT NOT NULL UNIQUE,
    max_loans INTEGER NOT NULL CHECK (max_loans > 0),
    loan_days INTEGER NOT NULL CHECK (loan_days > 0)
) STRICT;

INSERT INTO membership_tiers (id, code, max_loans, loan_days) VALUES
    (1, 'standard', 8, 21),
    (2, 'child', 5, 28),
    (3, 'school', 40, 84);

-- Nullable for now: with foreign keys on, a column that is added with a reference has to start as NULL.
ALTER TABLE members ADD COLUMN tier_id INTEGER REFERENCES membership_tiers (id);

UPDATE members
SET tier_id = CASE
    WHEN born_on > date(joined_on, '-14 years') THEN 2
    ELSE 1
END;

-- migrate:down
ALTER TABLE members DROP COLUMN tier_id;
DROP TABLE membership_tiers;
