//! Test databases: what handing one out takes, against what the database itself needs for a copy, and against running
//! all migrations: ours, and those of `#[sqlx::test]` and refinery. Interleaved; ratios taken in each round.
//!
//!     cargo run --release --bin testing -- postgres://postgres@127.0.0.1:5432/postgres mysql://root@127.0.0.1:3306
//!
//! Any number of servers; without one, SQLite alone.
//!
//! Without a URL SQLite alone. With nextest, each test a process of its own: `bench/testing-nextest URL`.

use std::time::Duration;

use bench::{File, in_words_of_mysql, in_words_of_postgres, known, median, migrations, time};
use migrate::testing::Template;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use postgres::{Client, NoTls};
use rusqlite::Connection;

fn main() {
    println!("| 1,000 migrations | ours | floor or other way | ratio |\n|---|---|---|---|");
    for server in std::env::args().skip(1) {
        match server.starts_with("postgres") {
            true => on_postgres(&server),
            false => on_mysql(&server),
        }
    }
    on_sqlite();
}

fn row(what: &str, times: Vec<(Duration, Duration)>) {
    let ratio = median(times.iter().map(|(ours, other)| ours.as_secs_f64() / other.as_secs_f64()).collect());
    let (ours, other): (Vec<_>, Vec<_>) = times.into_iter().unzip();
    println!("| {what} | {:.2?} | {:.2?} | {ratio:.3} |", median::<Duration>(ours), median::<Duration>(other));
}

fn on_postgres(server: &str) {
    let files = migrations(1000);
    let known = known::<Client>(&files, in_words_of_postgres);
    let template = Template::of(&known).server(server);
    drop(template.postgres().expect("a template"));
    let (place, _) = server.rsplit_once('/').expect("a URL with a database");
    let mut admin = Client::connect(&format!("{place}/migrate_testing_v2"), NoTls).expect("connects");
    let of = |admin: &mut Client, sql: &str| -> String { admin.query_one(sql, &[]).expect("a row").get(0) };
    let create = of(&mut admin, "SELECT create_sql('bench_bare', name) FROM template ORDER BY used DESC LIMIT 1");
    // Of a run that was interrupted.
    for name in ["bench_bare", "bench_all"] {
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).expect("drops");
    }
    // Nobody fills the stock while it is measured.
    admin.execute("SELECT pg_advisory_lock(1835365473, 1)", &[]).expect("the keeper's lock");
    let (mut misses, mut hits) = (Vec::new(), Vec::new());
    for round in 0..24 {
        let (mut bare, mut ours) = (Duration::ZERO, Duration::ZERO);
        let ready = of(&mut admin, "SELECT count(*)::text FROM clone WHERE use = 'stock' AND is_there(name)") != "0";
        // Whoever comes second finds what the first has left to be written.
        for turn in 0..2 {
            if turn == round % 2 {
                bare = time(|| admin.batch_execute(&create).expect("creates"));
                admin.batch_execute("DROP DATABASE bench_bare").expect("drops");
            } else {
                let mut handed = None;
                ours = time(|| handed = Some(template.postgres().expect("a database")));
                let name = handed.as_ref().map(|db| db.name().to_owned()).unwrap_or_default();
                drop(handed);
                admin.batch_execute(&format!("DROP DATABASE {name}")).expect("drops");
            }
        }
        if ready { &mut hits } else { &mut misses }.push((ours, bare));
    }
    let copy = median::<Duration>(misses.iter().map(|(ours, _)| *ours).collect());
    row("PostgreSQL, no stock, against a bare CREATE DATABASE", misses);
    if !hits.is_empty() {
        row("PostgreSQL, from the stock, against a bare CREATE DATABASE", hits);
    }
    let ways: [(&str, fn(&[File], &str)); 3] =
        [("ours", migrate_runs_all), ("as #[sqlx::test] does", sqlx_runs_all), ("refinery", refinery_runs_all)];
    for (who, run) in ways {
        let times = (0..3).map(|_| {
            admin.batch_execute("CREATE DATABASE bench_all").expect("creates");
            let took = time(|| run(&files, &format!("{place}/bench_all")));
            admin.batch_execute("DROP DATABASE bench_all WITH (FORCE)").expect("drops");
            (copy, took)
        });
        row(&format!("PostgreSQL, no stock, against running all migrations, {who}"), times.collect());
    }
}

