//! What the service is about, on whichever database. A real one has one database, and a pool.

use std::error::Error;

use mysql::prelude::Queryable;

const TITLES: &str = "SELECT title FROM books ORDER BY id";

pub(crate) fn titles(url: &str) -> Result<Vec<String>, Box<dyn Error>> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => {
            let url: migrate::sqlite::Url = url.parse()?;
            let connection = rusqlite::Connection::open(url.path().ok_or("each connection has its own :memory:")?)?;
            let mut statement = connection.prepare(TITLES)?;
            let titles = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(titles)
        }
        Some("mysql" | "mariadb") => Ok(url.parse::<migrate::mysql::Url>()?.connect()?.query(TITLES)?),
        _ => {
            let mut client = url.parse::<migrate::postgres::Url>()?.connect()?;
            Ok(client.query(TITLES, &[])?.iter().map(|row| row.get(0)).collect())
        }
    }
}
