//! Holds the splitter for PostgreSQL against `psql` and against the server's own grammar.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use proof::postgres::{corpus, differential, soup};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<u64>().expect("a number"));
    let proven = match arguments.first().map(String::as_str) {
        Some("corpus") => corpus::run(),
        Some("differential") => differential::run(&arguments[1..]),
        Some("soup") => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs());
            let count = number(2).unwrap_or(10_000);
            soup::run(number(1).unwrap_or(now), usize::try_from(count).unwrap_or(usize::MAX))
        }
        _ => {
            eprintln!("proof-postgres corpus | soup [SEED] [COUNT] | differential DIR...");
            return ExitCode::from(2);
        }
    };
    match proven {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
