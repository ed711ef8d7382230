//! When hooks are called, what one that fails leaves, and that a run with variables shows no secret.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::time::Duration;

use migrate_core::fake::{FakeConnection, FakeDatabase, Fault};
use migrate_core::{
    BoxError, Cancel, Down, DownTarget, Driver, Error, Event, Hooks, LockLadder, Migrations, Migrator, Moment, Options,
    Report, Script, Session, SqlMigration, Store, Transactions, UpTarget, Variables, Version, When,
};

type Known = Migrations<'static, FakeConnection>;

fn script(file: &str, text: &str) -> Script {
    let outside = text.contains("VACUUM");
    Script::new(file.to_owned().into(), text.to_owned().into(), 1, Options::embedded(outside, false, None, false))
}

fn migration(version: i64, up: &str) -> SqlMigration {
    let down = Down::Script(script("down.sql", &format!("DELETE FROM t{version}")));
    SqlMigration::new(Version::new(version), format!("m{version}"), script("up.sql", up), down, Store::Text)
}

fn three() -> Known {
    Migrations::from_sql((1..=3).map(|n| migration(n, &format!("INSERT INTO t{n} VALUES (1)")))).unwrap()
}

/// Says when it is called, and for which migration.
fn said(moment: &Moment<'_>) -> String {
    match moment {
        Moment::BeforeEach(step) | Moment::AfterEach(step) => format!("{}: {}", moment.when(), step.version.get()),
        Moment::BeforeRun(plan) => format!("before the run: {}", plan.steps.len()),
        Moment::AfterRun(report) => format!("after the run: {report}"),
        other => other.when().to_string(),
    }
}

fn noted<'m>(hooks: Hooks<'m, FakeConnection>, notes: &'m RefCell<Vec<String>>) -> Hooks<'m, FakeConnection> {
    When::ALL.into_iter().fold(hooks, |hooks, when| {
        hooks.on(when, move |moment, _| {
            notes.borrow_mut().push(said(moment));
            Ok(())
        })
    })
}

fn fails(at: When) -> impl FnMut(&Moment<'_>, &mut Session<'_, FakeConnection>) -> Result<(), BoxError> {
    move |moment, _| match moment {
        Moment::BeforeEach(step) | Moment::AfterEach(step) if step.version != Version::new(2) => Ok(()),
        moment if moment.when() == at => Err("the disk is red".into()),
        _ => Ok(()),
    }
}

fn up(database: &FakeDatabase, known: &Known, hooks: Hooks<'_, FakeConnection>) -> Result<Report, Error> {
    Migrator::new(&mut database.connect()).hooks(hooks).up(known, UpTarget::All)
}

#[test]
fn each_moment_in_its_order_and_none_where_nothing_is_done() {
    for new in [FakeDatabase::new, FakeDatabase::autocommitting] {
        let (database, known, notes) = (new(), three(), RefCell::default());
        up(&database, &known, noted(Hooks::new(), &notes)).unwrap();
        let expected = [
            "before the run: 3",
            "before each migration: 1",
            "after each migration: 1",
            "before each migration: 2",
            "after each migration: 2",
            "before each migration: 3",
            "after each migration: 3",
            "after the run: applied 3",
        ];
        assert_eq!(notes.take(), expected);
        up(&database, &known, noted(Hooks::new(), &notes)).unwrap();
        assert!(notes.take().is_empty());
        let hooks = noted(Hooks::new(), &notes);
        Migrator::new(&mut database.connect()).hooks(hooks).down(&known, DownTarget::Count(1)).unwrap();
        let expected =
            ["before the run: 1", "before each migration: 3", "after each migration: 3", "after the run: reverted 1"];
        assert_eq!(notes.take(), expected);
        // What is only recorded is nothing that ran.
        let hooks = noted(Hooks::new(), &notes);
        Migrator::new(&mut database.connect()).hooks(hooks).baseline(&known, Version::new(3)).unwrap();
        assert!(notes.take().is_empty());
    }
}

