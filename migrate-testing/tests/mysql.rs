//! Test databases on MySQL and MariaDB: what tests get, what is left of them, and who is left alone.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use common::mysql::{SERVERS, admin, exists, open, run, template, text};
use common::{alone, succeeds};
use migrate_core::sql::Dialect;
use migrate_testing::Template;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_test_gets_all_that_the_template_has() {
    for server in SERVERS {
        let template = template(server, "all")
            .seed("INSERT INTO members VALUES ('grace')")
            .seed_code("one book", |conn: &mut Conn| Ok(conn.query_drop("INSERT INTO books VALUES ('Emma')")?));
        for _ in 0..3 {
            let mut db = template.mysql().unwrap();
            let conn = db.conn().unwrap();
            assert_eq!(text(conn, "SELECT group_concat(name ORDER BY name) FROM members"), "ada,grace");
            assert_eq!(text(conn, "SELECT group_concat(title) FROM books"), "Emma");
            assert_eq!(text(conn, "SELECT count(*) FROM migrate_history"), "2");
            conn.query_drop("DROP TABLE books").unwrap();
            // Any client finds it by the URL, and is no reason to leave it.
            let mut other = open(db.url());
            assert_eq!(text(&mut other, "SELECT database()"), db.name());
            other.query_drop("START TRANSACTION").unwrap();
            other.query_drop("INSERT INTO members VALUES ('open')").unwrap();
            drop(db);
            assert!(other.query_drop("COMMIT").is_err(), "it is thrown out");
        }
    }
}

#[test]
fn two_hundred_at_once_in_threads() {
    for server in SERVERS {
        let template = template(server, "threads");
        let names = std::sync::Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let mut db = template.mysql().unwrap();
                        let conn = db.conn().unwrap();
                        assert_eq!(text(conn, "SELECT count(*) FROM books"), "0");
                        conn.query_drop("INSERT INTO books VALUES ('mine')").unwrap();
                        // Nobody else is in it meanwhile.
                        std::thread::sleep(Duration::from_millis(2));
                        assert_eq!(text(conn, "SELECT count(*) FROM books"), "1");
                        names.lock().unwrap().push(db.name().to_owned());
                    }
                });
            }
        });
        let names: BTreeSet<String> = names.into_inner().unwrap().into_iter().collect();
        assert!(names.len() <= 8, "no more than were in hand at once: {names:?}");
        let left = format!(
            "SELECT count(*) FROM migrate_testing_v1.clone WHERE state <> 'free' AND name IN ('{}')",
            joined(&names)
        );
        assert_eq!(text(&mut admin(server), &left), "0");
    }
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join("', '")
}

#[test]
fn forty_processes_and_one_template() {
    for server in SERVERS {
        let variables = [("SERVER", server), ("SALT", "processes"), ("RUN", &std::process::id().to_string())];
        let mut names = BTreeSet::new();
        for _ in 0..5 {
            let children: Vec<_> = (0..8).map(|_| alone("in_a_process_of_its_own", &variables)).collect();
            names.extend(children.into_iter().map(|child| name_in(succeeds(child).lines().map(str::to_owned))));
        }
        assert!(names.len() <= 8, "{names:?}");
        let of = format!(
            "SELECT count(DISTINCT template), min(template) FROM migrate_testing_v1.clone WHERE name IN ('{}')",
            joined(&names)
        );
        let (templates, id): (u32, String) = admin(server).query_first(of).unwrap().unwrap();
        assert_eq!(templates, 1);
        let left = format!("SELECT count(*) FROM migrate_testing_v1.clone WHERE template = '{id}' AND state <> 'free'");
        assert_eq!(text(&mut admin(server), &left), "0");
    }
}

fn name_in(mut lines: impl Iterator<Item = String>) -> String {
    lines.find_map(|line| Some(line.split_once("have ")?.1.to_owned())).unwrap()
}

#[test]
#[ignore = "run by others, in processes of its own"]
fn in_a_process_of_its_own() {
    let server = std::env::var("SERVER").unwrap();
    let mut db = template(&server, &std::env::var("SALT").unwrap()).mysql().unwrap();
    println!("have {}", db.name());
    let conn = db.conn().unwrap();
    assert_eq!(text(conn, "SELECT count(*) FROM books"), "0");
    conn.query_drop("INSERT INTO books VALUES ('mine')").unwrap();
    if std::env::var_os("HANG").is_some() {
        conn.query_drop("DROP TABLE members").unwrap();
        conn.query_drop("START TRANSACTION").unwrap();
        conn.query_drop("INSERT INTO books VALUES ('not committed')").unwrap();
        println!("dirty");
        std::thread::sleep(Duration::from_secs(600));
    }
}

