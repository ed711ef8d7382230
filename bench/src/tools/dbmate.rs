//! dbmate, a program: what is measured holds the start of its process, its connection, and reading its files.

use std::path::PathBuf;
use std::process::Command;

use super::Start;
use crate::File;
use crate::database::Kind;

/// Where `bench/run` has put it; `None` = it is not measured.
pub fn program() -> Option<PathBuf> {
    std::env::var_os("BENCH_DBMATE").map(PathBuf::from)
}

pub(super) fn open(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    let program = program()?;
    let dir = tempfile::tempdir().expect("a directory");
    for (version, name, sql) in files {
        let text = format!("-- migrate:up\n{}\n-- migrate:down\n", kind.words(sql));
        std::fs::write(dir.path().join(format!("{version}_{name}.sql")), text).expect("writes");
    }
    let url = match kind {
        Kind::Postgres => format!("{url}?sslmode=disable"),
        Kind::Sqlite => format!("sqlite:{url}"),
        Kind::Mariadb | Kind::Mysql => url.to_owned(),
    };
    Some(Box::new(move || {
        let mut command = Command::new(&program);
        command.arg("--url").arg(&url).arg("--migrations-dir").arg(dir.path()).args(["--no-dump-schema", "migrate"]);
        let output = command.output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }))
}
