CREATE TABLE loans (
    id          INTEGER PRIMARY KEY,
    copy_id     INTEGER NOT NULL REFERENCES copies (id),
    member_id   INTEGER NOT NULL REFERENCES members (id),
    borrowed_on TEXT NOT NULL DEFAULT CURRENT_DATE,
    due_on      TEXT NOT NULL,
    returned_on TEXT,
    CHECK (due_on > borrowed_on),
    CHECK (returned_on >= borrowed_on)
) STRICT;

-- The desk may scan the same copy twice; only one loan of it can be open.
CREATE UNIQUE INDEX loans_one_open_per_copy ON loans (copy_id) WHERE returned_on IS NULL;

CREATE INDEX loans_by_member ON loans (member_id, borrowed_on);
CREATE INDEX loans_open_by_due_date ON loans (due_on) WHERE returned_on IS NULL;
