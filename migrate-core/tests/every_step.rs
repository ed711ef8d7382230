//! A plan, up and down, with a failure at *every* step: whatever goes wrong, the next run brings the database to
//! exactly where a clean run brings it, each statement having run exactly once.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use migrate_core::fake::{Fake, FakeConnection, FakeDatabase, Fault};
use migrate_core::{
    Answer, BoxError, Direction, Down, DownTarget, Error, LockLadder, Meta, Migration, Migrations, Migrator, Options,
    Script, Session, SqlMigration, Store, Transactions, UpTarget, Version,
};

type Known = Migrations<'static, FakeConnection>;

fn sql(version: i64, outside: bool, up: &str, down: &str) -> SqlMigration {
    let options = Options::embedded(outside, false, None, false);
    let script = |file: &str, text: &str| Script::new(file.to_owned().into(), Cow::Owned(text.into()), 1, options);
    let down = Down::Script(script("down.sql", down));
    SqlMigration::new(Version::new(version), format!("m{version}"), script("up.sql", up), down, Store::Text)
}

/// Plain files, one outside a transaction with a session statement, one in Rust, one more file; or all of them statement
/// by statement, as files with DDL are on MySQL.
fn mixed(by_statement: bool) -> Known {
    let files = [
        sql(1, by_statement, "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)", "DELETE FROM a"),
        sql(2, by_statement, "INSERT INTO b VALUES (1)", "DELETE FROM b"),
        sql(
            3,
            true,
            "INSERT INTO c VALUES (1); PRAGMA cache_size = 10; VACUUM; INSERT INTO c VALUES (2)",
            "VACUUM; DELETE FROM c",
        ),
        sql(5, by_statement, "INSERT INTO e VALUES (1)", "DELETE FROM e"),
    ];
    let known = Migrations::from_sql(files).and_then(|known| known.with(InRust::new()));
    known.unwrap_or_else(|error| panic!("{error}"))
}

struct InRust(Meta);

impl InRust {
    fn new() -> Self {
        InRust(Meta::code(Version::new(4), "in_rust").reversible())
    }
}

impl Migration<FakeConnection> for InRust {
    fn meta(&self) -> &Meta {
        &self.0
    }

    fn up(&self, db: &mut Session<'_, FakeConnection>) -> Result<(), BoxError> {
        db.connection().run("code up");
        db.progress(1, Some(1));
        Ok(())
    }

    fn down(&self, db: &mut Session<'_, FakeConnection>) -> Result<(), BoxError> {
        db.run("DELETE FROM d")
    }
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Up,
    Down,
}

fn run(fake: &mut Fake, known: &Known, way: Way, transactions: Transactions) -> Result<(), Error> {
    let ladder = LockLadder { rungs: Vec::new() };
    let mut migrator = Migrator::new(fake).ladder(ladder).transactions(transactions);
    match way {
        Way::Up => migrator.up(known, UpTarget::All),
        Way::Down => migrator.down(known, DownTarget::Count(999)),
    }
    .map(|_| ())
}

/// An interrupted `up` that is to be reverted is finished first: that is what its message says to do.
fn recover(database: &FakeDatabase, known: &Known, way: Way) {
    let again = run(&mut database.connect(), known, way, Transactions::PerMigration);
    assert!(again.is_ok(), "{}", again.unwrap_err());
}

/// Effects without the session statements: those are sent again on purpose.
fn effects(database: &FakeDatabase) -> Vec<String> {
    database.effects().into_iter().filter(|effect| !effect.starts_with("PRAGMA")).collect()
}

fn fails_at_every_step(new: fn() -> FakeDatabase, known: &Known, transactions: Transactions) {
    for way in [Way::Up, Way::Down] {
        let ready = || {
            let database = new();
            if let Way::Down = way {
                recover(&database, known, Way::Up);
            }
            database
        };
        let clean = ready();
        let mut connection = clean.connect();
        run(&mut connection, known, way, transactions).unwrap();
        let calls = connection.calls();
        assert!(calls > 20, "{calls} steps");
        for fault in [Fault::Error, Fault::Lost] {
            for n in 1..=calls {
                let place = format!("{way:?}, {fault:?} at {n} of {calls}");
                let database = ready();
                let result = run(&mut database.connect().failing_at(n, fault), known, way, transactions);
                assert!(!database.is_locked(), "{place}: a lock was left");
                if let Err(error) = result {
                    assert!(!error.to_string().is_empty(), "{place}");
                }
                recover(&database, known, way);
                assert_eq!(effects(&database), effects(&clean), "{place}");
                assert_eq!(database.versions(), clean.versions(), "{place}");
                assert_eq!(database.journal_len(), 0, "{place}");
            }
        }
    }
}

