//! The exam of a database driver: what every [`Driver`] of migrate must do, as tests on a real database.
//!
//! # Adding a database
//!
//! 1. Write the driver; the documentation of [`Driver`] is its how-to.
//! 2. Say how a test gets at a database: implement [`Subject`], for a type that *is* one fresh database and takes it away
//!    when it is dropped.
//! 3. In a file of your `tests/`, at the place of an item: `migrate_testkit::conformance!(MyDatabase);`. Each rule is a
//!    `#[test]` of its own, with its name.
//!
//! ```
//! use migrate_core::{BoxError, sql::Dialect};
//! use migrate_sqlite::Sqlite;
//! use migrate_testkit::{Samples, Subject};
//! use rusqlite::Connection;
//!
//! struct File(tempfile::TempDir);
//!
//! impl Subject for File {
//!     type Connection = Connection;
//!     type Driver<'c> = Sqlite<'c>;
//!
//!     fn fresh() -> Self {
//!         File(tempfile::tempdir().expect("a directory"))
//!     }
//!     fn connect(&self) -> Connection {
//!         Connection::open(self.0.path().join("app.db")).expect("opens")
//!     }
//!     fn driver(connection: &mut Connection) -> Sqlite<'_> {
//!         Sqlite::on(connection)
//!     }
//!     fn execute(connection: &mut Connection, sql: &str) -> Result<(), BoxError> {
//!         Ok(connection.execute_batch(sql)?)
//!     }
//!     fn value(connection: &mut Connection, sql: &str) -> String {
//!         connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number").to_string()
//!     }
//!     fn samples() -> Samples {
//!         Samples {
//!             dialect: Dialect::Sqlite,
//!             alone: "VACUUM",
//!             set: "PRAGMA recursive_triggers = ON",
//!             setting: "SELECT recursive_triggers FROM pragma_recursive_triggers",
//!         }
//!     }
//! }
//!
//! migrate_testkit::rules::transactions::each_migration_once::<File>();
//! ```

pub mod rules;
mod set;

use migrate_core::sql::Dialect;
use migrate_core::{BoxError, Driver};

pub use set::{Known, did, known, up};

/// A fresh, empty database, and the ways to it. It is gone when this is dropped.
pub trait Subject: Sync {
    /// The client library's connection.
    type Connection: Send + 'static;
    /// The driver on such a connection.
    type Driver<'c>: Driver<Connection = Self::Connection>;

    /// Makes one.
    fn fresh() -> Self;

    /// A new connection to it, independent of all others. Its end must be the end of its locks.
    fn connect(&self) -> Self::Connection;

    /// The driver on this connection, with everything as it is by default.
    fn driver(connection: &mut Self::Connection) -> Self::Driver<'_>;

    /// Runs SQL past the driver, as somebody else would.
    ///
    /// # Errors
    /// What the database says.
    fn execute(connection: &mut Self::Connection, sql: &str) -> Result<(), BoxError>;

    /// The one value that a query returns, a number or a text, as a text.
    fn value(connection: &mut Self::Connection, sql: &str) -> String;

    /// What differs between databases.
    fn samples() -> Samples;
}

/// SQL that differs between databases.
#[derive(Clone, Copy, Debug)]
pub struct Samples {
    /// How files are read.
    pub dialect: Dialect,
    /// A statement that can't be in a transaction, and may run at any time.
    pub alone: &'static str,
    /// A statement that changes a setting of the session.
    pub set: &'static str,
    /// The query that shows the setting.
    pub setting: &'static str,
}

/// Makes a `#[test]` of each rule, for a [`Subject`]. It stands where items stand: of a test that an expression makes
/// the compiler says nothing, and does not run it.
#[macro_export]
macro_rules! conformance {
    ($subject:ty) => {
        $crate::conformance!($subject;
            reading: a_read_creates_nothing, nothing_to_do_needs_no_lock;
            locking: one_holder_at_a_time, a_lock_dies_with_its_connection, an_error_gives_the_lock_back,
                runners_at_once_apply_each_migration_once;
            transactions: each_migration_once, a_failure_leaves_those_before_it, together_is_as_one_by_one,
                one_transaction_for_all, a_failure_says_where, a_history_that_moved_is_looked_at_again;
            policy: an_older_migration_that_comes_late_is_applied, a_changed_file_is_refused_until_it_is_accepted,
                a_baseline_records_and_runs_nothing;
            journal: it_goes_on_where_it_failed, an_edited_prefix_is_refused, a_way_down_goes_on_too;
            undo: the_stored_text_runs_when_the_file_is_gone;
            code: between_the_files, an_error_takes_its_work_back, a_commit_of_its_own_is_noticed;
            settings: what_a_file_sets_reaches_neither_the_next_one_nor_the_caller;
        );
    };
    ($subject:ty; $($room:ident: $($rule:ident),+;)+) => {
        $($(
            #[test]
            fn $rule() {
                $crate::rules::$room::$rule::<$subject>();
            }
        )+)+
    };
}
