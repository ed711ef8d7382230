use migrate_core::{Action, Error, Migrations, Migrator, Report, UpTarget, source};

use crate::Subject;

/// Migrations for a subject's connection.
pub type Known<S> = Migrations<'static, <S as Subject>::Connection>;

/// The migrations in these files: name and text.
///
/// # Panics
/// When they have a mistake.
pub fn known<S: Subject>(files: &[(&str, &str)]) -> Known<S> {
    let read =
        source::read(files.iter().copied(), Some(S::samples().dialect)).unwrap_or_else(|error| panic!("{error}"));
    Migrations::from_sql(read.migrations).unwrap_or_else(|error| panic!("{error}"))
}

/// Applies what is pending.
///
/// # Errors
/// As [`Migrator::up`].
pub fn up<S: Subject>(connection: &mut S::Connection, known: &Known<S>) -> Result<Report, Error> {
    Migrator::new(&mut S::driver(connection)).up(known, UpTarget::All)
}

/// What a run did, in a line: `+1 +2 -3`, by the last two digits of the versions; else the whole error.
pub fn did(result: Result<Report, Error>) -> String {
    let one = |done: &migrate_core::Done| {
        let sign = match done.action {
            Action::Apply => '+',
            Action::Revert => '-',
            Action::Record => 'r',
            Action::Accept => 'a',
        };
        format!("{sign}{}", done.version.get() % 100)
    };
    match result {
        Ok(report) => report.done.iter().map(one).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    }
}
