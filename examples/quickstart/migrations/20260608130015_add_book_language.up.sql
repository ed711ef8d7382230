ALTER TABLE books ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (length(language) = 2);

CREATE INDEX books_by_language ON books (language, title COLLATE NOCASE);
