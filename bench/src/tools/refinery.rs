use postgres::{Client, NoTls};
use refinery::{Migration, Runner};
use rusqlite::Connection;

use super::Start;
use crate::File;
use crate::database::{Kind, mysql_conn};

/// Its default: a transaction for the migration, another one for its row.
pub(super) fn one_by_one(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    open(kind, url, runner(kind, files))
}

/// All in one transaction.
pub(super) fn grouped(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    open(kind, url, runner(kind, files).set_grouped(true))
}

fn runner(kind: Kind, files: &[File]) -> Runner {
    let one = |(version, name, sql): &File| {
        Migration::unapplied(&format!("V{version}__{name}"), &kind.words(sql)).expect("a name of its form")
    };
    Runner::new(&files.iter().map(one).collect::<Vec<_>>())
}

fn open(kind: Kind, url: &str, runner: Runner) -> Option<Start> {
    Some(match kind {
        Kind::Postgres => {
            let mut client = Client::connect(url, NoTls).expect("connects");
            Box::new(move || drop(runner.run(&mut client).expect("applies")))
        }
        Kind::Sqlite => {
            let mut connection = Connection::open(url).expect("opens");
            Box::new(move || drop(runner.run(&mut connection).expect("applies")))
        }
        Kind::Mariadb | Kind::Mysql => {
            let mut conn = mysql_conn(url);
            Box::new(move || drop(runner.run(&mut conn).expect("applies")))
        }
    })
}
