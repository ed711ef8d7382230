//! What is not to be undercut.

use migrate::Checksum;
use mysql::prelude::Queryable;
use postgres::{Client, NoTls};
use rusqlite::Connection;

use super::Start;
use crate::File;
use crate::database::{Kind, mysql_conn};

const SELECT: &str = "SELECT version, checksum FROM migrate_history ORDER BY version";

pub(super) fn all(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    Some(match kind {
        Kind::Postgres => {
            let mut client = Client::connect(url, NoTls).expect("connects");
            let batch = batch(kind, files, "BEGIN", "text", "timestamptz");
            Box::new(move || client.batch_execute(&batch).expect("applies"))
        }
        Kind::Sqlite => {
            let connection = Connection::open(url).expect("opens");
            let batch = batch(kind, files, "BEGIN IMMEDIATE", "TEXT", "TEXT");
            Box::new(move || connection.execute_batch(&batch).expect("applies"))
        }
        Kind::Mariadb | Kind::Mysql => {
            let mut conn = mysql_conn(url);
            let statements = statements(kind, files);
            Box::new(move || statements.iter().for_each(|sql| conn.query_drop(sql).expect("applies")))
        }
    })
}

/// One message: a transaction with all files, their texts and their rows of a history.
fn batch(kind: Kind, files: &[File], begin: &str, text: &str, time: &str) -> String {
    let mut batch = format!(
        "{begin}; CREATE TABLE migrate_history (version bigint PRIMARY KEY, name {text}, checksum {text}, \
         statements_checksum {text}, down_checksum {text}, started_at {time}, finished_at {time}, direction {text}, \
         duration_ms bigint, run_id {text}, applied_by {text}, tool_version {text}, format bigint); \
         CREATE TABLE migrate_text (sha256 {text} PRIMARY KEY, text {text}, format bigint);\n"
    );
    for (version, name, sql) in files {
        let sql = kind.words(sql);
        let checksum = Checksum::of_text(&sql);
        batch.push_str(&sql);
        batch.push_str(&format!(
            "INSERT INTO migrate_text VALUES ('{checksum}', '{}', 1); INSERT INTO migrate_history VALUES ({version}, \
             '{name}', '{checksum}', '{checksum}', NULL, '2026-01-01', '2026-01-01', 'up', 1, 'run', 'me', 'migrate', \
             1);\n",
            sql.replace('\'', "''")
        ));
    }
    batch + "COMMIT"
}

/// Each statement by itself, and for each file one INSERT into a history.
fn statements(kind: Kind, files: &[File]) -> Vec<String> {
    let create = "CREATE TABLE migrate_history (version bigint PRIMARY KEY, name text, checksum varchar(80), \
                  applied_at datetime(6))";
    let mut statements = vec![create.to_owned()];
    for (version, name, sql) in files {
        // The generator ends each statement with its line.
        let words = kind.words(sql);
        statements.extend(words.split_inclusive(";\n").map(|sql| sql.trim_end().trim_end_matches(';').to_owned()));
        let checksum = Checksum::of_text(sql);
        statements
            .push(format!("INSERT INTO migrate_history VALUES ({version}, '{name}', '{checksum}', utc_timestamp(6))"));
    }
    statements
}

pub(super) fn one_select(kind: Kind, url: &str, _: &[File]) -> Option<Start> {
    Some(match kind {
        Kind::Postgres => {
            let mut client = Client::connect(url, NoTls).expect("connects");
            Box::new(move || assert!(client.simple_query(SELECT).expect("selects").len() > 1))
        }
        Kind::Sqlite => {
            let connection = Connection::open(url).expect("opens");
            Box::new(move || {
                let mut select = connection.prepare(SELECT).expect("prepares");
                let of_row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
                let rows: Vec<_> = select.query_map([], of_row).expect("selects").collect();
                assert!(!rows.is_empty());
            })
        }
        Kind::Mariadb | Kind::Mysql => {
            let mut conn = mysql_conn(url);
            Box::new(move || {
                let rows: Vec<(i64, String)> = conn.query(SELECT).expect("selects");
                assert!(!rows.is_empty());
            })
        }
    })
}
