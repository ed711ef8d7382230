-- migrate:options transaction:false lock_timeout:1500ms
-- migrate:up
CREATE TABLE b (text TEXT DEFAULT 'quotes "", backslash \, é 🦀 '' and a tab	');
-- migrate:down transaction:true
DROP TABLE b;
