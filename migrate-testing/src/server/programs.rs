//! What the machine has.

use std::path::{Path, PathBuf};

/// PostgreSQL's directory of programs: `MIGRATE_TESTING_POSTGRES_BIN`, else the newest of the usual places, else
/// where `initdb` is found.
pub(crate) fn postgres() -> Option<PathBuf> {
    if let Some(bin) = std::env::var_os("MIGRATE_TESTING_POSTGRES_BIN").map(PathBuf::from) {
        return bin.join("initdb").exists().then_some(bin);
    }
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/usr/lib64", "pgsql-")] {
        for entry in Path::new(parent).read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let bin = entry.path().join("bin");
            if let Some(Ok(version)) = name.strip_prefix(prefix).map(str::parse)
                && bin.join("initdb").exists()
            {
                found.push((version, bin));
            }
        }
    }
    let newest = found.into_iter().max().map(|(_, bin)| bin);
    newest.or_else(|| in_path("initdb").and_then(|initdb| initdb.parent().map(Path::to_path_buf)))
}

/// psql, wherever it is. Debian's `/usr/bin/psql` is a script in Perl: a tenth of a second more, beside the first tests.
pub(crate) fn psql() -> Option<PathBuf> {
    postgres().map(|bin| bin.join("psql")).filter(|psql| psql.exists()).or_else(|| in_path("psql"))
}

/// MariaDB's server, and the program that makes its data: in `MIGRATE_TESTING_MYSQL_BIN`, else where they are found.
pub(crate) fn mariadb() -> Option<(PathBuf, PathBuf)> {
    let install = mysql_program("mariadb-install-db").or_else(|| mysql_program("mysql_install_db"))?;
    Some((mysql_program("mariadbd").or_else(|| mysql_program("mysqld"))?, install))
}

/// MySQL's server, in the same places.
pub(crate) fn mysql() -> Option<PathBuf> {
    mysql_program("mysqld")
}

fn mysql_program(name: &str) -> Option<PathBuf> {
    match std::env::var_os("MIGRATE_TESTING_MYSQL_BIN").map(PathBuf::from) {
        Some(bin) => Some(bin.join(name)).filter(|file| file.is_file()),
        None => in_path(name),
    }
}

/// Locks a file as the standard library does (util-linux).
pub(crate) fn flock() -> Option<PathBuf> {
    in_path("flock")
}

pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers are not where everybody's commands are.
    let more = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|dir| dir.join(name)).find(|file| file.is_file())
}
