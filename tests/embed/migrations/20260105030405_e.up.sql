-- migrate:options nothing-to-undo store:false
UPDATE c SET id = 2;
