use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::Start;
use crate::File;
use crate::database::Kind;

pub(super) fn open(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    if kind != Kind::Sqlite {
        return None;
    }
    // It borrows its texts, which a program has compiled in.
    let migrations = files.iter().map(|(_, _, sql)| M::up(kind.words(sql).leak())).collect();
    let migrations = Migrations::new(migrations);
    let mut connection = Connection::open(url).expect("opens");
    Some(Box::new(move || migrations.to_latest(&mut connection).expect("applies")))
}
