use std::fmt;
use std::str::FromStr;

/// What a service does about migrations when it starts.
///
/// Read from the text of a variable, upper or lower case:
///
/// ```
/// use migrate_core::StartupMode;
///
/// assert_eq!("true".parse(), Ok(StartupMode::Migrate)); // also 1, yes, on
/// assert_eq!("false".parse(), Ok(StartupMode::Off)); // also 0, no, off
/// assert_eq!("verify".parse(), Ok(StartupMode::Verify));
/// assert_eq!("wait".parse(), Ok(StartupMode::Wait));
/// // Anything else could have meant yes: nobody guesses.
/// assert!("ture".parse::<StartupMode>().is_err());
/// assert!("".parse::<StartupMode>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartupMode {
    /// Does not touch the database.
    Off,
    /// Applies what is pending.
    Migrate,
    /// Refuses to start while something is pending. Reads only.
    Verify,
    /// Waits until another replica, or a job, has applied everything. Reads only.
    Wait,
}

impl StartupMode {
    /// What can be written, for messages.
    pub const VALUES: &str = "true, 1, yes, on (migrate); false, 0, no, off (don't touch the database); \
                              verify (refuse to start while something is pending); \
                              wait (until another replica or a job has applied everything)";
}

impl FromStr for StartupMode {
    type Err = NotAMode;

    fn from_str(text: &str) -> Result<Self, NotAMode> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(StartupMode::Migrate),
            "false" | "0" | "no" | "off" => Ok(StartupMode::Off),
            "verify" => Ok(StartupMode::Verify),
            "wait" => Ok(StartupMode::Wait),
            _ => Err(NotAMode),
        }
    }
}

impl fmt::Display for StartupMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StartupMode::Off => "off",
            StartupMode::Migrate => "migrate",
            StartupMode::Verify => "verify",
            StartupMode::Wait => "wait",
        })
    }
}

/// A text that says no [`StartupMode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of {}", StartupMode::VALUES)]
#[non_exhaustive]
pub struct NotAMode;
