CREATE TABLE fines (
    id           INTEGER PRIMARY KEY,
    loan_id      INTEGER NOT NULL REFERENCES loans (id),
    reason       TEXT NOT NULL CHECK (reason IN ('overdue', 'damaged', 'lost')),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    charged_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (loan_id, reason)
) STRICT;

CREATE TABLE fine_payments (
    id           INTEGER PRIMARY KEY,
    fine_id      INTEGER NOT NULL REFERENCES fines (id),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    method       TEXT NOT NULL CHECK (method IN ('cash', 'card', 'waived')),
    paid_at      TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;

CREATE INDEX fine_payments_by_fine ON fine_payments (fine_id);
