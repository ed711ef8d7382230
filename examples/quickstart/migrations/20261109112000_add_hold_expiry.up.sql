ALTER TABLE holds ADD COLUMN expires_on TEXT;

-- Holds that wait already get the half year that new ones get, counted from the day they were placed.
UPDATE holds
SET expires_on = date(placed_at, '+6 months')
WHERE fulfilled_at IS NULL
  AND cancelled_at IS NULL;

CREATE INDEX holds_by_expiry ON holds (expires_on)
WHERE fulfilled_at IS NULL AND cancelled_at IS NULL;

CREATE TRIGGER holds_set_expiry
AFTER INSERT ON holds
WHEN new.expires_on IS NULL
BEGIN
    UPDATE holds SET expires_on = date(new.placed_at, '+6 months') WHERE id = new.id;
END;
