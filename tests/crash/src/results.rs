//! What came of the tries, as lines of a table.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::Result;
use crate::database::Kind;

/// What stands above the table.
#[derive(Clone, Copy)]
pub enum About {
    Migrate,
    Peers,
}

const MIGRATE: &str = "# Killed, cut off, and started again

Made by `tests/crash/run long`. Eight migrations that count themselves, with indexes built concurrently on PostgreSQL, several changes
of the schema per file on MySQL and MariaDB, `VACUUM` and a rebuilt table on SQLite, up and down. A run is struck; then `migrate up`,
or the same `migrate down`, is started once, and must end well. Right is: the catalog of a run that nobody disturbed, each counter exact,
no invalid index, no line in the journal, no lock.

A column says how many strikes left a statement of which the next start had to find out whether it had run: where nothing is ever in
doubt, a kill proves little. On SQLite it is not looked at: looking would recover the file before the next start does.

Not struck at here: a full disk, a server that only reads, a role without rights, a machine that loses its power, and a holder of the lock that
is stopped. Sends are those of connections without TLS.
";

const PEERS: &str = "# The same kills, another tool

Made by `tests/crash/run peers`. Six plain files, each with an `UPDATE` that counts it and a `CREATE TABLE`, on PostgreSQL, from nothing. The tool is killed
at each of its sends; when its session is gone it is started once more. Right is: that start succeeds, and each file ran exactly once. A tool that
commits a migration and the row that says so in two transactions can't pass. Only refinery 0.9 is compared so far.
";

/// One line: what was done to which database, and what came of it.
pub struct Tally {
    pub kind: Kind,
    pub what: String,
    /// Where, or when.
    pub at: String,
    pub tries: usize,
    /// The run was still under way.
    pub hit: usize,
    /// A statement had begun of which nobody could tell whether it ran.
    pub in_doubt: usize,
    pub recovered: usize,
    pub wrong: Vec<String>,
    /// Why there are fewer tries than were asked for.
    pub note: String,
}

impl Tally {
    pub fn new(kind: Kind, what: impl Into<String>, at: impl Into<String>) -> Tally {
        let (what, at) = (what.into(), at.into());
        Tally { kind, what, at, tries: 0, hit: 0, in_doubt: 0, recovered: 0, wrong: Vec::new(), note: String::new() }
    }

    /// Counts a try and its recovery.
    pub fn count(&mut self, place: &str, in_doubt: bool, recovery: Result<()>) {
        self.tries += 1;
        self.hit += 1;
        self.in_doubt += usize::from(in_doubt);
        match recovery {
            Ok(()) => self.recovered += 1,
            Err(error) => {
                let wrong = format!("{}: {}, {place}: {error}", self.kind.title(), self.what);
                eprintln!("WRONG {wrong}");
                self.wrong.push(wrong);
            }
        }
    }

    pub fn line(&self) -> String {
        let Tally { kind, what, at, tries, hit, in_doubt, recovered, wrong, note } = self;
        let at = if *tries == 0 {
            "not reached: time was over".to_owned()
        } else if note.is_empty() {
            at.clone()
        } else {
            format!("{at}; {note}")
        };
        format!("| {} | {what} | {at} | {tries} | {hit} | {in_doubt} | {recovered} | {} |", kind.title(), wrong.len())
    }
}

const HEAD: &str = "| database | what | where | tries | run was under way | left a statement in doubt | recovered | wrong |\n\
                    |---|---|---|---|---|---|---|---|";

/// All of them, written as they come: a run that is stopped has its results so far.
pub struct Results {
    about: About,
    path: Option<String>,
    began: Instant,
    conditions: String,
    got: Mutex<Got>,
}

#[derive(Default)]
struct Got {
    versions: Vec<String>,
    tallies: Vec<Tally>,
}

impl Results {
    pub fn new(about: About, path: Option<String>, conditions: String) -> Results {
        Results { about, path, began: Instant::now(), conditions, got: Mutex::default() }
    }

    pub fn version(&self, version: String) {
        let got = &mut self.got().versions;
        if !got.contains(&version) {
            got.push(version);
        }
    }

    pub fn add(&self, tally: Tally) -> Result<()> {
        println!("{}", tally.line());
        // One thread a database: each has its lines in order.
        self.got().tallies.push(tally);
        match &self.path {
            Some(path) => Ok(std::fs::write(path, self.text())?),
            None => Ok(()),
        }
    }

    pub fn wrong(&self) -> usize {
        self.got().tallies.iter().map(|tally| tally.wrong.len()).sum()
    }

    fn text(&self) -> String {
        let mut got = self.got();
        got.versions.sort();
        got.tallies.sort_by_key(|tally| tally.kind);
        let total = |of: fn(&Tally) -> usize| got.tallies.iter().map(of).sum::<usize>();
        let lines: String = got.tallies.iter().map(|tally| format!("{}\n", tally.line())).collect();
        // Of each line a few: the others are alike.
        let some = got.tallies.iter().flat_map(|tally| tally.wrong.iter().take(3));
        let wrong: String = some.map(|wrong| format!("\n```text\n{wrong}\n```\n")).collect();
        let about = match self.about {
            About::Migrate => MIGRATE,
            About::Peers => PEERS,
        };
        format!(
            "{about}\n{}; {}; {} s.\nIn all {} runs were struck while they were under way: {} recovered, {} wrong.\n\n{HEAD}\n{lines}{wrong}",
            got.versions.join(", "),
            self.conditions,
            self.began.elapsed().as_secs(),
            total(|tally| tally.hit),
            total(|tally| tally.recovered),
            total(|tally| tally.wrong.len()),
        )
    }

    fn got(&self) -> MutexGuard<'_, Got> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
