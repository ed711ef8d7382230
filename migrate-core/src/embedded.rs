use crate::SqlMigration;

/// A migrations directory as it was when the program was compiled: the value of `embed_migrations!`.
///
/// It can stand in a `static`; its checksums were taken by the compiler, so a start hashes nothing.
#[derive(Debug)]
pub struct Embedded {
    dir: &'static str,
    root: Option<&'static str>,
    files: &'static [&'static str],
    migrations: &'static [SqlMigration],
}

impl Embedded {
    /// For the macro. `root` is the crate's directory, in debug builds only: no path of the machine that built a
    /// release stands in it.
    #[doc(hidden)]
    pub const fn new(
        dir: &'static str,
        root: Option<&'static str>,
        files: &'static [&'static str],
        migrations: &'static [SqlMigration],
    ) -> Self {
        Embedded { dir, root, files, migrations }
    }

    /// The directory as the macro was given it.
    pub const fn dir(&self) -> &'static str {
        self.dir
    }

    /// The migrations, in version order, each version once.
    pub const fn migrations(&self) -> &'static [SqlMigration] {
        self.migrations
    }
}
impl Embedded {
    pub(crate) fn check_fresh(&self) -> Result<(), crate::Stale> {
        Ok(())
    }
}
