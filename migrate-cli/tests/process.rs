//! The binary as a process among others: pipes, signals, shells; and the library as an application's own command line.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::Session;
use rusqlite::Connection;

#[test]
fn nobody_reads_to_the_end() {
    let mut session = Session::new();
    for n in 10..40 {
        session.pair(&format!("202601010000{n}_{}", "a".repeat(200)), &format!("t{n}"));
    }
    for args in [
        &["status"][..],
        &["status", "--format", "json"],
        &["up", "--dry-run"],
        &["--help"],
        &["completions", "zsh"],
        &["man"],
    ] {
        let mut child = session.command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn completions() {
    let session = Session::bare();
    for (shell, expected) in [("bash", "complete -F"), ("zsh", "#compdef migrate"), ("fish", "complete -c migrate")] {
        let output = session.command().args(["completions", shell]).output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(expected), "{shell}");
    }
    assert_eq!(session.command().args(["completions", "tcl"]).output().unwrap().status.code(), Some(2));
}

/// Every command of `--help` has its place on the manual page, which needs no settings to be printed.
#[test]
fn the_manual_page() {
    let mut session = Session::bare();
    session.write("migrate.toml", "nonsense");
    let text = |args: &[&str]| String::from_utf8(session.command().args(args).output().unwrap().stdout).unwrap();
    let page = text(&["man"]);
    assert!(page.contains(".TH migrate 1"), "{page}");
    let help = text(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<_> =
        commands.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(page.contains(&format!(".SS \"migrate {name} ")), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_and_leaves_nothing_half_done() {
    let mut session = Session::new();
    session.write(
        "migrations/20260101000000_slow.sql",
        "CREATE TABLE half (x);\nINSERT INTO half WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) \
         SELECT max(x) FROM n;\n",
    );
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = session.command().args(["up", "-v"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("begins") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended by itself");
        }
        std::thread::sleep(Duration::from_millis(100));
        let killed = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let db = Connection::open(session.path("app.db")).unwrap();
        // Not the table, and no history either: its tables are made in the transaction that failed.
        let left = "SELECT count(*) FROM sqlite_master";
        assert_eq!(db.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }
}

/// A server works on when its client is gone, up to the COMMIT at the end of what it was sent: it must be told.
#[cfg(unix)]
#[test]
fn a_signal_ends_it_on_a_server_too() {
    let mut session = Session::postgres("cli_signal");
    let text = "CREATE TABLE half (x int);\nSELECT pg_sleep(0.7);\n";
    session.write("migrations/20260101000000_slow.sql", text).run("create");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = session.command().args(["up", "-v"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("begins") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended by itself");
        }
        std::thread::sleep(Duration::from_millis(200));
        let killed = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
        // What was left running would be done by now.
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(session.postgres_value("SELECT to_regclass('half') IS NULL"), "t");
        assert_eq!(session.postgres_value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
    }
}

/// Not the statement alone: the scratch database goes, too.
#[cfg(unix)]
#[test]
fn a_signal_ends_a_check_and_its_scratch_database_goes() {
    let mut session = Session::postgres("cli_check_signal");
    session
        .write("migrations/20260101000000_slow.sql", "CREATE TABLE half (x int);\nSELECT pg_sleep(60);\n")
        .run("create");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = session.command().args(["check", "-v"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut line, mut scratch) = (String::new(), String::new());
        while !line.starts_with("20260101000000_slow: up") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended by itself");
            if let Some(name) = line.strip_prefix("scratch database: ") {
                scratch = name.trim().to_owned();
            }
        }
        assert!(scratch.starts_with("migrate_check_"), "{scratch:?}");
        let killed = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(rest, "\ninterrupted: it was at work on a scratch database only\n");
        let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{scratch}'");
        assert_eq!(session.postgres_value(&left), "0");
    }
}

/// The example: files that are compiled in, and a migration in Rust, on whatever database the URL names.
#[test]
fn an_application_has_the_same_command_line() {
    let app = std::path::Path::new(common::MIGRATE).parent().unwrap().join("examples/app");
    let run = |session: &Session, line: &str| {
        let mut command = Command::new(&app);
        let environment = session.command();
        let variables = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let output = command.envs(variables).current_dir(session.path("")).args(line.split(' ')).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let session = Session::new();
    assert!(run(&session, "plan").contains("20260102000000_lower_case"));
    run(&session, "up");
    let db = Connection::open(session.path("app.db")).unwrap();
    assert_eq!(
        db.query_row("SELECT email FROM members", [], |row| row.get::<_, String>(0)).unwrap(),
        "ada@example.org"
    );
    assert!(run(&session, "script 0 20260101000000").contains("CREATE TABLE members"));

    let mut session = Session::postgres("cli_own");
    session.run("create");
    run(&session, "up");
    assert_eq!(session.postgres_value("SELECT email FROM members"), "ada@example.org");
    run(&session, "check");
    let mut session = Session::mysql("cli_own");
    session.run("create");
    run(&session, "up");
    assert!(run(&session, "status").contains("2 applied"));
}

/// On a terminal a run says how far it is, in one line that is gone at its end; anywhere else there is no such line.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_sees_how_far_it_is() {
    let mut session = Session::new();
    let slow =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT count(*) FROM n";
    for n in 1..=3 {
        session.write(&format!("migrations/2026010100000{n}_slow{n}.sql"), &format!("CREATE TABLE t{n} AS {slow};\n"));
    }
    let on_terminal = |session: &Session, line: &str| {
        let mut command = Command::new("script");
        let environment = session.command();
        let variables = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.args(["-qefc", &format!("stty cols 60; {} {line}", common::MIGRATE), "/dev/null"]);
        let output = command.envs(variables).env("TERM", "xterm").current_dir(session.path("")).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let seen = on_terminal(&session, "up 1");
    assert!(seen.contains("0 s"), "{seen:?}");
    // Behind the first, no more than one at a time.
    let seen = on_terminal(&session, "up");
    assert!(seen.contains("0 of 2") && seen.contains("1 of 2") && seen.contains(" left"), "{seen:?}");
    assert!(seen.contains("applied   20260101000003_slow3"), "{seen:?}");
    let last = seen.trim_end().rsplit(['\n', '\r']).next().unwrap();
    assert!(last.contains("applied 2 in "), "{last:?}");
    session.write("migrations/20260101000004_fourth.sql", "CREATE TABLE t4 (x);\n");
    let piped = session.command().args(["up", "-v"]).output().unwrap();
    assert!(piped.status.success() && !piped.stderr.contains(&b'\r'));
}
