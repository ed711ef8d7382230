-- migrate:options foreign_keys:off
UPDATE c SET id = 3;
