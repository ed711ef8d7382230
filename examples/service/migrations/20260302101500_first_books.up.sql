INSERT INTO books (id, title) VALUES
  (1, 'The Mythical Man-Month'),
  (2, 'A Pattern Language'),
  (3, 'The Practice of Programming');
