use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use migrate_core::{BoxError, Driver, Error, Migrations, Migrator, UpTarget, Variables};

use crate::failed;
use crate::fingerprint::Fingerprint;
use crate::held::OnFailure;

/// What every test of a suite starts from: the migrations, and rows that each test wants to find.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use migrate_core::{Migrations, source};
/// use migrate_testing::Template;
///
/// let files = [("20260102030405_create_users.sql", "CREATE TABLE users (name TEXT)")];
/// let known = Migrations::from_sql(source::read(files, None)?.migrations)?;
///
/// let template = Template::of(&known).seed("INSERT INTO users VALUES ('ada')");
/// let db = template.sqlite()?;
/// let name: String = db.connection().query_row("SELECT name FROM users", [], |row| row.get(0))?;
/// assert_eq!(name, "ada");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Template<'a, C> {
    pub(crate) known: Migrations<'a, C>,
    pub(crate) options: Options,
    seeds: Vec<Seed<'a, C>>,
    dependencies: String,
    /// Taken when it is first asked for: each test of a process asks.
    fingerprint: OnceLock<Fingerprint>,
}

/// Rows to start from.
enum Seed<'a, C> {
    Sql(Cow<'static, str>),
    Code { name: String, run: Code<'a, C> },
}

type Code<'a, C> = Arc<dyn Fn(&mut C) -> Result<(), BoxError> + Send + Sync + 'a>;

/// How it is made, and where.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) server: Option<String>,
    pub(crate) remote: Remote,
    pub(crate) on_failure: OnFailure,
    pub(crate) variables: Variables,
}

/// Whether a server on another machine is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Remote {
    #[default]
    Refuse,
    Allow,
}

impl<'a, C> Template<'a, C> {
    /// These migrations, all of them.
    pub fn of(known: impl Into<Migrations<'a, C>>) -> Self {
        Template {
            known: known.into(),
            options: Options::default(),
            seeds: Vec::new(),
            dependencies: String::new(),
            fingerprint: OnceLock::new(),
        }
    }

    /// Then this SQL, once; each test finds its rows.
    #[must_use]
    pub fn seed(mut self, sql: impl Into<Cow<'static, str>>) -> Self {
        self.seeds.push(Seed::Sql(sql.into()));
        self.fingerprint = OnceLock::new();
        self
    }

    /// Then this code, once. It is known by its name: give it another one when it does something else
    /// (`"two members, v2"`), or the template that is there already is used.
    #[must_use]
    pub fn seed_code(
        mut self,
        name: impl Into<String>,
        code: impl Fn(&mut C) -> Result<(), BoxError> + Send + Sync + 'a,
    ) -> Self {
        self.seeds.push(Seed::Code { name: name.into(), run: Arc::new(code) });
        self.fingerprint = OnceLock::new();
        self
    }

    /// What else the template depends on, and nobody but you can know: the version of a migration in Rust whose code has changed,
    /// for instance. Another word here is another template.
    #[must_use]
    pub fn depends_on(mut self, word: impl AsRef<str>) -> Self {
        self.dependencies.push_str(word.as_ref());
        self.dependencies.push('\0');
        self.fingerprint = OnceLock::new();
        self
    }

    /// On this server, whatever `TEST_DATABASE_URL` and `DATABASE_URL` say. The database that the URL names is not
    /// touched; test databases are made beside it.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.options.server = Some(url.into());
        self
    }

    /// What is put into the migrations in the place of `${name}`. Other values are another template.
    #[must_use]
    pub fn variables(mut self, variables: Variables) -> Self {
        self.options.variables = variables;
        self
    }

    /// Also on a server that is not on this machine. Without it one is refused: it may be the one that your users work on.
    #[must_use]
    pub fn allow_remote(mut self) -> Self {
        self.options.remote = Remote::Allow;
        self
    }

    /// A test that panics leaves its database behind, and says where; the attribute `#[migrate::test]` does that by itself.
    #[must_use]
    pub fn keep_on_failure(mut self) -> Self {
        self.options.on_failure = OnFailure::Keep;
        self
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        *self.fingerprint.get_or_init(|| {
            let migrations =
                self.known.iter().fold(Fingerprint::new(), |so_far, migration| so_far.migration(migration.meta()));
            let seeds = self.seeds.iter().fold(migrations, |so_far, seed| match seed {
                Seed::Sql(sql) => so_far.text("sql").text(sql),
                Seed::Code { name, .. } => so_far.text("code").text(name),
            });
            let told = seeds.text(&self.dependencies);
            self.options.variables.all().fold(told, |so_far, (name, value)| so_far.text(name).text(value))
        })
    }

    /// Runs the migrations, on a database that has nothing.
    pub(crate) fn migrate<D: Driver<Connection = C>>(&self, driver: &mut D) -> Result<(), Error> {
        let variables = self.options.variables.clone();
        Migrator::new(driver).variables(variables).up(&self.known, UpTarget::All).map(drop)
    }

    /// Runs the seeds, on a database that has the migrations.
    pub(crate) fn run_seeds(
        &self,
        connection: &mut C,
        run: impl Fn(&mut C, &str) -> Result<(), migrate_core::Cause>,
    ) -> Result<(), Error> {
        for (n, seed) in self.seeds.iter().enumerate() {
            match seed {
                Seed::Sql(sql) => run(connection, sql).map_err(|mut cause| {
                    cause.message = format!("seed {} of the template: {}", n + 1, cause.message);
                    failed(cause)
                })?,
                Seed::Code { name, run } => run(connection).map_err(|error| {
                    let mut cause = migrate_core::Cause::new(
                        migrate_core::CauseKind::Statement,
                        format!("seed `{name}` of the template: {error}"),
                    );
                    cause.source = Some(error);
                    failed(cause)
                })?,
            }
        }
        Ok(())
    }
}

impl<C> Clone for Seed<'_, C> {
    fn clone(&self) -> Self {
        match self {
            Seed::Sql(sql) => Seed::Sql(sql.clone()),
            Seed::Code { name, run } => Seed::Code { name: name.clone(), run: Arc::clone(run) },
        }
    }
}

impl<C> fmt::Debug for Template<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the options: the server's URL may hold a password.
        f.debug_struct("Template").field("known", &self.known).field("seeds", &self.seeds.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str, value: &str) -> Variables {
        Variables::new().with_secret(name, value).unwrap_or_default()
    }

    #[test]
    fn what_the_fingerprint_is_taken_over() {
        let of = || Template::<()>::of(Migrations::new());
        let all = [
            of(),
            of().seed("INSERT"),
            of().seed("INSERT "),
            of().seed_code("INSERT", |_| Ok(())),
            of().depends_on("a").depends_on("b"),
            of().depends_on("ab"),
            of().variables(variables("a", "b")),
            of().variables(variables("a", "c")),
        ];
        let shown: std::collections::BTreeSet<_> = all.iter().map(|each| each.fingerprint().to_string()).collect();
        assert_eq!(shown.len(), all.len());
        let asked = of();
        let before = asked.fingerprint().to_string();
        assert_ne!(asked.seed("INSERT").fingerprint().to_string(), before);
        let same = of().server("postgres://localhost").allow_remote().keep_on_failure();
        assert_eq!(same.fingerprint().to_string(), of().fingerprint().to_string());
    }
}
