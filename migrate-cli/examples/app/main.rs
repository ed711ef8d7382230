//! An application's own command line: its files are compiled in, and one migration is in Rust.
//!
//! `cargo run --package migrate-cli --example app -- -d sqlite:app.db up`

use std::process::ExitCode;

use migrate::{BoxError, Embedded, Meta, Migration, Session, Set, Version, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("examples/app/migrations");

fn main() -> ExitCode {
    migrate_cli::run(Set::new(&MIGRATIONS).sqlite(LowerCase).postgres(LowerCase).mysql(LowerCase))
}

struct LowerCase;

/// The same on every database.
impl<C> Migration<C> for LowerCase {
    fn meta(&self) -> &Meta {
        static META: Meta = Meta::code(Version::new(20260102000000), "lower_case");
        &META
    }

    fn up(&self, db: &mut Session<'_, C>) -> Result<(), BoxError> {
        db.run("UPDATE members SET email = lower(email)")
    }
}
