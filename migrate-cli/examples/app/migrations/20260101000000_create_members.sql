-- migrate:up
CREATE TABLE members (id INTEGER PRIMARY KEY, email VARCHAR(200) NOT NULL);
INSERT INTO members VALUES (1, 'Ada@Example.org');

-- migrate:down
DROP TABLE members;
