//! PostgreSQL: a template database, copies of it, and a stock of ready copies in the server.
//!
//! # How a test gets its database
//!
//! 1. One connection to the registry, a database of ours in the same server, and one round trip, which claims a ready
//!    copy. The claim is a row and the session that wrote it: it dies with the test's process.
//! 2. No copy is ready: the test makes one, with `CREATE DATABASE … TEMPLATE`.
//! 3. There is no template: whoever gets the lock builds it, and records it in the transaction that forbids connections
//!    to it. A crash leaves what is never copied, and is cleaned up.
//! 4. At its end the database is left to the one who fills the stock. What a killed test has left is the same: its
//!    session is gone.
//!
//! The stock is filled, and what is used up is dropped, when no test has asked for half a second: by `psql`, if there is
//! one, which goes on when the test's process has ended; else by a thread. It holds as many copies as a run asks for, at
//! most 128 and 4 GB.

mod build;
mod connect;
mod keeper;
mod registry;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ::postgres::Client;
use migrate_core::Error;
use migrate_postgres::{Url, cause};

use crate::held::{Database, Held, say};
use crate::server::{self, Kind, Whereabouts, with_database};
use crate::template::Options;
use crate::{Template, apart, failed};
use connect::connect;
use registry::{Claim, Origin, Registry, quoted, text};

/// A test's own database on PostgreSQL, dropped with this value.
pub struct Postgres {
    name: String,
    url: String,
    // Before what drops the database.
    client: Option<Client>,
    held: Arc<Held>,
}

impl Postgres {
    /// Its URL, for any client. If the server's has a password, it is in it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection to it: one, opened when it is first asked for. It blocks: an asynchronous test takes the
    /// [URL](Self::url).
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn client(&mut self) -> Result<&mut Client, Error> {
        match &mut self.client {
            Some(client) => Ok(client),
            none => Ok(none.insert(connect(&self.url)?)),
        }
    }

    pub(crate) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let client = self.client.take();
        if client.is_some() {
            apart(|| drop(client));
        }
    }
}

impl Template<'_, Client> {
    /// A database of its own for this test, with all that the template has.
    ///
    /// # Errors
    /// When there is no server, or only one that may be no place for tests; when a migration or a seed fails.
    pub fn postgres(&self) -> Result<Postgres, Error> {
        let began = Instant::now();
        let (server, registry, claim) = apart(|| {
            let server = server::find(Kind::Postgres, &self.options)?;
            let registry = registry::of(&server.url);
            registry.live.fetch_add(1, Ordering::Relaxed);
            let claim = claim(self, &server, &registry).inspect_err(|_| {
                registry.live.fetch_sub(1, Ordering::Relaxed);
            })?;
            Ok::<_, Error>((server, registry, claim))
        })?;
        if std::env::var_os("MIGRATE_TESTING_STATS").is_some() {
            apart(|| tell(&registry, &self.fingerprint().to_string(), &claim, began.elapsed()));
        }
        let url = with_database(&server.url, &claim.name);
        let lent = Lent { name: claim.name.clone(), url: url.clone(), server, registry };
        Ok(Postgres { name: claim.name, url, client: None, held: Held::new(lent, self.options.on_failure) })
    }
}

/// The server that test databases are made on, as a URL, password and all: that of `TEST_DATABASE_URL`, else of `DATABASE_URL`,
/// else a private one, which this process keeps up.
///
/// # Errors
/// When there is none, or only one that may be no place for tests.
pub fn server() -> Result<String, Error> {
    apart(|| server::find(Kind::Postgres, &Options::default())).map(|server| server.url)
}

fn claim(template: &Template<'_, Client>, server: &Whereabouts, registry: &Arc<Registry>) -> Result<Claim, Error> {
    let fingerprint = template.fingerprint().to_string();
    for _ in 0..3 {
        let Some(claim) = registry.claim(&fingerprint)? else {
            build::template(template, server, registry, &fingerprint)?;
            continue;
        };
        if !claim.is_attended {
            keeper::start(server, registry);
        }
        let Origin::Template { create_sql, has_settings } = &claim.origin else { return Ok(claim) };
        let is_made = registry.work(|client| match client.batch_execute(create_sql) {
            Ok(()) if *has_settings => {
                let settings = format!("SELECT apply_settings({}, {})", quoted(&claim.name), quoted(&fingerprint));
                client.batch_execute(&settings).map(|()| true)
            }
            Ok(()) => Ok(true),
            // Somebody has dropped the template, or looks into it.
            Err(error) if matches!(error.code().map(|code| code.code()), Some("3D000" | "55006")) => {
                text(client, &format!("SELECT forget_template({})", quoted(&fingerprint))).map(|_| false)
            }
            Err(error) => Err(error),
        })?;
        if is_made {
            return Ok(claim);
        }
    }
    Err(crate::refused("the template that was just made is gone", "see who else drops databases there"))
}

/// For whoever wonders what tests wait for.
fn tell(registry: &Registry, fingerprint: &str, claim: &Claim, took: Duration) {
    let so_far = registry.ask(&format!("SELECT run_so_far({})", quoted(fingerprint)));
    let so_far = so_far.ok().flatten().and_then(|row| row.get(0).map(str::to_owned)).unwrap_or_default();
    let origin = match claim.origin {
        Origin::Stock => "ready",
        Origin::Template { .. } => "copied",
    };
    say(&format!("test database {origin} after {took:.1?}; in this run {so_far} were ready ({})", claim.name));
}

/// What a test has.
struct Lent {
    name: String,
    url: String,
    server: Whereabouts,
    registry: Arc<Registry>,
}

impl Database for Lent {
    fn end(&mut self) {
        // What can't be dropped now is a leftover, which the next run drops.
        let _ = apart(|| keeper::drop_database(&self.server, &self.registry, &self.name));
        self.registry.live.fetch_sub(1, Ordering::Relaxed);
    }

    fn keep(&mut self) {
        let sql = format!("UPDATE clone SET use = 'kept' WHERE name = {}", quoted(&self.name));
        let _ = apart(|| self.registry.ask(&sql));
        self.registry.live.fetch_sub(1, Ordering::Relaxed);
    }

    fn whereabouts(&self) -> String {
        let shown = self.url.parse::<Url>().map(|url| url.to_string()).unwrap_or_default();
        let how = self.server.password_file.as_ref().map(|file| format!("PGPASSFILE={} ", file.display()));
        let shown = match how {
            Some(_) => shown.replace(":***@", "@"),
            None => shown,
        };
        format!("{shown}\n  = look: {}psql '{shown}'\n  = it is dropped after a day", how.unwrap_or_default())
    }
}

fn database_error(error: ::postgres::Error) -> Error {
    let mut cause = cause(error);
    if cause.code.as_deref() == Some("42501") {
        cause.hint = Some("tests need a role that may make databases: ALTER ROLE ... CREATEDB".into());
    }
    failed(cause)
}
