//! A peer as a victim: `crash-refinery URL DIR` applies the files of a directory.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(dir)) = (arguments.next(), arguments.next()) else {
        return Err("crash-refinery URL DIR".into());
    };
    let migrations = refinery::load_sql_migrations(dir)?;
    let mut client = postgres::Client::connect(&url, postgres::NoTls)?;
    refinery::Runner::new(&migrations).run(&mut client)?;
    Ok(())
}
