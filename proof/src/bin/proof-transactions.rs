//! Measures what happens to each statement of a list in a transaction, and compares it with the list.
//!
//!     proof-transactions postgres PORT
//!     proof-transactions mysql|mariadb PORT
//!     proof-transactions sqlite

#[path = "../../../migrate-core/tests/transactions/format.rs"]
mod format;

use std::process::ExitCode;

use mysql::prelude::Queryable;
use postgres::error::SqlState;

/// What happened, in the words of the list; anything else is an error that the list should not provoke.
type Outcome = String;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = || arguments.get(1).and_then(|port| port.parse().ok()).expect("a port");
    let (server, major, wrong, count) = match arguments.first().map(String::as_str) {
        Some("postgres") => measure("postgres", Postgres { port: port() }),
        Some(dialect @ ("mysql" | "mariadb")) => measure(dialect, Mysql { port: port() }),
        Some("sqlite") => measure("sqlite", Sqlite),
        _ => panic!("which database?"),
    };
    println!("transactions: {server} ({major}): {} of {count} as the list says", count - wrong);
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

trait Database {
    fn version(&self) -> String;
    fn outcome(&self, setup: &[String], statement: &str) -> Outcome;
}

fn measure(dialect: &str, database: impl Database) -> (String, u32, usize, usize) {
    let list = format::read(dialect);
    let server = database.version();
    let digits: String = server.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let major = digits.parse().expect("a version begins with a number");
    let mut wrong = 0;
    for fact in &list.facts {
        let found = database.outcome(&list.setup, &fact.statement);
        let expected = fact.on(major);
        // What a server does not know it says in its own way.
        if found != expected && !(expected == "-" && found != "runs" && found != "commits") {
            wrong += 1;
            println!("{dialect}.txt:{}: {expected} was expected, {found}: {}", fact.line, fact.statement);
        }
    }
    (server, major, wrong, list.facts.len())
}

struct Postgres {
    port: u16,
}

impl Postgres {
    fn connect(&self, database: &str) -> postgres::Client {
        let config = format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.port);
        postgres::Client::connect(&config, postgres::NoTls).expect("the server answers")
    }
}

impl Database for Postgres {
    fn version(&self) -> String {
        self.connect("postgres").query_one("SHOW server_version", &[]).expect("a version").get(0)
    }

    fn outcome(&self, setup: &[String], statement: &str) -> Outcome {
        let mut admin = self.connect("postgres");
        if let Ok(mut client) = postgres::Client::connect(
            &format!("host=127.0.0.1 port={} user=postgres dbname=migrate_probe_1", self.port),
            postgres::NoTls,
        ) {
            // Of an earlier statement.
            let _ = client.batch_execute("ROLLBACK PREPARED 'x'");
        }
        // Each on its own line of defence: a database's name and the roles belong to the whole server.
        for sql in [
            "DROP DATABASE IF EXISTS migrate_probe_1",
            "DROP ROLE IF EXISTS migrate_probe, migrate_probe_2",
            "CREATE DATABASE migrate_probe_1",
        ] {
            admin.batch_execute(sql).expect(sql);
        }
        let mut client = self.connect("migrate_probe_1");
        for sql in setup {
            client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
        client
            .batch_execute("CREATE TABLE migrate_probe (n int); BEGIN; INSERT INTO migrate_probe VALUES (1)")
            .expect("a probe");
        if let Err(error) = client.batch_execute(statement) {
            let refused = [SqlState::ACTIVE_SQL_TRANSACTION, SqlState::FEATURE_NOT_SUPPORTED];
            return match error.code() {
                Some(code) if *code == refused[0] => "refused".into(),
                Some(code) if *code == SqlState::SYNTAX_ERROR => "-".into(),
                _ => format!(
                    "error {:?}",
                    error.as_db_error().map(|e| (e.code().code().to_owned(), e.message().to_owned()))
                ),
            };
        }
        // A transaction that goes on takes the probe back; one that has ended does not, whichever way it ended.
        let assigned = "RESET ROLE; RESET SESSION AUTHORIZATION; RESET search_path";
        let _ = client.batch_execute(assigned);
        let inside: bool = client
            .query_one("SELECT now() <> statement_timestamp() AND txid_current_if_assigned() IS NOT NULL", &[])
            .map(|row| row.get(0))
            .unwrap_or(false);
        if inside { "runs".into() } else { "commits".into() }
    }
}

struct Mysql {
    port: u16,
}

impl Mysql {
    fn connect(&self) -> mysql::Conn {
        let options = mysql::OptsBuilder::new()
            .ip_or_hostname(Some("127.0.0.1"))
            .tcp_port(self.port)
            .user(Some("root"))
            .prefer_socket(false);
        mysql::Conn::new(options).expect("the server answers")
    }
}

fn drain(connection: &mut mysql::Conn, sql: &str) -> Result<(), mysql::Error> {
    let mut result = connection.query_iter(sql)?;
    while let Some(set) = result.iter() {
        for row in set {
            row?;
        }
    }
    Ok(())
}

impl Database for Mysql {
    fn version(&self) -> String {
        self.connect().query_first("SELECT VERSION()").expect("a version").expect("a row")
    }

