//! What the binary prints, word for word: `tests/transcripts/` holds the sessions.

mod common;

use common::Session;
use rusqlite::Connection;
use snapbox::file;

#[test]
fn init_and_new() {
    let mut session = Session::bare();
    session.run("init").run("init").cat("migrate.toml").cat("migrations/.gitattributes");
    session.run("new create orders").run("new Add E-Mail! --sections").run("new vacuum --no-transaction");
    session.cat("migrations/2").run("-d sqlite:app.db plan");
    session.run("new … !").run("new").run("--dir elsewhere new second").run("--format json --dir elsewhere new third");
    session.check(file!["transcripts/init_and_new.txt"]);
}

#[test]
fn init_in_a_crate() {
    let mut session = Session::bare();
    session.write("Cargo.toml", "[package]\nname = \"app\"\n").run("init").cat("build.rs").run("init --format json");
    session.write("build.rs", "fn main() {}\n").run("init --dir sql/migrations").cat("migrate.toml");
    session.check(file!["transcripts/init_in_a_crate.txt"]);
}

/// A faulty file fails, is fixed, an older one is merged late, and all of it goes back, one file gone.
#[test]
fn story() {
    let mut session = Session::new();
    session.pair("20260101000000_create_members", "members");
    session.write(
        "migrations/20260103000000_add_loans.up.sql",
        "CREATE TABLE loans (id INTEGER PRIMARY KEY);\n\tINSERT INTO loans SELECT '貸出 für',\tid FROM membrs;\n",
    );
    session.write("migrations/20260103000000_add_loans.down.sql", "DROP TABLE loans;\n");
    session.run("up").tables().run("status").run("status --format json");
    session.write("migrations/20260103000000_add_loans.up.sql", "CREATE TABLE loans (id INTEGER PRIMARY KEY);\n");
    session.run("up").tables().run("status --format json");
    session.pair("20260102000000_create_books", "books");
    session.run("status").run("plan").run("up").tables().run("status --format json");
    session.run("down 1").tables().run("status --format json");
    session.remove("20260102000000").run("status").run("down 999").tables().run("status --format json");
    session.run("down").run("status").ls();
    session.check(file!["transcripts/story.txt"]);
}

#[test]
fn up() {
    let mut session = Session::new();
    session.run("up").run("status").pair("20260101000000_a", "a").pair("20260102000000_b", "b");
    session.pair("20260103000000_c", "c").pair("20260104000000_d", "d");
    session.run("up 1 --dry-run").ls().run("up 1").run("up --to 20260102000000 -v").run("up -q");
    session.run("up").run("status").run("up --dry-run").run("up --dry-run --format json").run("up --format json");
    session.run("up 0").run("up 20260102000000").run("up one").run("up 1 --to 20260102000000").run("up --to 2026");
    session.run("up --to 20260109000000").tables();
    session.check(file!["transcripts/up.txt"]);
}

#[test]
fn one_transaction() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").write("migrations/20260102000000_b.sql", "CREATE TABL b (x);\n");
    session.run("up --one-transaction").tables();
    session.run("up --one-transaction --format json");
    session.write("migrations/20260102000000_b.sql", "VACUUM;\n").run("up --one-transaction").run("up").tables();
    session.check(file!["transcripts/one_transaction.txt"]);
}

#[test]
fn changed_and_repaired() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").run("up").pair("20260102000000_b", "b");
    session.write("migrations/20260101000000_a.up.sql", "CREATE TABLE a (x, y);\n");
    session.run("status --exit-code").run("up").run("up --format json").run("plan").run("plan --format json");
    session.run("repair 20260101000000").run("repair 20260101000000").run("status --exit-code").run("up");
    session.write("migrations/20260101000000_a.up.sql", "-- a comment\nCREATE TABLE a (x, y);\n");
    session.run("status --exit-code").run("up").run("repair 20260101000000 --format json").run("up");
    session.run("repair 20260109000000").run("repair a");
    session.check(file!["transcripts/changed_and_repaired.txt"]);
}

#[test]
fn baseline() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").pair("20260102000000_b", "b").pair("20260103000000_c", "c");
    session.run("baseline 20260102000000").run("status").run("baseline 20260102000000").tables();
    session.run("baseline 20260109000000").run("baseline 20260103000000 --format json");
    session.check(file!["transcripts/baseline.txt"]);
}

#[test]
fn down_and_redo() {
    let mut session = Session::new();
    session.run("down").run("redo").pair("20260101000000_a", "a");
    session.write("migrations/20260102000000_b.sql", "CREATE TABLE b (x);\n");
    session.pair("20260103000000_c", "c").pair("20260104000000_d", "d").run("up -q");
    session.run("redo").run("redo 2 --format json").run("down --dry-run").run("down 3").run("down 3 --format json");
    session.run("down --to 20260103000000").run("down --to 20260102000000").run("down --to 0").run("down --to 1");
    session.write("migrations/20260102000000_b.sql", "CREATE TABLE b (x);\n-- migrate:options nothing-to-undo\n");
    session.run("redo 9").run("down --to 0").tables();
    session.check(file!["transcripts/down_and_redo.txt"]);
}

