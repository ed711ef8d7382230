use crate::sql::Dialect;
use crate::{Checksum, Direction, HistoryRow, Meta, Migration, Migrations, Version};

/// What stands where: every version that the program knows or the history records, each with its [`State`].
///
/// Made from two lists by comparing them: no I/O, no clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// In version order.
    pub entries: Vec<Entry<'a>>,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// Which.
    pub version: Version,
    /// Its name, as the program knows it; else as the history has it.
    pub name: &'a str,
    /// Where it stands.
    pub state: State,
    /// What the program knows of it.
    pub meta: Option<&'a Meta>,
    /// What the history knows of it.
    pub row: Option<&'a HistoryRow>,
    /// The undo that was generated for it, where that was looked up.
    pub undo: Option<StoredUndo>,
}

/// An undo that was generated when a migration was applied, and is kept in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredUndo {
    /// What it does not bring back.
    pub losses: Vec<String>,
}

/// Where a migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Finished, with the checksum that the program knows.
    Applied,
    /// Applied; only comments or blanks of its file have changed since.
    CommentsChanged,
    /// Known, and not in the history.
    Pending,
    /// Pending, and older than something that is applied: a branch that was merged late.
    OutOfOrder,
    /// Applied, and its file does something else now.
    Changed,
    /// In the history, its file gone, newer ones known.
    Missing,
    /// In the history, and newer than all that the program knows: an older build is looking.
    Ahead,
    /// Begun and not finished, on the way up or down.
    Interrupted(Direction),
}

impl State {
    /// The word for it, as `status` prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Applied | State::CommentsChanged => "applied",
            State::Pending => "pending",
            State::OutOfOrder => "out-of-order",
            State::Changed => "changed",
            State::Missing => "missing",
            State::Ahead => "ahead",
            State::Interrupted(_) => "interrupted",
        }
    }

    /// Whether `up` would apply it.
    pub const fn is_pending(self) -> bool {
        matches!(self, State::Pending | State::OutOfOrder)
    }

    /// Whether the history holds it, finished or not.
    pub const fn is_recorded(self) -> bool {
        !self.is_pending()
    }
}

impl Entry<'_> {
    /// `20230314095813_create_users`
    pub fn label(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }

    /// Which way it was going when it was interrupted, whether its file is known or gone.
    pub fn unfinished(&self) -> Option<Direction> {
        self.row.filter(|row| row.finished_at.is_none()).map(|row| row.direction)
    }

    /// Whether it can be reverted: by its file, by its generated undo, or by the stored text when the file is gone.
    pub fn is_reversible(&self) -> bool {
        match (self.meta, self.row) {
            (Some(meta), _) => meta.reversible || self.undo.is_some(),
            (None, row) => row.is_some_and(|row| row.down_checksum.is_some()),
        }
    }
}

impl<'a> Status<'a> {
    /// Compares what is known with what is recorded. Rows must be sorted by version, as the history is read.
    ///
    /// ```
    /// use migrate_core::{Migrations, State, Status, source};
    ///
    /// let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY)")];
    /// let known = Migrations::<()>::from_sql(source::read(files, None)?.migrations)?;
    /// let status = Status::of(&known, &[]);
    /// assert_eq!(status.entries[0].state, State::Pending);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<C>(known: &'a Migrations<'_, C>, rows: &'a [HistoryRow]) -> Self {
        let newest_known = known.iter().next_back().map(|m| m.meta().version);
        let newest_recorded = rows.last().map(|row| row.version);
        let mut entries = Vec::with_capacity(known.len().max(rows.len()));
        let (mut known, mut rows) = (known.iter().map(Migration::meta).peekable(), rows.iter().peekable());
        loop {
            let next = match (known.peek(), rows.peek()) {
                (None, None) => return Status { entries },
                (Some(meta), None) => meta.version,
                (None, Some(row)) => row.version,
                (Some(meta), Some(row)) => meta.version.min(row.version),
            };
            let meta = known.next_if(|meta| meta.version == next);
            let row = rows.next_if(|row| row.version == next);
            let state = match (meta, row) {
                (Some(meta), Some(row)) => recorded(meta, row),
                (Some(_), None) if Some(next) < newest_recorded => State::OutOfOrder,
                (Some(_), None) => State::Pending,
                (None, _) if Some(next) > newest_known => State::Ahead,
                (None, _) => State::Missing,
            };
            let name = meta.map(|m| m.name.as_ref()).or(row.map(|r| r.name.as_str())).unwrap_or_default();
            entries.push(Entry { version: next, name, state, meta, row, undo: None });
        }
    }

    /// Tells changed files of which only comments or blanks differ from those that do something else now. Needs the
    /// dialect, and is only worth its hashing when something differs at all.
    pub fn compare_statements<C>(&mut self, known: &Migrations<'_, C>, dialect: Dialect) {
        for entry in self.entries.iter_mut().filter(|entry| entry.state == State::Changed) {
            let recorded = entry.row.and_then(|row| row.statements_checksum.as_ref());
            let script = known.find(entry.version).and_then(Migration::sql).map(|sql| &sql.up);
            let Some(now) = script.and_then(|up| Checksum::of_statements(&up.text, dialect).ok()) else { continue };
            if recorded == Some(&now) {
                entry.state = State::CommentsChanged;
            }
        }
    }

    /// The entry of a version.
    pub fn find(&self, version: Version) -> Option<&Entry<'a>> {
        let index = self.entries.binary_search_by_key(&version, |entry| entry.version).ok()?;
        self.entries.get(index)
    }

    /// Whether any entry is in a state like this.
    pub fn any(&self, mut like: impl FnMut(State) -> bool) -> bool {
        self.entries.iter().any(|entry| like(entry.state))
    }
}

fn recorded(meta: &Meta, row: &HistoryRow) -> State {
    match &row.finished_at {
        None => State::Interrupted(row.direction),
        Some(_) if row.checksum == meta.checksum => State::Applied,
        Some(_) => State::Changed,
    }
}