#[test]
fn one_that_fails_ends_the_run_and_says_what_is_true() {
    let check = |at: When, versions: &[i64], expected: &str| {
        let (database, known, notes) = (FakeDatabase::new(), three(), RefCell::<Vec<String>>::default());
        let hooks = Hooks::new().on(at, fails(at)).on(When::OnFailure, |moment, _| {
            notes.borrow_mut().push(said(moment));
            Ok(())
        });
        let failed = up(&database, &known, hooks).unwrap_err();
        assert_eq!(failed.to_string(), expected);
        assert_eq!(database.versions(), versions, "{at}");
        assert!(!database.is_locked());
        assert_eq!(notes.take(), ["on failure"]);
        // The next run goes on there.
        up(&database, &known, Hooks::new()).unwrap();
        assert_eq!(database.versions(), [1, 2, 3]);
    };
    check(
        When::BeforeRun,
        &[],
        "the hook before the run: the disk is red\n  = nothing was changed\n  \
         = mend the hook, and run again: it goes on there",
    );
    check(
        When::BeforeEach,
        &[1],
        "the hook before each migration (00000000000002_m2): the disk is red\n  = applied 1, and that stays; still to do: 2\n  \
         = mend the hook, and run again: it goes on there",
    );
    check(
        When::AfterEach,
        &[1, 2],
        "the hook after each migration (00000000000002_m2): the disk is red\n  = applied 2, and that stays; still to do: 1\n  \
         = mend the hook, and run again: for what is done already it is not called any more",
    );
    check(
        When::AfterRun,
        &[1, 2, 3],
        "the hook after the run: the disk is red\n  = applied 3, and that stays\n  \
         = mend the hook, and run again: for what is done already it is not called any more",
    );
}

#[test]
fn a_failure_is_told_once_whatever_its_hook_does() {
    let (database, known, notes) = (FakeDatabase::new(), three(), RefCell::<Vec<String>>::default());
    let mut fake = database.connect().failing_at(9, Fault::Lost);
    let observer = |event: &Event<'_>| {
        if let Event::Note(note) = event {
            notes.borrow_mut().push(note.to_string());
        }
    };
    let hooks = Hooks::new().on(When::OnFailure, |_, db| db.run("INSERT INTO failures VALUES (1)"));
    let ladder = LockLadder { rungs: Vec::new() };
    let failed = Migrator::new(&mut fake).ladder(ladder).hooks(hooks).observer(observer).up(&known, UpTarget::All);
    assert!(matches!(failed, Err(Error::Failed(_))), "{failed:?}");
    assert_eq!(notes.take(), ["the hook on failure: the connection is gone"]);
}

#[test]
fn a_cancelled_run_begins_no_hook_but_the_one_for_failures() {
    let (database, known, notes, cancel) = (FakeDatabase::new(), three(), RefCell::default(), Cancel::default());
    let hooks = noted(Hooks::new(), &notes).on(When::AfterEach, |_, _| {
        cancel.cancel();
        Ok(())
    });
    let ended = Migrator::new(&mut database.connect()).cancelled_by(&cancel).hooks(hooks).up(&known, UpTarget::All);
    assert!(matches!(ended, Err(Error::Cancelled(_))), "{ended:?}");
    let expected = ["before the run: 3", "before each migration: 1", "after each migration: 1", "on failure"];
    assert_eq!(notes.take(), expected);
    assert_eq!(database.versions(), [1]);
}

#[test]
fn one_transaction_has_no_place_between_migrations() {
    let (database, known) = (FakeDatabase::new(), three());
    let hooks = Hooks::new().on(When::AfterEach, |_, _| Ok(()));
    let one =
        Migrator::new(&mut database.connect()).transactions(Transactions::One).hooks(hooks).up(&known, UpTarget::All);
    assert!(one.unwrap_err().to_string().contains("hooks before or after each migration"), "says which");
    assert!(database.versions().is_empty());
    let hooks = Hooks::new().on(When::AfterRun, |_, db| db.run("ANALYZE"));
    Migrator::new(&mut database.connect())
        .transactions(Transactions::One)
        .hooks(hooks)
        .up(&known, UpTarget::All)
        .unwrap();
    assert_eq!(database.effects().last().map(String::as_str), Some("ANALYZE"));
}

fn variables() -> Variables {
    Variables::new().with("table", "t").unwrap().with_secret("password", "s3cret").unwrap()
}

#[test]
fn a_script_has_the_variables_and_its_place() {
    let (database, known) = (FakeDatabase::new(), three());
    let file =
        script("hooks/after.sql", "-- a comment\nINSERT INTO ${table} VALUES ('${password}');\nSELECT ${nobody}");
    let run = |file: Script| {
        let hooks = Hooks::new().on(When::AfterRun, move |_, db| db.run_script(&file));
        Migrator::new(&mut database.connect()).variables(variables()).hooks(hooks).up(&known, UpTarget::All)
    };
    let failed = run(file).unwrap_err().to_string();
    assert!(failed.starts_with("hooks/after.sql:3:8: the hook after the run: ${nobody} is not declared"), "{failed}");
    assert!(failed.contains("  | SELECT ${nobody}\n"), "{failed}");
    let hooks = Hooks::new()
        .on(When::AfterRun, |_, db| db.run_script(&script("a.sql", "INSERT INTO ${table} VALUES ('${password}')")));
    let known = Migrations::from_sql((1..=4).map(|n| migration(n, &format!("INSERT INTO t{n} VALUES (1)")))).unwrap();
    Migrator::new(&mut database.connect()).variables(variables()).hooks(hooks).up(&known, UpTarget::All).unwrap();
    assert_eq!(database.effects().last().map(String::as_str), Some("INSERT INTO t VALUES ('s3cret')"));
}

