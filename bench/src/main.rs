//! Measures one part and writes what it has to tell into a directory. `bench/run` starts the servers for it.
//!
//!     bench PART DIR [small]

use std::error::Error;
use std::path::PathBuf;

use bench::database::Server;
use bench::parts::{ALL, Size};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let part = args.next().unwrap_or_default();
    let Some((_, run)) = ALL.iter().find(|(name, _)| *name == part) else {
        let names: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!("no part `{part}`; there are {}", names.join(", ")).into());
    };
    let dir = PathBuf::from(args.next().ok_or("the directory for the results is missing")?);
    let size = match args.next().as_deref() {
        None => Size::Full,
        Some("small") => Size::Small,
        Some(other) => return Err(format!("`{other}` is no size; there is `small`").into()),
    };
    let servers = Server::all();
    if servers.is_empty() {
        return Err("no server is named: bench/run names them".into());
    }
    let told = run(&servers, size);
    let mut markdown = told.markdown;
    if let Some(chart) = told.chart {
        std::fs::write(dir.join(format!("{part}.svg")), chart)?;
        markdown.push_str(&format!("\n![{part}](results/{part}.svg)\n"));
    }
    let versions: Vec<_> = servers.iter().map(Server::version).collect();
    std::fs::write(dir.join(format!("{part}.md")), format!("{markdown}\n{}.", versions.join(", ")))?;
    Ok(())
}
