-- migrate:options foreign_keys:off

-- Most SQLite versions cannot make a column NOT NULL in place, so the table is built anew. With foreign
-- keys on, DROP TABLE would delete the members one by one first: their holds would go with them
-- (ON DELETE CASCADE), and the first loan would stop it.

-- The rename below looks through all views, and this one would name a table that is gone.
DROP VIEW overdue_loans;

CREATE TABLE members_new (
    id          INTEGER PRIMARY KEY,
    card_number TEXT NOT NULL UNIQUE CHECK (card_number GLOB '[A-Z][0-9][0-9][0-9][0-9][0-9]'),
    given_name  TEXT NOT NULL CHECK (trim(given_name) <> ''),
    family_name TEXT NOT NULL CHECK (trim(family_name) <> ''),
    email       TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (email LIKE '%_@_%'),
    phone       TEXT,
    born_on     TEXT,
    joined_on   TEXT NOT NULL DEFAULT CURRENT_DATE,
    closed_on   TEXT CHECK (closed_on >= joined_on),
    updated_at  TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tier_id     INTEGER NOT NULL DEFAULT 1 REFERENCES membership_tiers (id)
) STRICT;

-- Members who joined since the backfill may have no tier yet.
INSERT INTO members_new (
    id, card_number, given_name, family_name, email, phone, born_on, joined_on, closed_on, updated_at, tier_id
)
SELECT
    id, card_number, given_name, family_name, email, phone, born_on, joined_on, closed_on, updated_at,
    coalesce(tier_id, 1)
FROM members;

DROP TABLE members;
ALTER TABLE members_new RENAME TO members;

CREATE INDEX members_by_name ON members (family_name, given_name);
CREATE INDEX members_by_phone ON members (phone) WHERE phone IS NOT NULL;
CREATE INDEX members_by_tier ON members (tier_id);

CREATE TRIGGER members_touch_updated_at
AFTER UPDATE OF given_name, family_name, email, phone, closed_on ON members
BEGIN
    UPDATE members SET updated_at = CURRENT_TIMESTAMP WHERE id = new.id;
END;

CREATE VIEW overdue_loans AS
SELECT
    loans.id AS loan_id,
    members.card_number,
    members.given_name || ' ' || members.family_name AS member_name,
    members.email,
    books.title,
    copies.barcode,
    loans.due_on,
    CAST(julianday('now') - julianday(loans.due_on) AS INTEGER) AS days_overdue
FROM loans
JOIN members ON members.id = loans.member_id
JOIN copies ON copies.id = loans.copy_id
JOIN books ON books.id = copies.book_id
WHERE loans.returned_on IS NULL
  AND loans.due_on < date('now');
