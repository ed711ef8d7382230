//! Makes a database what its template is: one that a test has used, and one that is empty yet.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mysql::Conn;

use super::message::{Row, code, column, name, quoted, send, send_all};
use super::state::{self, EMPTY, Object, Which, by_key};

/// What every copy of a template has.
#[derive(Debug)]
pub(super) struct Pristine {
    /// The template's own database, which no test is given.
    pub(super) database: String,
    pub(super) objects: Vec<Object>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Restored {
    /// It has been compared, and is as the template.
    Exactly,
    /// It is not, and nobody should have it: in this it differs.
    Not(String),
}

/// How our sessions are set while they restore: no key is checked, no number is given where there is a zero, and what a
/// test has locked is not waited for as long as the server would.
pub(super) const SETTINGS: &str = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0, \
     time_zone = '+00:00', lock_wait_timeout = 3, innodb_lock_wait_timeout = 3, wait_timeout = 2000000, \
     sql_quote_show_create = 1";

/// Compares it with the template, makes right what differs, and compares that again. What is not right then is not tried
/// any further.
pub(super) fn restore(conn: &mut Conn, database: &str, pristine: &Pristine) -> Result<Restored, mysql::Error> {
    drop_events(conn, database)?;
    throw_out(conn, database)?;
    send(conn, &format!("USE {}", name(database)))?;
    let found = state::read(conn, database, Which::All, &pristine.objects)?;
    if is_locked(conn, database, &found)? {
        send(conn, "USE information_schema")?;
        return Ok(Restored::Not("a prepared transaction holds locks in it".into()));
    }
    let difference = Difference::of(&found, pristine);
    difference.make_right(conn, database, pristine)?;
    let differs = match (difference.is_none(), difference.is_of_rows_alone()) {
        (true, _) => None,
        (false, true) => {
            let found = state::read(conn, database, Which::Tables(&difference.rows), &pristine.objects)?;
            let now = by_key(&found);
            let is_right = |table: &&&Object| now.get(&table.key()).is_some_and(|now| now.is_as(table));
            difference.rows.iter().find(|table| !is_right(table)).map(|table| table.in_words())
        }
        (false, false) => {
            let found = state::read(conn, database, Which::All, &pristine.objects)?;
            Difference::of(&found, pristine).first()
        }
    };
    // Who is in the database is thrown out of it, some time.
    send(conn, "USE information_schema")?;
    Ok(differs.map_or(Restored::Exactly, Restored::Not))
}

/// Whether the template's own database is still what was written down: somebody else may have been in it.
pub(super) fn is_intact(conn: &mut Conn, pristine: &Pristine) -> Result<bool, mysql::Error> {
    send(conn, &format!("USE {}", name(&pristine.database)))?;
    let found = state::read(conn, &pristine.database, Which::All, &pristine.objects)?;
    send(conn, "USE information_schema")?;
    Ok(Difference::of(&found, pristine).is_none())
}

/// What a copy has to be made right in.
struct Difference<'o> {
    /// What is there, and should not be, or not so.
    extra: Vec<&'o Object>,
    /// What should be there, but triggers.
    lacking: Vec<&'o Object>,
    /// Tables whose rows, or counters, are others, or that are lacking.
    rows: Vec<&'o Object>,
    /// Of these, those where only the counter is.
    counters: Vec<&'o Object>,
    /// Triggers to be made: those that are lacking, and those that would fire while rows are written.
    triggers: Vec<&'o Object>,
}

