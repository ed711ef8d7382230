INSERT INTO books (id, title, author) VALUES
  (1, 'The Left Hand of Darkness', 'Ursula K. Le Guin'),
  (2, 'Invisible Cities', 'Italo Calvino');
