//! What a start does about migrations: by the variable, by API, on a thread of its own, and when it is cancelled.
#![allow(clippy::unwrap_used)]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{Database, every_database};
use migrate::{Cancel, Embedded, Error, Event, Started, Startup, StartupMode, Variables, embed_migrations};

static V1: Embedded = embed_migrations!("tests/startup/v1");
static V2: Embedded = embed_migrations!("tests/startup/v2");
static BROKEN: Embedded = embed_migrations!("tests/startup/broken");
static VARIABLES: Embedded = embed_migrations!("tests/startup/variables");
static SLOW_SQLITE: Embedded = embed_migrations!("tests/startup/slow-sqlite", sqlite);
static SLOW_POSTGRES: Embedded = embed_migrations!("tests/startup/slow-postgres", postgres);
static SLOW_MYSQL: Embedded = embed_migrations!("tests/startup/slow-mysql", mysql);

fn migrate_with(database: &Database, set: &Embedded) -> Result<Started, Error> {
    Startup::new(set).mode(StartupMode::Migrate).run(database.url())
}

/// TRAPS 25: an image that was rolled back must start, and a failed deployment must not take the running one with it.
#[test]
fn two_versions_of_one_service_during_a_rolling_deployment() {
    for database in every_database("rolling") {
        assert!(migrate_with(&database, &V1).unwrap().to_string().starts_with("migrations: applied 1 in "));
        assert_eq!(
            migrate::verify(database.url(), &V2).unwrap_err().to_string(),
            "1 migration of this program is not applied: 20260201000000_currency\n  \
             = nothing was changed; have them applied (`migrate up`, or by the service that does it), and start again"
        );
        // The new one migrates, while old ones still start, scale up, and are restarted.
        migrate_with(&database, &V2).unwrap();
        for again in [migrate_with(&database, &V1).unwrap(), migrate_with(&database, &V1).unwrap()] {
            assert_eq!(again.to_string(), "migrations: nothing to do, the only one is applied");
        }
        migrate::verify(database.url(), &V1).unwrap();
        migrate::verify(database.url(), &V2).unwrap();
        // The newest fails: it does not start, and both of the others do.
        let failed = migrate_with(&database, &BROKEN).unwrap_err().to_string();
        assert!(failed.contains("20260202000000_bad.sql:1:13: "), "{failed}");
        migrate_with(&database, &V2).unwrap();
        migrate::verify(database.url(), &V1).unwrap();
    }
}

#[test]
fn verify_and_wait_only_read() {
    for database in every_database("reads") {
        let wait = Startup::new(&V1).mode(StartupMode::Wait).wait_limit(Duration::from_millis(120));
        let said = wait.run(database.url()).unwrap_err().to_string();
        assert!(said.starts_with("1 migration of this program is not applied, after waiting 0."), "{said}");
        assert!(matches!(migrate::verify(database.url(), &V1), Err(Error::NotApplied(_))));
        assert_eq!(database.tables(), "", "{}", database.url());
    }
}

#[test]
fn who_waits_goes_on_when_another_one_is_done() {
    for database in every_database("waits") {
        let (heard, hears) = mpsc::channel();
        let url = database.url().to_owned();
        let waiting = thread::spawn(move || {
            let wait = Startup::new(&V2).mode(StartupMode::Wait).wait_limit(Duration::from_secs(60));
            let tell = move |event: &Event<'_>| match event {
                Event::Awaiting { pending, .. } => heard.send(*pending).unwrap(),
                Event::Planned(_) | Event::Started(_) => panic!("it migrates"),
                _ => {}
            };
            wait.observer(tell).run(url)
        });
        assert_eq!(hears.recv().unwrap(), 2);
        // Half of it is not enough.
        migrate_with(&database, &V1).unwrap();
        migrate_with(&database, &V2).unwrap();
        let waited = waiting.join().unwrap().unwrap();
        assert!(waited.to_string().starts_with("migrations: all 2 are applied, after "), "{waited}");
    }
}

#[test]
fn a_changed_file_is_told_at_once_also_to_who_waits() {
    for database in every_database("changed") {
        migrate_with(&database, &V1).unwrap();
        let other = migrate::Checksum::of_text("CREATE TABLE other (id INTEGER)");
        database.execute(&format!("UPDATE migrate_history SET checksum = '{other}', statements_checksum = '{other}'"));
        for mode in [StartupMode::Verify, StartupMode::Wait] {
            let said = Startup::new(&V1).mode(mode).run(database.url()).unwrap_err();
            assert!(matches!(said, Error::Refused(_)), "{said}");
        }
    }
}

