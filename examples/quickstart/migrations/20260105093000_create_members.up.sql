CREATE TABLE members (
    id          INTEGER PRIMARY KEY,
    card_number TEXT NOT NULL UNIQUE CHECK (card_number GLOB '[A-Z][0-9][0-9][0-9][0-9][0-9]'),
    given_name  TEXT NOT NULL CHECK (trim(given_name) <> ''),
    family_name TEXT NOT NULL CHECK (trim(family_name) <> ''),
    email       TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (email LIKE '%_@_%'),
    phone       TEXT,
    born_on     TEXT,
    joined_on   TEXT NOT NULL DEFAULT CURRENT_DATE,
    closed_on   TEXT CHECK (closed_on >= joined_on),
    updated_at  TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;

CREATE INDEX members_by_name ON members (family_name, given_name);
CREATE INDEX members_by_phone ON members (phone) WHERE phone IS NOT NULL;

CREATE TRIGGER members_touch_updated_at
AFTER UPDATE OF given_name, family_name, email, phone, closed_on ON members
BEGIN
    UPDATE members SET updated_at = CURRENT_TIMESTAMP WHERE id = new.id;
END;
