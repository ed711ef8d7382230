//! From a URL to a driver, and from there to the command: each is written once for all databases.

use std::marker::PhantomData;
use std::str::FromStr;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::sync::mpsc;
use std::time::Duration;

use migrate_core::driver::Outcome;
use migrate_core::sql::Dialect;
use migrate_core::{Cause, CauseKind, Driver, Error, Migrations, Migrator, Version};

use crate::args::Check;
use crate::commands::Context;
use crate::config::DatabaseUrl;
use crate::config::duration::words;
use crate::exit::Exit;
use crate::problem::Problem;

/// The connection that migrations in Rust are handed on SQLite.
#[cfg(feature = "sqlite")]
pub type SqliteConnection = <migrate_sqlite::Sqlite<'static> as Driver>::Connection;

/// The connection that migrations in Rust are handed on PostgreSQL.
#[cfg(feature = "postgres")]
pub type PostgresConnection = <migrate_postgres::Postgres<'static> as Driver>::Connection;

/// The connection that migrations in Rust are handed on MySQL and MariaDB.
#[cfg(feature = "mysql")]
pub type MysqlConnection = <migrate_mysql::Mysql<'static> as Driver>::Connection;

/// Where the migrations come from.
pub(crate) enum Source<'m> {
    /// The directory of the settings.
    Directory(PhantomData<&'m ()>),
    /// An application that brings its own.
    #[cfg(feature = "sqlite")]
    Sqlite(Migrations<'m, SqliteConnection>),
    /// An application that brings its own.
    #[cfg(feature = "postgres")]
    Postgres(Migrations<'m, PostgresConnection>),
    /// An application that brings its own.
    #[cfg(feature = "mysql")]
    Mysql(Migrations<'m, MysqlConnection>),
}

impl Source<'_> {
    pub(crate) const fn directory() -> Self {
        Source::Directory(PhantomData)
    }
}

/// A command that needs a database.
pub(crate) trait Job {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem>;
}

/// Opens the database of the settings, and hands it over together with the migrations.
pub(crate) fn with(cx: &Context<'_>, source: &Source<'_>, job: &impl Job) -> Result<Exit, Problem> {
    let url = begin(cx)?;
    match (url.scheme(), source) {
        #[cfg(feature = "sqlite")]
        ("sqlite", Source::Directory(_)) => on_sqlite(cx, &directory(cx, Dialect::Sqlite)?, job),
        #[cfg(feature = "sqlite")]
        ("sqlite", Source::Sqlite(known)) => on_sqlite(cx, known, job),
        #[cfg(feature = "postgres")]
        ("postgres" | "postgresql", Source::Directory(_)) => on_postgres(cx, &directory(cx, Dialect::Postgres)?, job),
        #[cfg(feature = "postgres")]
        ("postgres" | "postgresql", Source::Postgres(known)) => on_postgres(cx, known, job),
        #[cfg(feature = "mysql")]
        ("mysql" | "mariadb", Source::Directory(_)) => on_mysql(cx, None, job),
        #[cfg(feature = "mysql")]
        ("mysql" | "mariadb", Source::Mysql(known)) => on_mysql(cx, Some(known), job),
        _ => Err(url.not_built_in()),
    }
}

/// What every command does before it turns to a database.
fn begin<'s>(cx: &'s Context<'_>) -> Result<&'s DatabaseUrl, Problem> {
    let url = cx.settings.database_url()?;
    cx.out.detail(&format!("database: {url}"));
    #[cfg(unix)]
    crate::signals::listen();
    if let Some(limit) = cx.settings.wait {
        answers(cx, limit)?;
    }
    Ok(url)
}

#[cfg(feature = "sqlite")]
fn on_sqlite(cx: &Context<'_>, known: &Migrations<'_, SqliteConnection>, job: &impl Job) -> Result<Exit, Problem> {
    let driver = migrate_sqlite::Sqlite::open(&parsed(cx)?).map_err(opening)?;
    job.run(cx, &mut driver.tables(cx.settings.tables()), known)
}

#[cfg(feature = "postgres")]
fn on_postgres(cx: &Context<'_>, known: &Migrations<'_, PostgresConnection>, job: &impl Job) -> Result<Exit, Problem> {
    let driver = migrate_postgres::Postgres::connect(&parsed(cx)?).map_err(opening)?;
    job.run(cx, &mut driver.tables(cx.settings.tables()), known)
}

#[cfg(feature = "mysql")]
fn on_mysql(
    cx: &Context<'_>,
    known: Option<&Migrations<'_, MysqlConnection>>,
    job: &impl Job,
) -> Result<Exit, Problem> {
    let mut driver = migrate_mysql::Mysql::connect(&parsed(cx)?).map_err(opening)?;
    if let Some(known) = known {
        return job.run(cx, &mut driver.tables(cx.settings.tables()), known);
    }
    // Only the server says which of the two it is, whose files are not read alike.
    let known = directory(cx, driver.facts().map_err(opening)?.syntax.dialect())?;
    job.run(cx, &mut driver.tables(cx.settings.tables()), &known)
}

/// Checks the migrations on scratch databases beside the database of the settings, which is not touched.
pub(crate) fn check(cx: &Context<'_>, source: Source<'_>, args: &Check) -> Result<Exit, Problem> {
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    use crate::commands::check::run;

    let url = begin(cx)?;
    match (url.scheme(), source) {
        #[cfg(feature = "sqlite")]
        ("sqlite", Source::Directory(_)) => {
            run(cx, args, &migrate_check::sqlite::InMemory, &directory(cx, Dialect::Sqlite)?)
        }
        #[cfg(feature = "sqlite")]
        ("sqlite", Source::Sqlite(known)) => run(cx, args, &migrate_check::sqlite::InMemory, &known),
        #[cfg(feature = "postgres")]
        ("postgres" | "postgresql", Source::Directory(_)) => {
            run(cx, args, &migrate_check::postgres::Beside::new(parsed(cx)?), &directory(cx, Dialect::Postgres)?)
        }
        #[cfg(feature = "postgres")]
        ("postgres" | "postgresql", Source::Postgres(known)) => {
            run(cx, args, &migrate_check::postgres::Beside::new(parsed(cx)?), &known)
        }
        #[cfg(feature = "mysql")]
        ("mysql" | "mariadb", Source::Directory(_)) => {
            let url: migrate_mysql::Url = parsed(cx)?;
            let facts = migrate_mysql::Mysql::connect(&url.with_database(None)).and_then(|mut driver| driver.facts());
            let known = directory(cx, facts.map_err(opening)?.syntax.dialect())?;
            run(cx, args, &migrate_check::mysql::Beside::new(url), &known)
        }
        #[cfg(feature = "mysql")]
        ("mysql" | "mariadb", Source::Mysql(known)) => {
            run(cx, args, &migrate_check::mysql::Beside::new(parsed(cx)?), &known)
        }
        _ => Err(url.not_built_in()),
    }
}

/// The SQL from one version to another, for which no database is asked.
pub(crate) fn script(
    cx: &Context<'_>,
    source: &Source<'_>,
    dialect: Dialect,
    from: Version,
    to: Version,
) -> Result<String, Problem> {
    use migrate_core::script;

    let (tables, values) = (cx.settings.tables(), &cx.settings.variables);
    let not_for = || Problem::usage(format!("the migrations of this program are not for {dialect}"));
    Ok(match (dialect, source) {
        #[cfg(feature = "sqlite")]
        (Dialect::Sqlite, Source::Directory(_)) => {
            script(&*migrate_sqlite::renderer(tables), &directory::<()>(cx, dialect)?, values, from, to)?
        }
        #[cfg(feature = "sqlite")]
        (Dialect::Sqlite, Source::Sqlite(known)) => {
            script(&*migrate_sqlite::renderer(tables), known, values, from, to)?
        }
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Source::Directory(_)) => {
            script(&*migrate_postgres::renderer(tables), &directory::<()>(cx, dialect)?, values, from, to)?
        }
        #[cfg(feature = "postgres")]
        (Dialect::Postgres, Source::Postgres(known)) => {
            script(&*migrate_postgres::renderer(tables), known, values, from, to)?
        }
        #[cfg(feature = "mysql")]
        (Dialect::Mysql | Dialect::Mariadb, Source::Directory(_)) => {
            script(&*migrate_mysql::renderer(dialect, tables), &directory::<()>(cx, dialect)?, values, from, to)?
        }
        #[cfg(feature = "mysql")]
        (Dialect::Mysql | Dialect::Mariadb, Source::Mysql(known)) => {
            script(&*migrate_mysql::renderer(dialect, tables), known, values, from, to)?
        }
        _ => return Err(not_for()),
    })
}

/// Makes the database of the settings.
pub(crate) fn create(cx: &Context<'_>) -> Result<Outcome, Problem> {
    let url = begin(cx)?;
    let created: Result<Outcome, Cause> = match url.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => migrate_sqlite::admin::create(&parsed(cx)?),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => migrate_postgres::admin::create(&parsed(cx)?),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => migrate_mysql::admin::create(&parsed(cx)?),
        _ => return Err(url.not_built_in()),
    };
    Ok(created.map_err(|cause| Error::Database { doing: "creating the database", cause })?)
}