#[test]
fn the_variable_has_a_name_and_is_never_silently_off() {
    // Cargo's own variables: this process can't set any safely.
    let wrong = Startup::new(&V1).variable("CARGO_PKG_NAME").run("nonsense:").unwrap_err();
    assert!(wrong.to_string().starts_with("CARGO_PKG_NAME=\"migrate\" is not one of true, 1, yes, on"), "{wrong}");
    let off = Startup::new(&V1).variable("SURELY_NOT_SET").run("nonsense:").unwrap();
    assert_eq!(off.to_string(), "migrations are off: SURELY_NOT_SET is not set");
    assert_eq!(
        Startup::new(&V1).mode(StartupMode::Off).run("nonsense:").unwrap().to_string(),
        "migrations are off: the program says so"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn awaited_on_one_thread() {
    for database in every_database("one") {
        let startup = || Startup::new(&V2).mode(StartupMode::Migrate);
        // The runtime goes on meanwhile.
        let (started, ()) = tokio::join!(startup().run_async(database.url()), async { tokio::task::yield_now().await });
        assert!(started.unwrap().to_string().starts_with("migrations: applied 2"));
        let again = tokio::spawn(startup().run_async(database.url())).await.unwrap().unwrap();
        assert_eq!(again.to_string(), "migrations: nothing to do, all 2 are applied");
    }
    let off = migrate::on_startup_async("nonsense:", &V1).await.unwrap();
    assert!(matches!(off, Started::Off { .. }));
}

#[test]
fn a_future_that_is_never_polled_does_nothing() {
    for database in every_database("lazy") {
        drop(Startup::new(&V1).mode(StartupMode::Migrate).run_async(database.url()));
        assert_eq!(database.tables(), "");
    }
}

/// Any executor will do: here none at all.
#[test]
fn dropping_the_future_cancels_the_statement_and_gives_the_lock_back() {
    for (database, set) in
        every_database("dropped").into_iter().zip([&SLOW_SQLITE, &SLOW_POSTGRES, &SLOW_MYSQL, &SLOW_MYSQL])
    {
        let (began, begun) = mpsc::channel();
        let began_slow = move |event: &Event<'_>| {
            if let Event::Statement { n: 2, .. } = event {
                let _ = began.send(());
            }
        };
        {
            let startup = Startup::new(set).mode(StartupMode::Migrate).observer(began_slow);
            let mut future = pin!(startup.run_async(database.url()));
            assert!(matches!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
            begun.recv().unwrap();
            thread::sleep(Duration::from_millis(200));
        }
        // Whoever comes next need not wait a minute for the lock: what ran is stopped, and rolled back.
        let began = Instant::now();
        let next = Startup::new(&V1).mode(StartupMode::Migrate).lock_wait(Duration::from_secs(20)).run(database.url());
        assert!(next.is_ok(), "{}: {}", database.url(), next.unwrap_err());
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_eq!(database.tables(), "orders quick", "{}", database.url());
        assert_eq!(database.value("SELECT count(*) FROM quick"), "0", "{}", database.url());
    }
}

#[test]
fn a_cancelled_run_says_what_is_now_true() {
    for (database, set) in
        every_database("handle").into_iter().zip([&SLOW_SQLITE, &SLOW_POSTGRES, &SLOW_MYSQL, &SLOW_MYSQL])
    {
        let cancel = Cancel::new();
        let handle = cancel.clone();
        let mut told = false;
        let startup =
            Startup::new(set).mode(StartupMode::Migrate).cancelled_by(&cancel).observer(|event| match event {
                Event::Statement { n: 2, .. } => {
                    let handle = handle.clone();
                    thread::spawn(move || {
                        thread::sleep(Duration::from_millis(200));
                        handle.cancel();
                    });
                }
                Event::Cancelled(_) => told = true,
                _ => {}
            });
        let said = startup.run(database.url()).unwrap_err().to_string();
        assert_eq!(
            said,
            "cancelled\n  = rolled back: 20250102000000_slow; applied before it: 1; still pending behind it: 0\n  \
             = the next run goes on there"
        );
        assert!(told);
        // Once cancelled, always cancelled: nothing begins.
        let again = Startup::new(set).mode(StartupMode::Migrate).cancelled_by(&cancel).run(database.url());
        assert_eq!(
            again.unwrap_err().to_string(),
            "cancelled\n  = nothing was changed\n  = the next run goes on there"
        );
    }
}

/// A connection of the application's own is as good as before: no late interrupt hits what it does next.
#[test]
fn a_connection_of_ones_own_outlives_its_cancelled_run() {
    let database = Database::postgres("own");
    let mut client = database.url().parse::<migrate::postgres::Url>().unwrap().connect().unwrap();
    let known = migrate::Migrations::from(&SLOW_POSTGRES);
    for n in 0..5 {
        let cancel = Cancel::new();
        let handle = cancel.clone();
        let stop = thread::spawn(move || {
            thread::sleep(Duration::from_millis(150 + 40 * n));
            handle.cancel();
        });
        let mut driver = migrate::postgres::Postgres::on(&mut client);
        let run = migrate::Migrator::new(&mut driver).cancelled_by(&cancel).up(&known, migrate::UpTarget::All);
        assert!(matches!(run.unwrap_err(), Error::Cancelled(_)));
        stop.join().unwrap();
        for _ in 0..20 {
            client.batch_execute("SELECT pg_sleep(0.005)").unwrap();
        }
        let locks = client
            .query_one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()", &[]);
        assert_eq!(locks.unwrap().get::<_, i64>(0), 0);
    }
}

/// Whoever waits for the lock is cancelled, too.
#[test]
fn waiting_for_the_lock_is_cancelled() {
    let database = Database::postgres("lockwait");
    let url = database.url().to_owned();
    let first = Cancel::new();
    let stop_first = first.clone();
    let (began, begun) = mpsc::channel();
    let holder = thread::spawn(move || {
        let tell = move |event: &Event<'_>| {
            if let Event::Statement { n: 2, .. } = event {
                let _ = began.send(());
            }
        };
        Startup::new(&SLOW_POSTGRES).mode(StartupMode::Migrate).cancelled_by(&first).observer(tell).run(url)
    });
    begun.recv().unwrap();
    let cancel = Cancel::new();
    let handle = cancel.clone();
    let mut who = None;
    let second = Startup::new(&SLOW_POSTGRES).mode(StartupMode::Migrate).cancelled_by(&cancel).observer(|event| {
        if let Event::Waiting { holder, .. } = event {
            who.get_or_insert_with(|| holder.to_string());
            handle.cancel();
        }
    });
    assert!(matches!(second.run(database.url()), Err(Error::Cancelled(_))));
    let who = who.unwrap();
    assert!(who.starts_with("backend ") && who.contains("running `"), "{who}");
    stop_first.cancel();
    assert!(holder.join().unwrap().is_err());
}

/// A future that is dropped while its server is away must not leave a thread behind that asks for ten minutes.
#[test]
fn waiting_for_the_server_is_cancelled() {
    // Nobody listens there any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap().port();
    for mode in [StartupMode::Wait, StartupMode::Migrate] {
        let cancel = Cancel::new();
        let startup = Startup::new(&V1).mode(mode).server_wait(Duration::from_secs(600)).cancelled_by(&cancel);
        let url = format!("postgres://me@127.0.0.1:{port}/app");
        let ended = std::thread::scope(|scope| {
            let run = scope.spawn(|| startup.run(&url));
            std::thread::sleep(Duration::from_millis(100));
            cancel.cancel();
            run.join().unwrap()
        });
        assert!(matches!(ended, Err(Error::Cancelled(_))), "{mode}: {ended:?}");
    }
}

/// What differs from place to place, and what is secret, is no part of the file; a server's own words show it in vain.
#[test]
fn a_start_puts_values_into_the_sql_and_shows_no_secret() {
    let secret = "s3cr'et of\\ours";
    for database in every_database("values") {
        let with = |more: &str| {
            let variables =
                Variables::new().with("table", "accounts").unwrap().with_secret("password", secret).unwrap();
            let variables = variables.with_secret("more", more).unwrap();
            let mut told = String::new();
            let started = Startup::new(&VARIABLES)
                .mode(StartupMode::Migrate)
                .variables(variables)
                .observer(|event| told.push_str(&format!("{event:?}")))
                .run(database.url());
            (started.map_err(|error| format!("{error}\n{error:?}")), told)
        };
        let (failed, told) = with("verbotenes Wort");
        let failed = failed.unwrap_err();
        assert!(failed.contains("_accounts.sql:4:"), "{failed}");
        for shown in [&failed, &told] {
            for hidden in ["s3cr", "ours", "verboten", "Wort"] {
                assert!(!shown.contains(hidden), "{hidden} in {shown}");
            }
        }
        assert!(told.contains("${password}"), "{told}");
        assert!(with("").0.is_ok());
        assert_eq!(database.value("SELECT login FROM accounts"), secret);
    }
}
