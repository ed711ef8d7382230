//! `#[rustfmt::test]` stands for the attribute of a runtime: with a real one these functions would not be compiled, for this
//! is built as a program.

use migrate::testing::{Postgres, Sqlite, Template};
use migrate::{Embedded, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("migrations/dialects", sqlite);

fn for_postgres() -> Template<'static, postgres::Client> {
    Template::of(&MIGRATIONS)
}

#[migrate::test(for_postgres())]
#[rustfmt::test]
fn template_of_another_database(db: Sqlite) {}

#[migrate::test("migrations")]
#[rustfmt::test]
fn a_directory(db: Postgres) {}

#[migrate::test(MIGRATIONS)]
#[rustfmt::test]
fn no_database(db: String) {}

#[migrate::test(MISSPELT)]
#[rustfmt::test]
fn unknown_source(db: Sqlite) {}

#[migrate::test(MIGRATIONS)]
#[rustfmt::test]
fn a_borrowed_database(db: &Sqlite) {}

fn main() {}