#[test]
fn check() {
    let mut session = Session::new();
    session.run("check").pair("20260101000000_a", "a").pair("20260102000000_b", "b");
    session.run("check").run("check --format json").write("migrations/20260103000000_c.sql", "CREATE TABLE c (x);\n");
    session.run("check").run("check -q");
    session.write("migrations/20260104000000_d.up.sql", "ALTER TABLE c ADD d;\nCREATE INDEX c_d ON c (x);\n");
    session.write("migrations/20260104000000_d.down.sql", "ALTER TABLE c DROP d;\n");
    session.run("check").run("check --format json");
    session.write("migrations/20260104000000_d.down.sql", "DROP INDEX c_d;\nALTER TABLE c DROP e;\n");
    session.run("check").run("check --format json");
    session.write(
        "migrations/20260104000000_d.up.sql",
        "-- migrate:options transaction:false\nCREATE TABLE d (x);\nVACUUM;\n",
    );
    session.write("migrations/20260104000000_d.down.sql", "SELECT 1;\n").run("check").remove("20260104000000");
    session.run("--table app_migrations check -v").run("--schema elsewhere check").ls();
    session.check(file!["transcripts/check.txt"]);
}

/// Whoever names an environment means its database, also beside a forgotten DATABASE_URL.
#[test]
fn environments() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a");
    session.write(
        "migrate.toml",
        "database_url = \"sqlite:top.db\"\n\n[env.staging]\ndatabase_url = \"sqlite:staging.db\"\ntable = \"history\"\n\n\
         [env.production]\ndatabase_url = { env = \"PRODUCTION_URL\" }\n\n[env.local]\nlock_timeout = \"5s\"\n",
    );
    session.run("up -v").run("--env staging up -v").run("--env local status").run("--env production status");
    session.variable("PRODUCTION_URL", "sqlite:production.db");
    session.run("up -q --env production").ls();
    session.variable("MIGRATE_ENV", "staging");
    session.run("status").run("--env qa status").run("-d sqlite:app.db --env staging status -v");
    session.write("migrate.toml", "[env.a.env.b]\ndir = \"c\"\n").run("status --env a");
    session.write("migrate.toml", "[env.a]\ndatabaseurl = \"c\"\n").run("status --env a");
    session.write("migrate.toml", "dir = \"migrations\"\n").run("status --env a");
    session.check(file!["transcripts/environments.txt"]);
}

#[test]
fn variables() {
    let mut session = Session::new();
    session.write(
        "migrations/20260101000000_a.sql",
        "-- ${nothing} in a comment\nCREATE TABLE a (x DEFAULT '${not declared}');\n",
    );
    session.run("up");
    session.write(
        "migrate.toml",
        "[variables]\ntable = \"members\"\ngreeting = \"it's\"\npassword = { env = \"APP_PASSWORD\" }\n\
         key = { file = \"secrets/key\" }\nregion = { env = \"REGION\", secret = false }\n",
    );
    session.write(
        "migrations/20260102000000_b.sql",
        "CREATE TABLE ${table} (x);\nINSERT INTO ${table} VALUES ('${greeting}'), ('${password}'), ('${key}'), ('${region}');\n",
    );
    session.run("up");
    session.variable("APP_PASSWORD", "s3cr'et");
    session.run("up");
    session.variable("REGION", "eu");
    session.run("plan").write("secrets/key", "k3y of keys\n").run("up --dry-run").run("up -v");
    session.write(
        "migrations/20260103000000_c.sql",
        "INSERT INTO ${table}\nVALUES ('${password}' '${key}'); SELECT ${tabel};\n",
    );
    session
        .run("up")
        .write("migrations/20260103000000_c.sql", "INSERT INTO ${table}\nVALUES ('${password}' ${key});\n");
    session.run("up").run("up --format json").run("status").run("check");
    session.remove("20260103000000").run("check").run("script 0 20260102000000");
    let found: String = Connection::open(session.path("app.db"))
        .and_then(|db| db.query_row("SELECT group_concat(x, ' | ') FROM members", [], |row| row.get(0)))
        .unwrap_or_else(|error| error.to_string());
    assert_eq!(found, "it's | s3cr'et | k3y of keys | eu");
    let stored: String = Connection::open(session.path("app.db"))
        .and_then(|db| db.query_row("SELECT group_concat(text) FROM migrate_text", [], |row| row.get(0)))
        .unwrap_or_else(|error| error.to_string());
    assert!(stored.contains("'${password}'") && !stored.contains("s3cr"), "{stored}");
    session.write("migrate.toml", "[variables]\n1st = \"a\"\n").run("up");
    session.write("migrate.toml", "[variables]\na = { evn = \"A\" }\n").run("up");
    session.write("migrate.toml", "[variables]\na = 5\n").run("up").run("new another");
    session.check(file!["transcripts/variables.txt"]);
}

