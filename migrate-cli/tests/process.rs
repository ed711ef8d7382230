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
        let output = session.on_terminal(60, line).output().unwrap();
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

/// A server that asks for passwords: which one is wrong is told, and not what it is.
#[cfg(unix)]
#[test]
fn a_wrong_password_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    // The server's own user must be able to go in.
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = dir.path().join("server");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/server-postgres");
    let started = Command::new(script).arg(&server).stderr(Stdio::inherit()).output().unwrap();
    assert!(started.status.success());
    let port = String::from_utf8(started.stdout).unwrap().trim().to_owned();
    let place = format!("127.0.0.1:{port}/postgres");
    let mut client = postgres::Client::connect(&format!("postgres://postgres@{place}"), postgres::NoTls).unwrap();
    std::fs::write(server.join("data/pg_hba.conf"), "host all postgres all trust\nhost all all all scram-sha-256\n")
        .unwrap();
    client.batch_execute("CREATE ROLE cli_password LOGIN PASSWORD 'right'; SELECT pg_reload_conf()").unwrap();
    let session = Session::new();
    let try_with = |password: &str| {
        let url = format!("postgres://cli_password:{password}@{place}");
        session.command().args(["-d", &url, "status", "-v", "--format", "json"]).output().unwrap()
    };
    // The settings are read again a moment later.
    let begun = std::time::Instant::now();
    let mut output = try_with("topsecret");
    while output.status.success() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
        output = try_with("topsecret");
    }
    let right = try_with("right");
    let pid = std::fs::read_to_string(server.join("pid")).unwrap();
    assert!(Command::new("kill").arg(pid.trim()).status().unwrap().success());
    assert_eq!(output.status.code(), Some(1));
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
    let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("error[28P01]: opening the database: password authentication failed"), "{told}");
    assert!(told.contains("= hint: see to the user and password of the URL"), "{told}");
    assert!(!told.contains("topsecret"), "{told}");
}

/// Where stdout is a full disk, the exit code and a word say so.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for line in ["status", "status --format json", "up --dry-run", "man", "completions zsh"] {
        let output = session.command().args(line.split(' ')).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told, "error: stdout can't be written to: No space left on device (os error 28)\n", "{line}");
    }
    assert_eq!(session.command().arg("--help").stdout(full()).status().unwrap().code(), Some(1));
    // Nobody can be told, and the work is done all the same.
    assert_eq!(session.command().args(["up", "-v"]).stderr(full()).status().unwrap().code(), Some(0));
}

/// What the disk does not take is rolled back, and a file that could not be filled is not left.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_takes_no_more() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a");
    session
        .write("migrations/20260102000000_b.sql", "CREATE TABLE b (x);\nINSERT INTO b VALUES (randomblob(200000));\n");
    // Blocks of 512 bytes; a write beyond is an error like that of a full disk.
    let limited = |blocks: u32, line: &str| {
        let mut command = Command::new("sh");
        let environment = session.command();
        let variables = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {line}", common::MIGRATE);
        command.args(["-c", &script]).envs(variables).current_dir(session.path("")).output().unwrap()
    };
    let output = limited(100, "up");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("applied   20260101000000_a") && told.contains("error[SQLITE_IOERR"), "{told}");
    assert!(
        told.contains("= rolled back: 20260102000000_b; applied before it: 1; still pending behind it: 0"),
        "{told}"
    );
    let db = Connection::open(session.path("app.db")).unwrap();
    let applied = "SELECT group_concat(name) FROM migrate_history WHERE finished_at IS NOT NULL";
    assert_eq!(db.query_row(applied, [], |row| row.get::<_, String>(0)).unwrap(), "a");
    assert!(session.command().args(["up", "-q"]).status().unwrap().success());

    let output = limited(0, "new third");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("_third.up.sql can't be made: File too large"), "{told}");
    assert!(session.command().arg("status").output().unwrap().status.success(), "no empty file is left");
}

/// Names that are not UTF-8: of a migration they are refused, of a place they are nobody's business, and a variable of the
/// environment is not taken for one that is not set.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"caf\xe9");
    let told = |output: std::process::Output| {
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let mut session = Session::new();
    session.pair("20260101000000_a", "a");
    std::fs::rename(session.path("migrations"), session.path("").join(odd)).unwrap();
    let (code, text) = told(session.command().arg("--dir").arg(odd).arg("status").output().unwrap());
    assert!(code == Some(0) && text.contains("20260101000000  pending  a"), "{text}");
    let (code, text) = told(session.command().env("MIGRATIONS_DIR", odd).arg("status").output().unwrap());
    assert_eq!((code, text.as_str()), (Some(2), "error: the environment variable MIGRATIONS_DIR is not UTF-8\n"));
    let (code, text) = told(session.command().env("DATABASE_URL", odd).arg("status").output().unwrap());
    assert_eq!((code, text.as_str()), (Some(2), "error: the environment variable DATABASE_URL is not UTF-8\n"));
    let name = OsStr::from_bytes(b"20260102000000_caf\xe9.sql");
    std::fs::write(session.path("").join(odd).join(name), "SELECT 1;\n").unwrap();
    let (code, text) = told(session.command().arg("--dir").arg(odd).arg("up").output().unwrap());
    assert!(code == Some(4) && text.contains("the file's name is not UTF-8\n  = name it in letters"), "{text}");
    let (code, text) = told(session.command().arg("new").arg(odd).output().unwrap());
    assert!(code == Some(2) && text.contains("invalid UTF-8"), "{text}");
}

