//! Runs that are killed, cut off and starved, and what the next start makes of them. `tests/crash/run` calls it.

mod database;
mod files;
mod oracle;
mod proxy;
mod random;
mod sends;
mod server;
mod syscalls;
mod tally;
mod victim;

use std::path::Path;
use std::time::{Duration, Instant};

use database::{File, Kind, OnServer};
use oracle::Oracle;
use proxy::Fault;
use random::{Amount, Target};
use sends::Start;
use server::Server;
use tally::Tally;
use victim::{Way, run};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What CI runs.
    Short,
    Long,
}

struct Options {
    form: Form,
    seed: u64,
    kinds: Vec<Kind>,
    /// Random kills of each kind for each database.
    kills: usize,
    /// When random kills end, whether there were enough or not.
    until: Instant,
    /// Where the table goes, besides to stdout.
    results: Option<String>,
}

const USAGE: &str = "crash [short|long] [--seed N] [--database NAME] [--kills N] [--minutes N] [--results FILE]";

fn options() -> Result<Options> {
    let mut form = Form::Short;
    let mut kinds = Vec::new();
    let (mut seed, mut kills, mut minutes, mut results) = (None, None, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "short" => form = Form::Short,
            "long" => form = Form::Long,
            "--seed" => seed = Some(value()?.parse()?),
            "--kills" => kills = Some(value()?.parse()?),
            "--minutes" => minutes = Some(value()?.parse()?),
            "--results" => results = Some(value()?),
            "--database" => {
                let name = value()?;
                let named: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.name().starts_with(&name)).collect();
                if named.is_empty() {
                    return Err(format!("{name} is no database: {}", Kind::ALL.map(Kind::name).join(", ")).into());
                }
                kinds.extend(named);
            }
            _ => return Err(format!("{argument} is not understood; {USAGE}").into()),
        }
    }
    let (some, time) = if form == Form::Short { (10, 60) } else { (1000, 24 * 60 * 60) };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(Options {
        form,
        seed: seed.unwrap_or(u64::from(now.subsec_nanos())),
        kinds: if kinds.is_empty() { Kind::ALL.to_vec() } else { kinds },
        kills: kills.unwrap_or(some),
        until: Instant::now()
            + minutes.map_or(Duration::from_secs(time), |minutes: u64| Duration::from_secs(60 * minutes)),
        results,
    })
}

fn main() -> std::process::ExitCode {
    match options().and_then(|options| all(&options)) {
        Ok(0) => std::process::ExitCode::SUCCESS,
        Ok(wrong) => {
            eprintln!("{wrong} wrong");
            std::process::ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("crash: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// All databases at once; how many tries went wrong.
fn all(options: &Options) -> Result<usize> {
    println!("seed {}", options.seed);
    let parent = tempfile::Builder::new().prefix("migrate-crash-files").tempdir()?;
    let began = Instant::now();
    let done: Vec<Result<(String, Vec<Tally>)>> = std::thread::scope(|scope| {
        let one = |kind: Kind| {
            let dir = parent.path();
            scope.spawn(move || {
                let dir = database::migrations(kind, dir)?;
                let done =
                    if kind.has_server() { on_server(kind, &dir, options) } else { on_file(kind, &dir, options) };
                done.map_err(|error| format!("{}: {error}", kind.title()).into())
            })
        };
        let threads: Vec<_> = options.kinds.iter().map(|kind| one(*kind)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("panicked".into()))).collect()
    });
    let (mut versions, mut tallies, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for result in done {
        match result {
            Ok((version, some)) => {
                versions.push(version);
                tallies.extend(some);
            }
            Err(error) => broken.push(error.to_string()),
        }
    }
    versions.dedup();
    let table: String = tallies.iter().map(|tally| format!("{}\n", tally.line())).collect();
    let cores = std::thread::available_parallelism()?;
    let what =
        format!("{}; {cores} cores; {} s; seed {}", versions.join(", "), began.elapsed().as_secs(), options.seed);
    let table = format!("{what}\n\n{}\n{table}", tally::HEAD);
    println!("{table}");
    if let Some(path) = &options.results {
        std::fs::write(path, table)?;
    }
    if broken.is_empty() {
        Ok(tallies.iter().map(|tally| tally.wrong.len()).sum())
    } else {
        Err(broken.join("\n").into())
    }
}

fn on_server(kind: Kind, dir: &Path, options: &Options) -> Result<(String, Vec<Tally>)> {
    let server = Server::start(kind)?;
    let db = OnServer::fresh(&server, "undisturbed")?;
    let state = |way| {
        run(&db.url(server.port), dir, way)?;
        db.wait_until_alone()?;
        db.look()
    };
    let oracle = Oracle::new(&state(Way::Up)?, &state(Way::Down)?)?;
    let mut tallies = Vec::new();
    let mut done = |tally: Result<Tally>| -> Result<()> {
        let tally = tally?;
        println!("{}", tally.line());
        tallies.push(tally);
        Ok(())
    };
    let long = options.form == Form::Long;
    for start in [Start::Empty, Start::Begun] {
        for fault in [Fault::KillAfter, Fault::KillBefore, Fault::KillHalf] {
            if long || (fault == Fault::KillAfter && start == Start::Begun) {
                done(sends::every(&server, dir, &oracle, fault, start))?;
            }
        }
    }
    for fault in [Fault::Close, Fault::Cut, Fault::Reset, Fault::CutAnswer, Fault::Stall] {
        if long {
            done(sends::every(&server, dir, &oracle, fault, Start::Begun))?;
        }
    }
    for target in [Target::Client, Target::Session, Target::Server] {
        let kills = if !long && target == Target::Server { options.kills / 2 } else { options.kills };
        let amount = Amount { kills, until: options.until };
        done(random::kills(&server, dir, &oracle, target, amount, options.seed))?;
    }
    Ok((format!("{} {}", kind.title(), server.version()?), tallies))
}

fn on_file(kind: Kind, dir: &Path, options: &Options) -> Result<(String, Vec<Tally>)> {
    let db = File::fresh(kind)?;
    let state = |way| {
        run(&db.url(), dir, way)?;
        db.look()
    };
    let oracle = Oracle::new(&state(Way::Up)?, &state(Way::Down)?)?;
    let mut tallies = Vec::new();
    for call in syscalls::WRITING {
        if options.form == Form::Long || call == "fdatasync" {
            tallies.push(syscalls::every(kind, dir, &oracle, call)?);
        }
    }
    let amount = Amount { kills: options.kills, until: options.until };
    tallies.push(syscalls::random(kind, dir, &oracle, amount, options.seed)?);
    Ok((format!("SQLite {}", rusqlite::version()), tallies))
}
