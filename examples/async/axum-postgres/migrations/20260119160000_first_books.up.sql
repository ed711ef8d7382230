INSERT INTO books (title, author) VALUES
  ('The Left Hand of Darkness', 'Ursula K. Le Guin'),
  ('Invisible Cities', 'Italo Calvino');
