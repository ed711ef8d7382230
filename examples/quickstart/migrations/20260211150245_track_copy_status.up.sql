ALTER TABLE copies ADD COLUMN status TEXT NOT NULL DEFAULT 'available'
    CHECK (status IN ('available', 'on_loan', 'hold_shelf', 'withdrawn'));

-- What the status would be if the triggers below had always been there.
UPDATE copies
SET status = CASE
    WHEN withdrawn_on IS NOT NULL THEN 'withdrawn'
    ELSE 'on_loan'
END
WHERE withdrawn_on IS NOT NULL
   OR EXISTS (SELECT 1 FROM loans WHERE loans.copy_id = copies.id AND loans.returned_on IS NULL);

CREATE INDEX copies_by_status ON copies (status);

CREATE TRIGGER loans_copy_lent
AFTER INSERT ON loans
WHEN new.returned_on IS NULL
BEGIN
    SELECT CASE
        WHEN (SELECT status FROM copies WHERE id = new.copy_id) = 'withdrawn'
        THEN raise(ABORT, 'a withdrawn copy cannot be lent')
    END;
    UPDATE copies SET status = 'on_loan' WHERE id = new.copy_id;
END;

CREATE TRIGGER loans_copy_returned
AFTER UPDATE OF returned_on ON loans
WHEN old.returned_on IS NULL AND new.returned_on IS NOT NULL
BEGIN
    -- A book that somebody waits for goes to the hold shelf; it doesn't go back among the others.
    UPDATE copies
    SET status = CASE
        WHEN EXISTS (
            SELECT 1 FROM holds
            WHERE holds.book_id = copies.book_id
              AND holds.fulfilled_at IS NULL
              AND holds.cancelled_at IS NULL
        ) THEN 'hold_shelf'
        ELSE 'available'
    END
    WHERE id = new.copy_id;
END;
