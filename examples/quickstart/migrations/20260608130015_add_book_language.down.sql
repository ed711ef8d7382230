DROP INDEX books_by_language;
ALTER TABLE books DROP COLUMN language;
