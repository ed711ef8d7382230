DELETE FROM books WHERE id IN (1, 2);
