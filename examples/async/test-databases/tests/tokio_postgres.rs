//! With tokio-postgres, and rows that every test of this file starts from.
#![allow(clippy::unwrap_used)]

use migrate::testing::{Postgres, PostgresTemplate, Template};
use test_databases::MIGRATIONS;
use tokio_postgres::{Client, Error, NoTls};

/// The seed runs once, however many tests there are.
fn with_emma() -> PostgresTemplate<'static> {
    Template::of(&MIGRATIONS).seed("INSERT INTO books (title, author) VALUES ('Emma', 'Jane Austen')")
}

async fn connect(db: &Postgres) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[migrate::test(with_emma())]
#[tokio::test]
async fn emma_is_there(db: Postgres) -> Result<(), Error> {
    let client = connect(&db).await?;
    let author: String = client.query_one("SELECT author FROM books WHERE title = 'Emma'", &[]).await?.get(0);
    assert_eq!(author, "Jane Austen");
    Ok(())
}

#[migrate::test(with_emma())]
#[tokio::test(flavor = "multi_thread")]
async fn and_can_be_removed(db: Postgres) -> Result<(), Error> {
    let client = connect(&db).await?;
    assert_eq!(client.execute("DELETE FROM books", &[]).await?, 1);
    Ok(())
}
