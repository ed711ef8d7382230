ALTER TABLE books ADD COLUMN author VARCHAR(200);
UPDATE books SET author = 'Frederick P. Brooks' WHERE id = 1;
