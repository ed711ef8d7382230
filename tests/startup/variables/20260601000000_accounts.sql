CREATE TABLE ${table} (login VARCHAR(50));
INSERT INTO ${table} VALUES ('${password}');
-- One word too many, for a table whose name is one.
INSERT INTO ${table} (login) VALUES ('${password}' ${more});
