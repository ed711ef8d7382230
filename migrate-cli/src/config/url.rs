use std::fmt;

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
        let built_in: &[&str] = if cfg!(feature = "sqlite") { &["sqlite"] } else { &[] };
        let can = match built_in {
            [] => "this binary was built without any database".to_owned(),
            schemes => format!("this binary can do {}:, for instance sqlite:app.db", schemes.join(":, ")),
        };
        match self.scheme() {
            "" => Problem::usage("the database's URL is none: it begins with no scheme").note(can),
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme().is_empty() {
            return f.write_str("(no URL)");
        }
        let (place, query) = self.0.split_once('?').map_or((self.0.as_str(), None), |(a, b)| (a, Some(b)));
        match place.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
            Some((scheme, (user, host))) => {
                write!(f, "{scheme}://{}", user.split_once(':').map_or(user, |(name, _)| name))?;
                write!(f, "{}@{host}", if user.contains(':') { ":***" } else { "" })?;
            }
            None => f.write_str(place)?,
        }
        for (n, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            f.write_str(if n == 0 { "?" } else { "&" })?;
            match pair.split_once('=') {
                Some((key, _)) if is_secret(key) => write!(f, "{key}=***")?,
                _ => f.write_str(pair)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["pass", "secret", "token", "key"].iter().any(|word| key.contains(word))
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
        check("sqlite:app.db?mode=ro", "sqlite:app.db?mode=ro");
        check("postgres://me:se:cr@t@host:5432/app", "postgres://me:***@host:5432/app");
        check(
            "postgres://me@host/app?sslmode=require&password=x",
            "postgres://me@host/app?sslmode=require&password=***",
        );
        check("mysql://host/app", "mysql://host/app");
        check("secret", "(no URL)");
        check("user secret:x", "(no URL)");
    }

    #[test]
    fn schemes() {
        let scheme = |url: &str| DatabaseUrl::new(url.into()).scheme().to_owned();
        assert_eq!([scheme("sqlite::memory:"), scheme("postgres://h/d"), scheme("app.db")], ["sqlite", "postgres", ""]);
    }
}
