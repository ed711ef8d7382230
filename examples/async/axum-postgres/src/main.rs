//! A service on axum and deadpool's PostgreSQL pool that migrates when it starts.
//!
//! It listens first: `/livez` answers at once, `/readyz` when the database is migrated. So a long migration is not killed by a
//! probe, and gets no traffic either. At SIGTERM a migration that is under way is cancelled and rolled back.
//!
//! | variable | |
//! |---|---|
//! | `DATABASE_URL` | `postgres://shop@db/shop` |
//! | `RUN_DATABASE_MIGRATIONS` | `true`, `verify`, `wait`; unset or `false`: the database is not touched |
//! | `LISTEN` | where, if not at `127.0.0.1:8080` |
//! | `RUST_LOG` | `info` by default; `migrate=debug` shows every statement |

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use deadpool_postgres::{Manager, Pool, PoolError};
use migrate::{Cancel, Embedded, Startup, embed_migrations};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_postgres::{NoTls, Row};
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

static MIGRATIONS: Embedded = embed_migrations!("migrations", postgres);

/// The pool, from the moment on when the database is what this program was compiled for.
type Database = Arc<OnceLock<Pool>>;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let url = env::var("DATABASE_URL").map_err(|error| format!("DATABASE_URL: {error}"))?;
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".into());

    let database = Database::default();
    let serve = axum::serve(TcpListener::bind(&listen).await?, routes(database.clone()));
    let mut serve = Box::pin(serve.with_graceful_shutdown(end()?).into_future());
    info!("listening on {listen}");
    let cancel = Cancel::new();
    let mut open = Box::pin(open(&url, &cancel));
    tokio::select! {
        migrated = &mut open => database.set(migrated?).expect("this is the only place that sets it"),
        ended = &mut serve => {
            // Dropping `open` would cancel, too, but not wait: a process that is gone tells no server to stop, and what was
            // under way might still be committed.
            cancel.cancel();
            let _ = open.await;
            return Ok(ended?);
        }
    }
    Ok(serve.await?)
}

/// Migrates, or does what else `RUN_DATABASE_MIGRATIONS` says, and opens the pool.
async fn open(url: &str, cancel: &Cancel) -> Result<Pool, Box<dyn Error>> {
    // What was decided and done is in the log already, by migrate's feature `tracing`.
    Startup::new(&MIGRATIONS).cancelled_by(cancel).run_async(url).await?;
    let manager = Manager::new(url.parse()?, NoTls);
    Ok(Pool::builder(manager).max_size(16).build()?)
}

/// What SIGTERM and Ctrl-C end.
fn end() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        info!("ending");
    })
}

fn routes(database: Database) -> Router {
    Router::new()
        .route("/livez", get(StatusCode::OK))
        .route("/readyz", get(readyz))
        .route("/books", get(books))
        .with_state(database)
}

async fn readyz(State(database): State<Database>) -> Result<StatusCode, Refusal> {
    database.get().ok_or(Refusal::NotReady)?;
    Ok(StatusCode::OK)
}

#[derive(Serialize)]
struct Book {
    id: i64,
    title: String,
    author: String,
}

async fn books(State(database): State<Database>) -> Result<Json<Vec<Book>>, Refusal> {
    let pool = database.get().ok_or(Refusal::NotReady)?;
    let rows = pool.get().await?.query("SELECT id, title, author FROM books ORDER BY id", &[]).await?;
    let book = |row: &Row| Ok(Book { id: row.try_get(0)?, title: row.try_get(1)?, author: row.try_get(2)? });
    Ok(Json(rows.iter().map(book).collect::<Result<_, tokio_postgres::Error>>()?))
}

/// Why there is no answer.
enum Refusal {
    NotReady,
    Failed(PoolError),
}

impl<E: Into<PoolError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::Failed(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "the database is not ready yet").into_response(),
            // What went wrong is for the log, and not for whoever asks.
            Refusal::Failed(error) => {
                // In `{}` it is no more than "db error".
                error!("{error:?}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
