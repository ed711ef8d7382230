use std::borrow::Cow;
use std::env::{self, VarError};
use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use migrate_core::{
    Cancel, Driver, Error, Event, Migrations, Migrator, Policy, Report, StartupMode, Tables, UpTarget, Variables,
    announce,
};

use crate::Set;
use crate::background::Background;
use crate::by_url::{Work, aside, wait_for_server, with_driver};

/// The variable that says what a start does about migrations.
const VARIABLE: &str = "RUN_DATABASE_MIGRATIONS";

/// How long before a server is asked again for a database that was not there.
const AGAIN: Duration = Duration::from_millis(500);

/// Does what the variable `RUN_DATABASE_MIGRATIONS` says about migrations, when a service starts: on the database that
/// the URL names, on a connection and a thread of its own.
///
/// | value | |
/// |---|---|
/// | `true`, `1`, `yes`, `on` | applies what is pending. Of fifty replicas that start at once one does, and the others wait for it |
/// | not set, `false`, `0`, `no`, `off` | does not touch the database |
/// | `verify` | refuses to start while something is pending. Reads only |
/// | `wait` | waits until another replica, or a job, has applied everything. Reads only |
/// | anything else | an error, for it may have meant yes |
///
/// What was decided, and what came of it, is in the value that is returned, in one line; as events, for who watches
/// ([`Startup::observer`]); and in the log, with the feature `tracing`.
///
/// An older build starts although the history is ahead of it, during a rolling deployment or after going back to it.
///
/// # Errors
/// When the variable can't be understood, the database can't be reached, the plan is refused, the lock can't be had within
/// a minute, a migration fails, or, with `verify` and `wait`, something is pending.
///
/// ```
/// # use migrate::{Embedded, embed_migrations};
/// # macro_rules! embed_migrations { ($dir:literal) => { migrate::embed_migrations!("examples/quickstart/migrations") } }
/// static MIGRATIONS: Embedded = embed_migrations!("migrations");
///
/// # let url = "sqlite::memory:";
/// let started = migrate::on_startup(&url, &MIGRATIONS)?;
/// println!("{started}"); // migrations are off: RUN_DATABASE_MIGRATIONS is not set
/// # assert_eq!(started.to_string(), "migrations are off: RUN_DATABASE_MIGRATIONS is not set");
/// # Ok::<(), migrate::Error>(())
/// ```
pub fn on_startup<'a>(url: impl AsRef<str>, set: impl Into<Set<'a>>) -> Result<Started, Error> {
    Startup::new(set).run(url)
}

/// As [`on_startup`], to be awaited on any runtime: the work is done on a thread of its own.
///
/// Dropping the future cancels the run: what is under way is rolled back, and the lock is given back, by a thread that is
/// left behind. A process that ends at that moment takes the thread with it, and a server may go on with what it was
/// sent, up to its COMMIT: at SIGTERM call [`Cancel::cancel`] ([`Startup::cancelled_by`]) and await the run.
///
/// # Errors
/// As [`on_startup`].
///
/// ```
/// # use migrate::{Embedded, embed_migrations};
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), migrate::Error> {
/// # let url = "sqlite::memory:";
/// println!("{}", migrate::on_startup_async(&url, &MIGRATIONS).await?);
/// # Ok(())
/// # }
/// ```
pub fn on_startup_async(
    url: impl AsRef<str>,
    set: impl Into<Set<'static>>,
) -> impl Future<Output = Result<Started, Error>> + Send + 'static {
    Startup::new(set).run_async(url)
}

/// [`on_startup`] with options.
///
/// ```
/// # use migrate::{Embedded, embed_migrations};
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
/// use std::time::Duration;
/// use migrate::{Startup, StartupMode};
///
/// # let url = "sqlite::memory:";
/// let started = Startup::new(&MIGRATIONS)
///     .mode(StartupMode::Migrate) // whatever the variable says
///     .lock_wait(Duration::from_secs(300)) // for another replica's run
///     .observer(|event| eprintln!("{event:?}"))
///     .run(&url)?;
/// assert!(started.to_string().starts_with("migrations: applied 17"));
/// # Ok::<(), migrate::Error>(())
/// ```
#[must_use = "nothing happens before `run` or `run_async`"]
pub struct Startup<'a> {
    set: Set<'a>,
    variable: Cow<'static, str>,
    mode: Option<StartupMode>,
    server_wait: Duration,
    wait_limit: Duration,
    cancel: Cancel,
    options: Options<'a>,
}

