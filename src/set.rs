#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "no driver is switched on")
)]

use std::fmt;
use std::sync::Arc;

use migrate_core::{DuplicateVersion, Embedded, Migration, Migrations};

/// Embedded migrations, and those in Rust for the databases that have them: what the functions that take a URL work
/// with, for only the URL says which database it is.
///
/// ```
/// use migrate::{BoxError, Embedded, Meta, Migration, Session, Set, Version, embed_migrations};
/// use rusqlite::Connection;
///
/// struct Backfill;
///
/// impl Migration<Connection> for Backfill {
///     fn meta(&self) -> &Meta {
///         static META: Meta = Meta::code(Version::new(20261120120000), "backfill");
///         &META
///     }
///     fn up(&self, db: &mut Session<'_, Connection>) -> Result<(), BoxError> {
///         db.run("UPDATE books SET title = trim(title)")
///     }
/// }
///
/// static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
///
/// let report = migrate::up("sqlite::memory:", Set::new(&MIGRATIONS).sqlite(Backfill))?;
/// assert_eq!(report.done.len(), 18);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Set<'a> {
    embedded: &'a Embedded,
    #[cfg(feature = "sqlite")]
    sqlite: Vec<Arc<dyn Migration<rusqlite::Connection> + 'a>>,
    #[cfg(feature = "postgres")]
    postgres: Vec<Arc<dyn Migration<postgres::Client> + 'a>>,
    #[cfg(feature = "mysql")]
    mysql: Vec<Arc<dyn Migration<mysql::Conn> + 'a>>,
}

impl<'a> Set<'a> {
    /// The embedded ones alone.
    pub const fn new(embedded: &'a Embedded) -> Self {
        Set {
            embedded,
            #[cfg(feature = "sqlite")]
            sqlite: Vec::new(),
            #[cfg(feature = "postgres")]
            postgres: Vec::new(),
            #[cfg(feature = "mysql")]
            mysql: Vec::new(),
        }
    }

    /// With a migration in Rust that runs on SQLite.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn sqlite(mut self, migration: impl Migration<rusqlite::Connection> + 'a) -> Self {
        self.sqlite.push(Arc::new(migration));
        self
    }

    /// With a migration in Rust that runs on PostgreSQL. The version that it shares with one for SQLite is one migration,
    /// written twice.
    ///
    /// ```
    /// use migrate::{BoxError, Embedded, Meta, Migration, Session, Set, Version, embed_migrations};
    ///
    /// struct Backfill;
    ///
    /// static BACKFILL: Meta = Meta::code(Version::new(20261120120000), "backfill");
    ///
    /// impl Migration<postgres::Client> for Backfill {
    ///     fn meta(&self) -> &Meta {
    ///         &BACKFILL
    ///     }
    ///     fn up(&self, db: &mut Session<'_, postgres::Client>) -> Result<(), BoxError> {
    ///         db.connection().execute("UPDATE books SET title = btrim(title)", &[])?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// impl Migration<rusqlite::Connection> for Backfill {
    ///     fn meta(&self) -> &Meta {
    ///         &BACKFILL
    ///     }
    ///     fn up(&self, db: &mut Session<'_, rusqlite::Connection>) -> Result<(), BoxError> {
    ///         db.run("UPDATE books SET title = trim(title)")
    ///     }
    /// }
    ///
    /// static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
    ///
    /// let set = Set::new(&MIGRATIONS).sqlite(Backfill).postgres(Backfill);
    /// assert_eq!(migrate::up("sqlite::memory:", &set)?.done.len(), 18);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres(mut self, migration: impl Migration<postgres::Client> + 'a) -> Self {
        self.postgres.push(Arc::new(migration));
        self
    }

    /// With a migration in Rust that runs on MySQL and MariaDB. What it changes in the schema commits by itself there: one
    /// that does so says that it runs [outside a transaction](migrate_core::Meta::outside_transaction).
    #[cfg(feature = "mysql")]
    #[must_use]
    pub fn mysql(mut self, migration: impl Migration<mysql::Conn> + 'a) -> Self {
        self.mysql.push(Arc::new(migration));
        self
    }

    #[cfg(feature = "testing")]
    pub(crate) fn embedded(&self) -> &'a Embedded {
        self.embedded
    }

    /// What SQLite is to run.
    ///
    /// # Errors
    /// When two of them have one version.
    #[cfg(feature = "sqlite")]
    pub fn for_sqlite(&self) -> Result<Migrations<'_, rusqlite::Connection>, DuplicateVersion> {
        together(self.embedded, &self.sqlite)
    }

    /// What PostgreSQL is to run.
    ///
    /// # Errors
    /// When two of them have one version.
    #[cfg(feature = "postgres")]
    pub fn for_postgres(&self) -> Result<Migrations<'_, postgres::Client>, DuplicateVersion> {
        together(self.embedded, &self.postgres)
    }

    /// What MySQL or MariaDB is to run.
    ///
    /// # Errors
    /// When two of them have one version.
    #[cfg(feature = "mysql")]
    pub fn for_mysql(&self) -> Result<Migrations<'_, mysql::Conn>, DuplicateVersion> {
        together(self.embedded, &self.mysql)
    }
}

fn together<'s, C>(
    embedded: &'s Embedded,
    code: &'s [Arc<dyn Migration<C> + 's>],
) -> Result<Migrations<'s, C>, DuplicateVersion> {
    code.iter().try_fold(Migrations::from(embedded), |known, migration| known.with_ref(migration.as_ref()))
}

impl<'a> From<&'a Embedded> for Set<'a> {
    fn from(embedded: &'a Embedded) -> Self {
        Set::new(embedded)
    }
}

impl<'a> From<&Set<'a>> for Set<'a> {
    fn from(set: &Set<'a>) -> Self {
        set.clone()
    }
}

impl fmt::Debug for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("dir", &self.embedded.dir()).finish_non_exhaustive()
    }
}
