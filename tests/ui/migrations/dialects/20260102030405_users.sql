CREATE TABLE users (name TEXT DEFAULT 'a\');
-- migrate:down
DROP TABLE users; -- ');