#[cfg(unix)]
#[test]
fn hooks() {
    use std::os::unix::fs::PermissionsExt;
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").pair("20260102000000_b", "b");
    let program = "#!/bin/sh\necho \"$1: $MIGRATE_HOOK $MIGRATE_VERSION $MIGRATE_NAME $MIGRATE_DIRECTION $MIGRATE_STEPS\"\n\
                   echo \"$MIGRATE_ERROR\" | head -1\n[ \"$MIGRATE_VERSION\" != 20260103000000 ]\n";
    session.write("hooks/tell", program);
    std::fs::set_permissions(session.path("hooks/tell"), std::fs::Permissions::from_mode(0o755))
        .unwrap_or_else(|error| panic!("{error}"));
    session.write(
        "migrate.toml",
        "[variables]\nlog = \"log\"\n\n[hooks]\nbefore_run = \"hooks/before.sql\"\n\
         after_each = { program = [\"hooks/tell\", \"told\"] }\n\
         after_run = [\"hooks/after.sql\", { program = [\"hooks/tell\", \"and at last\"] }]\n\
         on_failure = { program = [\"hooks/tell\", \"oh\"] }\n",
    );
    session.run("up").write("hooks/before.sql", "CREATE TABLE IF NOT EXISTS ${log} (line);\n");
    session.write("hooks/after.sql", "INSERT INTO ${log}\n  VALUES (${wrod});\n").run("up").tables();
    session.write("hooks/after.sql", "INSERT INTO ${log}\n  VALUES ('ran');\n").run("up").tables().run("up");
    session
        .run("down")
        .pair("20260103000000_c", "c")
        .pair("20260104000000_d", "d")
        .run("up")
        .run("up --one-transaction");
    session.run("up --format json").write("migrations/20260105000000_e.sql", "CREATE TABLE a (x);\n").run("up");
    session.write("migrations/20260105000000_e.sql", "CREATE TABLE e (x);\n");
    session.write("hooks/after.sql", "INSERT INTO ${log}\n  VALUES (wrod);\n").run("up").run("up");
    session.write("migrate.toml", "[hooks]\nafter_run = { program = [\"hooks/nobody\"] }\n");
    session.pair("20260106000000_f", "f").run("up").run("status");
    session.write("migrate.toml", "[hooks]\nafter = \"a.sql\"\n").run("up");
    session.write("migrate.toml", "[hooks]\nafter_run = 1\n").run("up");
    session.write("migrate.toml", "[hooks]\nafter_run = { program = [] }\n").run("up");
    session.check(file!["transcripts/hooks.txt"]);
}

#[test]
fn templates() {
    let mut session = Session::new();
    session.write("migrate.toml", "[new]\nup = \"templates/up.sql\"\nsections = \"templates/both.sql\"\n");
    session.run("new add books");
    session
        .write("templates/up.sql", "-- ${words} (${version}_${name}), asked for in:\nSET search_path = ${schema};\n");
    session.write("templates/both.sql", "-- migrate:up\n-- ${words}\n\n-- migrate:down\n");
    session.run("new add Books").run("new more --sections").run("new third --no-transaction").cat("migrations/2");
    session.check(file!["transcripts/templates.txt"]);
}

#[test]
fn check_in_other_orders() {
    let mut session = Session::new();
    session
        .pair("20260101000000_a", "a")
        .pair("20260102000000_b", "b")
        .run("check --order 2 -v")
        .run("check --order 1");
    session.write("migrations/20260103000000_c.sql", "ALTER TABLE b ADD c;\n").run("check --order 3");
    session.run("check --order 3 --format json");
    session.write("migrations/20260104000000_d.sql", "CREATE TABLE IF NOT EXISTS d (x);\n").run("check --order 9");
    session.write("migrations/20260105000000_e.sql", "CREATE TABLE IF NOT EXISTS d (y);\n").run("check --order 3");
    session.run("check --order 3 --format json").ls();
    session.check(file!["transcripts/check_in_other_orders.txt"]);
}

#[test]
fn check_on_postgres() {
    let mut session = Session::postgres("cli_check");
    session.run("create").sql("CREATE ROLE cli_check_poor LOGIN").pair("20260101000000_a", "a");
    session.write("migrations/20260101000000_a.up.sql", "CREATE TABLE a (x int);\n");
    session
        .write("migrations/20260102000000_b.up.sql", "CREATE TYPE mood AS ENUM ('ok');\nALTER TABLE a ADD m mood;\n");
    session
        .write("migrations/20260102000000_b.down.sql", "ALTER TABLE a DROP m;\n")
        .run("check")
        .run("check --format json");
    session.write("migrations/20260102000000_b.down.sql", "ALTER TABLE a DROP m;\nDROP TYPE moods;\n").run("check");
    session.write("migrations/20260102000000_b.down.sql", "ALTER TABLE a DROP m;\nDROP TYPE mood;\n");
    session.write("migrations/20260103000000_c.up.sql", "GRANT SELECT ON ops.app_migrations TO PUBLIC;\n");
    session.write("migrations/20260103000000_c.down.sql", "REVOKE SELECT ON ops.app_migrations FROM PUBLIC;\n");
    session.run("check").run("--schema ops --table app_migrations check -v").run("check --order 2");
    let poor = session.url().replace("postgres@", "cli_check_poor@");
    session.run(&format!("-d {poor} check")).sql("DROP ROLE cli_check_poor");
    session.check(file!["transcripts/check_on_postgres.txt"]);
}

#[test]
fn check_on_mysql() {
    check_on_a_server_without_transactions(Session::mysql("cli_check"), "check_on_mysql.txt");
}

#[test]
fn check_on_mariadb() {
    check_on_a_server_without_transactions(Session::mariadb("cli_check"), "check_on_mariadb.txt");
}

fn check_on_a_server_without_transactions(mut session: Session, transcript: &str) {
    session.run("create").sql("CREATE USER cli_check_poor");
    session.write("migrations/20260101000000_a.up.sql", "CREATE TABLE a (x INT, y INT);\n");
    session.write("migrations/20260101000000_a.down.sql", "DROP TABLE a;\n");
    session.write("migrations/20260102000000_b.up.sql", "ALTER TABLE a DROP x;\nCREATE INDEX a_y ON a (y);\n");
    session.write("migrations/20260102000000_b.down.sql", "DROP INDEX a_y ON a;\nALTER TABLE a ADD x INT;\n");
    session.run("check").run("check --format json");
    session.write("migrations/20260102000000_b.down.sql", "DROP INDEX a_y ON a;\nALTER TABLE a ADD x INT FIRST;\n");
    session.run("check -v").run("--table app_migrations --schema ops check --order 2");
    let poor = session.url().replace("root@", "cli_check_poor@");
    session.run(&format!("-d {poor} check")).sql("DROP USER cli_check_poor");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(transcript);
    session.check(snapbox::Data::read_from(&path, None));
}