impl<'o> Difference<'o> {
    fn of(found: &'o [Object], pristine: &'o Pristine) -> Self {
        let (there, expected) = (by_key(found), by_key(&pristine.objects));
        let extra = found.iter().filter(|now| {
            now.kind == "event" || !expected.get(&now.key()).is_some_and(|object| now.is_defined_as(object))
        });
        let mut difference = Difference {
            extra: extra.collect(),
            lacking: Vec::new(),
            rows: Vec::new(),
            counters: Vec::new(),
            triggers: Vec::new(),
        };
        for object in pristine.objects.iter().filter(|object| object.kind != "event") {
            let now = there.get(&object.key()).filter(|now| now.is_defined_as(object));
            match now {
                None if object.kind == "trigger" => difference.triggers.push(object),
                None => difference.lacking.push(object),
                Some(_) => {}
            }
            if object.has_rows() && !now.is_some_and(|now| now.is_as(object)) {
                difference.rows.push(object);
                if now.is_some_and(|now| now.has_rows_of(object)) {
                    difference.counters.push(object);
                }
            }
        }
        let tables: BTreeSet<&str> = difference.rows.iter().map(|table| table.name.as_str()).collect();
        let wanted: BTreeSet<_> = difference.triggers.iter().map(|trigger| trigger.key()).collect();
        let is_to_be_made = |object: &&Object| {
            wanted.contains(&object.key()) || object.table().is_some_and(|table| tables.contains(table))
        };
        difference.triggers = pristine.objects.iter().filter(is_to_be_made).collect();
        difference
    }

    fn is_none(&self) -> bool {
        self.extra.is_empty() && self.rows.is_empty() && self.lacking.is_empty() && self.triggers.is_empty()
    }

    fn first(&self) -> Option<String> {
        let all = self.extra.iter().chain(&self.lacking).chain(&self.rows).chain(&self.triggers);
        all.map(|object| object.in_words()).next()
    }

    fn is_of_rows_alone(&self) -> bool {
        self.extra.is_empty() && self.lacking.is_empty() && self.triggers.is_empty()
    }

    fn make_right(&self, conn: &mut Conn, database: &str, pristine: &Pristine) -> Result<(), mysql::Error> {
        let going = |kinds: &[&str]| {
            let of_kind = |object: &&&Object| kinds.contains(&object.kind.as_str());
            self.extra.iter().filter(of_kind).map(|object| drop_sql(object, database)).collect::<Vec<_>>()
        };
        let lacking = |kinds: &[&str]| {
            let of_kind = |object: &&Object| kinds.contains(&object.kind.as_str());
            self.lacking.iter().copied().filter(of_kind).collect::<Vec<_>>()
        };
        let mut statements = going(&["event", "trigger"]);
        statements.extend(self.triggers.iter().map(|trigger| drop_sql(trigger, database)));
        statements.extend(going(&["view"]));
        statements.extend(going(&["procedure", "function", "package body"]));
        statements.extend(going(&["package", "table"]));
        statements.extend(going(&["sequence"]));
        statements.extend(lacking(&["database"]).iter().map(|itself| alter_sql(itself, database)));
        // A column's default may be the next of a sequence.
        for kind in ["sequence", "table"] {
            statements.extend(lacking(&[kind]).iter().map(|table| table.create_sql(database)));
        }
        statements.extend(self.rows.iter().flat_map(|table| self.rows_sql(table, database, pristine)));
        send_all(conn, &statements)?;
        for program in lacking(&["procedure", "function", "package", "package body"]) {
            make(conn, program, database)?;
        }
        make_views(conn, lacking(&["view"]), database)?;
        self.triggers.iter().try_for_each(|trigger| make(conn, trigger, database))
    }

    fn rows_sql(&self, table: &Object, database: &str, pristine: &Pristine) -> Vec<String> {
        let (to, from) = (place(database, &table.name), place(&pristine.database, &table.name));
        let is_new = self.lacking.iter().any(|object| object.key() == table.key());
        let only_counter = self.counters.iter().any(|object| object.key() == table.key());
        let mut statements = Vec::new();
        if !is_new && !only_counter && table.kind == "table" {
            statements.push(format!("TRUNCATE TABLE {to}"));
        }
        if !only_counter && table.digest != EMPTY {
            statements.push(format!("INSERT INTO {to} ({0}) SELECT {0} FROM {from}", table.columns));
        }
        // A new one has it from its definition.
        if only_counter || (!is_new && !table.counter.is_empty()) {
            let counter = if table.counter.is_empty() { "1" } else { &table.counter };
            statements.push(format!("ALTER TABLE {to} AUTO_INCREMENT = {counter}"));
        }
        statements
    }
}