#[test]
fn where_schema_changes_can_be_rolled_back() {
    fails_at_every_step(FakeDatabase::new, &mixed(false), Transactions::PerMigration);
}

#[test]
fn where_each_statement_commits_by_itself() {
    fails_at_every_step(FakeDatabase::autocommitting, &mixed(true), Transactions::PerMigration);
}

#[test]
fn all_in_one_transaction() {
    let plain = (1..=9).map(|n| sql(n, false, "INSERT INTO a VALUES (1)", "DELETE FROM a"));
    let known = Migrations::from_sql(plain).unwrap();
    fails_at_every_step(FakeDatabase::new, &known, Transactions::One);
}

/// A service starts while a way down is half gone: what is finished first is applied again in its place, not behind
/// those that build on it.
#[test]
fn a_way_down_that_failed_is_taken_back_by_the_next_up_in_order() {
    for (new, by_statement) in
        [(FakeDatabase::new as fn() -> FakeDatabase, false), (FakeDatabase::autocommitting, true)]
    {
        let known = mixed(by_statement);
        let mut half_reverted = 0;
        for n in 1.. {
            let database = new();
            recover(&database, &known, Way::Up);
            let down =
                run(&mut database.connect().failing_at(n, Fault::Lost), &known, Way::Down, Transactions::PerMigration);
            let before = database.versions();
            let mut connection = database.connect();
            let report = Migrator::new(&mut connection).up(&known, UpTarget::All).unwrap();
            let ups = report.done.iter().filter(|done| done.direction() == Direction::Up);
            let ups: Vec<_> = ups.map(|done| done.version).collect();
            assert!(ups.is_sorted(), "failed at {n}, left {before:?}: applied {ups:?}");
            assert_eq!(database.versions(), [1, 2, 3, 4, 5], "failed at {n}");
            assert_eq!(database.journal_len(), 0, "failed at {n}");
            half_reverted += usize::from(report.done.len() > ups.len() && ups.len() > 1);
            if down.is_ok() {
                break;
            }
        }
        assert!(half_reverted > 0, "no way down was left half gone: the test proves nothing");
    }
}

#[test]
fn a_failure_says_what_is_now_true() {
    let check = |known: &Known, new: fn() -> FakeDatabase, n: usize, expected: &str| {
        let said = run(&mut new().connect().failing_at(n, Fault::Error), known, Way::Up, Transactions::PerMigration);
        assert_eq!(said.unwrap_err().to_string(), expected);
    };
    let plain = Migrations::from_sql([
        sql(1, false, "INSERT INTO a VALUES (1)", ""),
        sql(2, false, "SELECT 1;\n  INSERT INTO b VALUES (1)", ""),
        sql(3, false, "INSERT INTO c VALUES (1)", ""),
    ]);
    // Not fresh, so that each has a transaction of its own: what fails together with others is run once more, alone.
    let used = || {
        let database = FakeDatabase::new();
        let first = Migrations::from_sql([sql(4, false, "SELECT 1", "")]).unwrap();
        run(&mut database.connect(), &first, Way::Up, Transactions::PerMigration).unwrap();
        database
    };
    // The steps: two looks and the lock, prepare, BEGIN, then two ticks a statement, three rows and COMMIT each.
    check(
        &plain.unwrap(),
        used,
        16,
        "up.sql:2:3: no\n  |   INSERT INTO b VALUES (1)\n  = rolled back: 00000000000002_m2; applied before it: 1; \
         still pending behind it: 1\n  = fix the file, and run `migrate up` again",
    );
    let outside = Migrations::from_sql([sql(1, true, "VACUUM;\nVACUUM;\nVACUUM", "")]);
    check(
        &outside.unwrap(),
        FakeDatabase::new,
        18,
        "up.sql:2:1: no\n  | VACUUM;\n  = 1 of 3 statements of 00000000000001_m1 are committed; applied before it: 0; \
         still pending behind it: 0\n  = fix the file from statement 2 on, and run `migrate up` again: it goes on there",
    );
}

