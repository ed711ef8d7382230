//! The arguments, as clap reads them. What is not built is not in the help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use migrate_core::Version;
use migrate_core::sql::{Dialect, ServerVersion};

use crate::config::{Needs, duration};
use crate::output::{Format, Verbosity};

/// Schema migrations in plain SQL
#[derive(Parser, Debug)]
#[command(name = "migrate", version, max_term_width = 100, after_help = EXIT_CODES)]
#[command(infer_long_args = false, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Settings are taken from the options, then [env.NAME] of migrate.toml if --env names one, then the environment, \
then the file .env, then migrate.toml.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 pending (status --exit-code, wait --applied), \
4 changed or refused, 6 a lock, or the server, could not be had in time, 130 Ctrl-C, 143 SIGTERM.";

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Global {
    /// The database, for instance postgres://me@localhost/app or sqlite:app.db [env: DATABASE_URL]
    #[arg(short, long, global = true, value_name = "URL", conflicts_with = "database_url_file")]
    pub(crate) database_url: Option<String>,
    /// The section [env.NAME] of migrate.toml, which counts more than the environment's variables [env: MIGRATE_ENV]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// A file that holds the database's URL
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) database_url_file: Option<PathBuf>,
    /// Where the migrations are [env: MIGRATIONS_DIR] [default: migrations]
    #[arg(long, global = true)]
    pub(crate) dir: Option<PathBuf>,
    /// The name of the history table [default: migrate_history]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// The schema of the history table
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// How long to wait for another run to end: 500ms, 60s, 2m [default: 60s]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) lock_timeout: Option<Duration>,
    /// Wait until the database's server answers, at most so long [60s where no time is given]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration::parse, num_args = 0..=1,
        require_equals = true, default_missing_value = "60s")]
    pub(crate) wait: Option<Duration>,
    /// What stdout holds
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Fail unless this binary has this version
    #[arg(long, global = true, value_name = "VERSION")]
    pub(crate) require_version: Option<String>,
    /// Say nothing but errors
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    verbose: bool,
}

impl Global {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Make the migrations directory and the files around it
    Init,
    /// Make the files of a new migration
    New(New),
    /// Apply what is pending
    Up(Up),
    /// Revert the newest migrations
    Down(Down),
    /// Revert the newest migrations and apply them again
    Redo(Redo),
    /// Show every migration and its state
    Status(Status),
    /// Show what `up` would do, and why
    Plan(Plan),
    /// Print SQL for a DBA to run: from one version to another, or what is pending
    Script(Script),
    /// Apply, revert and apply again each migration on a scratch database, and compare the schema
    Check(Check),
    /// Accept the file of an applied migration as it is now
    Repair(One),
    /// Record migrations as applied, without running them
    Baseline(Baseline),
    /// Revert every applied migration whose file is gone, from its stored text
    RevertMissing(RevertMissing),
    /// Say whether a statement ran that was under way when its run died
    Settle(Settle),
    /// Print the schema as SQL, for review and for diffs
    Dump(Dump),
    /// Look for what is not as it should be, and say what mends it
    Doctor,
    /// Make the database that the URL names
    Create,
    /// Drop the database that the URL names, with everything in it
    Drop(Drop),
    /// Wait until the database's server answers, or until everything is applied
    Wait(Wait),
    /// Print the SQL that takes an up file back, or why there is none
    Undo(Undo),
    /// Show how a file of SQL is split into statements
    Statements(Statements),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page
    Man,
}

impl Command {
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Command::Up(_) | Command::Down(_) | Command::Redo(_) | Command::Plan(_) | Command::Check(_) => {
                Needs::Scripts
            }
            Command::RevertMissing(_) | Command::Script(_) => Needs::Scripts,
            _ => Needs::Settings,
        }
    }
}