#[test]
fn missing_and_ahead() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").pair("20260102000000_b", "b").pair("20260103000000_c", "c").run("up -q");
    session.run("revert-missing").remove("20260101000000").remove("20260103000000").run("status").run("up");
    session.run("redo").run("revert-missing --dry-run").run("revert-missing").tables().run("status");
    session.write("migrations/20260104000000_d.sql", "CREATE TABLE d (x);\n").run("up -q").remove("20260104000000");
    session.run("revert-missing").run("revert-missing --format json");
    session.check(file!["transcripts/missing_and_ahead.txt"]);
}

#[test]
fn plan() {
    let mut session = Session::new();
    session.run("plan").pair("20260101000000_a", "a").pair("20260102000000_b", "b");
    session.write(
        "migrations/20260103000000_c.sql",
        "-- migrate:options foreign_keys:off\nCREATE TABLE c (x);\nDROP TABLE c;\n",
    );
    session.write("migrations/20260104000000_d.sql", "VACUUM;\n");
    session.run("plan --to 20260101000000").run("plan").run("plan --format json").ls();
    session.write("migrations/20260105000000_e.sql", "CREATE TABLE e (x);\nVACUUM;\nPRAGMA foreign_keys = off;\n");
    session.write("migrations/20260106000000_f.sql", "VACUUM;\nSELECT 1;\n");
    session.run("plan").run("plan --format json").run("up").ls();
    session.check(file!["transcripts/plan.txt"]);
}

#[test]
fn mistakes() {
    let mut session = Session::new();
    session.write("migrations/001_users.sql", "CREATE TABLE users (x);\n");
    session.write("migrations/20260102000000_b.sql", "CREATE TABLE b (x);\nCOMMIT;\nSELECT 'é open\n");
    session.write("migrations/20260103000000_c.up.sql", "-- migrate:options transction:false\nSELECT 1;\n");
    session.run("up").run("status --format json").run("--dir nope status").run("--dir app.db status");
    session.check(file!["transcripts/mistakes.txt"]);
}

#[test]
fn statements() {
    let mut session = Session::bare();
    session.write("any.sql", "-- a file\nCREATE TABLE a (x);\nCOMMIT;\n\tVACUUM; INSERT INTO a VALUES ('ü;')\n");
    session.run("statements any.sql").run("statements any.sql --dialect sqlite");
    session.run("-d sqlite:app.db statements any.sql --format json").run("statements any.sql --dialect mysql");
    session.write("open.sql", "SELECT 1;\nSELECT 'é").run("-d sqlite:app.db statements open.sql");
    session.run("-d sqlite:app.db statements open.sql --format json").run("-d sqlite:app.db statements nope.sql");
    session.write("empty.sql", "-- nothing\n").run("statements empty.sql --dialect postgres");
    session.write("both.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2; VACUUM;\n");
    session.run("statements both.sql --dialect sqlite --sql").ls();
    session.write(
        "alter.sql",
        "ALTER TYPE mood ADD VALUE 'meh';\nALTER TABLE a ADD b int, DROP c;\nDROP TABLE x, \"Y\";\nFROBNICATE y;\n",
    );
    session
        .run("statements alter.sql --dialect postgres")
        .run("statements alter.sql --dialect postgres --server-version 15");
    session.run("statements alter.sql --dialect postgres --server-version 11 --format json");
    session.run("statements alter.sql --dialect postgres --server-version new");
    session.run("-d postgresql://me:secret@host/app statements alter.sql --server-version 15");
    session.write("ansi.sql", "SELECT \"a\\\"; SELECT 2 AS \"b\";\n").run("statements ansi.sql --dialect mysql");
    session.run("statements ansi.sql --dialect mysql --sql-mode ANSI_QUOTES");
    session.run("statements ansi.sql --dialect sqlite --sql-mode ANSI_QUOTES");
    session.check(file!["transcripts/statements.txt"]);
}

#[test]
fn settings() {
    let mut session = Session::bare();
    std::fs::create_dir(session.path("migrations")).unwrap();
    session.pair("20260101000000_a", "a").run("status").run("status --format json").run("");
    session.run("-d postgres://me:secret@host/db status").run("-d oracle://host status").run("-d app.db status");
    session.run("-d sqlite: status").run("-d sqlite:x?key=secret status").run("-d sqlite:no/such.db up");
    session.write("migrate.toml", "database_url = \"sqlite:toml.db\"\nlock_timeout = \"5s\"\n").run("status -v");
    session.write(".env", "export DATABASE_URL='sqlite:dotenv.db' # local\n").run("status -v");
    session.variable("DATABASE_URL", "sqlite:variable.db");
    session.run("status -v").write("url", "sqlite:file.db\n").run("--database-url-file url status -v");
    session.run("-d sqlite:option.db status -v").run("-d x --database-url-file url status");
    session.run("--database-url-file nope status").run("--require-version 99 status");
    session.run("--table app_migrations up").run("status").run("--table app_migrations status");
    session.write("migrate.toml", "wait = \"1ms\"\n").run("-d postgres://me@127.0.0.1:1/app status");
    session.run("--schema elsewhere status").run("--lock-timeout 5 status").ls();
    session.write("migrate.toml", "dir = \"migrations\"\nlock_timout = \"5s\"\n").run("status");
    session.write("migrate.toml", "lock_timeout = \"5\"\n").run("status --format json");
    session.check(file!["transcripts/settings.txt"]);
}

