DROP INDEX title ON books;