fn migrate_runs_all(files: &[File], url: &str) {
    let mut client = Client::connect(url, NoTls).expect("connects");
    migrate::postgres::up(&mut client, &known::<Client>(files, in_words_of_postgres)).expect("applies");
}

fn sqlx_runs_all(files: &[File], url: &str) {
    use sqlx::migrate::{Migration, MigrationType, Migrator};
    let migrations = files.iter().map(|(version, name, sql)| {
        let sql = sqlx::SqlStr::from_static(in_words_of_postgres(sql).leak());
        Migration::new(*version, name.clone().into(), MigrationType::Simple, sql, false)
    });
    let migrator = Migrator { migrations: migrations.collect(), ..Migrator::DEFAULT };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let pool = sqlx::PgPool::connect(url).await.expect("connects");
        migrator.run(&pool).await.expect("applies");
        pool.close().await;
    });
}

fn refinery_runs_all(files: &[File], url: &str) {
    let one = |(n, (_, name, sql)): (usize, &File)| {
        refinery::Migration::unapplied(&format!("V{}__{name}", n + 1), &in_words_of_postgres(sql)).expect("a name")
    };
    let migrations: Vec<_> = files.iter().enumerate().map(one).collect();
    let mut client = Client::connect(url, NoTls).expect("connects");
    refinery::Runner::new(&migrations).run(&mut client).expect("applies");
}

/// Two hundred tests, each of which writes a row into three tables.
fn on_mysql(server: &str) {
    let files = migrations(1000);
    let known = known::<Conn>(&files, in_words_of_mysql);
    let template = Template::of(&known).server(server);
    let mut admin = Conn::new(Opts::from_url(server).expect("a URL")).expect("connects");
    let version: String = admin.query_first("SELECT version()").expect("answers").expect("a row");
    let first = time(|| drop(template.mysql().expect("a template")));
    println!("| {version}: the first one, with the template | {first:.2?} | | |");
    let (mut handed, mut whole) = (Vec::new(), Vec::new());
    let mut all = Vec::new();
    for round in 0..200 {
        let mut db = None;
        let ours = time(|| db = Some(template.mysql().expect("a database")));
        let mut db = db.expect("handed out");
        let conn = db.conn().expect("connects");
        for table in ["t0", "t1", "t2"] {
            conn.query_drop(format!("INSERT INTO {table} (column_0) VALUES ('x')")).expect("inserts");
        }
        let back = time(|| drop(db));
        if round % 50 == 0 {
            // Of a run that was interrupted.
            admin.query_drop("DROP DATABASE IF EXISTS bench_all").expect("drops");
            admin.query_drop("CREATE DATABASE bench_all").expect("creates");
            let mut conn = Conn::new(Opts::from_url(&format!("{server}/bench_all")).expect("a URL")).expect("connects");
            all.push(time(|| drop(migrate::mysql::up(&mut conn, &known).expect("applies"))));
            admin.query_drop("DROP DATABASE bench_all").expect("drops");
        }
        handed.push((ours, all[all.len() - 1]));
        whole.push((ours + back, all[all.len() - 1]));
    }
    row(&format!("{version}: handed out, against running all migrations (ours)"), handed);
    row(&format!("{version}: handed out and restored, against the same"), whole);
}

fn on_sqlite() {
    let files = migrations(1000);
    let known = known::<Connection>(&files, str::to_owned);
    let template = Template::of(&known);
    let mut first = template.sqlite().expect("a template");
    let image = first.connection_mut().serialize("main").expect("serialises").to_vec();
    let (mut copies, mut all) = (Vec::new(), Vec::new());
    for round in 0..200 {
        let (mut floor, mut ours) = (Duration::ZERO, Duration::ZERO);
        for turn in 0..2 {
            if turn == round % 2 {
                let mut bare = None;
                floor = time(|| {
                    let connection = bare.insert(Connection::open_in_memory().expect("opens"));
                    connection.deserialize_read_exact("main", &image[..], image.len(), false).expect("deserialises");
                });
            } else {
                let mut handed = None;
                ours = time(|| handed = Some(template.sqlite().expect("a database")));
            }
        }
        copies.push((ours, floor));
        if round % 50 == 0 {
            let mut fresh = Connection::open_in_memory().expect("opens");
            all.push((ours, time(|| drop(migrate::sqlite::up(&mut fresh, &known).expect("applies")))));
        }
    }
    row("SQLite in memory, against a bare open and sqlite3_deserialize", copies);
    row("SQLite in memory, against running all migrations (ours)", all);
}