/// What the loop is told.
struct Options<'a> {
    lock_wait: Duration,
    policy: Policy,
    tables: Tables,
    variables: Variables,
    observer: Box<dyn FnMut(&Event<'_>) + Send + 'a>,
}

impl<'a> Startup<'a> {
    /// With the defaults: the variable is `RUN_DATABASE_MIGRATIONS`, another replica's run is waited for up to a minute,
    /// a server that is not there is not waited for.
    pub fn new(set: impl Into<Set<'a>>) -> Self {
        Startup {
            set: set.into(),
            variable: VARIABLE.into(),
            mode: None,
            server_wait: Duration::ZERO,
            wait_limit: Duration::from_secs(600),
            cancel: Cancel::new(),
            options: Options {
                lock_wait: Duration::from_secs(60),
                policy: Policy::default(),
                tables: Tables::default(),
                variables: Variables::new(),
                observer: Box::new(|_| {}),
            },
        }
    }

    /// Another name for the variable.
    pub fn variable(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.variable = name.into();
        self
    }

    /// What is done, whatever the variable says.
    pub fn mode(mut self, mode: StartupMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// How long another replica's run is waited for; a minute if it is not said. Keep it below what the start may take
    /// before the service is killed for it.
    pub fn lock_wait(mut self, limit: Duration) -> Self {
        self.options.lock_wait = limit;
        self
    }

    /// How long [`StartupMode::Wait`] waits for others; ten minutes if it is not said.
    pub fn wait_limit(mut self, limit: Duration) -> Self {
        self.wait_limit = limit;
        self
    }

    /// How long a server is waited for that can't be reached yet; not at all if it is not said. [`StartupMode::Wait`] waits
    /// for it as long as for everything else.
    pub fn server_wait(mut self, limit: Duration) -> Self {
        self.server_wait = limit;
        self
    }

    /// What plans tolerate.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.options.policy = policy;
        self
    }

    /// Other names for the tables of the history.
    pub fn tables(mut self, tables: Tables) -> Self {
        self.options.tables = tables;
        self
    }

    /// What is put into SQL in the place of `${name}`.
    pub fn variables(mut self, variables: Variables) -> Self {
        self.options.variables = variables;
        self
    }

    /// Who watches. It is called on the thread that does the work.
    pub fn observer(mut self, observer: impl FnMut(&Event<'_>) + Send + 'a) -> Self {
        self.options.observer = Box::new(observer);
        self
    }

    /// Who may stop it, from another thread.
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }

    /// Does it, and waits for the end.
    ///
    /// # Errors
    /// As [`on_startup`].
    pub fn run(self, url: impl AsRef<str>) -> Result<Started, Error> {
        let url = url.as_ref();
        aside(move || self.work(url))
    }

    /// Does it on a thread of its own, to be awaited on any runtime. Dropping the future cancels, as
    /// [`on_startup_async`] says.
    ///
    /// # Errors
    /// As [`on_startup`].
    pub fn run_async(self, url: impl AsRef<str>) -> impl Future<Output = Result<Started, Error>> + Send + 'static
    where
        'a: 'static,
    {
        let url = url.as_ref().to_owned();
        let cancel = self.cancel.clone();
        Background::new(cancel, move || self.work(&url))
    }

    fn work(mut self, url: &str) -> Result<Started, Error> {
        let (mode, because) = self.decide()?;
        announce(&Event::Startup { mode, because: &because }, &mut *self.options.observer);
        match mode {
            StartupMode::Migrate => {
                self.server_answers(url)?;
                let began = Instant::now();
                let Outcome { report, known } = self.with_driver(url, Do::Migrate)?;
                Ok(Started::Migrated { report, known, took: began.elapsed() })
            }
            StartupMode::Verify => {
                self.server_answers(url)?;
                let Outcome { known, .. } = self.with_driver(url, Do::Verify)?;
                Ok(Started::Verified { known })
            }
            StartupMode::Wait => self.wait(url),
            _ => Ok(Started::Off { because }),
        }
    }

    /// What is to be done, and why, in a few words.
    fn decide(&self) -> Result<(StartupMode, String), Error> {
        if let Some(mode) = self.mode {
            return Ok((mode, "the program says so".into()));
        }
        let name = self.variable.as_ref();
        let value = match env::var(name) {
            Ok(value) => value,
            Err(VarError::NotPresent) => return Ok((StartupMode::Off, format!("{name} is not set"))),
            Err(VarError::NotUnicode(value)) => value.to_string_lossy().into_owned(),
        };
        match value.parse() {
            Ok(mode) => Ok((mode, format!("{name}={}", value.trim()))),
            Err(_) => Err(Error::Variable { name: name.to_owned(), value }),
        }
    }

