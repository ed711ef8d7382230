DROP TRIGGER holds_set_expiry;
DROP INDEX holds_by_expiry;
ALTER TABLE holds DROP COLUMN expires_on;
