use std::fmt;
use std::path::Path;

use crate::problem::Problem;

/// A database's URL. Its password is in no output: neither `Debug` nor `Display` has it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    pub(crate) fn new(url: String) -> Self {
        DatabaseUrl(url)
    }

    /// The URL itself, for the driver only.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }

    /// What stands before the first colon; empty if it is no URL at all.
    pub(crate) fn scheme(&self) -> &str {
        let scheme = self.0.split_once(':').map_or("", |(scheme, _)| scheme);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if scheme.chars().all(fits) { scheme } else { "" }
    }

    /// The error for a URL whose database this binary can't speak to.
    pub(crate) fn not_built_in(&self) -> Problem {
        let mut built_in = Vec::new();
        let mut examples = Vec::new();
        if cfg!(feature = "postgres") {
            built_in.extend(["postgres", "postgresql"]);
            examples.push("postgres://me@localhost/app");
        }
        if cfg!(feature = "mysql") {
            built_in.extend(["mysql", "mariadb"]);
            examples.push("mysql://me@localhost/app");
        }
        if cfg!(feature = "sqlite") {
            built_in.push("sqlite");
            examples.push("sqlite:app.db");
        }
        let can = match examples.as_slice() {
            [] => "this binary was built without any database".to_owned(),
            examples => format!("a URL is, for instance, {}", examples.join(", or ")),
        };
        match self.scheme() {
            "" => {
                let problem = Problem::usage("the database's URL is none: it begins with no scheme");
                // dbmate's `-d` is that.
                let directory = Path::new(&self.0).is_dir();
                let problem =
                    if directory { problem.note("the directory of the migrations is `--dir`") } else { problem };
                problem.note(can)
            }
            scheme if built_in.contains(&scheme) => {
                Problem::usage(format!("the migrations of this program are not for {scheme}:"))
            }
            scheme @ ("postgres" | "postgresql" | "mysql" | "mariadb") => {
                Problem::usage(format!("{scheme}:// is not built into this binary yet")).note(can)
            }
            scheme => Problem::usage(format!("{scheme}: is no database that is known here")).note(can),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    /// Only what can be no secret: the scheme, and of a SQLite URL the path. A password may stand in many places, and
    /// a URL with a mistake in it has it in still others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme() {
            "" => f.write_str("(no URL)"),
            "sqlite" => f.write_str(self.0.split('?').next().unwrap_or_default()),
            #[cfg(feature = "postgres")]
            scheme @ ("postgres" | "postgresql") => match self.0.parse::<migrate_postgres::Url>() {
                Ok(url) => fmt::Display::fmt(&url, f),
                Err(_) => write!(f, "{scheme}:…"),
            },
            #[cfg(feature = "mysql")]
            scheme @ ("mysql" | "mariadb") => match self.0.parse::<migrate_mysql::Url>() {
                Ok(url) => fmt::Display::fmt(&url, f),
                Err(_) => write!(f, "{scheme}:…"),
            },
            scheme => write!(f, "{scheme}:…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_password() {
        let check = |url: &str, shown: &str| {
            let url = DatabaseUrl::new(url.into());
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        };
        check("sqlite:app.db?mode=ro&pwd=x", "sqlite:app.db");
        check("postgres://me:se:cr@t@host:5432/app?password=x", "postgres:…");
        check("postgres:me:secret@host/app", "postgres:…");
        check("secret", "(no URL)");
        check("user secret:x", "(no URL)");
    }

    #[test]
    fn schemes() {
        let scheme = |url: &str| DatabaseUrl::new(url.into()).scheme().to_owned();
        assert_eq!([scheme("sqlite::memory:"), scheme("postgres://h/d"), scheme("app.db")], ["sqlite", "postgres", ""]);
    }
}
