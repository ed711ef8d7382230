//! `#[rustfmt::test]` stands for the attribute of a runtime: with a real one these functions would not be compiled, for this
//! is built as a program.

use migrate::testing::{Postgres, Sqlite, Template};
use migrate::Embedded;

fn embedded() -> Embedded {
    unimplemented!()
}

fn for_postgres() -> Template<'static, postgres::Client> {
    unimplemented!()
}

#[migrate::test(for_postgres())]
#[rustfmt::test]
fn template_of_another_database(_db: Sqlite) {}

#[migrate::test("migrations")]
#[rustfmt::test]
fn a_directory(_db: Postgres) {}

#[migrate::test(embedded())]
#[rustfmt::test]
fn no_database(_db: String) {}

#[migrate::test(MISSPELT)]
#[rustfmt::test]
fn unknown_source(_db: Sqlite) {}

fn main() {}