/// Drops it.
pub(crate) fn drop(cx: &Context<'_>) -> Result<Outcome, Problem> {
    let url = begin(cx)?;
    let dropped: Result<Outcome, Cause> = match url.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => migrate_sqlite::admin::drop(&parsed(cx)?),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => migrate_postgres::admin::drop(&parsed(cx)?),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => migrate_mysql::admin::drop(&parsed(cx)?),
        _ => return Err(url.not_built_in()),
    };
    Ok(dropped.map_err(|cause| Error::Database { doing: "dropping the database", cause })?)
}

/// The schema of the database of the settings, as SQL.
pub(crate) fn dump(cx: &Context<'_>) -> Result<String, Problem> {
    let url = begin(cx)?;
    let tables = cx.settings.tables();
    match url.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            let dumped = migrate_sqlite::admin::dump(&parsed(cx)?, &tables);
            Ok(dumped.map_err(|cause| Error::Database { doing: "reading the schema", cause })?)
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => crate::dump::postgres::dump(&parsed(cx)?, &tables),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let url = parsed(cx)?;
            let facts = migrate_mysql::Mysql::connect(&url).and_then(|mut driver| driver.facts());
            crate::dump::mysql::dump(&url, facts.map_err(opening)?.syntax.dialect(), &tables)
        }
        _ => Err(url.not_built_in()),
    }
}

