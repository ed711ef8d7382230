use std::fmt;

use sha2::{Digest, Sha256};

use crate::sql::{Dialect, SplitError, normal_form};

/// What a migration is, in one line: `sha256:v1:<64 hex digits>` for SQL, `code:v1` for Rust.
///
/// The text is hashed with CRLF as LF, without a byte order mark, and without white space at its end, so that a
/// checkout on Windows and an editor that adds a last newline change nothing.
///
/// ```
/// use migrate_core::Checksum;
///
/// assert_eq!(Checksum::of_text("SELECT 1;\r\n"), Checksum::of_text("SELECT 1;"));
/// assert_eq!(
///     Checksum::of_text("SELECT 1;").to_string(),
///     "sha256:v1:17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Checksum {
    /// SHA-256 over the normalised text.
    Sha256([u8; 32]),
    /// A migration written in Rust: its version and name are all that can be compared.
    Code,
    /// Written by a tool that this one does not understand. Equal to nothing that we compute.
    Unknown(String),
}

impl Checksum {
    /// The checksum of a migration's text.
    pub fn of_text(text: &str) -> Self {
        let mut hash = Sha256::new();
        each_normalised(text, |piece| hash.update(piece));
        Checksum::Sha256(hash.finalize().into())
    }

    /// The checksum of what the text *does*: comments and blanks between tokens do not count, while directives,
    /// hints and versioned comments do.
    ///
    /// # Errors
    /// When the text can't be split in this dialect.
    pub fn of_statements(text: &str, dialect: Dialect) -> Result<Self, SplitError> {
        let mut hash = Sha256::new();
        normal_form(text, dialect, &mut |piece| hash.update(piece))?;
        Ok(Checksum::Sha256(hash.finalize().into()))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Checksum::Sha256(bytes) => {
                f.write_str("sha256:v1:")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Checksum::Code => f.write_str("code:v1"),
            Checksum::Unknown(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Checksum {
    fn from(text: &str) -> Self {
        if text == "code:v1" {
            return Checksum::Code;
        }
        let bytes = text.strip_prefix("sha256:v1:").and_then(from_hex);
        bytes.map_or_else(|| Checksum::Unknown(text.into()), Checksum::Sha256)
    }
}

/// Feeds the text to `sink` with CRLF as LF, without byte order mark and without white space at its end.
fn each_normalised(text: &str, mut sink: impl FnMut(&[u8])) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
    for (i, piece) in text.split("\r\n").enumerate() {
        if i > 0 {
            sink(b"\n");
        }
        sink(piece.as_bytes());
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| HEX[usize::from(digit)]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen < 16).then_some(bytes)
}

/// What each hex digit is worth; anything above 15 is none. A branch per digit, which no processor can predict, took a
/// third of the time of reading a history.
const HEX: [u8; 256] = {
    let mut worth = [u8::MAX; 256];
    let mut i = 0;
    while i < 16 {
        worth[b"0123456789abcdef"[i] as usize] = i as u8;
        i += 1;
    }
    worth
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The published vectors: another implementation must agree with these.
    #[test]
    fn vectors() {
        let check = |text: &str, expected: &str| assert_eq!(Checksum::of_text(text).to_string(), expected, "{text:?}");
        let empty = "sha256:v1:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        check("", empty);
        check("\u{feff} \r\n\t\n", empty);
        let one = "sha256:v1:17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a";
        for text in ["SELECT 1;", "SELECT 1;\n", "\u{feff}SELECT 1; \r\n\r\n"] {
            check(text, one);
        }
        assert_eq!(Checksum::of_text("a\r\nb"), Checksum::of_text("a\nb"));
        assert_ne!(Checksum::of_text("a\rb"), Checksum::of_text("a\nb"));
        assert_ne!(Checksum::of_text(" a"), Checksum::of_text("a"));
    }

    #[test]
    fn text_forms_round_trip() {
        for checksum in [Checksum::of_text("x"), Checksum::Code, Checksum::Unknown("md5:abc".into())] {
            assert_eq!(Checksum::from(checksum.to_string().as_str()), checksum);
        }
        assert!(matches!(Checksum::from("sha256:v1:XYZ"), Checksum::Unknown(_)));
    }
}