#[test]
fn a_script_that_can_not_be_read_is_refused_before_anything_runs() {
    let (database, known) = (FakeDatabase::new(), three());
    let hooks = Hooks::new()
        .script(When::AfterRun, script("after.sql", "ANALYZE ${tabel}"))
        .script(When::OnFailure, script("failed.sql", "SELECT 'no end"));
    let refused = Migrator::new(&mut database.connect()).variables(variables()).hooks(hooks).up(&known, UpTarget::All);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("after.sql:1:9: ${tabel} is not declared"), "{refused}");
    assert!(refused.contains("failed.sql:1:8"), "{refused}");
    assert!(database.effects().is_empty());
    let hooks = Hooks::new().script(When::AfterRun, script("after.sql", "ANALYZE ${table}"));
    Migrator::new(&mut database.connect()).variables(variables()).hooks(hooks).up(&known, UpTarget::All).unwrap();
    assert_eq!(database.effects().last().map(String::as_str), Some("ANALYZE t"));
}

#[test]
fn values_are_sent_and_never_shown() {
    for new in [FakeDatabase::new, FakeDatabase::autocommitting] {
        let database = new();
        let up = "INSERT INTO ${table} VALUES ('${password}');\nINSERT INTO ${table} VALUES (2)";
        let known: Known = Migrations::from_sql([migration(1, up)]).unwrap();
        let told = RefCell::new(String::new());
        let mut fake = database.connect();
        let migrator = Migrator::new(&mut fake).variables(variables());
        let mut migrator = migrator.observer(|event| told.borrow_mut().push_str(&format!("{event:?}\n")));
        let sql = migrator.render_up(&known, UpTarget::All).unwrap();
        let plan = format!("{:?}", migrator.plan_up(&known, UpTarget::All).unwrap());
        migrator.up(&known, UpTarget::All).unwrap();
        drop(migrator);
        assert_eq!(database.effects(), ["INSERT INTO t VALUES ('s3cret')", "INSERT INTO t VALUES (2)"]);
        let told = told.into_inner();
        assert!(told.contains("INSERT INTO t VALUES ('${password}')"), "{told}");
        for shown in [sql, plan, told] {
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}

/// Who waits is shown what the holder runs: a replica with the same secrets.
#[test]
fn the_holder_of_the_lock_is_shown_without_secrets() {
    let (database, known) = (FakeDatabase::new(), three());
    let mut holder = database.connect();
    holder.try_lock().unwrap();
    let mut fake = database.connect();
    let told = RefCell::new(String::new());
    let refused = {
        let secret = Variables::new().with_secret("password", "connection 1").unwrap();
        let migrator = Migrator::new(&mut fake).variables(secret).lock_wait(Duration::from_millis(1));
        let observer = |event: &Event<'_>| told.borrow_mut().push_str(&format!("{event:?}"));
        migrator.observer(observer).up(&known, UpTarget::All).unwrap_err().to_string()
    };
    for shown in [refused, told.into_inner()] {
        assert!(shown.contains("***") && !shown.contains("connection 1"), "{shown}");
    }
}

/// In another schema than the first half went to, the second half would be a wrong guess.
#[test]
fn a_resumed_file_must_have_the_values_that_it_began_with() {
    let database = FakeDatabase::autocommitting();
    let up = "INSERT INTO ${table} VALUES ('${password}'); VACUUM";
    let known: Known = Migrations::from_sql([migration(1, up)]).unwrap();
    let run = |fault: usize, variables: Variables| {
        let mut fake = database.connect().failing_at(fault, Fault::Error);
        let ladder = LockLadder { rungs: Vec::new() };
        Migrator::new(&mut fake).ladder(ladder).variables(variables).up(&known, UpTarget::All)
    };
    let half = |n: &usize| run(*n, variables()).is_err_and(|error| error.to_string().contains("1 of 2 statements"));
    let began = (1..40).find(half);
    assert!(began.is_some(), "it failed behind its first statement");
    let other = variables().with("table", "u").unwrap();
    let refused = run(999, other).unwrap_err().to_string();
    assert!(refused.contains("and is not the same any more"), "{refused}");
    assert!(refused.contains("and the values of its variables as well"), "{refused}");
    // A password may have been changed meanwhile.
    run(999, variables().with_secret("password", "another").unwrap()).unwrap();
    assert_eq!(database.effects(), ["INSERT INTO t VALUES ('s3cret')", "VACUUM"]);
}
