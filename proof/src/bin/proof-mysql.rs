//! Holds the splitter for MySQL and MariaDB against their clients and servers.

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use proof::mysql::{Family, corpus, differential, soup};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(Some(true)) => ExitCode::SUCCESS,
        Ok(Some(false)) => ExitCode::FAILURE,
        Ok(None) => {
            eprintln!("proof-mysql mysql|mariadb corpus | soup [SEED] [COUNT] | differential DIR...");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[&str]) -> Result<Option<bool>, Box<dyn Error>> {
    let (family, arguments) = match arguments {
        ["mysql", rest @ ..] => (Family::Mysql, rest),
        ["mariadb", rest @ ..] => (Family::Mariadb, rest),
        _ => return Ok(None),
    };
    match arguments {
        ["corpus"] => corpus::run(family),
        ["differential", directories @ ..] => differential::run(family, directories),
        ["soup", numbers @ ..] => {
            let number = |at: usize| numbers.get(at).map(|text| text.parse::<u64>()).transpose();
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            let count = usize::try_from(number(1)?.unwrap_or(10_000))?;
            soup::run(family, number(0)?.unwrap_or(now), count)
        }
        _ => return Ok(None),
    }
    .map(Some)
}
