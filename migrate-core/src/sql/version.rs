//! A server's version, for facts that hold from one on, or up to one.

use std::fmt;
use std::str::FromStr;

/// The version of a server, as far as numbers go: `15.4`, `10.11.19`, `3.46.0`.
///
/// ```
/// use migrate_core::sql::ServerVersion;
///
/// let version: ServerVersion = "10.11.19-MariaDB-deb12".parse()?;
/// assert!(version >= ServerVersion::new(10, 6, 0));
/// assert_eq!(version.to_string(), "10.11.19");
/// assert_eq!("18beta1".parse(), Ok(ServerVersion::new(18, 0, 0)));
/// # Ok::<_, migrate_core::sql::NotAVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl ServerVersion {
    /// From its parts; what a version does not have is 0.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        ServerVersion { major, minor, patch }
    }

    /// The first number.
    pub const fn major(self) -> u32 {
        self.major
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 { write!(f, ".{}", self.patch) } else { Ok(()) }
    }
}

impl FromStr for ServerVersion {
    type Err = NotAVersion;

    /// Reads what servers say of themselves: what follows the numbers is left out.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let not = || NotAVersion(text.chars().take(40).collect());
        // MariaDB's protocol puts this before versions that old clients of MySQL would not take.
        let numbers = text.strip_prefix("5.5.5-").unwrap_or(text);
        let end = numbers.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(numbers.len());
        let mut parts = [0; 3];
        let numbers = numbers.get(..end).unwrap_or_default().trim_end_matches('.');
        for (i, number) in numbers.split('.').enumerate() {
            let number = number.parse().map_err(|_| not())?;
            if let Some(part) = parts.get_mut(i) {
                *part = number;
            }
        }
        let [major, minor, patch] = parts;
        Ok(ServerVersion { major, minor, patch })
    }
}

/// A text that does not begin with a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAVersion(String);

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no version; `15`, `9.7.4` or `10.11.19-MariaDB` would be one", self.0)
    }
}

impl std::error::Error for NotAVersion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say() {
        let check = |text: &str, expected: &str| {
            let found = text.parse::<ServerVersion>().map_or_else(|e| e.to_string(), |version| version.to_string());
            assert_eq!(found, expected, "{text}");
        };
        check("15", "15.0");
        check("15.19 (Debian 15.19-0+deb12u1)", "15.19");
        check("18devel", "18.0");
        check("9.7.4-2", "9.7.4");
        check("5.5.5-10.11.19-MariaDB-0+deb12u1", "10.11.19");
        check("5.5.62", "5.5.62");
        check("3.46.0", "3.46");
        check("", "\"\" is no version; `15`, `9.7.4` or `10.11.19-MariaDB` would be one");
        check("v15", "\"v15\" is no version; `15`, `9.7.4` or `10.11.19-MariaDB` would be one");
        check("99999999999", "\"99999999999\" is no version; `15`, `9.7.4` or `10.11.19-MariaDB` would be one");
    }
}