/// What a server says that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Ready,
    /// It is up, and the database of the URL is yet to be made: that is for `create`, which may be what waits.
    NoDatabase,
}

/// Waits until the server answers, at most so long.
pub(crate) fn wait(cx: &Context<'_>, limit: Duration) -> Result<Answer, Problem> {
    begin(cx)?;
    answers(cx, limit)
}

fn answers(cx: &Context<'_>, limit: Duration) -> Result<Answer, Problem> {
    let url = cx.settings.database_url()?;
    let answer: Result<(), Cause> = match url.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => migrate_sqlite::admin::wait(&parsed(cx)?, limit),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let url = parsed(cx)?;
            in_time(cx, limit, move || migrate_postgres::admin::wait(&url, limit))
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let url = parsed(cx)?;
            in_time(cx, limit, move || migrate_mysql::admin::wait(&url, limit))
        }
        _ => return Err(url.not_built_in()),
    };
    match answer {
        Ok(()) => Ok(Answer::Ready),
        // PostgreSQL's and MySQL's codes of a database that is not there.
        Err(cause) if matches!(cause.code.as_deref(), Some("3D000" | "1049")) => Ok(Answer::NoDatabase),
        Err(mut cause) => {
            if cause.kind == CauseKind::LockTimeout {
                cause.message = format!("no answer in {}: {}", words(limit), cause.message);
            }
            Err(Error::Database { doing: "waiting for the database", cause }.into())
        }
    }
}

/// How long one waits without a word.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const SILENCE: Duration = Duration::from_secs(1);

/// What the last attempt may take longer, so that its reason is told instead of none.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const GRACE: Duration = Duration::from_millis(500);

/// Waits on a thread of its own: one that takes connections and then is silent, as a stopped server or a balancer with
/// nobody behind it, would be waited for without end.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn in_time(
    cx: &Context<'_>,
    limit: Duration,
    wait: impl FnOnce() -> Result<(), Cause> + Send + 'static,
) -> Result<(), Cause> {
    let (answers, answer) = mpsc::channel();
    std::thread::spawn(move || answers.send(wait()));
    let all = limit + GRACE;
    if let Ok(answer) = answer.recv_timeout(SILENCE.min(all)) {
        return answer;
    }
    if let Ok(url) = cx.settings.database_url()
        && all > SILENCE
    {
        cx.out.say(&format!("waiting for {url}, at most {}", words(limit)));
    }
    let silent = || Cause::new(CauseKind::LockTimeout, "it takes connections, and says nothing");
    answer.recv_timeout(all.saturating_sub(SILENCE)).unwrap_or_else(|_| Err(silent()))
}

fn opening(cause: Cause) -> Error {
    Error::Database { doing: "opening the database", cause }
}

/// The URL as its driver reads it, whose errors show no password.
fn parsed<U: FromStr>(cx: &Context<'_>) -> Result<U, Problem>
where
    U::Err: std::fmt::Display,
{
    cx.settings.database_url()?.secret().parse().map_err(|error: U::Err| Problem::usage(error.to_string()))
}

fn directory<C: 'static>(cx: &Context<'_>, dialect: Dialect) -> Result<Migrations<'static, C>, Problem> {
    let read = migrate_core::source::read_dir(&cx.settings.dir, Some(dialect)).map_err(Error::from)?;
    cx.out.detail(&format!("migrations: {} in {}", read.migrations.len(), cx.settings.dir.display()));
    Ok(Migrations::from_sql(read.migrations).map_err(Error::from)?)
}

impl Context<'_> {
    /// The loop, as the settings want it.
    pub(crate) fn migrator<'d, D: Driver>(&self, driver: &'d mut D) -> Migrator<'d, D> {
        let migrator =
            Migrator::new(driver).variables(self.settings.variables.clone()).hooks(self.settings.hooks.for_run());
        #[cfg(unix)]
        let migrator = migrator.cancelled_by(crate::signals::cancel());
        match self.settings.lock_timeout {
            Some(limit) => migrator.lock_wait(limit),
            None => migrator,
        }
    }
}