#[test]
fn the_lock_is_waited_for() {
    let mut session = Session::new();
    let holder = Connection::open(session.path("app.db-miglock")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    session.pair("20260101000000_a", "a").run("up --lock-timeout 300ms").run("up --lock-timeout 0s --format json");
    session.run("status");
    drop(holder);
    session.run("up");
    session.check(file!["transcripts/the_lock_is_waited_for.txt"]);
}

/// For those who leave the migrations to somebody else: nothing is made, not even the file.
#[test]
fn all_applied_is_waited_for() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").run("wait --applied=0s").run("wait --applied=0s --format json");
    session.ls().run("up -q").run("wait --applied").run("wait --applied=1s --format json");
    session.run("wait 5s --applied");
    session.check(file!["transcripts/all_applied_is_waited_for.txt"]);
}

/// Outside a transaction what ran stays, and the next run goes on behind it.
#[test]
fn interrupted_and_resumed() {
    let mut session = Session::new();
    let text = "-- migrate:options transaction:false\nCREATE TABLE a (x);\nCREATE TABL b (x);\nVACUUM;\n";
    session.write("migrations/20260101000000_j.sql", text).run("up").run("up --format json");
    session.run("status --exit-code").run("plan").run("down");
    session.write("migrations/20260101000000_j.sql", &text.replace("TABL b", "TABLE b"));
    session.run("up --dry-run").run("up -v").run("status --exit-code").tables();
    session.check(file!["transcripts/interrupted_and_resumed.txt"]);
}

#[test]
fn postgres() {
    let mut session = Session::postgres("cli_app");
    session.run("status").run("wait").run("--wait=5s create").run("create --format json").run("wait 5s").run("status");
    session.write(
        "migrations/20260101000000_members.up.sql",
        "CREATE TABLE members (id bigint PRIMARY KEY, email text);\n",
    );
    session.write("migrations/20260101000000_members.down.sql", "DROP TABLE members;\n");
    session.write(
        "migrations/20260102000000_email.up.sql",
        "CREATE UNIQUE INDEX CONCURRENTLY email ON members (email);\n",
    );
    session.write("migrations/20260102000000_email.down.sql", "DROP INDEX CONCURRENTLY email;\n");
    session.run("plan").run("up --dry-run").run("up 1").sql("INSERT INTO members VALUES (1, 'x'), (2, 'x')");
    session.run("up").run("status").sql("DELETE FROM members WHERE id = 2").run("up").run("status --format json");
    let loans = "CREATE TABLE loans (\n  id bigint PRIMARY KEY,\n  member_id bigint REFERENCES membrs (id)\n);\n";
    session.write("migrations/20260103000000_loans.sql", loans).run("up").run("up --format json");
    session.write("migrations/20260103000000_loans.sql", "ALTER TABLE members ADD a int;\nVACUUM members;\n").run("up");
    session.write("migrations/20260103000000_loans.sql", "SELECT a\n  FRM members;\n").run("up");
    session.remove("20260103000000").run("down 2").run("--schema nosuch status").run("up -q").run("--wait status");
    let connected = postgres::Client::connect(&session.url(), postgres::NoTls).unwrap();
    session.run("drop").run("drop --yes");
    drop(connected);
    session.run("--wait drop --yes").run("drop --yes --format json");
    session.check(file!["transcripts/postgres.txt"]);
}

#[test]
fn mysql() {
    let mut session = Session::mysql("cli_shop");
    session.run("status").run("--wait=5s create").run("create").run("wait 5s").run("status");
    let members =
        "CREATE TABLE members (id BIGINT PRIMARY KEY, email VARCHAR(100));\nCREATE INDEX email ON members (email);\n";
    session.write("migrations/20260101000000_members.up.sql", members);
    session.write("migrations/20260101000000_members.down.sql", "DROP TABLE members;\n");
    session.write("migrations/20260102000000_first.up.sql", "INSERT INTO members VALUES (1, 'x');\n");
    session.write("migrations/20260102000000_first.down.sql", "DELETE FROM members WHERE id = 1;\n");
    session.run("plan").run("plan --format json").run("up --dry-run").run("up").run("status");
    let loans = "CREATE TABLE loans (id BIGINT PRIMARY KEY);\nALTER TABLE loans ADD member BIGINT NOT FULL;\nINSERT INTO loans VALUES (1, 1);\n";
    session
        .write("migrations/20260103000000_loans.sql", loans)
        .run("up")
        .run("up --format json")
        .run("status")
        .run("plan");
    session.write("migrations/20260103000000_loans.sql", &loans.replace("(id BIGINT", "(id INT")).run("up");
    session
        .write("migrations/20260103000000_loans.sql", &loans.replace("FULL", "NULL"))
        .run("up -v")
        .run("status --format json");
    session
        .write(
            "migrations/20260104000000_rows.sql",
            "UPDATE members SET email = 'y';\nINSERT INTO membrs VALUES (1);\n",
        )
        .run("up");
    session.write("migrations/20260104000000_rows.sql", "CREATE TABLE x (n INT);\nLOCK TABLES x WRITE;\n").run("up");
    session.remove("20260104000000").run("down 3").run("redo");
    session
        .write("migrations/20260103000000_loans.sql", "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n  SELCT 1;\nEND//\n")
        .run("up");
    session.run("drop").run("drop --yes").run("drop --yes --format json");
    session.run("-d mysql://me:secret@127.0.0.1:1/app status").run("-d mysql://me:se/cret@127.0.0.1:1/app up");
    session
        .run("-d mysql://me:secret@127.0.0.1:1/app?sslmode=require status")
        .run("-d mariadb://127.0.0.1:1/app wait 100ms");
    session.check(file!["transcripts/mysql.txt"]);
}

