-- A book is what the catalogue describes; a copy is what stands on the shelf.
CREATE TABLE copies (
    id           INTEGER PRIMARY KEY,
    book_id      INTEGER NOT NULL REFERENCES books (id),
    barcode      TEXT NOT NULL UNIQUE,
    condition    TEXT NOT NULL DEFAULT 'good' CHECK (condition IN ('new', 'good', 'worn', 'damaged')),
    acquired_on  TEXT NOT NULL DEFAULT CURRENT_DATE,
    withdrawn_on TEXT
) STRICT;

CREATE INDEX copies_by_book ON copies (book_id) WHERE withdrawn_on IS NULL;
