//! With sqlx: a pool of the test's own.
#![allow(clippy::unwrap_used)]

use migrate::testing::Postgres;
use sqlx::PgPool;
use test_databases::MIGRATIONS;

#[migrate::test(MIGRATIONS)]
#[tokio::test]
async fn a_book_can_be_added(db: Postgres) -> Result<(), sqlx::Error> {
    let pool = PgPool::connect(db.url()).await?;
    let insert = "INSERT INTO books (title, author) VALUES ('Emma', 'Jane Austen') RETURNING id";
    let id: i64 = sqlx::query_scalar(insert).fetch_one(&pool).await?;
    let title: String = sqlx::query_scalar("SELECT title FROM books WHERE id = $1").bind(id).fetch_one(&pool).await?;
    assert_eq!(title, "Emma");
    Ok(())
}

/// The same book again: each test begins with the migrations, and nothing else.
#[migrate::test(MIGRATIONS)]
#[tokio::test]
async fn nobody_else_has_added_one(db: Postgres) -> Result<(), sqlx::Error> {
    let pool = PgPool::connect(db.url()).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM books").fetch_one(&pool).await?;
    assert_eq!(count, 0);
    Ok(())
}
