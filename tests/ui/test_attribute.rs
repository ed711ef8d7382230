use migrate::testing::{Postgres, Sqlite};

static MIGRATIONS: () = ();

#[migrate::test]
fn no_migrations(db: Sqlite) {}

#[migrate::test(MIGRATIONS, other)]
fn another_argument(db: Sqlite) {}

#[migrate::test(MIGRATIONS Sqlite)]
fn no_comma(db: Sqlite) {}

#[migrate::test(MIGRATIONS, crate = "migrate")]
fn no_path(db: Sqlite) {}

#[migrate::test(MIGRATIONS)]
fn no_parameter() {}

#[migrate::test(MIGRATIONS)]
fn two_parameters(db: Sqlite, other: Postgres) {}

#[migrate::test(MIGRATIONS)]
fn borrowed(db: &mut Sqlite) {}

#[migrate::test(MIGRATIONS)]
fn generic<D>(db: D) {}

#[migrate::test(MIGRATIONS)]
async fn no_runtime(db: Sqlite) {}

#[tokio::test]
#[migrate::test(MIGRATIONS)]
async fn runtime_above(db: Sqlite) {}

#[migrate::test(MIGRATIONS)]
struct NoFunction;

#[migrate::test(MIGRATIONS)]
mod tests {}

struct Suite;

impl Suite {
    #[migrate::test(MIGRATIONS)]
    fn method(&self) {}
}

fn main() {}
