//! Test databases on PostgreSQL: what tests get, what is left of them, and who is left alone.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::postgres::{Server, admin, eventually, exists, registry, registry_of, template, text, until_none};
use common::{alone, succeeds};
use migrate_core::sql::Dialect;
use migrate_testing::Template;
use postgres::{Client, NoTls};

#[test]
fn a_test_gets_all_that_the_template_has_and_leaves_nothing() {
    let template = template("all")
        .seed("INSERT INTO members VALUES ('grace')")
        .seed_code("one book", |client: &mut Client| Ok(client.batch_execute("INSERT INTO books VALUES ('Emma')")?));
    let mut names = BTreeSet::new();
    for _ in 0..3 {
        let mut db = template.postgres().unwrap();
        let client = db.client().unwrap();
        assert_eq!(text(client, "SELECT string_agg(name, ' ' ORDER BY name) FROM members"), "ada grace");
        assert_eq!(text(client, "SELECT string_agg(title, ' ') FROM books"), "Emma");
        assert_eq!(text(client, "SELECT count(*) FROM migrate_history"), "2");
        client.batch_execute("DROP TABLE books").unwrap();
        // Any client finds it by the URL, and is no reason to leave it.
        let mut other = Client::connect(db.url(), NoTls).unwrap();
        assert_eq!(text(&mut other, "SELECT current_database()"), db.name());
        let name = db.name().to_owned();
        drop(db);
        eventually("it is dropped", || !exists(&name));
        assert!(names.insert(name));
    }
}

#[test]
fn what_create_database_does_not_copy_is_there_too() {
    let name = "current_database()";
    let alter = |what: &str| format!("EXECUTE format('ALTER DATABASE %I SET {what}', {name});");
    let seed = format!(
        "CREATE SCHEMA app; DO $do$ BEGIN {} {} {} END $do$",
        alter("search_path TO app, public"),
        alter("work_mem TO ''5MB''"),
        alter("my.word TO ''100%% it''''s''"),
    );
    let server = Server::start();
    let template = template("settings").seed(seed).server(&server.url);
    // From the template, and once the stock is filled, from there.
    for _ in 0..2 {
        let mut db = template.postgres().unwrap();
        let mut fresh = Client::connect(db.url(), NoTls).unwrap();
        assert_eq!(text(&mut fresh, "SHOW search_path"), "app, public");
        assert_eq!(text(&mut fresh, "SHOW work_mem"), "5MB");
        assert_eq!(text(&mut fresh, "SHOW my.word"), "100% it's");
        assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
        let mut registry = registry_of(&server.url).unwrap();
        let ready = "SELECT count(*) > 0 FROM clone WHERE use = 'stock' AND is_there(name)";
        eventually("a copy in the stock", || text(&mut registry, ready) == "t");
    }
}

/// The server has fifty connections.
#[test]
fn two_hundred_at_once_in_threads() {
    let server = Server::start();
    let template = template("threads").server(&server.url);
    let names = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| {
                let mut db = template.postgres().unwrap();
                let client = db.client().unwrap();
                assert_eq!(text(client, "SELECT count(*) FROM books"), "0");
                client.batch_execute("INSERT INTO books VALUES ('mine')").unwrap();
                names.lock().unwrap().push(db.name().to_owned());
            });
        }
    });
    let names = names.into_inner().unwrap();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 200);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname IN ('{}')", names.join("', '"));
    let mut client = server.client();
    until_none("all are dropped", || text(&mut client, &left));
}

#[test]
fn two_hundred_processes_at_once_and_one_template() {
    let server = Server::start();
    let variables = [("SALT", "processes"), ("SERVER", &server.url)];
    let children: Vec<_> = (0..200).map(|_| alone("in_a_process_of_its_own", &variables)).collect();
    children.into_iter().for_each(|child| drop(succeeds(child)));
    let mut registry = registry_of(&server.url).unwrap();
    let left = "SELECT count(*) FROM clone WHERE use NOT IN ('fill', 'stock')";
    until_none("all are dropped", || text(&mut registry, left));
    assert_eq!(text(&mut registry, "SELECT string_agg(claims::text, ' ') FROM template"), "200");
}

#[test]
#[ignore = "run by others, in processes of its own"]
fn in_a_process_of_its_own() {
    let mut db = template(&std::env::var("SALT").unwrap()).postgres().unwrap();
    let client = db.client().unwrap();
    assert_eq!(text(client, "SELECT count(*) FROM books"), "0");
    client.batch_execute("INSERT INTO books VALUES ('mine')").unwrap();
}

