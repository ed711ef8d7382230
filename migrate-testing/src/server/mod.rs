//! Which server: the one that is named, or a private one that is thrown away.

#[cfg(unix)]
pub(crate) mod private;
pub(crate) mod programs;
#[cfg(unix)]
mod recipe;

use std::path::PathBuf;
use std::process::Command;

use migrate_core::{Cause, CauseKind, Error};

use crate::template::{Options, Remote};
use crate::{failed, refused};

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    #[cfg(feature = "mysql")]
    Mysql,
    #[cfg(feature = "postgres")]
    Postgres,
}

impl Kind {
    fn schemes(self) -> [&'static str; 2] {
        match self {
            #[cfg(feature = "mysql")]
            Kind::Mysql => ["mysql", "mariadb"],
            #[cfg(feature = "postgres")]
            Kind::Postgres => ["postgres", "postgresql"],
        }
    }

    fn is_local(self, url: &str) -> Result<bool, Cause> {
        let wrong = |error: migrate_core::url::UrlError| Cause::new(CauseKind::Access, error.to_string());
        Ok(match self {
            #[cfg(feature = "mysql")]
            Kind::Mysql => url.parse::<migrate_mysql::Url>().map_err(wrong)?.is_local(),
            #[cfg(feature = "postgres")]
            Kind::Postgres => url.parse::<migrate_postgres::Url>().map_err(wrong)?.is_local()?,
        })
    }
}

/// A server, and how it is reached.
#[derive(Clone)]
pub(crate) struct Whereabouts {
    /// Password and all.
    pub(crate) url: String,
    /// For a private one: where its password stands.
    pub(crate) password_file: Option<PathBuf>,
    /// For a private one: the file whose lock keeps it up.
    pub(crate) users: Option<PathBuf>,
}

/// The template's own, else `TEST_DATABASE_URL`, else `DATABASE_URL`, else a private one. A variable that names a
/// database of another kind is for somebody else.
pub(crate) fn find(kind: Kind, options: &Options) -> Result<Whereabouts, Error> {
    let named = options.server.clone().map(|url| (url, "the template"));
    let variables = ["TEST_DATABASE_URL", "DATABASE_URL"];
    let from_variable = || {
        variables.into_iter().find_map(|name| {
            let url = std::env::var(name).ok()?;
            let scheme = url.split_once("://")?.0;
            kind.schemes().contains(&scheme).then_some((url, name))
        })
    };
    let Some((url, place)) = named.or_else(from_variable) else { return private_server(kind) };
    let may_be_remote = options.remote == Remote::Allow
        || std::env::var("MIGRATE_TESTING_REMOTE").is_ok_and(|value| value.eq_ignore_ascii_case("yes"));
    if !may_be_remote && !kind.is_local(&url).map_err(failed)? {
        return Err(refused(
            format!("the server that {place} names is not on this machine: it may be the one that users work on"),
            "name another one in TEST_DATABASE_URL; or, if tests may make and drop databases there, say so: \
             MIGRATE_TESTING_REMOTE=yes, or Template::allow_remote()",
        ));
    }
    Ok(Whereabouts { url, password_file: None, users: None })
}

#[cfg(unix)]
fn private_server(kind: Kind) -> Result<Whereabouts, Error> {
    private::server(kind)
}

#[cfg(not(unix))]
fn private_server(_: Kind) -> Result<Whereabouts, Error> {
    Err(refused("there is no server for tests, and a private one is started on Linux only", "set TEST_DATABASE_URL"))
}

/// A program that goes on when the tests have ended, and that Ctrl-C at the terminal does not end.
pub(crate) fn detached(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.current_dir(std::env::temp_dir())
}

/// The same server, another database: what stands between the host and the parameters.
pub(crate) fn with_database(url: &str, database: &str) -> String {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let after_scheme = place.find("://").map_or(0, |at| at + 3);
    let host_ends = place[after_scheme..].find('/').map_or(place.len(), |at| after_scheme + at);
    let kept: Vec<_> =
        query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("dbname=")).collect();
    let (sign, query) = if kept.is_empty() { ("", String::new()) } else { ("?", kept.join("&")) };
    format!("{}/{database}{sign}{query}", &place[..host_ends])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url() {
        let check = |url, expected| assert_eq!(with_database(url, "x"), expected);
        check("postgres://localhost", "postgres://localhost/x");
        check(
            "postgres://me:p%2F@localhost:5432/app?sslmode=disable",
            "postgres://me:p%2F@localhost:5432/x?sslmode=disable",
        );
        check("postgresql:///app?host=/run/postgresql&dbname=b", "postgresql:///x?host=/run/postgresql");
        check("mysql://root@127.0.0.1:3306", "mysql://root@127.0.0.1:3306/x");
    }
}
