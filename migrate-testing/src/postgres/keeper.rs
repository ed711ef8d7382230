//! Who fills the stock, and clears away what tests have left: one at a time, as long as there are tests.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use migrate_postgres::Url;

use super::connect::connect;
use super::registry::{Registry, quoted, text};
use crate::server::{Whereabouts, detached, programs};

/// Starts one. Two at once are none too many: the second ends at once.
pub(super) fn start(server: &Whereabouts, registry: &Arc<Registry>) {
    match psql(server, registry) {
        Some(mut psql) => drop(psql.spawn()),
        None => {
            let registry = Arc::clone(registry);
            thread::spawn(move || work(&registry));
        }
    }
}

/// Drops a test's database. A DROP beside a CREATE takes ten times as long (a second, measured with 2,000 files), and
/// no test has to wait for it: where there is `psql`, which outlives the tests, it is left to that.
pub(super) fn drop_database(
    server: &Whereabouts,
    registry: &Arc<Registry>,
    name: &str,
) -> Result<(), migrate_core::Error> {
    match psql(server, registry) {
        Some(_) => {
            registry.ask(&format!("UPDATE clone SET use = 'drop', pid = 0 WHERE name = {}", quoted(name))).map(drop)
        }
        None => registry.drop_now(name),
    }
}

/// Outlives this process: what a run has used up is there again when the next one comes. Each line that it reads does one
/// thing; the error at the end ends it, and with it `yes`.
fn psql(server: &Whereabouts, registry: &Registry) -> Option<Command> {
    let psql = programs::psql()?;
    let script = "umask 077; yes 'SELECT next_task() \\gexec' | \"$0\" -XqAt -v ON_ERROR_STOP=1 \"$1\"";
    let url = registry.url();
    let shown = url.parse::<Url>().ok()?.to_string();
    // A command line is seen by everybody, and an environment by nobody else.
    let (url, password) = without_password(url);
    let mut command = match server.users.as_ref().zip(programs::flock()) {
        // A private server is not stopped while its stock is filled.
        Some((users, flock)) => {
            let mut command = Command::new(flock);
            command.arg("--shared").arg(users).args(["sh", "-c", script]);
            command
        }
        None => {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        }
    };
    command.arg(psql).arg(url);
    match password {
        Some(password) => command.env("PGPASSWORD", password),
        // An option that is a secret can't be handed on.
        None if shown.contains("***") => return None,
        None => &mut command,
    };
    detached(&mut command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Some(command)
}

fn without_password(url: &str) -> (String, Option<String>) {
    let split = url.split_once("://").and_then(|(scheme, rest)| {
        let (credentials, place) = rest.split_once('@')?;
        let (user, password) = credentials.split_once(':')?;
        let password = migrate_core::url::decoded(password, "password").ok()?;
        Some((format!("{scheme}://{user}@{place}"), Some(password)))
    });
    split.unwrap_or_else(|| (url.to_owned(), None))
}

/// As long as this process lives; the server finishes the statement that it is at.
fn work(registry: &Registry) {
    let Ok(mut client) = connect(registry.url()) else { return };
    let _ = client.batch_execute("SET migrate.ends_with_the_tests = 'yes'");
    while let Ok(sql) = text(&mut client, "SELECT next_task()") {
        // What fails is left to the next one.
        if sql.is_empty() || client.batch_execute(&sql).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_goes_another_way() {
        let check = |url, expected: (&str, Option<&str>)| {
            let (url, password) = without_password(url);
            assert_eq!((url.as_str(), password.as_deref()), expected);
        };
        check("postgres://me:a%2Fb@h:1/d?x=1", ("postgres://me@h:1/d?x=1", Some("a/b")));
        check("postgres://me@h/d", ("postgres://me@h/d", None));
        check("postgres://h:5432/d", ("postgres://h:5432/d", None));
    }
}
