//! A service without any asynchronous runtime, on the database that DATABASE_URL names. It answers at once that it lives,
//! does about migrations what RUN_DATABASE_MIGRATIONS says, and only then says that it is ready. Its log is JSON on stderr.
//!
//!     DATABASE_URL=sqlite:books.db RUN_DATABASE_MIGRATIONS=true cargo run --example service
//!     curl http://127.0.0.1:8080/books
//!
//! LISTEN is the address (127.0.0.1:8080), LOG how much is logged: info, or debug for every statement.

mod books;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use migrate::{Cancel, Embedded, Startup, embed_migrations};
use tiny_http::{Request, Response, Server};
use tracing::{Level, error, info};

static MIGRATIONS: Embedded = embed_migrations!("examples/service/migrations");

/// Whether the database is as this build needs it.
static READY: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let level: Level = env::var("LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    tracing_subscriber::fmt().json().with_max_level(level).with_writer(std::io::stderr).init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            error!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let url: Arc<str> = env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?.into();
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".into());
    let server = Server::http(&listen).map_err(|why| format!("{listen}: {why}"))?;
    info!("listening on {}", server.server_addr());

    // A start that takes long is alive all the same: who restarts it in the middle begins it again, for ever.
    let database = Arc::clone(&url);
    let answering =
        std::thread::spawn(move || server.incoming_requests().for_each(|request| answer(request, &database)));

    let cancel = Cancel::new();
    end_at_a_signal(&cancel)?;
    // What was decided and done is in the log already, by the feature `tracing`.
    Startup::new(&MIGRATIONS).cancelled_by(&cancel).run(&url)?;
    READY.store(true, Ordering::Release);
    info!("ready");

    answering.join().map_err(|_| "the server's thread panicked")?;
    Ok(())
}

/// The first process of a container has no default handler for SIGTERM. A run is cancelled: a database server would go
/// on with it when its client is gone.
fn end_at_a_signal(cancel: &Cancel) -> Result<(), Box<dyn Error>> {
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])?;
    let cancel = cancel.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            cancel.cancel();
            if READY.load(Ordering::Acquire) {
                std::process::exit(128 + signal);
            }
        }
    });
    Ok(())
}

fn answer(request: Request, url: &str) {
    let ready = READY.load(Ordering::Acquire);
    let (status, body) = match request.url() {
        "/livez" => (200, "alive\n".into()),
        "/readyz" if ready => (200, "ready\n".into()),
        "/books" if ready => match books::titles(url) {
            Ok(titles) => (200, titles.join("\n") + "\n"),
            Err(why) => {
                error!("{why}");
                (500, "see the log\n".into())
            }
        },
        "/readyz" | "/books" => (503, "not ready: migrations are not done\n".into()),
        _ => (404, "there are /livez, /readyz and /books\n".into()),
    };
    // Who asked may have gone by now.
    let _ = request.respond(Response::from_string(body).with_status_code(status));
}
