//! What the URLs of servers have in common: parts that are escaped, and errors that may show no password.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Why a text is no URL of a database. It never repeats what may be a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError(String);

impl UrlError {
    /// In these words, which hold nothing of the URL but what can be no secret.
    pub fn new(words: impl Into<String>) -> Self {
        UrlError(words.into())
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UrlError {}

/// What an escaped part stands for.
///
/// # Errors
/// When a `%` has no two digits behind it, or the bytes are no UTF-8. `what` names the part.
///
/// ```
/// assert_eq!(migrate_core::url::decoded("p%40ss", "password")?, "p@ss");
/// assert!(migrate_core::url::decoded("100%", "password").is_err());
/// # Ok::<(), migrate_core::url::UrlError>(())
/// ```
pub fn decoded(text: &str, what: &str) -> Result<String, UrlError> {
    let bytes = text.as_bytes();
    let digits = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let wrong = bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !digits(at));
    let text = percent_decode_str(text).decode_utf8();
    match text {
        Ok(text) if !wrong && !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(UrlError(format!(
            "a `%` in the URL's {what} is not followed by two digits of a byte; itself it is %25"
        ))),
    }
}

/// What stands for itself in every part of a URL stays.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'/')
    .add(b':')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b',')
    .add(b'+');

/// A part as it is written in any place of a URL.
pub fn escaped(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, ESCAPED)
}

/// `[::1]:5432`, `host`, `host:5432`, `:5432`: the name and the port, each of which may be empty.
///
/// # Errors
/// When what stands behind the name is no port.
pub fn host_and_port(text: &str) -> Result<(&str, &str), UrlError> {
    let (name, rest) = match text.strip_prefix('[') {
        Some(inside) => {
            inside.split_once(']').ok_or_else(|| UrlError::new("the URL's `[` of an IPv6 address has no `]`"))?
        }
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let port = rest.strip_prefix(':').unwrap_or_default();
    if (!rest.is_empty() && !rest.starts_with(':'))
        || (!port.is_empty() && port.parse::<u16>().map_or(true, |port| port == 0))
    {
        // Not its words: in a URL whose password has a `/` this is half of the password.
        return Err(UrlError::new(
            "what stands behind the host of the URL is no port; special characters of a password are written %XX",
        ));
    }
    Ok((name, port))
}
