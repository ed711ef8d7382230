//! MySQL and MariaDB: their own clients through a recorder, and what their servers parse.

pub mod corpus;
pub mod differential;
pub mod soup;

mod client;
mod parser;
mod recorder;

use migrate_core::sql::Syntax;

use crate::compare::{Comments, MARIADB, MYSQL};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Mysql,
    Mariadb,
}

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Family::Mysql => "mysql",
            Family::Mariadb => "mariadb",
        }
    }

    fn comments(self) -> Comments {
        match self {
            Family::Mysql => MYSQL,
            Family::Mariadb => MARIADB,
        }
    }

    fn syntax(self, sql_mode: &str) -> Syntax {
        match self {
            Family::Mysql => Syntax::mysql(sql_mode),
            Family::Mariadb => Syntax::mariadb(sql_mode),
        }
    }
}
