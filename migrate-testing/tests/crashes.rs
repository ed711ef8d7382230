//! What is left on PostgreSQL when processes are killed, servers crash, and people drop what is ours: nothing that another
//! test could find, and nothing for good.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use common::postgres::{Server, eventually, registry_of, template, text, until_none};
use common::{alone, succeeds};
use migrate_testing::Template;
use postgres::{Client, NoTls};

/// What a test has that is killed, or fails with its server.
#[test]
#[ignore = "run by others, in processes of its own"]
fn hangs_with_a_database() {
    let db = template(&std::env::var("SALT").unwrap()).postgres().unwrap();
    println!("have {}", db.name());
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
#[ignore = "run by others, in processes of its own"]
fn has_a_database() {
    let mut db = template(&std::env::var("SALT").unwrap()).postgres().unwrap();
    assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
}

#[test]
#[ignore = "run by others, in processes of its own"]
fn builds_for_ever() {
    let _ = slow(&std::env::var("SALT").unwrap(), Duration::from_secs(600)).postgres();
}

/// The same template, however long its seed takes.
fn slow(salt: &str, wait: Duration) -> Template<'static, Client> {
    template(salt).seed_code("waits", move |_| {
        std::thread::sleep(wait);
        Ok(())
    })
}

/// The template that somebody builds there; the registry may be yet to come.
fn building(server: &Server) -> String {
    let sql = "SELECT name FROM clone WHERE use = 'build' AND is_there(name)";
    let mut name = None;
    eventually("it builds", || {
        let found = registry_of(&server.url).and_then(|mut registry| registry.query_opt(sql, &[]));
        name = found.ok().flatten().map(|row| row.get(0));
        name.is_some()
    });
    name.unwrap()
}

#[test]
fn a_run_that_is_killed_in_the_middle_leaves_nothing_to_the_next() {
    let server = Server::start();
    let variables = [("SALT", "killed"), ("SERVER", &server.url)];
    let mut children: Vec<_> = (0..24).map(|_| alone("hangs_with_a_database", &variables)).collect();
    let mut names = Vec::new();
    for child in children.iter_mut().take(8) {
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let name = lines.map(Result::unwrap).find_map(|line| Some(line.split_once("have ")?.1.to_owned()));
        names.push(name.unwrap());
    }
    let there = format!("SELECT count(*) FROM pg_database WHERE datname IN ('{}')", names.join("', '"));
    assert_eq!(text(&mut server.client(), &there), "8");
    // The others are anywhere between their start and their database.
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeeds(alone("has_a_database", &variables));
    let mut registry = registry_of(&server.url).unwrap();
    let left = "SELECT count(*) FROM clone WHERE use NOT IN ('fill', 'stock')";
    until_none("the leftovers are dropped", || text(&mut registry, left));
    assert_eq!(text(&mut server.client(), &there), "0");
    // Nor does anything else look as if it were ours.
    let known = "SELECT name FROM clone UNION SELECT name FROM template";
    let known = registry.query(known, &[]).unwrap().into_iter().map(|row| row.get(0)).collect::<BTreeSet<String>>();
    let all = "SELECT datname::text FROM pg_database WHERE datname LIKE 'migrate\\_test\\_%'";
    for row in server.client().query(all, &[]).unwrap() {
        assert!(known.contains(row.get::<_, &str>(0)), "{row:?}");
    }
}

#[test]
fn what_a_kill_while_building_leaves_is_never_copied() {
    let salt = format!("building {}", std::process::id());
    let server = Server::start();
    let mut child = alone("builds_for_ever", &[("SALT", &salt), ("SERVER", &server.url)]);
    let name = building(&server);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut db = slow(&salt, Duration::ZERO).server(&server.url).postgres().unwrap();
    assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    eventually("it is dropped", || text(&mut server.client(), &left) == "0");
}

#[test]
fn a_server_that_crashes_while_a_template_is_built_goes_on() {
    let salt = format!("crashing {}", std::process::id());
    let server = Server::start();
    let mut child = alone("builds_for_ever", &[("SALT", &salt), ("SERVER", &server.url)]);
    let name = building(&server);
    server.kill_session(&format!("datname = '{name}'"));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(server.client());
    let mut db = slow(&salt, Duration::ZERO).server(&server.url).postgres().unwrap();
    assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    eventually("it is dropped", || text(&mut server.client(), &left) == "0");
}

