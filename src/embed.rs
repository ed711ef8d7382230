/// Compiles a directory of migrations into the program: an expression of type [`Embedded`](crate::Embedded), for a
/// `static`.
///
/// ```
/// use migrate::{Embedded, embed_migrations};
///
/// static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
///
/// let first = &MIGRATIONS.migrations()[0];
/// assert_eq!(first.meta.to_string(), "20260105093000_create_members");
/// ```
///
/// The directory is relative to the crate's `Cargo.toml`; `embed_migrations!()` means `"migrations"`. It is read, and
/// its checksums are taken, while the crate is compiled; the program needs no file. Any mistake in it is an error of
/// the compiler, and all of them are told at once:
///
/// ```text
/// error: 2 mistakes in the migrations:
///        migrations/001_users.sql: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `001` has 3
///        migrations/20260102030405_create_users.up.sql:3:27: unterminated string that starts here
/// ```
///
/// # Files
///
/// | files | |
/// |---|---|
/// | `20230314095813_create_users.up.sql`, `20230314095813_create_users.down.sql` | a pair; the down may be absent |
/// | `20230314095813_create_users.sql` with `-- migrate:up` and `-- migrate:down` | sections, in one file |
/// | `20230314095813_create_users.sql` without them | up only |
/// | `2023-03-14-095813_create_users/up.sql`, `…/down.sql` | a directory, as diesel has them |
///
/// # Dialect
///
/// `embed_migrations!("migrations", sqlite)` says which database the files are for: `postgres`, `mysql`, `mariadb` or
/// `sqlite`. Without it, only that is a mistake which is one in all of them.
///
/// # New files
///
/// An edit of a file that was compiled in builds the crate again. The compiler does not notice a *new* file by itself:
/// that takes a line in the crate's `build.rs`,
///
/// ```text
/// // build.rs
/// fn main() {
///     println!("cargo::rerun-if-changed=migrations");
/// }
/// ```
///
/// and this test finds out whether it works, in CI too:
///
/// ```
/// # use migrate::{Embedded, embed_migrations};
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
/// # /*
/// #[test]
/// # */
/// fn migrations_are_compiled_in() {
///     MIGRATIONS.assert_fresh();
/// }
/// # migrations_are_compiled_in();
/// ```
///
/// A debug build looks by itself, at each run, and refuses it with the names of the files that are not compiled in. A
/// release build looks at nothing, and no path of the machine that built it stands in it.
#[macro_export]
macro_rules! embed_migrations {
    ($($args:tt)*) => { $crate::__private::embed!($crate::__private; $($args)*) };
}

/// For what [`embed_migrations!`] expands to; not for anything else.
#[doc(hidden)]
pub mod __private {
    pub use migrate_core::embedded::{Row, RowDown, RowScript};
    pub use migrate_core::sql::Dialect;
    pub use migrate_core::{Embedded, Options, SqlMigration, Store};
    pub use migrate_macros::embed;
}