#[derive(clap::Args, Debug)]
pub(crate) struct New {
    /// What the migration does: `new create users`
    #[arg(required_unless_present = "undo_from")]
    pub(crate) words: Vec<String>,
    /// One file with an up and a down section, instead of two files
    #[arg(long)]
    pub(crate) sections: bool,
    /// For statements that can't be in a transaction
    #[arg(long)]
    pub(crate) no_transaction: bool,
    /// Only the down file of this up file: generated from its text, to be reviewed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "sections", "no_transaction"])]
    pub(crate) undo_from: Option<PathBuf>,
    /// With `--undo-from`: how its SQL is read [default: as the database's URL says]
    #[arg(long, value_enum, requires = "undo_from", conflicts_with = "words")]
    pub(crate) dialect: Option<DialectName>,
    /// With `--undo-from`: the server's version, on which some answers depend
    #[arg(long, value_name = "VERSION", requires = "undo_from", conflicts_with = "words")]
    pub(crate) server_version: Option<ServerVersion>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Up {
    /// Only the oldest N of what is pending
    #[arg(conflicts_with = "to", value_parser = count, allow_negative_numbers = true)]
    pub(crate) n: Option<usize>,
    /// Only up to this version, itself included
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) to: Option<Version>,
    /// Print the SQL instead of running it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// All in one transaction: a failure leaves nothing
    #[arg(long)]
    pub(crate) one_transaction: bool,
    /// Generate an undo for files without a down, from their text and the catalog, and keep it in the history
    #[arg(long)]
    pub(crate) generate_undo: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Down {
    /// How many; more than there are reverts all [default: 1]
    #[arg(conflicts_with = "to", value_parser = count, allow_negative_numbers = true)]
    pub(crate) n: Option<usize>,
    /// All that are newer than this version, which stays; 0 reverts all
    #[arg(long, value_name = "VERSION", value_parser = version_or_zero)]
    pub(crate) to: Option<Version>,
    /// Print the SQL instead of running it
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) losses: Losses,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Losses {
    /// Also where the way back brings the schema back, and not all data
    #[arg(long)]
    pub(crate) allow_data_loss: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Redo {
    /// How many
    #[arg(default_value = "1", value_parser = count, allow_negative_numbers = true)]
    pub(crate) n: usize,
    #[command(flatten)]
    pub(crate) losses: Losses,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Status {
    /// Exit with 3 when something is pending, with 4 when an applied file has changed
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Plan {
    /// Only up to this version, itself included
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) to: Option<Version>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Script {
    /// The version that the database is at, 0 for none; or `pending`, or `pending-undo`: what the database says
    #[arg(value_parser = start)]
    pub(crate) from: Start,
    /// The version that it shall be at, 0 for none; an older one than FROM reverts
    #[arg(value_parser = version_or_zero)]
    pub(crate) to: Option<Version>,
    /// How its SQL is written, where no database is asked [default: as the database's URL says]
    #[arg(long, value_enum)]
    pub(crate) dialect: Option<DialectName>,
}

/// Where a script begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    /// With what is pending.
    Pending,
    /// Behind it, to take it back.
    PendingUndo,
    /// Behind this version.
    Version(Version),
}

#[derive(clap::Args, Debug)]
pub(crate) struct Check {
    /// Also apply the newest N in other orders: up to 4 in all, more with neighbours swapped and in reverse
    #[arg(long, value_name = "N", value_parser = several)]
    pub(crate) order: Option<usize>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct One {
    /// The 14 digits that its file name begins with
    #[arg(value_parser = version)]
    pub(crate) version: Version,
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Baseline {
    /// The newest that the database has already: it and all older ones are recorded
    #[arg(value_parser = version)]
    pub(crate) version: Option<Version>,
    /// Write the first migration from the schema that the database has, and record it
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "baseline")]
    pub(crate) from_database: Option<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Dump {
    /// Into this file, which is replaced as a whole or left as it is
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct RevertMissing {
    /// Print the SQL instead of running it
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) losses: Losses,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Settle {
    /// The 14 digits of the migration
    #[arg(value_parser = version)]
    pub(crate) version: Version,
    /// Which of its statements, from 1
    #[arg(value_parser = count)]
    pub(crate) n: usize,
    /// `applied`: it ran, the next run goes on behind it; `again`: the next run sends it again
    #[arg(value_enum)]
    pub(crate) answer: Answer,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Answer {
    Applied,
    Again,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Drop {
    /// Nobody is asked; without it nothing is dropped
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Wait {
    /// How long at most: 500ms, 60s, 2m
    #[arg(default_value = "60s", value_name = "TIME", value_parser = duration::parse)]
    pub(crate) limit: Duration,
    /// Wait until somebody else has applied every migration, at most so long [10m where no time is given]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, num_args = 0..=1, require_equals = true,
        default_missing_value = "10m", conflicts_with = "limit")]
    pub(crate) applied: Option<Duration>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Undo {
    /// The up file, or one with both ways
    pub(crate) file: PathBuf,
    /// How its SQL is read [default: as the database's URL says]
    #[arg(long, value_enum)]
    pub(crate) dialect: Option<DialectName>,
    /// The server's version, on which some answers depend: 15, 9.7, 10.11
    #[arg(long, value_name = "VERSION")]
    pub(crate) server_version: Option<ServerVersion>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Statements {
    /// The file
    pub(crate) file: PathBuf,
    /// How its SQL is read [default: as the database's URL says]
    #[arg(long, value_enum)]
    pub(crate) dialect: Option<DialectName>,
    /// The server's version, on which some answers depend: 15, 9.7, 10.11
    #[arg(long, value_name = "VERSION")]
    pub(crate) server_version: Option<ServerVersion>,
    /// What the session's sql_mode is when the file begins (MySQL, MariaDB): ANSI_QUOTES,NO_BACKSLASH_ESCAPES
    #[arg(long, value_name = "MODES")]
    pub(crate) sql_mode: Option<String>,
    /// The statements themselves, with what is known of each in a comment above it
    #[arg(long)]
    pub(crate) sql: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DialectName {
    Postgres,
    Mysql,
    Mariadb,
    Sqlite,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Postgres => Dialect::Postgres,
            DialectName::Mysql => Dialect::Mysql,
            DialectName::Mariadb => Dialect::Mariadb,
            DialectName::Sqlite => Dialect::Sqlite,
        }
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("0 of them is nothing to do".into()),
        Ok(_) if text.len() == 14 => Err(format!("this looks like a version: did you mean `--to {text}`?")),
        Ok(count) => Ok(count),
        Err(_) => Err("a number is wanted, 1 or more".into()),
    }
}

fn several(text: &str) -> Result<usize, String> {
    match count(text)? {
        1 => Err("one migration has only one order".into()),
        count => Ok(count),
    }
}

/// Unchecked by the calendar: directories of diesel have times that are none, and a version that does not exist is
/// refused anyway.
fn version(text: &str) -> Result<Version, String> {
    match text.parse() {
        Ok(number) if text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Version::new(number)),
        _ => Err("a version is the 14 digits that the file name begins with".into()),
    }
}

fn version_or_zero(text: &str) -> Result<Version, String> {
    if text == "0" { Ok(Version::ZERO) } else { version(text) }
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "pending" => Ok(Start::Pending),
        "pending-undo" => Ok(Start::PendingUndo),
        _ => version_or_zero(text).map(Start::Version).map_err(|why| format!("{why}, or 0, `pending`, `pending-undo`")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds() {
        Args::command().debug_assert();
    }

    #[test]
    fn versions_and_counts() {
        assert_eq!(version("20260105093000"), Ok(Version::new(20260105093000)));
        assert_eq!(version_or_zero("0"), Ok(Version::ZERO));
        for wrong in ["", "0", "2026010509300", "202601050930000", "+2026010509300", "20260105093000_users"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
        assert_eq!(count("999"), Ok(999));
        assert!(count("0").is_err());
        assert!(count("20260105093000").unwrap_err().contains("--to 20260105093000"));
    }

    /// Each command and option that `docs/coming-from.md` names for what one typed elsewhere.
    #[test]
    fn what_the_other_tools_users_are_told_to_type_is_there() {
        let page = include_str!("../../docs/coming-from.md");
        let mut commands = 0;
        for row in page.lines().filter(|line| line.starts_with("| ")) {
            let told = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            for span in told.split('`').skip(1).step_by(2) {
                let line = span.split(" > ").next().unwrap();
                let words = line.split(' ').map(|word| match word {
                    "V" | "V1" | "V2" | "VERSION" => "20260105093000",
                    "N" => "1",
                    "STAMP" | "WORDS" | "T" | "D" | "URL" => "words",
                    word => word,
                });
                let words: Vec<&str> = words.collect();
                let first = words.first().copied().unwrap();
                let all = match first {
                    "migrate" => words,
                    _ if Args::command().find_subcommand(first).is_some() => [vec!["migrate"], words].concat(),
                    _ if first.starts_with("--") && first != "--" => {
                        let name = first.trim_start_matches('-').split('=').next().unwrap();
                        let command = Args::command();
                        let has =
                            |command: &clap::Command| command.get_arguments().any(|arg| arg.get_long() == Some(name));
                        assert!(has(&command) || command.get_subcommands().any(has), "{row}: {span}");
                        commands += 1;
                        continue;
                    }
                    _ => continue,
                };
                commands += 1;
                if let Err(error) = Args::try_parse_from(&all) {
                    panic!("{row}: {span}: {error}");
                }
            }
        }
        assert!(commands > 100, "{commands} were found");
    }
}
