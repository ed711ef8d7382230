CREATE TABLE users (id INTEGER);
  /* to be continued
