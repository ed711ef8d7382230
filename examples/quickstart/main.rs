//! A lending desk's seventeen migrations on a new SQLite file: all applied, a second start with nothing to do, one
//! revert, and the status as a table after each.
//!
//!     cargo run --example quickstart

#![allow(clippy::print_stdout)]

use std::error::Error;

use migrate::sqlite::{Sqlite, Url};
use migrate::{Embedded, Entry, Migrations, Migrator, Status, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations", sqlite);

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("lending_desk.db");
    let url = format!("sqlite:{}", file.display());

    println!("A new database in a temporary place.\n");
    println!("migrate::up    -> {}", migrate::up(&url, &MIGRATIONS)?);
    show(&file)?;
    println!("migrate::up    -> {}", migrate::up(&url, &MIGRATIONS)?);
    println!("migrate::down  -> {}", migrate::down(&url, &MIGRATIONS, 1)?);
    show(&file)?;
    Ok(())
}

fn show(file: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let mut driver = Sqlite::open(&Url::file(file))?;
    Migrator::new(&mut driver).status(&Migrations::from(&MIGRATIONS), table)?;
    Ok(())
}

fn table(status: &Status<'_>) {
    println!("\n  {:<14}  {:<28}  {:<8}  way back", "version", "name", "state");
    for entry in &status.entries {
        println!("  {}  {:<28}  {:<8}  {}", entry.version, entry.name, entry.state.as_str(), way_back(entry));
    }
    println!();
}

fn way_back(entry: &Entry<'_>) -> &'static str {
    if entry.is_reversible() { "down" } else { "none" }
}
