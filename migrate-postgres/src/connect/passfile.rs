//! libpq's password file: `host:port:database:user:password`, `*` for any, `\` before `:` and `\`.

use std::path::{Path, PathBuf};

use super::environment::{Environment, Server};

/// The password for this server, from the file that the URL, `PGPASSFILE` or the home directory names.
pub(super) fn password(environment: &Environment<'_>, server: &Server, database: &str, user: &str) -> Option<String> {
    let path = environment.get("passfile").map(PathBuf::from);
    let path = path.or_else(|| environment.home().map(|home| home.join(".pgpass")))?;
    if !is_private(&path) {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    // The default socket goes by the name localhost.
    let host = if server.host == "/var/run/postgresql" || server.host == "/tmp" { "localhost" } else { &server.host };
    let port = server.port.to_string();
    text.lines().find_map(|line| entry(line, [host, &port, database, user]))
}

/// libpq does not read a file that others may read.
fn is_private(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 == 0)
    }
    #[cfg(not(unix))]
    {
        path.is_file()
    }
}

fn entry(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ':' if fields.len() < 5 => fields.push(String::new()),
            _ => {
                let c = if c == '\\' { chars.next().unwrap_or('\\') } else { c };
                fields.last_mut()?.push(c);
            }
        }
    }
    let password = fields.pop().filter(|_| fields.len() == 4)?;
    let fits = fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
    (fits && !password.is_empty()).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn entries() {
        let wanted = ["db", "5432", "app", "me"];
        let check = |line: &str, password: Option<&str>| assert_eq!(entry(line, wanted).as_deref(), password, "{line}");
        check("db:5432:app:me:secret", Some("secret"));
        check("*:*:*:*:secret", Some("secret"));
        check("*:*:*:me:a\\:b\\\\c:d", Some("a:b\\c:d"));
        check("db:5433:app:me:secret", None);
        check("#db:5432:app:me:secret", None);
        check("db:5432:app:me:", None);
        check("db:5432:app:me", None);
        check("", None);
    }
}
