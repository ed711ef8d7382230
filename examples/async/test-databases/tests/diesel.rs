//! With diesel, which is not asynchronous: the test is a plain function.
#![allow(clippy::unwrap_used)]

use diesel::prelude::*;
use migrate::testing::Postgres;
use test_databases::MIGRATIONS;

diesel::table! {
    books (id) {
        id -> BigInt,
        title -> Text,
        author -> Text,
    }
}

#[migrate::test(MIGRATIONS)]
fn a_book_can_be_added(db: Postgres) {
    let mut connection = PgConnection::establish(db.url()).unwrap();
    let emma = (books::title.eq("Emma"), books::author.eq("Jane Austen"));
    diesel::insert_into(books::table).values(emma).execute(&mut connection).unwrap();
    let titles: Vec<String> = books::table.select(books::title).load(&mut connection).unwrap();
    assert_eq!(titles, ["Emma"]);
}
