CREATE TABLE loan_renewals (
    loan_id    INTEGER NOT NULL REFERENCES loans (id) ON DELETE CASCADE,
    renewed_on TEXT NOT NULL DEFAULT CURRENT_DATE,
    old_due_on TEXT NOT NULL,
    new_due_on TEXT NOT NULL,
    PRIMARY KEY (loan_id, new_due_on),
    CHECK (new_due_on > old_due_on)
) STRICT;

CREATE TRIGGER loan_renewals_at_most_two
BEFORE INSERT ON loan_renewals
WHEN (SELECT count(*) FROM loan_renewals WHERE loan_id = new.loan_id) >= 2
BEGIN
    SELECT raise(ABORT, 'a loan can be renewed twice; after that the book comes back');
END;

CREATE TRIGGER loan_renewals_move_due_date
AFTER INSERT ON loan_renewals
BEGIN
    UPDATE loans SET due_on = new.new_due_on WHERE id = new.loan_id;
END;
