DELETE FROM books WHERE title IN ('The Left Hand of Darkness', 'Invisible Cities');