/// The registry is created, and then filled in one transaction.
#[test]
fn a_crash_while_the_registry_is_made_leaves_none_that_is_half_made() {
    let server = Server::start();
    server.client().batch_execute("CREATE DATABASE migrate_testing_v2").unwrap();
    // Whoever fills it takes this lock first.
    let mut other = registry_of(&server.url).unwrap();
    other.batch_execute("SELECT pg_advisory_lock(1835365473, 2)").unwrap();
    let variables = [("SALT", "half a registry"), ("SERVER", &server.url)];
    let mut children: Vec<_> = (0..4).map(|_| alone("has_a_database", &variables)).collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    eventually("all wait", || text(&mut other, waiting) == "4");
    let mut killed = children.remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    server.kill_session("wait_event_type = 'Lock' LIMIT 1");
    drop(server.client());
    // Theirs are gone with the server's crash.
    for child in children {
        assert!(!child.wait_with_output().unwrap().status.success());
    }
    let names = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'migrate%'";
    assert_eq!(text(&mut server.client(), names), "migrate_testing_v2");
    succeeds(alone("has_a_database", &variables));
}

#[test]
fn what_somebody_drops_by_hand_is_made_again() {
    let server = Server::start();
    let template = template("by hand").server(&server.url);
    drop(template.postgres().unwrap());
    // Nobody else makes copies from here on.
    let mut keeper = registry_of(&server.url).unwrap();
    eventually("nobody is at it", || text(&mut keeper, "SELECT pg_try_advisory_lock(1835365473, 1)") == "t");
    let stock = "SELECT name FROM clone WHERE use = 'stock' LIMIT 1";
    let name = text(&mut keeper, stock);
    assert!(!name.is_empty());
    keeper.batch_execute(&format!("DROP DATABASE {name}")).unwrap();
    for _ in 0..2 {
        let mut db = template.postgres().unwrap();
        assert_ne!(db.name(), name);
        assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
    }
    while !text(&mut keeper, stock).is_empty() {
        drop(template.postgres().unwrap());
    }

    let name = text(&mut keeper, "SELECT name FROM template");
    keeper.batch_execute(&format!("ALTER DATABASE {name} IS_TEMPLATE false")).unwrap();
    keeper.batch_execute(&format!("DROP DATABASE {name}")).unwrap();
    let mut db = template.postgres().unwrap();
    assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
    assert_ne!(text(&mut keeper, "SELECT name FROM template"), name);
}

/// As with two versions of this crate whose registries differ.
#[test]
fn two_registries_in_one_server_leave_each_other_alone() {
    let server = Server::start();
    let template = template("side by side").server(&server.url);
    let mut db = template.postgres().unwrap();
    server.client().batch_execute("CREATE DATABASE migrate_testing_v0").unwrap();
    let (place, _) = server.url.rsplit_once('/').unwrap();
    let mut theirs = Client::connect(&format!("{place}/migrate_testing_v0"), NoTls).unwrap();
    theirs.batch_execute(include_str!("../src/postgres/registry.sql")).unwrap();
    let id = text(&mut registry_of(&server.url).unwrap(), "SELECT id FROM template");
    let add = format!(
        "CREATE DATABASE migrate_test_theirs; CREATE DATABASE migrate_test_template;
         INSERT INTO template (id, name, bytes, settings, wanted) VALUES ('{id}', 'migrate_test_template', 1, '{{}}', 3);
         INSERT INTO clone (name, template, use, pid) VALUES ('migrate_test_theirs', '{id}', 'kept', 0)"
    );
    for sql in add.split(';') {
        theirs.batch_execute(sql).unwrap();
    }
    finish(&mut theirs);
    assert_eq!(text(&mut theirs, "SELECT count(*) FROM clone WHERE use = 'stock' AND is_there(name)"), "3");
    assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
    drop(db);
    drop(template.postgres().unwrap());
    eventually("ours is done", || text(&mut registry_of(&server.url).unwrap(), "SELECT is_attended()") == "f");
    assert_eq!(text(&mut theirs, "SELECT count(*) FROM clone WHERE is_there(name)"), "4");
    assert_eq!(text(&mut theirs, "SELECT count(*) FROM template WHERE is_there(name)"), "1");
}

/// Follows `next_task` until there is none.
fn finish(keeper: &mut Client) {
    loop {
        match text(keeper, "SELECT next_task()") {
            task if task.is_empty() => return,
            task => keeper.batch_execute(&task).unwrap(),
        }
    }
}

#[test]
fn a_role_that_may_not_is_told_what_to_do() {
    let server = Server::start();
    server.client().batch_execute("CREATE ROLE clerk LOGIN; CREATE ROLE tester LOGIN CREATEDB").unwrap();
    let of = |role: &str| template("roles").server(server.url.replace("postgres@", &format!("{role}@")));
    let message = of("clerk").postgres().unwrap_err().to_string();
    assert!(message.contains("permission denied to create database"), "{message}");
    assert!(message.contains("ALTER ROLE ... CREATEDB"), "{message}");
    drop(of("tester").postgres().unwrap());
    let message = of("clerk").postgres().unwrap_err().to_string();
    assert!(
        message.contains("the test databases of this server (migrate_testing_v2) belong to another role"),
        "{message}"
    );
}