    fn outcome(&self, setup: &[String], statement: &str) -> Outcome {
        let mut admin = self.connect();
        for sql in [
            "DROP DATABASE IF EXISTS probe",
            "DROP DATABASE IF EXISTS probe_2",
            "DROP USER IF EXISTS probe_user, probe_user_2",
            "DROP ROLE IF EXISTS probe_role, probe_role_2",
            "SET SESSION lock_wait_timeout = 10",
            "CREATE DATABASE probe",
            "USE probe",
            "CREATE TABLE probe (n INT) ENGINE=InnoDB",
        ] {
            drain(&mut admin, sql).expect(sql);
        }
        for sql in setup {
            drain(&mut admin, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        let mut session = self.connect();
        for sql in [
            "USE probe",
            "SET SESSION lock_wait_timeout = 1",
            "CREATE TEMPORARY TABLE tmp (id INT PRIMARY KEY)",
            "BEGIN",
            "INSERT INTO probe VALUES (1)",
        ] {
            drain(&mut session, sql).expect(sql);
        }
        let result = drain(&mut session, statement);
        let seen: Option<u32> = admin.query_first("SELECT COUNT(*) FROM probe.probe").expect("the probe can be read");
        let committed = seen == Some(1);
        match result {
            Err(mysql::Error::MySqlError(error)) if !committed && (error.code == 1064 || error.code == 1193) => {
                "-".into()
            }
            // It commits first, and fails then.
            Err(_) if committed => "commits".into(),
            Err(error) => format!("error: {error}"),
            Ok(()) if committed => "commits".into(),
            Ok(()) => {
                let _ = drain(&mut session, "USE probe");
                // A transaction that goes on still sees the probe; one that was rolled back does not.
                let own: Result<Option<u32>, _> = session.query_first("SELECT COUNT(*) FROM probe.probe");
                if own.ok().flatten() == Some(1) { "runs".into() } else { "commits".into() }
            }
        }
    }
}

struct Sqlite;

impl Database for Sqlite {
    fn version(&self) -> String {
        rusqlite::version().to_owned()
    }

    fn outcome(&self, setup: &[String], statement: &str) -> Outcome {
        let directory = std::env::temp_dir().join(format!("migrate-proof-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a directory");
        let connection = rusqlite::Connection::open(directory.join("probe.db")).expect("a database");
        for sql in setup {
            connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        connection
            .execute_batch("CREATE TABLE probe (n); BEGIN IMMEDIATE; INSERT INTO probe VALUES (1)")
            .expect("a probe");
        let before = pragmas(&connection, statement);
        let run = || -> Result<(), rusqlite::Error> {
            let mut prepared = connection.prepare(statement)?;
            let mut rows = prepared.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        };
        let outcome = match run() {
            Err(error) if error.to_string().contains("syntax error") => "-".into(),
            // Every other error of a list's statement is the transaction's doing.
            Err(_) => "refused".to_owned(),
            Ok(()) if connection.is_autocommit() => "commits".into(),
            Ok(()) if before.is_some() && before == pragmas(&connection, statement) => "no-effect".into(),
            Ok(()) => "runs".into(),
        };
        drop(connection);
        let _ = std::fs::remove_dir_all(&directory);
        outcome
    }
}

/// What a pragma that sets a value says before and after; `None` for any other statement.
fn pragmas(connection: &rusqlite::Connection, statement: &str) -> Option<String> {
    let name = statement.strip_prefix("PRAGMA ")?.split(['=', '(', ' ']).next()?;
    if !statement.contains('=') {
        return None;
    }
    connection
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))
        .ok()
        .map(|value| format!("{value:?}"))
}
