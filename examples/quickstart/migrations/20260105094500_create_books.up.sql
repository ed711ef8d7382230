CREATE TABLE authors (
    id        INTEGER PRIMARY KEY,
    full_name TEXT NOT NULL,
    sort_name TEXT NOT NULL UNIQUE -- "Le Guin, Ursula K."
) STRICT;

CREATE TABLE books (
    id             INTEGER PRIMARY KEY,
    isbn           TEXT UNIQUE CHECK (length(isbn) = 13), -- without hyphens; old books have none
    title          TEXT NOT NULL CHECK (trim(title) <> ''),
    published_year INTEGER CHECK (published_year BETWEEN 1450 AND 2100),
    added_at       TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;

CREATE INDEX books_by_title ON books (title COLLATE NOCASE);

CREATE TABLE book_authors (
    book_id   INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES authors (id),
    position  INTEGER NOT NULL DEFAULT 1 CHECK (position >= 1),
    PRIMARY KEY (book_id, author_id),
    UNIQUE (book_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX book_authors_by_author ON book_authors (author_id);
