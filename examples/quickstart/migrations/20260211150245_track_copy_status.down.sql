DROP TRIGGER loans_copy_returned;
DROP TRIGGER loans_copy_lent;
DROP INDEX copies_by_status;
ALTER TABLE copies DROP COLUMN status;
