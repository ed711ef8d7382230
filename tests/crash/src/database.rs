//! The databases: a fresh one for each try, and all that stands in it as text.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use crate::Result;
use crate::server::Server;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Postgres,
    Mariadb,
    Mysql,
    SqliteDelete,
    SqliteWal,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Postgres, Kind::Mariadb, Kind::Mysql, Kind::SqliteDelete, Kind::SqliteWal];

    /// As `--database` names it, and the scripts of the servers.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Postgres => "postgres",
            Kind::Mariadb => "mariadb",
            Kind::Mysql => "mysql",
            Kind::SqliteDelete => "sqlite-delete",
            Kind::SqliteWal => "sqlite-wal",
        }
    }

    pub fn has_server(self) -> bool {
        !matches!(self, Kind::SqliteDelete | Kind::SqliteWal)
    }

    pub fn title(self) -> &'static str {
        match self {
            Kind::Postgres => "PostgreSQL",
            Kind::Mariadb => "MariaDB",
            Kind::Mysql => "MySQL",
            Kind::SqliteDelete => "SQLite, rollback journal",
            Kind::SqliteWal => "SQLite, WAL",
        }
    }
}

/// One database of a server.
pub struct OnServer<'s> {
    pub server: &'s Server,
    pub name: String,
}

impl<'s> OnServer<'s> {
    pub fn fresh(server: &'s Server, name: &str) -> Result<Self> {
        server.execute(&format!("DROP DATABASE IF EXISTS {name}"))?;
        server.execute(&format!("CREATE DATABASE {name}"))?;
        Ok(OnServer { server, name: name.to_owned() })
    }

    /// Its URL at a port: the server's, or a proxy's. Nothing is encrypted, so that one send is one message.
    pub fn url(&self, port: u16) -> String {
        match self.server.kind {
            Kind::Postgres => {
                format!("postgres://postgres@127.0.0.1:{port}/{}?sslmode=disable&application_name=victim", self.name)
            }
            _ => format!("mysql://root@127.0.0.1:{port}/{}?ssl-mode=DISABLED", self.name),
        }
    }