#[test]
fn what_a_killed_test_had_is_restored_for_the_next_one() {
    for server in SERVERS {
        let variables = [("SERVER", server), ("SALT", "killed"), ("RUN", &std::process::id().to_string())];
        let hanging = [&variables[..], &[("HANG", "1")]].concat();
        let mut children: Vec<_> = (0..3).map(|_| alone("in_a_process_of_its_own", &hanging)).collect();
        let mut names = BTreeSet::new();
        for child in &mut children {
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            names.insert(name_in(&mut lines));
            assert!(lines.any(|line| line == "dirty"));
        }
        assert_eq!(names.len(), 3);
        // Nobody gets what somebody has.
        let other = name_in(succeeds(alone("in_a_process_of_its_own", &variables)).lines().map(str::to_owned));
        assert!(!names.contains(&other));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        // The one that was free, and these.
        let template = template(server, "killed");
        let mut all: Vec<_> = (0..4).map(|_| template.mysql().unwrap()).collect();
        for db in &mut all {
            let conn = db.conn().unwrap();
            assert_eq!(text(conn, "SELECT count(*) FROM books"), "0");
            assert_eq!(text(conn, "SELECT group_concat(name) FROM members"), "ada");
        }
        names.insert(other);
        assert_eq!(all.iter().map(|db| db.name().to_owned()).collect::<BTreeSet<_>>(), names);
    }
}

#[test]
fn what_a_kill_while_building_leaves_is_never_copied_and_dropped() {
    for server in SERVERS {
        let run = std::process::id().to_string();
        let mut child = alone("building_for_ever", &[("SERVER", server), ("RUN", &run)]);
        // By its seed: other suites build, too.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let half = name_in(&mut lines);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(exists(server, &half));
        // The same template, whose seed now ends.
        let template = never_ending(server, Duration::ZERO);
        let mut db = template.mysql().unwrap();
        assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM members"), "1");
        drop(db);
        eventually("it is dropped", || {
            drop(template.mysql().unwrap());
            !exists(server, &half)
        });
    }
}

fn never_ending(server: &str, wait: Duration) -> Template<'static, Conn> {
    template(server, "building").seed_code("waits", move |conn: &mut Conn| {
        println!("have {}", text(conn, "SELECT database()"));
        std::thread::sleep(wait);
        Ok(())
    })
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn building_for_ever() {
    let _ = never_ending(&std::env::var("SERVER").unwrap(), Duration::from_secs(600)).mysql();
}

