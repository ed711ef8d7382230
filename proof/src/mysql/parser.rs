//! What the server's own parser takes for one statement.

use mysql::prelude::Queryable;
use mysql::{Conn, Error, OptsBuilder};

/// A session in which statements can be prepared and run.
#[derive(Debug)]
pub struct Parser(Conn);

/// `ER_PARSE_ERROR`
const SYNTAX: u16 = 1064;
/// `ER_UNSUPPORTED_PS`: parsed, and of a kind that can't be prepared.
const UNSUPPORTED: u16 = 1295;

impl Parser {
    pub fn connect(port: u16) -> Result<Self, Error> {
        let options =
            OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(port).user(Some("root")).prefer_socket(false);
        let mut session = Parser(Conn::new(options)?);
        // A foul statement must not stop the proof.
        session.0.query_drop("SET lock_wait_timeout = 2")?;
        Ok(session)
    }

    /// A new database of this name, in which the session then is.
    pub fn fresh(&mut self, database: &str) -> Result<(), Error> {
        self.0.query_drop(format!("DROP DATABASE IF EXISTS {database}"))?;
        self.0.query_drop(format!("CREATE DATABASE {database}"))?;
        self.0.query_drop(format!("USE {database}"))
    }

    pub fn set(&mut self, sql_mode: &str) -> Result<(), Error> {
        self.0.exec_drop("SET sql_mode = ?", (sql_mode,))
    }

    /// Why this is no statement, without running it: nobody prepares two in one.
    pub fn refusal(&mut self, statement: &str) -> Result<Option<String>, Error> {
        match self.0.prep(statement) {
            Ok(prepared) => self.0.close(prepared).map(|()| None),
            Err(Error::MySqlError(error)) => Ok((error.code == SYNTAX).then_some(error.message)),
            Err(error) => Err(error),
        }
    }

    /// Runs it, and says what the server has against it.
    pub fn run(&mut self, statement: &str) -> Result<Option<String>, Error> {
        match self.0.query_drop(statement) {
            Ok(()) => Ok(None),
            Err(Error::MySqlError(error)) if error.code == UNSUPPORTED => Ok(None),
            Err(Error::MySqlError(error)) => Ok(Some(format!("{} {}", error.code, error.message))),
            Err(error) => Err(error),
        }
    }
}
