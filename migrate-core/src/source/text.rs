//! A file's bytes into text, or why they are none. Pure.

use super::mistake::Mistake;
use crate::sql::position;

/// A file's text, without its byte order mark. Line ends stay as they are: what runs is what the file holds.
///
/// ```
/// use migrate_core::source::decode;
///
/// assert_eq!(decode("a.sql", "\u{feff}SELECT 1".as_bytes())?, "SELECT 1");
/// let mistake = decode("a.sql", b"SELECT 1;\nSELECT '\xfc'").unwrap_err();
/// assert!(mistake.to_string().starts_with("a.sql:2:9: the byte 0xFC is not UTF-8"));
/// # Ok::<_, migrate_core::source::Mistake>(())
/// ```
///
/// # Errors
/// When it is UTF-16 or another encoding, or holds a NUL byte; with the place.
pub fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Mistake> {
    if let Some(order) = utf16(bytes) {
        return Err(Mistake::new(file, format!("is UTF-16 ({order}), not UTF-8")).with_help("save it as UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(file, bytes, error.valid_up_to()))?;
    if let Some(at) = text.find('\0') {
        let problem = "NUL byte: databases stop reading a text there";
        return Err(Mistake::new(file, problem).at(position(text, at)).with_help("remove it"));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn not_utf8(file: &str, bytes: &[u8], at: usize) -> Mistake {
    let good = bytes.get(..at).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or_default();
    let byte = bytes.get(at).copied().unwrap_or_default();
    let mistake = Mistake::new(file, format!("the byte 0x{byte:02X} is not UTF-8")).at(position(good, at));
    // Latin-1 has nothing printable at 0x80..=0x9F, so a file of another encoding seldom passes for it.
    if bytes.iter().all(|byte| !(0x80..=0x9f).contains(byte)) {
        let meant = char::from(byte);
        return mistake.with_help(format!("it looks like Latin-1, where this is {meant:?}: save the file as UTF-8"));
    }
    mistake.with_help("save the file as UTF-8")
}

/// By the byte order mark; without one by the NULs beside (mostly) ASCII.
fn utf16(bytes: &[u8]) -> Option<&'static str> {
    let nul_at = |parity: usize| {
        let head = bytes.get(..bytes.len().min(64)).unwrap_or_default();
        head.len() >= 4 && head.iter().enumerate().all(|(i, byte)| (*byte == 0) == (i % 2 == parity))
    };
    match bytes {
        [0xff, 0xfe, ..] => Some("little-endian"),
        [0xfe, 0xff, ..] => Some("big-endian"),
        _ if nul_at(1) => Some("little-endian"),
        _ if nul_at(0) => Some("big-endian"),
        _ => None,
    }
}
