use std::fmt;

use crate::{Embedded, Migration, SqlMigration, Version};

/// The migrations that this program knows: sorted by version, each version once.
///
/// A list with a duplicate can't be built, so nothing later has to ask.
///
/// ```
/// use migrate_core::{Migrations, source};
///
/// let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY)")];
/// let known = Migrations::<()>::from_sql(source::read(files, None)?.migrations)?;
/// assert_eq!(known.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Migrations<'a, C> {
    list: Vec<Item<'a, C>>,
    embedded: Option<&'a Embedded>,
}

enum Item<'a, C> {
    Borrowed(&'a dyn Migration<C>),
    Owned(Box<dyn Migration<C> + 'a>),
}

impl<C> Item<'_, C> {
    fn as_dyn(&self) -> &dyn Migration<C> {
        match self {
            Item::Borrowed(migration) => *migration,
            Item::Owned(migration) => migration.as_ref(),
        }
    }

    fn version(&self) -> Version {
        self.as_dyn().meta().version
    }
}

impl<'a, C> Migrations<'a, C> {
    /// No migration at all: the place to add code to.
    pub const fn new() -> Self {
        Migrations { list: Vec::new(), embedded: None }
    }

    /// The migrations that were read from files.
    ///
    /// # Errors
    /// Names the first two with the same version.
    pub fn from_sql(migrations: impl IntoIterator<Item = SqlMigration>) -> Result<Self, DuplicateVersion>
    where
        C: 'a,
    {
        let list = migrations.into_iter().map(|m| Item::Owned(Box::new(m) as Box<dyn Migration<C> + 'a>));
        Self::sorted(list.collect(), None)
    }

    /// Adds a migration that is written in Rust, at its place in the order.
    ///
    /// # Errors
    /// When its version is taken.
    pub fn with(mut self, migration: impl Migration<C> + 'a) -> Result<Self, DuplicateVersion> {
        self.list.push(Item::Owned(Box::new(migration)));
        Self::sorted(self.list, self.embedded)
    }

    /// As [`with`](Self::with), without taking the migration over.
    ///
    /// # Errors
    /// When its version is taken.
    pub fn with_ref(mut self, migration: &'a dyn Migration<C>) -> Result<Self, DuplicateVersion> {
        self.list.push(Item::Borrowed(migration));
        Self::sorted(self.list, self.embedded)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, in version order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &dyn Migration<C>> + ExactSizeIterator {
        self.list.iter().map(Item::as_dyn)
    }

    /// The one with this version.
    pub fn find(&self, version: Version) -> Option<&dyn Migration<C>> {
        let index = self.list.binary_search_by_key(&version, Item::version).ok()?;
        self.list.get(index).map(Item::as_dyn)
    }

    /// What the macro embedded, if the list came from it: it knows its directory.
    pub fn embedded(&self) -> Option<&'a Embedded> {
        self.embedded
    }

    /// Those of these versions.
    pub(crate) fn only(&self, keep: impl Fn(Version) -> bool) -> Migrations<'_, C> {
        let list = self.iter().filter(|migration| keep(migration.meta().version)).map(Item::Borrowed).collect();
        Migrations { list, embedded: self.embedded }
    }

    fn sorted(mut list: Vec<Item<'a, C>>, embedded: Option<&'a Embedded>) -> Result<Self, DuplicateVersion> {
        list.sort_by_key(Item::version);
        for pair in list.windows(2) {
            if let [a, b] = pair
                && a.version() == b.version()
            {
                let named = |item: &Item<'a, C>| item.as_dyn().meta().to_string();
                return Err(DuplicateVersion { version: a.version(), first: named(a), second: named(b) });
            }
        }
        Ok(Migrations { list, embedded })
    }
}

impl<C> Default for Migrations<'_, C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> fmt::Debug for Migrations<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|m| m.meta().to_string())).finish()
    }
}

impl<'a, C> From<&'a Embedded> for Migrations<'a, C> {
    fn from(embedded: &'a Embedded) -> Self {
        let list = embedded.migrations().iter().map(|m| Item::Borrowed(m as &dyn Migration<C>)).collect();
        Migrations { list, embedded: Some(embedded) }
    }
}

impl<'a, C> From<&'a Migrations<'a, C>> for Migrations<'a, C> {
    fn from(known: &'a Migrations<'a, C>) -> Self {
        Migrations { list: known.iter().map(Item::Borrowed).collect(), embedded: known.embedded }
    }
}

/// Two migrations claim one version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two migrations have the version {version}: {first} and {second}; give one of them another timestamp")]
pub struct DuplicateVersion {
    /// The version that both have.
    pub version: Version,
    /// The one that came first.
    pub first: String,
    /// The other one.
    pub second: String,
}