    fn server_answers(&self, url: &str) -> Result<(), Error> {
        if self.server_wait.is_zero() { Ok(()) } else { wait_for_server(url, self.server_wait, &self.cancel) }
    }

    /// Also through a restart of the server, and for a database that is yet to be made.
    fn wait(mut self, url: &str) -> Result<Started, Error> {
        let began = Instant::now();
        loop {
            let left = self.wait_limit.saturating_sub(began.elapsed());
            let waited = wait_for_server(url, left, &self.cancel).and_then(|()| self.with_driver(url, Do::Wait(left)));
            let may_come = |error: &Error| error.is_connection_lost() || error.is_no_database();
            match waited {
                Ok(Outcome { known, .. }) => return Ok(Started::Waited { known, waited: began.elapsed() }),
                Err(error) if !may_come(&error) || left.is_zero() => return Err(error),
                Err(_) => drop(self.cancel.wait(AGAIN.min(left))),
            }
        }
    }

    fn with_driver(&mut self, url: &str, what: Do) -> Result<Outcome, Error> {
        let tables = self.options.tables.clone();
        with_driver(url, &self.set, &tables, Task { what, options: &mut self.options, cancel: &self.cancel })
    }
}

impl fmt::Debug for Startup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Startup");
        f.field("set", &self.set).field("variable", &self.variable).field("mode", &self.mode).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Do {
    Migrate,
    Verify,
    Wait(Duration),
}

struct Task<'t, 'a> {
    what: Do,
    options: &'t mut Options<'a>,
    cancel: &'t Cancel,
}

struct Outcome {
    report: Report,
    known: usize,
}

impl Work for Task<'_, '_> {
    type Output = Outcome;

    fn on<D: Driver>(self, driver: &mut D, known: &Migrations<'_, D::Connection>) -> Result<Outcome, Error> {
        let mut migrator = Migrator::new(driver)
            .policy(self.options.policy)
            .lock_wait(self.options.lock_wait)
            .variables(self.options.variables.clone())
            .cancelled_by(self.cancel)
            .observer(|event| (self.options.observer)(event));
        let report = match self.what {
            Do::Migrate => migrator.up(known, UpTarget::All)?,
            Do::Verify => migrator.verify(known).map(|()| Report::default())?,
            Do::Wait(limit) => migrator.wait(known, limit).map(|_| Report::default())?,
        };
        Ok(Outcome { report, known: known.len() })
    }
}

/// What a start did about migrations. Its `{}` is one line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Started {
    /// Nothing: the database was not touched.
    Off {
        /// Why: `RUN_DATABASE_MIGRATIONS is not set`.
        because: String,
    },
    /// What was pending is applied, by this process or by another one meanwhile.
    Migrated {
        /// What this process did.
        report: Report,
        /// How many migrations the program knows.
        known: usize,
        /// How long that took, waiting for others included.
        took: Duration,
    },
    /// Everything is applied; that was looked at, and nothing done.
    Verified {
        /// How many migrations the program knows.
        known: usize,
    },
    /// Others have applied everything.
    Waited {
        /// How many migrations the program knows.
        known: usize,
        /// How long that took.
        waited: Duration,
    },
}

impl Started {
    /// What this process did to the database.
    pub fn into_report(self) -> Report {
        match self {
            Started::Migrated { report, .. } => report,
            _ => Report::default(),
        }
    }
}

impl fmt::Display for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Started::Off { because } => write!(f, "migrations are off: {because}"),
            Started::Migrated { report, known, .. } if report.is_up_to_date() => {
                write!(f, "migrations: nothing to do, {}", applied(*known))
            }
            Started::Migrated { report, took, .. } => {
                write!(f, "migrations: {report} in {:.1} s", took.as_secs_f64())
            }
            Started::Verified { known } => write!(f, "migrations: {}, as this program needs it", applied(*known)),
            Started::Waited { known, waited } => {
                write!(f, "migrations: {}, after {:.1} s of waiting", applied(*known), waited.as_secs_f64())
            }
        }
    }
}

fn applied(known: usize) -> String {
    match known {
        0 => "there are none".into(),
        1 => "the only one is applied".into(),
        n => format!("all {n} are applied"),
    }
}
