//! The log of a start. Alone in its process: the subscribers of other threads would decide with it what is logged at all.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::Database;
use migrate::{Embedded, Startup, StartupMode, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("tests/startup/v2");

#[test]
fn the_log_says_what_was_decided_and_why_nothing_ran() {
    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let database = Database::sqlite("log");
    let logged = |startup: Startup<'_>, level: tracing::Level| {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .without_time()
            .with_max_level(level)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let _outer = tracing::info_span!("service").entered();
            drop(startup.run(database.url()));
        });
        String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
    };
    let info = tracing::Level::INFO;
    let off = logged(Startup::new(&MIGRATIONS).variable("SURELY_NOT_SET"), info);
    assert!(off.contains("migrations are off, the database is not touched: SURELY_NOT_SET is not set"), "{off}");
    assert_eq!(off.lines().count(), 1, "{off}");
    let debug = logged(Startup::new(&MIGRATIONS).mode(StartupMode::Migrate), tracing::Level::DEBUG);
    assert!(debug.contains("what is pending is applied: the program says so"), "{debug}");
    assert!(debug.contains("sends tests/startup/v2/20260101000000_orders.up.sql:1:1: CREATE TABLE orders"), "{debug}");
    // Also where the work is done on another thread, all of it stands in the caller's span.
    let applied = debug.lines().find(|line| line.contains("\"applied\"") && line.contains("currency")).unwrap();
    let spans = ["\"name\":\"service\"", "\"name\":\"migrate.run\"", "\"name\":\"migrate.apply\""];
    let places: Vec<_> = spans.iter().map(|span| applied.rfind(span).unwrap()).collect();
    assert!(places.is_sorted(), "{applied}");
    assert!(applied.contains("\"version\":20260201000000") && applied.contains("\"migration\":\"currency\""));
    let nothing = logged(Startup::new(&MIGRATIONS).mode(StartupMode::Migrate), info);
    assert!(nothing.contains("nothing to do: all of them are applied"), "{nothing}");
}