/// Where a copy could not be told from another, none is used again: slow, and right.
#[test]
fn a_template_that_can_t_be_restored_is_run_for_each_test() {
    for server in SERVERS {
        let run = std::process::id().to_string();
        let said =
            succeeds(alone("on_another_engine", &[("SERVER", server), ("RUN", &run), ("MIGRATE_TESTING_STATS", "1")]));
        assert_eq!(said.matches("all of them: table old is in the engine myisam, not in InnoDB").count(), 2, "{said}");
        for name in said.lines().filter_map(|line| line.split_once("have ")) {
            assert!(!exists(server, name.1));
        }
    }
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn on_another_engine() {
    let template =
        template(&std::env::var("SERVER").unwrap(), "engine").seed("CREATE TABLE old (n int) ENGINE = MyISAM");
    let mut names = BTreeSet::new();
    for _ in 0..2 {
        let mut db = template.mysql().unwrap();
        println!("have {}", db.name());
        assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM old"), "0");
        db.conn().unwrap().query_drop("INSERT INTO old VALUES (1)").unwrap();
        assert!(names.insert(db.name().to_owned()));
    }
}

#[test]
fn databases_of_others_are_left_alone_whatever_they_are_called() {
    for server in SERVERS {
        let name = format!("migrate_test_mine_{}", std::process::id());
        run(&mut admin(server), &format!("CREATE DATABASE {name}"));
        let template = template(server, "others");
        drop(template.mysql().unwrap());
        // What is nobody's any more goes, and it alone.
        let stale = "UPDATE migrate_testing_v1.clone SET state = 'kept', at = at - INTERVAL 2 DAY WHERE name = ";
        let db = template.mysql().unwrap();
        let old = db.name().to_owned();
        drop(db);
        run(&mut admin(server), &format!("{stale}'{old}'"));
        drop(template.mysql().unwrap());
        eventually("it is dropped", || {
            drop(template.mysql().unwrap());
            !exists(server, &old)
        });
        assert!(exists(server, &name));
        run(&mut admin(server), &format!("DROP DATABASE {name}"));
    }
}

#[test]
fn a_migration_that_fails_says_where_and_leaves_nothing() {
    for server in SERVERS {
        let template = template(server, "fails").seed("INSERT INTO nowhere VALUES (1)");
        let told = template.mysql().unwrap_err().to_string();
        assert!(told.contains("seed 1 of the template: Table 'migrate_test_"), "{told}");
        let name = told.split('\'').nth(1).unwrap().split('.').next().unwrap();
        assert!(!exists(server, name));
    }
}

#[test]
fn a_server_elsewhere_is_refused_and_no_password_shown() {
    let template =
        Template::of(common::known::<Conn>(Dialect::Mysql, "remote")).server("mysql://me:secret@db.example.com/shop");
    let told = template.mysql().unwrap_err().to_string();
    assert!(told.contains("is not on this machine"), "{told}");
    assert!(told.contains("MIGRATE_TESTING_REMOTE=yes"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_private_mariadb_is_started_and_stopped() {
    private_server("mariadb", &[]);
}

fn private_server(word: &str, more: &[(&str, &str)]) {
    let dir = tempfile::Builder::new().prefix("migrate-private").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let variables =
        [&[("MIGRATE_TESTING_DIR", dir.path().to_str().unwrap()), ("MIGRATE_TESTING_LINGER", "1")], more].concat();
    let at = |name: &str| {
        let server = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
        server
            .filter(|path| path.to_string_lossy().contains(word))
            .map(|path| path.join("server").join(name))
            .next()
            .unwrap()
    };
    let pid = || std::fs::read_to_string(at("pid")).unwrap().trim().to_owned();
    let has_stopped = || !at("ready").exists() && !std::path::Path::new(&format!("/proc/{}", pid())).exists();
    for _ in 0..2 {
        let children: Vec<_> = (0..4).map(|_| alone("on_a_private_server", &variables)).collect();
        children.into_iter().for_each(|child| drop(succeeds(child)));
        eventually("the server stops", has_stopped);
        eventually("it was shut down", || !at("unclean").exists());
    }
    // Also after a kill.
    let mut child = alone("on_a_private_server", &[&variables[..], &[("HANG", "1")]].concat());
    eventually("it is up", || at("ready").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the server stops", has_stopped);
}

#[test]
#[ignore = "run by another, in processes of its own"]
fn on_a_private_server() {
    let template = Template::of(common::known::<Conn>(Dialect::Mysql, "private"));
    let mut db = template.mysql().unwrap();
    assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM members"), "1");
    // Nobody gets in without the password, and not as somebody else.
    let (credentials, place) = db.url().split_once('@').unwrap();
    let place = place.split('/').next().unwrap();
    assert!(credentials.len() > "mysql://root:".len() + 20);
    for user in ["root", "root:wrong", "mysql", "nobody"] {
        assert!(Conn::new(Opts::from_url(&format!("mysql://{user}@{place}")).unwrap()).is_err(), "{user}");
    }
    if std::env::var_os("HANG").is_some() {
        std::thread::sleep(Duration::from_secs(600));
    }
}

/// MySQL's programs, as `scripts/server-mysql` unpacks them: a directory with a `mysqld` that finds its own libraries.
#[test]
fn a_private_mysql_is_started_and_stopped() {
    use std::os::unix::fs::PermissionsExt;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/mysql");
    let root = std::env::var_os("MYSQL_ROOT").map_or(root, std::path::PathBuf::from).canonicalize().unwrap();
    let in_root = |path: &str, name: &str| {
        let found = root.join(path).read_dir().unwrap().map(|entry| entry.unwrap().path());
        found.filter(|path| path.file_name().unwrap().to_string_lossy().contains(name)).min().unwrap()
    };
    let libraries = in_root("usr/lib", "-linux-gnu");
    let loader = in_root(libraries.to_str().unwrap(), "ld-linux-");
    let bin = tempfile::Builder::new().prefix("migrate-bin").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(bin.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let script = format!(
        "#!/bin/sh\nexec {} --library-path {} {root}/usr/sbin/mysqld \"$@\" --lc-messages-dir={root}/usr/share/mysql \
         --character-sets-dir={root}/usr/share/mysql/charsets --plugin-dir={root}/usr/lib/mysql/plugin\n",
        loader.display(),
        libraries.display(),
        root = root.display(),
    );
    let program = bin.path().join("mysqld");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    private_server("mysql", &[("MIGRATE_TESTING_MYSQL_BIN", bin.path().to_str().unwrap())]);
}
