//! Runs that are killed, cut off and starved, and what the next start makes of them. `tests/crash/run` calls it.

mod database;
mod files;
mod oracle;
mod peers;
mod proxy;
mod random;
mod results;
mod sends;
mod server;
mod syscalls;
mod victim;

use std::path::Path;
use std::time::{Duration, Instant};

use database::{File, Kind, OnServer};
use oracle::Oracle;
use proxy::Fault;
use random::{Amount, Target};
use results::{About, Results};
use sends::{Start, Which};
use server::Server;
use victim::{Way, run};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What CI runs.
    Short,
    Long,
    /// The same for a peer, on PostgreSQL.
    Peers,
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

const USAGE: &str = "crash [short|long|peers] [--seed N] [--database NAME] [--kills N] [--minutes N] [--results FILE]";

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
            "peers" => form = Form::Peers,
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
    let (some, time) = if form == Form::Short { (10, 75) } else { (1000, 24 * 60 * 60) };
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
    let cores = std::thread::available_parallelism()?;
    let about = if options.form == Form::Peers { About::Peers } else { About::Migrate };
    let results = Results::new(about, options.results.clone(), format!("{cores} cores; seed {}", options.seed));
    let parent = tempfile::Builder::new().prefix("migrate-crash-files").tempdir()?;
    if options.form == Form::Peers {
        peers::compare(parent.path(), &results)?;
        return Ok(0);
    }
    let broken: Vec<String> = std::thread::scope(|scope| {
        let one = |kind: Kind| {
            let (dir, results) = (parent.path(), &results);
            let one = move || {
                let dir = database::migrations(kind, dir)?;
                if kind.has_server() {
                    on_server(kind, &dir, options, results)
                } else {
                    on_file(kind, &dir, options, results)
                }
            };
            (kind, scope.spawn(one))
        };
        let threads: Vec<_> = options.kinds.iter().map(|kind| one(*kind)).collect();
        let ended =
            threads.into_iter().map(|(kind, thread)| (kind, thread.join().unwrap_or_else(|_| Err("panicked".into()))));
        ended.filter_map(|(kind, ended)| ended.err().map(|error| format!("{}: {error}", kind.title()))).collect()
    });
    if broken.is_empty() { Ok(results.wrong()) } else { Err(broken.join("\n").into()) }
}

fn on_server(kind: Kind, dir: &Path, options: &Options, results: &Results) -> Result<()> {
    let server = Server::start(kind)?;
    results.version(format!("{} {}", kind.title(), server.version()?));
    let db = OnServer::fresh(&server, "undisturbed")?;
    let state = |way| {
        run(&db.url(server.port), dir, way)?;
        db.wait_until_alone()?;
        db.look()
    };
    let oracle = Oracle::new(&state(Way::Up)?, &state(Way::Down)?)?;
    let long = options.form == Form::Long;
    let every = |fault, start, one_in| {
        let which = Which { every: if long { 1 } else { one_in }, from: options.seed, until: options.until };
        results.add(sends::every(&server, dir, &oracle, fault, start, which)?)
    };
    every(Fault::KillAfter, Start::Begun, 12)?;
    for target in [Target::Client, Target::Session, Target::Server] {
        // A server takes its time to stand up again.
        let kills = if !long && target == Target::Server { options.kills / 2 } else { options.kills };
        let amount = Amount { kills, until: options.until };
        results.add(random::kills(&server, dir, &oracle, target, amount, options.seed)?)?;
    }
    every(Fault::KillAfter, Start::Empty, 40)?;
    for fault in
        [Fault::Close, Fault::CutAnswer, Fault::KillHalf, Fault::Cut, Fault::Reset, Fault::KillBefore, Fault::Stall]
    {
        every(fault, Start::Begun, 40)?;
    }
    Ok(())
}

fn on_file(kind: Kind, dir: &Path, options: &Options, results: &Results) -> Result<()> {
    results.version(format!("SQLite {}", rusqlite::version()));
    let db = File::fresh(kind)?;
    let state = |way| {
        run(&db.url(), dir, way)?;
        db.look()
    };
    let oracle = Oracle::new(&state(Way::Up)?, &state(Way::Down)?)?;
    let long = options.form == Form::Long;
    let which = Which { every: if long { 1 } else { 16 }, from: options.seed, until: options.until };
    for call in syscalls::WRITING {
        if long || call == "pwrite64" {
            let tally = syscalls::every(kind, dir, &oracle, call, which)?;
            // How data gets to the disk depends on how SQLite was built: not every call is made.
            if tally.tries > 0 {
                results.add(tally)?;
            }
        }
    }
    let amount = Amount { kills: options.kills, until: options.until };
    results.add(syscalls::random(kind, dir, &oracle, amount, options.seed)?)
}