/// What is wrong with a URL is told without what may be a password.
#[test]
fn postgres_urls() {
    let mut session = Session::bare();
    std::fs::create_dir(session.path("migrations")).unwrap();
    session.run("-d postgres://me:secret@127.0.0.1:1/app status").run("-d postgres://me:se/cret@127.0.0.1:1/app up");
    session.run("-d postgres://me:secret@127.0.0.1:1/app?sslmod=require status");
    session
        .run("-d postgres://me:secret@127.0.0.1:1/app wait 100ms")
        .run("-d postgres://127.0.0.1:1/app --wait=1200ms up --format json");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = silent.local_addr().unwrap();
    session
        .run(&format!("-d postgres://me@{place}/app --wait=1s create"))
        .run(&format!("-d postgres://me@{place}/app wait 1ms"));
    session.check(file!["transcripts/postgres_urls.txt"]);
}

/// The database itself, where it is a file.
#[test]
fn create_drop_and_wait() {
    let mut session = Session::new();
    session.run("drop --yes").run("create").run("create").run("wait").run("wait 5 --format json").ls();
    session.run("wait 5s --format json").run("create --format json").pair("20260101000000_a", "a").run("up -q").ls();
    session.run("drop").run("drop --format json").run("drop --yes").ls().run("drop --yes --format json");
    let holder = || {
        let holder = Connection::open(session.path("app.db-miglock")).unwrap();
        holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
        holder
    };
    let held = holder();
    session.run("create -q").run("drop --yes");
    drop(held);
    session.run("drop --yes").run("-d sqlite:no/such.db create").run("-d sqlite:migrations create");
    session.run("-d sqlite:migrations/20260101000000_a.up.sql drop --yes").run("-d sqlite::memory: create");
    session.run("-d sqlite:x.db?mode=rw wait 1s").run("-d sqlite:x.db --wait status").ls();
    session.check(file!["transcripts/create_drop_and_wait.txt"]);
}

#[test]
fn doctor() {
    let mut session = Session::new();
    session.run("doctor").pair("20260101000000_a", "a").pair("20260102000000_b", "b").run("up -q").run("doctor");
    session.run("doctor --format json").write("migrations/20260101000000_a.up.sql", "CREATE TABLE a (y);\n");
    session.remove("20260102000000").pair("20260103000000_c", "c").run("up").run("doctor").run("doctor --format json");
    session.check(file!["transcripts/doctor.txt"]);
}

#[test]
fn dump() {
    let mut session = Session::new();
    session.run("dump").pair("20260101000000_a", "a").run("up -q").run("dump").run("dump --format json");
    session.run("dump --to schema.sql").cat("schema.sql").run("dump --to no/such.sql").run("dump --to migrations");
    session.run("baseline --from-database").run("baseline").run("baseline 20260101000000 --from-database").ls();
    session.check(file!["transcripts/dump.txt"]);
}

/// A database that was made without migrations.
#[test]
fn bootstrap() {
    let mut session = Session::new();
    session.run("baseline --from-database").run("baseline --from-database=…");
    Connection::open(session.path("app.db"))
        .unwrap()
        .execute_batch("CREATE TABLE a (x); CREATE VIEW b AS SELECT x FROM a")
        .unwrap();
    session.run("baseline --from-database=Old-Schema").cat("migrations/2").run("up").run("down");
    session.run("baseline --from-database").run("-d sqlite:new.db up").run("-d sqlite:new.db dump");
    session.check(file!["transcripts/bootstrap.txt"]);
}

#[test]
fn settle() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").run("up -q").run("settle 20260101000000 1 applied");
    session.run("settle 20260102000000 1 again").run("settle 20260101000000 1 maybe");
    session.check(file!["transcripts/settle.txt"]);
}

