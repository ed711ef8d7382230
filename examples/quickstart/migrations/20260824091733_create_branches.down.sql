DROP TRIGGER copies_default_branch;
DROP INDEX copies_by_branch;
ALTER TABLE copies DROP COLUMN branch_id;
DROP TABLE branches;
