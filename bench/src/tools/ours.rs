use postgres::{Client, NoTls};
use rusqlite::Connection;

use super::Start;
use crate::database::{Kind, mysql_conn};
use crate::{File, known};

pub(super) fn open(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    Some(match kind {
        Kind::Postgres => {
            let mut client = Client::connect(url, NoTls).expect("connects");
            let known = known(files, |sql| kind.words(sql));
            Box::new(move || drop(migrate::postgres::up(&mut client, &known).expect("applies")))
        }
        Kind::Sqlite => {
            let mut connection = Connection::open(url).expect("opens");
            let known = known(files, |sql| kind.words(sql));
            Box::new(move || drop(migrate::sqlite::up(&mut connection, &known).expect("applies")))
        }
        Kind::Mariadb | Kind::Mysql => {
            let mut conn = mysql_conn(url);
            let known = known(files, |sql| kind.words(sql));
            Box::new(move || drop(migrate::mysql::up(&mut conn, &known).expect("applies")))
        }
    })
}
