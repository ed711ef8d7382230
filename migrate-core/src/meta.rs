use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::{Checksum, Version};

/// Who a migration is: what the plan, the history and every message need to know of it.
///
/// ```
/// use migrate_core::{Meta, TransactionMode};
///
/// // A migration written in Rust says so about itself:
/// let meta = Meta::code("20260102030405".parse()?, "backfill_slugs").reversible();
/// assert_eq!(meta.to_string(), "20260102030405_backfill_slugs");
/// assert_eq!(meta.transaction, TransactionMode::Inside);
/// # Ok::<(), migrate_core::VersionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meta {
    /// Its place in the order, and its identity.
    pub version: Version,
    /// The words of the file name, `create_users`.
    pub name: Cow<'static, str>,
    /// Over the up text.
    pub checksum: Checksum,
    /// Whether it runs inside a transaction together with its history row.
    pub transaction: TransactionMode,
    /// Whether it can be reverted.
    pub reversible: bool,
}

impl Meta {
    /// The identity of a migration that is written in Rust: transactional and irreversible until it says otherwise.
    pub const fn code(version: Version, name: &'static str) -> Self {
        Meta {
            version,
            name: Cow::Borrowed(name),
            checksum: Checksum::Code,
            transaction: TransactionMode::Inside,
            reversible: false,
        }
    }

    /// It has a [`down`](crate::Migration::down).
    #[must_use]
    pub const fn reversible(mut self) -> Self {
        self.reversible = true;
        self
    }

    /// It runs outside a transaction: for code that calls the client's own `transaction()`, or whose statements
    /// can't be in one. After a failure it is run again *from its start*, so it must be written to stand that.
    #[must_use]
    pub const fn outside_transaction(mut self) -> Self {
        self.transaction = TransactionMode::Outside;
        self
    }
}

impl fmt::Display for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.version, self.name)
    }
}

/// Whether a script runs inside a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransactionMode {
    /// Inside one, together with its history row, wherever the database can do that.
    #[default]
    Inside,
    /// `transaction:false`: statement by statement, each with its journal entry.
    Outside,
}

/// What SQLite's foreign keys do while a script runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignKeys {
    /// As the connection has them.
    #[default]
    AsTheyAre,
    /// `foreign_keys:off`: switched off outside the transaction, checked before it commits, put back afterwards.
    Off,
}

/// Whether the history keeps a migration's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// Up and down text, so that it can be compared and reverted when its file is gone.
    #[default]
    Text,
    /// `store:false`: checksums only.
    ChecksumOnly,
}

/// What the directives of a script ask for: `-- migrate:options transaction:false lock_timeout:5s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// `transaction:false`
    pub transaction: TransactionMode,
    /// `foreign_keys:off` (SQLite)
    pub foreign_keys: ForeignKeys,
    /// `lock_timeout:5s`: how long one statement may wait for a lock of the database, instead of the default ladder.
    pub lock_timeout: Option<Duration>,
    /// `retry_safe:true`: statements that nobody can look into (`CALL`) may run twice.
    pub retry_safe: bool,
}

impl Options {
    /// No directive at all. The same as `default()`, in constants too.
    pub const NONE: Options = Options {
        transaction: TransactionMode::Inside,
        foreign_keys: ForeignKeys::AsTheyAre,
        lock_timeout: None,
        retry_safe: false,
    };

    /// For the macro: the options as it read them.
    #[doc(hidden)]
    pub const fn embedded(outside: bool, keys_off: bool, lock_timeout_ms: Option<u64>, retry_safe: bool) -> Self {
        Options {
            transaction: if outside { TransactionMode::Outside } else { TransactionMode::Inside },
            foreign_keys: if keys_off { ForeignKeys::Off } else { ForeignKeys::AsTheyAre },
            lock_timeout: match lock_timeout_ms {
                Some(ms) => Some(Duration::from_millis(ms)),
                None => None,
            },
            retry_safe,
        }
    }
}
