//! What a guard holds, and what becomes of it when the last one lets go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What becomes of the database of a test that fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnFailure {
    #[default]
    Drop,
    Keep,
}

/// A database that somebody has in hand.
pub(crate) trait Database: Send + Sync {
    /// Gives it back.
    fn end(&mut self);

    /// Leaves it, as a failed test left it.
    fn keep(&mut self);

    /// Where it is, and the command to look into it. No password is in it.
    fn whereabouts(&self) -> String;
}

/// The test's guard has one, and the attribute another: the test may have dropped its own long before the attribute
/// knows that it failed.
pub(crate) struct Held {
    database: Box<dyn Database>,
    keep_on_failure: AtomicBool,
    failed: AtomicBool,
}

impl Held {
    pub(crate) fn new(database: impl Database + 'static, on_failure: OnFailure) -> Arc<Self> {
        let keep_on_failure = AtomicBool::new(on_failure == OnFailure::Keep);
        Arc::new(Held { database: Box::new(database), keep_on_failure, failed: AtomicBool::new(false) })
    }

    pub(crate) fn keep_on_failure(&self) {
        self.keep_on_failure.store(true, Ordering::Relaxed);
    }

    /// The test has failed without a panic.
    pub(crate) fn has_failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let failed = std::thread::panicking() || self.failed.load(Ordering::Relaxed);
        if failed && self.keep_on_failure.load(Ordering::Relaxed) {
            self.database.keep();
            say(&format!("the test's database is kept: {}", self.database.whereabouts()));
        } else {
            self.database.end();
        }
    }
}

/// To whoever reads a test's output.
#[allow(clippy::print_stderr, reason = "a test harness shows what a failed test has printed, and nothing else")]
pub(crate) fn say(text: &str) {
    eprintln!("migrate: {text}");
}