/// Makes one thing, with the session set as it was when the template's was made.
pub(super) fn make(conn: &mut Conn, object: &Object, database: &str) -> Result<(), mysql::Error> {
    if !object.settings.is_empty() {
        send(conn, &format!("SET SESSION {}", object.settings))?;
    }
    let made = send(conn, &object.create_sql(database)).map(drop);
    send(conn, "SET NAMES utf8mb4").and_then(|_| send(conn, SETTINGS))?;
    made
}

/// A view may need another one.
fn make_views(conn: &mut Conn, mut views: Vec<&Object>, database: &str) -> Result<(), mysql::Error> {
    while !views.is_empty() {
        let mut left = Vec::new();
        let mut why = None;
        for view in &views {
            if let Err(error) = make(conn, view, database) {
                left.push(*view);
                why = Some(error);
            }
        }
        if let Some(error) = why.filter(|_| left.len() == views.len()) {
            return Err(error);
        }
        views = left;
    }
    Ok(())
}

fn place(database: &str, object: &str) -> String {
    format!("{}.{}", name(database), name(object))
}

fn drop_sql(object: &Object, database: &str) -> String {
    format!("DROP {} IF EXISTS {}", object.kind, place(database, &object.name))
}

/// What stands behind the database's name in its definition are its character set and collation.
fn alter_sql(itself: &Object, database: &str) -> String {
    itself.create_sql(database).replacen("CREATE", "ALTER", 1)
}

/// First of all: one that comes to its time meanwhile would write behind our back.
fn drop_events(conn: &mut Conn, database: &str) -> Result<(), mysql::Error> {
    let sql = format!("SELECT event_name FROM information_schema.events WHERE event_schema = {}", quoted(database));
    let events = send(conn, &sql)?;
    let drop_sql = |row: &Row| format!("DROP EVENT IF EXISTS {}", place(database, &column(row, 0)));
    send_all(conn, &events.iter().flatten().map(drop_sql).collect::<Vec<_>>()).map(drop)
}

/// Whether a transaction has written here that outlives its session (`XA PREPARE`): its rows are not seen, and may be committed
/// later. The server does not say where it has written, but does not give us the tables.
fn is_locked(conn: &mut Conn, database: &str, found: &[Object]) -> Result<bool, mysql::Error> {
    let tables: Vec<_> = found.iter().filter(|object| object.kind == "table").collect();
    // Who may not ask must suppose that there is one.
    if tables.is_empty() || send(conn, "XA RECOVER").is_ok_and(|found| found.iter().all(Vec::is_empty)) {
        return Ok(false);
    }
    let tables: Vec<_> = tables.iter().map(|table| format!("{} WRITE", place(database, &table.name))).collect();
    // InnoDB's own locks are taken without autocommit only.
    let locked = send(conn, &format!("SET SESSION autocommit = 0; LOCK TABLES {}", tables.join(", ")));
    send(conn, "UNLOCK TABLES; SET SESSION autocommit = 1")?;
    match locked {
        Err(error) if code(&error) == 1205 => Ok(true),
        other => other.map(|_| false),
    }
}

/// Ends all other sessions in the database, and waits until they are gone, whose transactions are then rolled back.
pub(super) fn throw_out(conn: &mut Conn, database: &str) -> Result<(), mysql::Error> {
    let began = Instant::now();
    loop {
        let sessions = send(conn, "SELECT connection_id(); SHOW PROCESSLIST")?;
        let own = sessions.first().and_then(|rows| rows.first()).map(|row| column(row, 0)).unwrap_or_default();
        let inside = |row: &&Row| column(row, 3).eq_ignore_ascii_case(database) && column(row, 0) != own;
        let inside: Vec<String> = sessions.iter().skip(1).flatten().filter(inside).map(|row| column(row, 0)).collect();
        if inside.is_empty() {
            return Ok(());
        }
        for session in inside {
            match send(conn, &format!("KILL {session}")) {
                // It has ended by itself.
                Err(error) if code(&error) == 1094 => {}
                other => drop(other?),
            }
        }
        if began.elapsed() > Duration::from_secs(10) {
            let message = "a session in the test's database does not end";
            return Err(mysql::Error::IoError(std::io::Error::other(message)));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
