//! Holds the splitter for SQLite against SQLite and its grammar.

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use proof::sqlite::{corpus, differential, soup};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(Some(true)) => ExitCode::SUCCESS,
        Ok(Some(false)) => ExitCode::FAILURE,
        Ok(None) => {
            eprintln!("proof-sqlite corpus | soup [SEED] [COUNT] | differential DIR...");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<Option<bool>, Box<dyn Error>> {
    Ok(Some(match arguments.first().map(String::as_str) {
        Some("corpus") => corpus::run()?,
        Some("differential") => differential::run(&arguments[1..])?,
        Some("soup") => {
            let number = |at: usize| arguments.get(at).map(|text| text.parse::<u64>()).transpose();
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            soup::run(number(1)?.unwrap_or(now), usize::try_from(number(2)?.unwrap_or(10_000))?)?
        }
        _ => return Ok(None),
    }))
}