/// The second one waits, says for whom, and finds nothing left to do; one that may not wait says what is running.
#[test]
fn two_runs_at_once() {
    for (mut session, pause) in [
        (Session::postgres("cli_two"), "SELECT pg_sleep(4);"),
        (Session::mariadb("cli_two"), "INSERT INTO a SELECT SLEEP(4);"),
    ] {
        session.write("migrations/20260101000000_a.sql", &format!("CREATE TABLE a (x int);\n{pause}\n")).run("create");
        let mut first = session.command().args(["up", "-v"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(first.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("begins") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended by itself");
        }
        std::thread::sleep(Duration::from_millis(300));
        let hasty = session.command().args(["up", "--lock-timeout", "0s"]).output().unwrap();
        let told = String::from_utf8(hasty.stderr).unwrap();
        assert_eq!(hasty.status.code(), Some(6), "{told}");
        let running = pause.trim_end_matches(';');
        assert!(told.contains("error: another run holds the migration lock: ") && told.contains(running), "{told}");
        let second = session.command().arg("up").output().unwrap();
        let told = String::from_utf8(second.stderr).unwrap();
        assert!(second.status.success() && told.starts_with("waiting for the migration lock, held by "), "{told}");
        assert!(told.ends_with("nothing to do\n"), "{told}");
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert!(first.wait().unwrap().success(), "{rest}");
    }
}

/// Where each change of the schema stays, what stays is told, and the next run goes on there.
#[cfg(unix)]
#[test]
fn a_signal_ends_it_where_changes_of_the_schema_stay() {
    for mut session in [Session::mysql("cli_signal"), Session::mariadb("cli_signal")] {
        // Not SLEEP or BENCHMARK: those end early, and their statement succeeds.
        let many = "information_schema.COLUMNS";
        let slow = format!("INSERT INTO half SELECT count(*) FROM {many} a, {many} b, {many} c, {many} d;\n");
        let slow = format!("CREATE TABLE half (x bigint);\n{slow}");
        session.write("migrations/20260101000000_slow.sql", &slow).run("create");
        let mut child = session.command().args(["up", "-v"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("statement 1 done") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended by itself");
        }
        std::thread::sleep(Duration::from_millis(200));
        let killed = std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
        assert!(rest.contains("interrupted: 1 of 2 statements of 20260101000000_slow are committed"), "{rest}");
        let text = "CREATE TABLE half (x bigint);\nINSERT INTO half SELECT 1;\n";
        session.write("migrations/20260101000000_slow.sql", text);
        let output = session.command().arg("up").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Colours and the width of a terminal; nothing of either where it wants none.
#[cfg(target_os = "linux")]
#[test]
fn terminals() {
    let mut session = Session::new();
    session.pair("20260101000000_members", "members");
    assert!(session.command().args(["up", "-q"]).status().unwrap().success());
    let shown = |columns: u16, variables: &[(&str, &str)], line: &str| {
        let mut command = session.on_terminal(columns, line);
        command.envs(variables.iter().copied());
        String::from_utf8(command.output().unwrap().stdout).unwrap().replace('\r', "")
    };
    // How wide TOOK is depends on how long it took.
    let titles =
        |text: String| text.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = [("NO_COLOR", "1")];
    assert_eq!(titles(shown(40, &plain, "status")), "VERSION STATE NAME");
    assert_eq!(titles(shown(80, &plain, "status")), "VERSION STATE NAME APPLIED AT (UTC) TOOK REVERSIBLE");
    for columns in [40, 80] {
        let wide = |text: String| text.lines().map(|line| line.chars().count()).max();
        assert!(wide(shown(columns, &plain, "--help")) <= Some(columns.into()));
        assert!(wide(shown(columns, &plain, "status")) <= Some(columns.into()));
    }
    assert!(shown(80, &[], "status").contains("\u{1b}[32mapplied\u{1b}[0m"));
    assert!(shown(80, &[], "--dir nope status").contains("\u{1b}[31merror"));
    for variables in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        for line in ["status", "--dir nope status", "down --dry-run", "up"] {
            let text = shown(80, &[variables], line);
            assert!(!text.is_empty() && !text.contains('\u{1b}'), "{variables:?} {line}: {text:?}");
        }
    }
}

/// Data on stdout and the rest on stderr; with `-q` only data and errors.
#[test]
fn each_stream_has_its_own() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a");
    let run = |line: &str| {
        let output = session.command().args(line.split(' ')).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for (line, on_stdout, on_stderr) in [
        ("plan -q", "1 step on SQLite", ""),
        ("up", "", "applied 1 in "),
        ("status", "1 applied\n", ""),
        ("down -q", "", ""),
        ("up -v --format json", "\"applied\"", "database: sqlite:app.db"),
        ("--dir nope up -q", "", "there is no such directory"),
        ("repair 20260109000000 -q", "", "error: "),
    ] {
        let (stdout, stderr) = run(line);
        assert!(stdout.contains(on_stdout) && stdout.is_empty() == on_stdout.is_empty(), "{line}: {stdout}");
        assert!(stderr.contains(on_stderr) && stderr.is_empty() == on_stderr.is_empty(), "{line}: {stderr}");
    }
}
