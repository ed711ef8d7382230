ALTER TABLE orders ADD COLUMN currency CHAR(3);
