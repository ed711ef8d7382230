//! From a URL to a driver, and from there to the command: each is written once for all databases.

use std::str::FromStr;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::sync::mpsc;
use std::time::Duration;

use migrate::Set;
use migrate_core::driver::Outcome;
use migrate_core::sql::Dialect;
use migrate_core::{Cause, CauseKind, Driver, Error, Migrations, Migrator, Version};

use crate::args::Check;
use crate::commands::Context;
use crate::config::DatabaseUrl;
use crate::config::duration::words;
use crate::exit::Exit;
use crate::problem::Problem;

#[cfg(feature = "sqlite")]
type SqliteConnection = <migrate_sqlite::Sqlite<'static> as Driver>::Connection;
#[cfg(feature = "postgres")]
type PostgresConnection = <migrate_postgres::Postgres<'static> as Driver>::Connection;
#[cfg(feature = "mysql")]
type MysqlConnection = <migrate_mysql::Mysql<'static> as Driver>::Connection;

/// Where the migrations come from.
pub(crate) enum Source<'m> {
    /// The directory of the settings.
    Directory,
    /// An application that brings its own.
    Own(Set<'m>),
}

impl Source<'_> {
    #[cfg(feature = "sqlite")]
    fn sqlite(&self, cx: &Context<'_>) -> Result<Migrations<'_, SqliteConnection>, Problem> {
        match self {
            Source::Directory => directory(cx, Dialect::Sqlite),
            Source::Own(set) => Ok(set.for_sqlite().map_err(Error::from)?),
        }
    }

    #[cfg(feature = "postgres")]
    fn postgres(&self, cx: &Context<'_>) -> Result<Migrations<'_, PostgresConnection>, Problem> {
        match self {
            Source::Directory => directory(cx, Dialect::Postgres),
            Source::Own(set) => Ok(set.for_postgres().map_err(Error::from)?),
        }
    }

    /// Only the server says which of the two it is, whose files are not read alike.
    #[cfg(feature = "mysql")]
    fn mysql(
        &self,
        cx: &Context<'_>,
        dialect: impl FnOnce() -> Result<Dialect, Cause>,
    ) -> Result<Migrations<'_, MysqlConnection>, Problem> {
        match self {
            Source::Directory => directory(cx, dialect().map_err(opening)?),
            Source::Own(set) => Ok(set.for_mysql().map_err(Error::from)?),
        }
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
    match url.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            let known = source.sqlite(cx)?;
            let driver = migrate_sqlite::Sqlite::open(&parsed(cx)?).map_err(opening)?;
            job.run(cx, &mut driver.tables(cx.settings.tables()), &known)
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let known = source.postgres(cx)?;
            let driver = migrate_postgres::Postgres::connect(&parsed(cx)?).map_err(opening)?;
            job.run(cx, &mut driver.tables(cx.settings.tables()), &known)
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let mut driver = migrate_mysql::Mysql::connect(&parsed(cx)?).map_err(opening)?;
            let known = source.mysql(cx, || Ok(driver.facts()?.syntax.dialect()))?;
            job.run(cx, &mut driver.tables(cx.settings.tables()), &known)
        }
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

/// Checks the migrations on scratch databases beside the database of the settings, which is not touched.
pub(crate) fn check(cx: &Context<'_>, source: &Source<'_>, args: &Check) -> Result<Exit, Problem> {
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    use crate::commands::check::run;

    let url = begin(cx)?;
    match url.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => run(cx, args, &migrate_check::sqlite::InMemory, &source.sqlite(cx)?),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            run(cx, args, &migrate_check::postgres::Beside::new(parsed(cx)?), &source.postgres(cx)?)
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let url: migrate_mysql::Url = parsed(cx)?;
            let server = || migrate_mysql::Mysql::connect(&url.with_database(None))?.facts();
            let known = source.mysql(cx, || Ok(server()?.syntax.dialect()))?;
            run(cx, args, &migrate_check::mysql::Beside::new(url.clone()), &known)
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
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    use migrate_core::script;

    let (tables, values) = (cx.settings.tables(), &cx.settings.variables);
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => Ok(script(&*migrate_sqlite::renderer(tables), &source.sqlite(cx)?, values, from, to)?),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => Ok(script(&*migrate_postgres::renderer(tables), &source.postgres(cx)?, values, from, to)?),
        #[cfg(feature = "mysql")]
        Dialect::Mysql | Dialect::Mariadb => {
            let known = source.mysql(cx, || Ok(dialect))?;
            Ok(script(&*migrate_mysql::renderer(dialect, tables), &known, values, from, to)?)
        }
        #[allow(unreachable_patterns, reason = "with all drivers there is no other")]
        other => Err(Problem::usage(format!("{other} is not built into this binary"))),
    }
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
