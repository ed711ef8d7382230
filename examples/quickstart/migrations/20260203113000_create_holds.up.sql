-- A member waits for a book, not for one of its copies. The queue is the order of placed_at.
CREATE TABLE holds (
    id           INTEGER PRIMARY KEY,
    book_id      INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    member_id    INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    placed_at    TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    fulfilled_at TEXT,
    cancelled_at TEXT,
    CHECK (fulfilled_at IS NULL OR cancelled_at IS NULL)
) STRICT;

CREATE UNIQUE INDEX holds_one_waiting_per_member ON holds (book_id, member_id)
WHERE fulfilled_at IS NULL AND cancelled_at IS NULL;

CREATE INDEX holds_queue ON holds (book_id, placed_at)
WHERE fulfilled_at IS NULL AND cancelled_at IS NULL;

CREATE INDEX holds_by_member ON holds (member_id);
