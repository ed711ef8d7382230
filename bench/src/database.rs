//! The databases that everything is measured on: a new one for each run, dropped behind it.

use std::path::PathBuf;

use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use postgres::{Client, NoTls};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Sqlite,
    Mariadb,
    Mysql,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Postgres, Kind::Sqlite, Kind::Mariadb, Kind::Mysql];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Postgres => "PostgreSQL",
            Kind::Sqlite => "SQLite",
            Kind::Mariadb => "MariaDB",
            Kind::Mysql => "MySQL",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Kind::Postgres => "BENCH_POSTGRES",
            Kind::Sqlite => "BENCH_SQLITE",
            Kind::Mariadb => "BENCH_MARIADB",
            Kind::Mysql => "BENCH_MYSQL",
        }
    }

    /// The generator writes for SQLite, which numbers the rows of an INTEGER PRIMARY KEY by itself and indexes a TEXT.
    pub fn words(self, sql: &str) -> String {
        match self {
            Kind::Postgres => crate::in_words_of_postgres(sql),
            Kind::Sqlite => sql.to_owned(),
            Kind::Mariadb | Kind::Mysql => crate::in_words_of_mysql(sql),
        }
    }
}

/// A server, or for SQLite a directory.
pub struct Server {
    pub kind: Kind,
    place: String,
}

impl Server {
    /// Those that the variables `BENCH_POSTGRES`, `BENCH_MARIADB`, `BENCH_MYSQL` (URLs without a database) and
    /// `BENCH_SQLITE` (a directory) name.
    pub fn all() -> Vec<Server> {
        let named = |kind: Kind| std::env::var(kind.variable()).ok().map(|place| Server { kind, place });
        Kind::ALL.into_iter().filter_map(named).collect()
    }

    /// `host:port`, for a proxy before it; `None` = no network leads to it.
    pub fn address(&self) -> Option<&str> {
        self.place.rsplit_once('@').map(|(_, address)| address)
    }

    /// A new, empty database.
    pub fn database(&self, name: &str) -> Database {
        let name = format!("bench_{name}");
        let (place, kind) = (&self.place, self.kind);
        let url = match kind {
            Kind::Sqlite => format!("{place}/{name}.db"),
            _ => format!("{place}/{name}"),
        };
        let database = Database { kind, url, place: place.clone(), name };
        database.drop_it();
        let name = &database.name;
        match kind {
            Kind::Sqlite => {}
            Kind::Postgres => postgres_admin(place).batch_execute(&format!("CREATE DATABASE {name}")).expect("creates"),
            Kind::Mariadb | Kind::Mysql => {
                mysql_conn(place).query_drop(format!("CREATE DATABASE {name}")).expect("creates");
            }
        }
        database
    }

    /// As the server calls itself.
    pub fn version(&self) -> String {
        match self.kind {
            Kind::Sqlite => format!("SQLite {}", rusqlite::version()),
            Kind::Postgres => {
                let row = postgres_admin(&self.place).query_one("SHOW server_version", &[]).expect("answers");
                format!("PostgreSQL {}", row.get::<_, String>(0))
            }
            Kind::Mariadb | Kind::Mysql => {
                let version: Option<String> = mysql_conn(&self.place).query_first("SELECT version()").expect("answers");
                format!("{} {}", self.kind.name(), version.expect("a row"))
            }
        }
    }
}

/// One database, gone when this is dropped.
pub struct Database {
    pub kind: Kind,
    /// Its URL; for SQLite its path.
    pub url: String,
    place: String,
    name: String,
}

impl Database {
    /// The same, by way of a proxy at this port.
    pub fn through(&self, port: u16) -> String {
        let before = self.place.rsplit_once('@').map_or("", |(before, _)| before);
        format!("{before}@127.0.0.1:{port}/{}", self.name)
    }

    fn drop_it(&self) {
        let name = &self.name;
        match self.kind {
            Kind::Sqlite => drop(std::fs::remove_file(PathBuf::from(&self.url))),
            Kind::Postgres => {
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                postgres_admin(&self.place).batch_execute(&sql).expect("drops");
            }
            Kind::Mariadb | Kind::Mysql => {
                mysql_conn(&self.place).query_drop(format!("DROP DATABASE IF EXISTS {name}")).expect("drops");
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.drop_it();
    }
}

fn postgres_admin(place: &str) -> Client {
    Client::connect(&format!("{place}/postgres"), NoTls).expect("connects")
}

/// Never by the socket, which leads past a proxy.
pub fn mysql_conn(url: &str) -> Conn {
    let opts = Opts::from_url(url).expect("a URL");
    Conn::new(OptsBuilder::from_opts(opts).prefer_socket(false)).expect("connects")
}
