//! PostgreSQL: a template database, copies of it, and a stock of ready copies in the server.
//!
//! # How a test gets its database
//!
//! 1. One round trip to the registry, a database of ours in the same server, claims a ready copy. The claim is a row and
//!    the session that wrote it: it dies with the test's process.
//! 2. No copy is ready: the test makes one, with `CREATE DATABASE … TEMPLATE`.
//! 3. There is no template: whoever gets the lock builds it under another name and gives it its own name in the
//!    transaction that records it. A crash leaves what is never copied, and is cleaned up.
//! 4. At its end the database is dropped, by the one who fills the stock. Whatever a killed test has left is dropped by
//!    the next run.
//!
//! The stock is filled beside the tests: by `psql`, if there is one, which goes on when the test's process has ended;
//! else by a thread, whose last `CREATE DATABASE` the server finishes by itself. It holds as many copies as a run
//! asks for, at most 128 and 4 GB.

mod build;
mod keeper;
mod registry;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::postgres::Client;
use migrate_core::{Cause, Error};
use migrate_postgres::{Url, cause};

use crate::held::{Database, Held, say};
use crate::server::{self, Kind, Whereabouts, with_database};
use crate::{Template, apart, failed};
use registry::{Registry, quoted};

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
        let (server, registry, claimed) = apart(|| {
            let server = server::find(Kind::Postgres, &self.options)?;
            let registry = registry::of(&server)?;
            let claimed = claim(self, &server, &registry)?;
            Ok::<_, Error>((server, registry, claimed))
        })?;
        let url = with_database(&server.url, &claimed);
        registry.live.fetch_add(1, Ordering::Relaxed);
        let lent = Lent { name: claimed.clone(), url: url.clone(), server, registry };
        Ok(Postgres { name: claimed, url, client: None, held: Held::new(lent, self.options.on_failure) })
    }
}

fn claim(template: &Template<'_, Client>, server: &Whereabouts, registry: &Arc<Registry>) -> Result<String, Error> {
    let fingerprint = template.fingerprint().to_string();
    let mut claim = registry.claim(&fingerprint)?;
    if claim.is_none() {
        build::template(template, server, registry, &fingerprint)?;
        claim = registry.claim(&fingerprint)?;
    }
    let Some(claim) = claim else {
        return Err(crate::refused("the template that was just made is gone", "see who else drops databases there"));
    };
    if !claim.from_stock {
        registry.beside(|client| {
            client.batch_execute(&claim.create_sql)?;
            match claim.dressed {
                true => Ok(()),
                false => {
                    client.batch_execute(&format!("SELECT dress({}, {})", quoted(&claim.name), quoted(&claim.template)))
                }
            }
        })?;
    }
    if std::env::var_os("MIGRATE_TESTING_STATS").is_some() {
        let from = if claim.from_stock { "the stock" } else { "the template" };
        say(&format!(
            "{} from {from}; of this run, {} of {} came from the stock",
            claim.name, claim.hits, claim.claims
        ));
    }
    if claim.task {
        keeper::start(server, registry);
    }
    Ok(claim.name)
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
        let sql = format!("UPDATE clone SET use = 'kept', at = clock_timestamp() WHERE name = {}", quoted(&self.name));
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

fn connect(url: &str) -> Result<Client, Error> {
    open(url).map_err(failed)
}

fn open(url: &str) -> Result<Client, Cause> {
    let url: Url = url
        .parse()
        .map_err(|error: migrate_postgres::UrlError| Cause::new(migrate_core::CauseKind::Access, error.to_string()))?;
    apart(|| url.connect())
}

fn told(error: ::postgres::Error) -> Error {
    failed(cause(error))
}
