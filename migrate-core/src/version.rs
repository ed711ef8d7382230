use std::fmt;
use std::str::FromStr;

/// The identity of a migration: a UTC timestamp of fourteen digits, `YYYYMMDDhhmmss`.
///
/// Versions order migrations; they never say how far a database is. What has been applied is a *set* of versions.
///
/// ```
/// use migrate_core::Version;
///
/// let version: Version = "20230314095813".parse()?;
/// assert_eq!(version.get(), 20230314095813);
/// assert_eq!(version.to_string(), "20230314095813");
/// assert!("20230231000000".parse::<Version>().is_err()); // there is no 31st of February
/// # Ok::<(), migrate_core::VersionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The version before all others: `--to 0` reverts everything.
    pub const ZERO: Version = Version(0);

    /// A version from its number, unchecked: for history rows, and for code that the macro has checked already.
    pub const fn new(number: i64) -> Self {
        Version(number)
    }

    /// The number, as the history stores it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// A version from the prefix of a diesel directory: `2023-03-14-095813`, `2024-03-13_170000`.
    ///
    /// Public diesel directories hold times that are no times of day (`2019-05-26-216651`), and the zeros of
    /// `00000000000000_diesel_initial_setup`; only the date is checked.
    ///
    /// # Errors
    /// When the digits are not fourteen or the date is not in the calendar.
    pub fn from_diesel_prefix(prefix: &str) -> Result<Self, VersionError> {
        let digits: String = prefix.chars().filter(|c| !matches!(c, '-' | '_')).collect();
        let number = fourteen_digits(&digits)?;
        if number != 0 {
            check_date(number, &digits)?;
        }
        Ok(Version(number))
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let number = fourteen_digits(text)?;
        check_date(number, text)?;
        let (hour, minute, second) = (number / 10_000 % 100, number / 100 % 100, number % 100);
        if hour > 23 || minute > 59 || second > 59 {
            let time = format!("{hour:02}:{minute:02}:{second:02}");
            return Err(VersionError::NoSuchTime { stamp: text.into(), time });
        }
        Ok(Version(number))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014}", self.0)
    }
}

/// Why a text is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// Not fourteen digits.
    #[error("a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `{stamp}` has {digits}")]
    NotFourteenDigits {
        /// The text as it was given.
        stamp: String,
        /// How many digits it has.
        digits: usize,
    },
    /// A character that is no digit.
    #[error("a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `{stamp}` holds `{found}`")]
    NotDigits {
        /// The text as it was given.
        stamp: String,
        /// The first character that is no digit.
        found: char,
    },
    /// The date is not in the calendar.
    #[error("`{stamp}` is no UTC timestamp: there is no day {date}")]
    NoSuchDay {
        /// The text as it was given.
        stamp: String,
        /// Its date part, written out.
        date: String,
    },
    /// The time is not on the clock.
    #[error("`{stamp}` is no UTC timestamp: there is no time {time}")]
    NoSuchTime {
        /// The text as it was given.
        stamp: String,
        /// Its time part, written out.
        time: String,
    },
}

fn fourteen_digits(text: &str) -> Result<i64, VersionError> {
    if let Some(found) = text.chars().find(|c| !c.is_ascii_digit()) {
        return Err(VersionError::NotDigits { stamp: text.into(), found });
    }
    match text.parse() {
        Ok(number) if text.len() == 14 => Ok(number),
        _ => Err(VersionError::NotFourteenDigits { stamp: text.into(), digits: text.len() }),
    }
}

fn check_date(number: i64, stamp: &str) -> Result<(), VersionError> {
    let (year, month, day) = (number / 10_000_000_000, number / 100_000_000 % 100, number / 1_000_000 % 100);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    if year == 0 || day == 0 || day > days {
        let date = format!("{year:04}-{month:02}-{day:02}");
        return Err(VersionError::NoSuchDay { stamp: stamp.into(), date });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_checked_against_the_calendar_and_the_clock() {
        let check = |text: &str, expected: &str| {
            let said = text.parse::<Version>().map_or_else(|e| e.to_string(), |v| v.to_string());
            assert_eq!(said, expected);
        };
        check("20230314095813", "20230314095813");
        check("20240229000000", "20240229000000");
        check("20230231000000", "`20230231000000` is no UTC timestamp: there is no day 2023-02-31");
        check("20230229000000", "`20230229000000` is no UTC timestamp: there is no day 2023-02-29");
        check("20230314240000", "`20230314240000` is no UTC timestamp: there is no time 24:00:00");
        check("001", "a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `001` has 3");
        check(
            "2023031409581",
            "a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `2023031409581` has 13",
        );
        check("2023-3-1", "a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `2023-3-1` holds `-`");
        check("00000000000000", "`00000000000000` is no UTC timestamp: there is no day 0000-00-00");
        check(
            "999999999999999999999999",
            "a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `999999999999999999999999` has 24",
        );
    }

    #[test]
    fn diesel_prefixes_leave_the_time_unchecked() {
        let number = |text| Version::from_diesel_prefix(text).map(Version::get);
        assert_eq!(number("2019-05-26-216651"), Ok(20190526216651));
        assert_eq!(number("2024-03-13_170000"), Ok(20240313170000));
        assert_eq!(number("00000000000000"), Ok(0));
        assert!(number("2019-13-26-000000").is_err());
        assert!(number("2019-05-26").is_err());
    }
}
