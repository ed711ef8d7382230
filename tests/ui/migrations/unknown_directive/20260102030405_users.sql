-- migrate:uop
CREATE TABLE users (id INTEGER);