    /// Waits until nobody is connected any more: an orphaned statement runs to its end.
    pub fn wait_until_alone(&self) -> Result<()> {
        let sql = match self.server.kind {
            Kind::Postgres => {
                format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'", self.name)
            }
            _ => format!("SELECT count(*) FROM information_schema.processlist WHERE db = '{}'", self.name),
        };
        let began = Instant::now();
        while self.server.text(&sql)? != "0" {
            if began.elapsed() > Duration::from_secs(30) {
                return Err(format!("{} still has sessions, and so perhaps a lock", self.name).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// All that stands there, but when and by whom.
    pub fn look(&self) -> Result<String> {
        match self.server.kind {
            Kind::Postgres => look_postgres(&self.url(self.server.port)),
            _ => look_mysql(&self.url(self.server.port), &self.name),
        }
    }

    /// Whether a statement is in doubt: what shows that a kill fell where it hurts.
    pub fn in_doubt(&self) -> Result<bool> {
        let sql = "SELECT count(*) FROM migrate_journal WHERE state = 'started'";
        // The table may not be there yet.
        let count = match self.server.kind {
            Kind::Postgres => {
                postgres(&self.url(self.server.port))?.query_one(sql, &[]).map(|row| row.get::<_, i64>(0)).unwrap_or(0)
            }
            _ => mysql(&self.url(self.server.port))?.query_first(sql).ok().flatten().unwrap_or(0),
        };
        Ok(count > 0)
    }

    /// Ends the victim's sessions from inside the server; how many there were.
    pub fn kill_sessions(&self) -> Result<usize> {
        if self.server.kind == Kind::Postgres {
            let sql = format!(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}'",
                self.name
            );
            return Ok(self.server.text(&sql)?.parse()?);
        }
        let mut conn = mysql(&self.server.admin_url())?;
        let sessions: Vec<u64> =
            conn.query(format!("SELECT id FROM information_schema.processlist WHERE db = '{}'", self.name))?;
        // One may have gone by itself meanwhile.
        Ok(sessions.iter().filter(|id| conn.query_drop(format!("KILL CONNECTION {id}")).is_ok()).count())
    }
}

pub fn postgres(url: &str) -> Result<postgres::Client> {
    Ok(postgres::Client::connect(url, postgres::NoTls)?)
}

pub fn mysql(url: &str) -> Result<mysql::Conn> {
    let url = url.split('?').next().unwrap_or(url);
    Ok(mysql::Conn::new(mysql::OptsBuilder::from_opts(mysql::Opts::from_url(url)?).prefer_socket(false))?)
}

/// Each query yields lines of text; what it is about stands before them.
const POSTGRES: &[(&str, &str)] = &[
    (
        "column",
        "SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
         pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
         LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum) \
         WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v') \
         ORDER BY c.relname, a.attnum",
    ),
    (
        "index",
        "SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN indisvalid AND indisready THEN 'valid' ELSE 'INVALID' \
         END) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace \
         ORDER BY c.relname",
    ),
    (
        "constraint",
        "SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)) FROM pg_constraint \
         WHERE connamespace = 'public'::regnamespace ORDER BY 1",
    ),
    (
        "function",
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname",
    ),
    ("trigger", "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"),
    ("ballast", "SELECT concat_ws(' ', m, count(*)) FROM ballast GROUP BY m ORDER BY m"),
    (
        "advisory lock",
        "SELECT objid::text FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database \
         WHERE datname = current_database())",
    ),
];

fn look_postgres(url: &str) -> Result<String> {
    let mut client = postgres(url)?;
    let mut state = String::new();
    for (what, sql) in POSTGRES.iter().chain(EVERYWHERE) {
        for row in client.query(*sql, &[])? {
            state += &format!("{what}: {}\n", row.get::<_, String>(0));
        }
    }
    Ok(state)
}

/// What the tables of every database hold.
const EVERYWHERE: &[(&str, &str)] = &[
    ("counter", "SELECT concat_ws(' ', n, up, down) FROM counter ORDER BY n"),
    (
        "history",
        "SELECT concat_ws(' ', version, name, direction, checksum, CASE WHEN finished_at IS NULL THEN 'UNFINISHED' ELSE \
         'finished' END) FROM migrate_history ORDER BY version",
    ),
    ("journal", "SELECT concat_ws(' ', version, direction, n, state) FROM migrate_journal"),
];

fn look_mysql(url: &str, name: &str) -> Result<String> {
    let mut conn = mysql(url)?;
    let mut state = String::new();
    // Neither the cardinality nor the next number of a table is what a migration made.
    let catalog = [
        (
            "column",
            format!(
                "SELECT concat_ws(' ', table_name, ordinal_position, column_name, column_type, is_nullable, column_default) \
                 FROM information_schema.columns WHERE table_schema = '{name}' ORDER BY table_name, ordinal_position"
            ),
        ),
        (
            "index",
            format!(
                "SELECT concat_ws(' ', table_name, index_name, seq_in_index, column_name, sub_part, non_unique) \
                 FROM information_schema.statistics WHERE table_schema = '{name}' ORDER BY 1"
            ),
        ),
        (
            "trigger",
            format!(
                "SELECT concat_ws(' ', trigger_name, action_statement) FROM information_schema.triggers \
                 WHERE trigger_schema = '{name}' ORDER BY 1"
            ),
        ),
        (
            "view",
            format!(
                "SELECT concat_ws(' ', table_name, view_definition) FROM information_schema.views WHERE table_schema = '{name}'"
            ),
        ),
        (
            "routine",
            format!(
                "SELECT concat_ws(' ', routine_name, routine_definition) FROM information_schema.routines \
                 WHERE routine_schema = '{name}'"
            ),
        ),
        ("ballast", "SELECT concat_ws(' ', m, count(*)) FROM ballast GROUP BY m ORDER BY m".to_owned()),
        ("left", "SELECT concat(a) FROM left_one".to_owned()),
        ("right", "SELECT concat(a) FROM right_one".to_owned()),
    ];
    let everywhere = EVERYWHERE.iter().map(|(what, sql)| (*what, (*sql).to_owned()));
    for (what, sql) in catalog.into_iter().chain(everywhere) {
        for row in conn.query::<String, _>(&sql).map_err(|error| format!("{sql}: {error}"))? {
            // The database's name is another one in each try.
            state += &format!("{what}: {}\n", row.replace(name, "DATABASE"));
        }
    }
    Ok(state)
}

/// One SQLite file, in a directory of its own.
pub struct File {
    pub path: PathBuf,
    _dir: tempfile::TempDir,
}

impl File {
    pub fn fresh(kind: Kind) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("app.db");
        let mode = if kind == Kind::SqliteWal { "wal" } else { "delete" };
        rusqlite::Connection::open(&path)?.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(()))?;
        Ok(File { path, _dir: dir })
    }

    pub fn url(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    pub fn look(&self) -> Result<String> {
        let db = rusqlite::Connection::open(&self.path)?;
        let mut state = String::new();
        let own = [
            ("schema", "SELECT concat_ws(' ', type, name, tbl_name, sql) FROM sqlite_schema ORDER BY name"),
            ("ballast", "SELECT concat_ws(' ', m, count(*)) FROM ballast GROUP BY m ORDER BY m"),
            ("integrity", "SELECT integrity_check FROM pragma_integrity_check"),
            ("foreign keys", "SELECT concat_ws(' ', \"table\", rowid, parent) FROM pragma_foreign_key_check"),
        ];
        for (what, sql) in own.iter().chain(EVERYWHERE) {
            let mut statement = db.prepare(sql)?;
            for row in statement.query_map([], |row| row.get::<_, String>(0))? {
                state += &format!("{what}: {}\n", row?);
            }
        }
        Ok(state)
    }
}

/// A directory with the migrations of one database.
pub fn migrations(kind: Kind, parent: &Path) -> Result<PathBuf> {
    let dir = parent.join(kind.name());
    std::fs::create_dir_all(&dir)?;
    crate::files::write(kind, &dir)?;
    Ok(dir)
}