#[test]
fn an_edited_prefix_that_ran_already_is_refused() {
    let database = FakeDatabase::new();
    let first = Migrations::from_sql([sql(1, true, "VACUUM;\nVACUUM;\nVACUUM", "")]).unwrap();
    run(&mut database.connect().failing_at(18, Fault::Error), &first, Way::Up, Transactions::PerMigration).unwrap_err();
    let edited = Migrations::from_sql([sql(1, true, "VACUUM INTO 'x';\nVACUUM", "")]).unwrap();
    let refused = run(&mut database.connect(), &edited, Way::Up, Transactions::PerMigration).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "refused, nothing was changed: up.sql:1:1: statement 1 is done already, and is not the same any more\n     1 - VACUUM;\n     2 - VACUUM;\n     \
         1 + VACUUM INTO 'x';\n     2   VACUUM\n  = put the file's first statement back as it was when it ran; only what comes behind can still be changed"
    );
    let mended = Migrations::from_sql([sql(1, true, "VACUUM;\nDELETE FROM x", "")]).unwrap();
    run(&mut database.connect(), &mended, Way::Up, Transactions::PerMigration).unwrap();
    assert_eq!(database.effects(), ["VACUUM", "DELETE FROM x"]);
}

#[test]
fn what_evidence_cannot_decide_stops_the_run() {
    let database = FakeDatabase::autocommitting();
    let known = Migrations::from_sql([sql(1, true, "SELECT opaque", "")]).unwrap();
    let calls = {
        let mut clean = database.connect();
        run(&mut clean, &known, Way::Up, Transactions::PerMigration).unwrap();
        clean.calls()
    };
    let stopped = (1..=calls).find_map(|n| {
        let database = FakeDatabase::autocommitting();
        let _ = run(&mut database.connect().failing_at(n, Fault::Lost), &known, Way::Up, Transactions::PerMigration);
        let again = run(&mut database.connect(), &known, Way::Up, Transactions::PerMigration);
        again.err().map(|error| (database, error.to_string()))
    });
    let (database, said) = stopped.unwrap();
    assert_eq!(
        said,
        "up.sql:1:1: statement 1 of 00000000000001_m1 (up) was under way when its run died, and whether it ran can't \
         be told\n  = look: whether `SELECT opaque` ran\n  = then say which: `migrate settle 00000000000001 1 applied`, \
         or `migrate settle 00000000000001 1 again`"
    );
    assert!(!database.is_locked());
    let settle = |n, answer| Migrator::new(&mut database.connect()).settle(&known, Version::new(1), n, answer);
    assert_eq!(
        settle(2, Answer::Again).unwrap_err().to_string(),
        "refused, nothing was changed: 00000000000001_m1 has no statement 2 that is in doubt, so there is nothing to settle"
    );
    let before = database.effects();
    settle(1, Answer::Applied).unwrap();
    run(&mut database.connect(), &known, Way::Up, Transactions::PerMigration).unwrap();
    assert_eq!((database.effects(), database.versions(), database.journal_len()), (before, vec![1], 0));
}

#[test]
fn a_panic_leaves_no_lock() {
    struct Panics(Meta);
    impl Migration<FakeConnection> for Panics {
        fn meta(&self) -> &Meta {
            &self.0
        }
        fn up(&self, _: &mut Session<'_, FakeConnection>) -> Result<(), BoxError> {
            panic!("on purpose")
        }
    }
    let database = FakeDatabase::new();
    let known = Migrations::new().with(Panics(Meta::code(Version::new(1), "panics"))).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(&mut database.connect(), &known, Way::Up, Transactions::PerMigration)
    }));
    assert!(panicked.is_err());
    assert!(!database.is_locked());
    assert!(database.versions().is_empty());
}
