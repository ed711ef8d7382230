//! A seeded generator of realistic migrations, whom they are given to, and medians. Machines are noisy: compare ratios
//! taken in one round.

pub mod chart;
pub mod database;
pub mod paired;
pub mod parts;
pub mod proxy;
pub mod tools;

use std::fmt::Write;
use std::time::{Duration, Instant};

use migrate::{Down, Migrations, Options, Script, SqlMigration, Store, Version};

/// One migration: version, name, SQL.
pub type File = (i64, String, String);

/// `n` migrations, the same ones for the same `n`, of which the first ten are those of every other `n`: a third CREATE
/// TABLE, then ADD COLUMN, CREATE INDEX, INSERT, VIEW and files of several statements.
pub fn migrations(n: usize) -> Vec<File> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut tables = 0_u64;
    (0..n)
        .map(|i| {
            let version = 20_200_101_000_000 + i64::try_from(i).unwrap_or_default();
            let kind = if tables < 3 { 0 } else { random.below(100) };
            let on = random.below(tables.max(1));
            let mut sql = String::new();
            let name = match kind {
                0..34 => {
                    let _ = write!(sql, "CREATE TABLE t{tables} (\n  id INTEGER PRIMARY KEY");
                    for column in 0..5 + random.below(6) {
                        let _ = write!(
                            sql,
                            ",\n  column_{column} {}",
                            ["TEXT", "INTEGER NOT NULL DEFAULT 0", "REAL"][column as usize % 3]
                        );
                    }
                    sql.push_str("\n);\n");
                    tables += 1;
                    format!("create_t{}", tables - 1)
                }
                34..54 => format!("add_column_{i}")
                    .also(|_| _ = writeln!(sql, "ALTER TABLE t{on} ADD COLUMN added_{i} TEXT;")),
                54..69 => format!("index_{i}")
                    .also(|_| _ = writeln!(sql, "CREATE INDEX i{i} ON t{on} (column_{});", random.below(5))),
                69..85 => format!("seed_{i}").also(|_| {
                    for row in 0..3 + random.below(10) {
                        let _ = writeln!(sql, "INSERT INTO t{on} (column_0) VALUES ('row {row} of {i}');");
                    }
                }),
                85..90 => format!("view_{i}")
                    .also(|_| _ = writeln!(sql, "CREATE VIEW v{i} AS SELECT id, column_0 FROM t{on};")),
                _ => format!("several_{i}").also(|_| {
                    let _ = write!(sql, "-- several at once\nCREATE TABLE s{i} (id INTEGER PRIMARY KEY, x TEXT);\n");
                    let _ = write!(sql, "CREATE INDEX sx{i} ON s{i} (x);\nINSERT INTO s{i} (x) VALUES ('a;b');\n");
                }),
            };
            (version, name, sql)
        })
        .collect()
}

trait Also: Sized {
    fn also(self, work: impl FnOnce(&Self)) -> Self {
        work(&self);
        self
    }
}

impl Also for String {}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The files as migrations, in the words of one database.
pub fn known<C: 'static>(files: &[File], in_its_words: impl Fn(&str) -> String) -> Migrations<'static, C> {
    let one = |(version, name, sql): &File| {
        let script = Script::new(format!("{version}_{name}.sql").into(), in_its_words(sql).into(), 1, Options::NONE);
        SqlMigration::new(Version::new(*version), name.clone(), script, Down::Irreversible, Store::Text)
    };
    Migrations::from_sql(files.iter().map(one)).expect("no version twice")
}

/// PostgreSQL numbers the rows where it is told to.
pub fn in_words_of_postgres(sql: &str) -> String {
    sql.replace("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY")
}

/// MySQL numbers the rows where it is told to, and indexes no TEXT.
pub fn in_words_of_mysql(sql: &str) -> String {
    sql.replace("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY AUTO_INCREMENT").replace("TEXT", "VARCHAR(40)")
}

/// How long this takes.
pub fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// The middle one.
pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("no NaN is measured"));
    values[values.len() / 2]
}