/// A statement that no evidence decides: its run was killed in it, and half of what it does is there.
#[cfg(unix)]
#[test]
fn settled_on_mysql() {
    use mysql::prelude::Queryable;
    let mut session = Session::mysql("cli_settle");
    session.write("migrations/20260101000000_a.sql", "CREATE TABLE a (x INT);\n").run("create -q").run("up -q");
    let both = "ALTER TABLE a ADD y INT, ADD z INT;\nUPDATE a SET x = 1;\n";
    session.write("migrations/20260102000000_b.sql", both);
    let connect = || mysql::Conn::new(mysql::Opts::from_url(&session.url()).unwrap()).unwrap();
    let (mut reader, mut watcher) = (connect(), connect());
    reader.query_drop("BEGIN; SELECT * FROM a").unwrap();
    let mut run = session.command().args(["up", "-q"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let waits = "SELECT count(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata%' \
                 AND info LIKE '%ADD z%' AND db = database()";
    let count = |watcher: &mut mysql::Conn| watcher.query_first::<u64, _>(waits).unwrap().unwrap();
    while count(&mut watcher) == 0 {
        assert!(run.try_wait().unwrap().is_none(), "it ended by itself");
    }
    run.kill().unwrap();
    run.wait().unwrap();
    // Its statement gives up waiting a second later.
    while count(&mut watcher) > 0 {}
    drop((reader, watcher));
    session.sql("ALTER TABLE a ADD y INT");
    session.run("status").run("up").run("up --format json").run("plan").run("doctor");
    session.run("settle 20260102000000 1 maybe").run("settle 20260102000000 2 applied");
    session.sql("ALTER TABLE a ADD z INT").run("settle 20260102000000 1 applied --format json");
    session.run("settle 20260102000000 1 applied").run("up -v").run("status").run("drop --yes -q");
    session.check(file!["transcripts/settled_on_mysql.txt"]);
}

/// Between two versions no database is asked; what is pending one says.
#[test]
fn script() {
    let mut session = Session::new();
    session.write("migrations/20260101000000_a.up.sql", "CREATE TABLE a (x int DEFAULT 1); -- one\nSET @x = 1;\n");
    session.write("migrations/20260101000000_a.down.sql", "DROP TABLE a;\n");
    session.run("script 0 20260101000000 --dialect mysql").run("script 0 20260101000000");
    session.write("migrations/20260101000000_a.up.sql", "CREATE TABLE a (x int DEFAULT 1); -- one\n");
    session.write("migrations/20260102000000_b.up.sql", "CREATE INDEX CONCURRENTLY b ON a (x);\nSET ROLE app;\n");
    session.write("migrations/20260102000000_b.down.sql", "DROP INDEX CONCURRENTLY b;\n");
    session
        .run("script 0 20260102000000 --dialect postgres --schema app")
        .run("script 20260102000000 20260101000000 --dialect postgres");
    session
        .remove("20260102000000")
        .write("migrations/20260102000000_b.sql", "-- migrate:options foreign_keys:off\nDROP TABLE a;\n");
    session
        .run("script 20260101000000 20260102000000")
        .run("up 1")
        .run("script pending")
        .run("script pending --format json");
    session.run("script pending-undo").run("script 20260102000000 0").run("script 0 0").run("script 0 20260103000000");
    session.run("script 0").run("script pending 0").run("script pending --dialect mysql").run("script 20260101").ls();
    session.check(file!["transcripts/script.txt"]);
}

/// What takes a file back, by its text alone.
#[test]
fn undo() {
    let mut session = Session::new();
    let up = "-- migrate:options foreign_keys:off\nCREATE TABLE a (x INTEGER);\nALTER TABLE b ADD COLUMN y TEXT;\n";
    session.write("migrations/20260101000000_a.up.sql", up).run("undo migrations/20260101000000_a.up.sql");
    session.run("undo migrations/20260101000000_a.up.sql --format json");
    session.run("undo migrations/20260101000000_a.up.sql --server-version 3.34");
    session.run("new --undo-from migrations/20260101000000_a.up.sql").cat("migrations/20260101000000_a.down.sql");
    session.run("new --undo-from migrations/20260101000000_a.up.sql").run("undo no.sql");
    let mixed = "CREATE TABLE c (x int);\nDROP TABLE\n  b;\n\nUPDATE b SET y = 1;\n";
    session.write("c.sql", mixed).run("undo c.sql --dialect postgres").run("undo c.sql --format json");
    session.run("new --undo-from c.sql").run("new x --undo-from c.sql").run("new --dialect mysql x");
    session.write("d.sql", "CREATE TABLE 'd (x);\n").run("undo d.sql");
    session
        .write("e.up.sql", "ANALYZE;\n")
        .run("undo e.up.sql")
        .run("new --undo-from e.up.sql --format json")
        .cat("e.down");
    session.check(file!["transcripts/undo.txt"]);
}

/// A way back that nobody wrote: made as it goes up, and asked for by name where data is lost.
fn generated(session: &mut Session, column: &str) {
    session.write(
        "migrations/20260101000000_a.sql",
        &format!("CREATE TABLE a (id {column}, b {column});\nCREATE INDEX a_b ON a (b);\n"),
    );
    session.write("migrations/20260102000000_b.sql", "ALTER TABLE a RENAME COLUMN b TO c;\n");
    session.run("up --generate-undo").run("status").run("status --format json").run("down").run("redo");
    session.write("migrations/20260103000000_c.sql", "DROP TABLE a;\n").run("up --dry-run --generate-undo");
    session.run("up --generate-undo").run("down 2").run("down 2 --format json").run("status");
    session.run("down 2 --allow-data-loss --dry-run").run("redo").run("redo --allow-data-loss");
    session.run("down 2 --allow-data-loss").run("status");
    session.write("migrations/20260103000000_c.sql", "CREATE TABLE d (id int);\n\nUPDATE a\n  SET id = 1;\n");
    session.run("up --generate-undo").run("down").run("up --generate-undo --format json");
    session.remove("20260102000000").run("status").run("revert-missing");
}

#[test]
fn generated_undo() {
    let mut session = Session::new();
    generated(&mut session, "INTEGER");
    session.check(file!["transcripts/generated_undo.txt"]);
}

#[test]
fn generated_undo_on_postgres() {
    let mut session = Session::postgres("cli_undo");
    session.run("create -q");
    generated(&mut session, "bigint");
    session.run("drop --yes -q");
    session.check(file!["transcripts/generated_undo_on_postgres.txt"]);
}

#[test]
fn generated_undo_on_mysql() {
    let mut session = Session::mysql("cli_undo");
    session.run("create -q");
    generated(&mut session, "BIGINT");
    session.run("drop --yes -q");
    session.check(file!["transcripts/generated_undo_on_mysql.txt"]);
}

/// The frames with letters of several bytes before the place, and the commands whose answers the server has a part in.
fn every_command(session: &mut Session) {
    session.run("create --format json").run("wait --format json");
    let members = "CREATE TABLE members (id INT PRIMARY KEY, name VARCHAR(100));\n";
    session.write("migrations/20260101000000_members.up.sql", members);
    session.write("migrations/20260101000000_members.down.sql", "DROP TABLE members;\n").run("up");
    let first = "-- 貸出\nINSERT INTO members VALUES (1, 'für');\nINSERT INTO members SELECT 2, '貸出 😀' FROM nope;\n";
    session.write("migrations/20260102000000_rows.up.sql", first).run("up");
    let typing = "INSERT INTO members SELECT 2, '貸出 für' FRM nope;\n";
    session.write("migrations/20260102000000_rows.up.sql", typing).run("up");
    let column = "INSERT INTO members /* 貸出 😀 */ (id, nmae) VALUES (1, 2);\n";
    session.write("migrations/20260102000000_rows.up.sql", column).run("up").run("up --format json");
    session.write("migrations/20260102000000_rows.up.sql", "INSERT INTO members VALUES (1, 'für');\n");
    session.write("migrations/20260102000000_rows.down.sql", "DELETE FROM members WHERE id = 1;\n");
    session.run("script pending").run("status --exit-code").run("up --one-transaction --format json").run("doctor");
    session.write("migrations/20260101000000_members.up.sql", &members.replace("100", "200"));
    session.run("status --exit-code").run("plan --format json").run("doctor --format json");
    session.run("repair 20260101000000 --format json").run("status --exit-code");
    session.run("redo --format json").run("settle 20260102000000 1 again --format json").run("wait --applied=0s");
    session.run("down --to 0 --format json").run("wait --applied=0s --format json");
    session.run("baseline 20260102000000").run("status").remove("2026010200000").run("status");
    session.sql("CREATE TABLE members (id INT PRIMARY KEY)").run("revert-missing --dry-run");
    session.run("revert-missing --format json").run("down --allow-data-loss -q").run("drop --yes --format json");
}

#[test]
fn every_command_on_postgres() {
    let mut session = Session::postgres("cli_every");
    every_command(&mut session);
    session.check(file!["transcripts/every_command_on_postgres.txt"]);
}

#[test]
fn every_command_on_mysql() {
    let mut session = Session::mysql("cli_every");
    every_command(&mut session);
    session.check(file!["transcripts/every_command_on_mysql.txt"]);
}

#[test]
fn every_command_on_mariadb() {
    let mut session = Session::mariadb("cli_every");
    every_command(&mut session);
    session.check(file!["transcripts/every_command_on_mariadb.txt"]);
}

/// What one types in other tools, or by a slip of the finger.
#[test]
fn other_habits() {
    let mut session = Session::new();
    session.run("rollback").run("migrate").run("help up").run("-dir db -up").run("-create-no-db-txn index");
    session.run("satus").run("down -1").run("up -x").run("new x --secton").run("lint").run("-q -v up");
    session.run("down --all").run("--migrations-dir=db up").run("-d migrations up");
    session.check(file!["transcripts/other_habits.txt"]);
}

/// Files that are no database, and one that takes no more.
#[test]
fn databases_that_are_none() {
    let mut session = Session::new();
    session.pair("20260101000000_a", "a").write("text.db", &"This is no database.\n".repeat(6));
    session.run("-d sqlite:text.db status").run("-d sqlite:migrations status").run("-d sqlite:text.db doctor");
    let full = "PRAGMA max_page_count = 12;\nCREATE TABLE b (x);\nINSERT INTO b VALUES (zeroblob(100000));\n";
    session.write("migrations/20260102000000_b.sql", full).run("up").tables().run("up --format json").run("status");
    session.check(file!["transcripts/databases_that_are_none.txt"]);
}

/// Whose password is wrong is told so, without the password.
#[test]
fn a_wrong_password() {
    let mut told = Vec::new();
    for mut session in [Session::mysql("cli_password"), Session::mariadb("cli_password")] {
        session.run("create").sql("CREATE USER cli_password IDENTIFIED BY 'right'");
        let wrong = session.url().replace("root@", "cli_password:topsecret@");
        let output = session.command().args(["-d", &wrong, "up", "--format", "json", "-v"]).output().unwrap();
        session.sql("DROP USER cli_password");
        assert_eq!(output.status.code(), Some(1));
        told.push(String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap());
    }
    for told in told {
        assert!(told.contains("error[1045]: ") && told.contains("using password: YES"), "{told}");
        assert!(told.contains("= hint: see to the user and password of the URL, or MYSQL_PWD"), "{told}");
        assert!(!told.contains("topsecret"), "{told}");
    }
}

#[test]
fn help() {
    let mut session = Session::bare();
    session.run("--help").run("up --help").run("--version").run("staus").run("up --dryrun").run("script --help");
    session.check(file!["transcripts/help.txt"]);
}
