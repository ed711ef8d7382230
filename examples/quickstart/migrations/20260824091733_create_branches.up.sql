CREATE TABLE branches (
    id        INTEGER PRIMARY KEY,
    code      TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL,
    opened_on TEXT NOT NULL
) STRICT;

INSERT INTO branches (id, code, name, opened_on) VALUES
    (1, 'MAIN', 'Main library', '1987-09-01'),
    (2, 'HARB', 'St. Mary''s Harbour', '2026-09-01');

ALTER TABLE copies ADD COLUMN branch_id INTEGER REFERENCES branches (id);

-- Until today there was one house, so everything stands there.
UPDATE copies SET branch_id = 1;

CREATE INDEX copies_by_branch ON copies (branch_id, status);

CREATE TRIGGER copies_default_branch
AFTER INSERT ON copies
WHEN new.branch_id IS NULL
BEGIN
    UPDATE copies SET branch_id = 1 WHERE id = new.id;
END;
