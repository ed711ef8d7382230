-- migrate:up
CREATE TABLE subjects (
    code        TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    shelf_label TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE book_subjects (
    book_id      INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    subject_code TEXT NOT NULL REFERENCES subjects (code) ON UPDATE CASCADE,
    PRIMARY KEY (book_id, subject_code)
) STRICT, WITHOUT ROWID;

CREATE INDEX book_subjects_by_subject ON book_subjects (subject_code);

-- The labels are what is printed on the shelves; the codes are ours.
INSERT INTO subjects (code, name, shelf_label) VALUES
    ('FIC', 'Fiction', 'Novels; short stories'),
    ('SCI', 'Science and nature', 'Science -- ground floor'),
    ('HIS', 'History', 'History; biography'),
    ('TRA', 'Travel', 'Travel; maps'),
    ('CHI', 'Children''s books', 'Children''s corner'),
    ('REF', 'Reference', 'Reference (not for loan)');

-- migrate:down
DROP TABLE book_subjects;
DROP TABLE subjects;