#[test]
fn databases_of_others_are_left_alone_whatever_they_are_called() {
    let name = format!("migrate_test_mine_{}", std::process::id());
    admin().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let db = template("others").postgres().unwrap();
    drop(db);
    let mut keeper = registry();
    for _ in 0..20 {
        let task = text(&mut keeper, "SELECT next_task()");
        if task.is_empty() {
            break;
        }
        assert!(!task.contains(&name), "{task}");
        keeper.batch_execute(&task).unwrap();
    }
    assert!(exists(&name));
    admin().batch_execute(&format!("DROP DATABASE {name}")).unwrap();
}

/// One rule for both: the stock of a template that another has followed was dropped, made again, dropped, for ever.
#[test]
fn the_stock_of_what_nobody_uses_any_more_is_dropped_and_not_made_again() {
    let server = Server::start();
    let of = |salt| template(salt).server(&server.url);
    drop(of("old").postgres().unwrap());
    let mut registry = registry_of(&server.url).unwrap();
    let stock = "SELECT count(*) FROM clone WHERE use IN ('fill', 'stock') AND template = (SELECT id FROM template ORDER BY used LIMIT 1)";
    eventually("a stock", || text(&mut registry, stock) == "2");
    registry.batch_execute("UPDATE template SET used = used - interval '20 min'").unwrap();
    drop(of("new").postgres().unwrap());
    eventually("the keeper is done", || {
        text(&mut registry, stock) == "0" && text(&mut registry, "SELECT is_attended()") == "f"
    });
    assert_eq!(text(&mut registry, "SELECT count(*) FROM clone WHERE use = 'stock'"), "2");
}

#[test]
fn a_migration_that_fails_says_where_and_leaves_nothing() {
    let template = template("fails").seed("INSERT INTO nowhere VALUES (1)");
    let told = template.postgres().unwrap_err().to_string();
    assert!(told.contains("seed 1 of the template: relation \"nowhere\" does not exist"), "{told}");
    let sql = "SELECT count(*) FROM clone WHERE use = 'build' AND NOT is_alive(pid)";
    assert_eq!(text(&mut registry(), sql), "0");
}

#[test]
fn a_server_elsewhere_is_refused_and_no_password_shown() {
    let template = template("remote").server("postgres://me:secret@db.example.com/shop");
    let told = template.postgres().unwrap_err().to_string();
    assert!(told.contains("is not on this machine"), "{told}");
    assert!(told.contains("MIGRATE_TESTING_REMOTE=yes"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_private_server_is_started_and_stopped() {
    let dir = tempfile::Builder::new().prefix("migrate-private").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let variables = [("MIGRATE_TESTING_DIR", dir.path().to_str().unwrap()), ("MIGRATE_TESTING_LINGER", "1")];
    let at = |name: &str| {
        let server = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
        server.join("server").join(name)
    };
    let pid = || std::fs::read_to_string(at("pid")).unwrap().trim().to_owned();
    for _ in 0..2 {
        let children: Vec<_> = (0..4).map(|_| alone("on_a_private_server", &variables)).collect();
        children.into_iter().for_each(|child| drop(succeeds(child)));
        eventually("the server stops", || {
            !at("ready").exists() && !std::path::Path::new(&format!("/proc/{}", pid())).exists()
        });
        eventually("it was shut down", || !at("unclean").exists());
    }
    // Also after a kill.
    let mut child = alone("on_a_private_server", &[&variables[..], &[("HANG", "1")]].concat());
    eventually("it is up", || at("ready").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the server stops", || {
        !at("ready").exists() && !std::path::Path::new(&format!("/proc/{}", pid())).exists()
    });
}

#[test]
#[ignore = "run by another, in processes of its own"]
fn on_a_private_server() {
    // The environment of the suite may name servers.
    let template = Template::of(common::known::<Client>(Dialect::Postgres, "private"));
    let mut db = template.postgres().unwrap();
    assert_eq!(text(db.client().unwrap(), "SELECT count(*) FROM members"), "1");
    let inside =
        Client::connect(&db.url().replacen("postgres:", "postgres:wrong", 1).replace(":wrong//", "://"), NoTls);
    drop(inside);
    if std::env::var_os("HANG").is_some() {
        std::thread::sleep(Duration::from_secs(600));
    }
}
