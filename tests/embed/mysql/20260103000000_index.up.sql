CREATE INDEX title ON books (title);
