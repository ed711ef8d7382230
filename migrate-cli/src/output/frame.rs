//! A problem, in the form that compilers have taught everybody to read.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::Paint;
use crate::problem::Frame;

/// A longer line is cut around its place: a dump has lines of megabytes.
const WIDEST: usize = 110;

/// The frame as lines, without the last newline.
pub(super) fn render(frame: &Frame, paint: Paint) -> String {
    let code = frame.code.as_ref().map_or(String::new(), |code| format!("[{code}]"));
    let mut text = format!("{}: {}", paint.red(&format!("error{code}")), paint.bold(&frame.message));
    let (file, position) = match &frame.at {
        Some((file, position)) => (Some(file), *position),
        None => (None, None),
    };
    let number = position.map_or(String::new(), |position| position.line.to_string());
    let margin = " ".repeat(if file.is_some() { number.len().max(1) + 1 } else { 1 });
    if let Some(file) = file {
        let place = position.map_or(String::new(), |position| format!(":{position}"));
        let _ = write!(text, "\n{margin}{} {file}{place}", paint.blue("-->"));
    }
    if let (Some(source), Some(position)) = (&frame.line, position) {
        let column = usize::try_from(position.column).unwrap_or(1).saturating_sub(1);
        let shown = Cut::of(source.trim_end(), column);
        let carets = paint.red(&"^".repeat(shown.carets));
        let _ = write!(text, "\n{margin} {}", paint.blue("|"));
        let _ = write!(text, "\n {} {}", paint.blue(&format!("{number} |")), shown.text);
        let _ = write!(text, "\n{margin} {} {}{carets}", paint.blue("|"), shown.before);
    }
    for (mark, lines) in [("|", &frame.block), ("=", &frame.notes)] {
        for line in lines {
            let line = format!("{margin} {} {line}", paint.blue(mark));
            // Writing to a String can't fail.
            let _ = write!(text, "\n{}", line.trim_end());
        }
    }
    text
}

/// A line of a file as it is shown, what to print below it up to the carets, and how many of these.
#[derive(Debug, PartialEq, Eq)]
struct Cut {
    text: String,
    before: String,
    carets: usize,
}

impl Cut {
    /// Around the character `column`, from 0.
    fn of(line: &str, column: usize) -> Cut {
        let chars: Vec<char> = line.chars().collect();
        let column = column.min(chars.len());
        let (from, to) = match chars.len() {
            ..=WIDEST => (0, chars.len()),
            all => {
                let from = if column < WIDEST * 3 / 4 { 0 } else { column - WIDEST / 2 };
                (from, all.min(from + WIDEST))
            }
        };
        let part = |from: usize, to: usize| chars.get(from..to).unwrap_or_default().iter();
        let cut_before = if from > 0 { "…" } else { "" };
        let cut_behind = if to < chars.len() { "…" } else { "" };
        let text = format!("{cut_before}{}{cut_behind}", part(from, to).collect::<String>());
        let mut before = if from > 0 { " ".to_owned() } else { String::new() };
        for c in part(from, column) {
            // A tab stays one: how wide it is only the terminal knows.
            before.push_str(if *c == '\t' { "\t" } else { ["", " ", "  "].get(width(*c)).unwrap_or(&" ") });
        }
        let carets = part(column, word_end(&chars, column).min(to)).map(|c| width(*c)).sum::<usize>().max(1);
        Cut { text, before, carets }
    }
}

/// How many cells a character takes. A control character is shown as nothing, or as the terminal likes.
fn width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Where the word, the number or the quoted name ends that begins here.
fn word_end(chars: &[char], start: usize) -> usize {
    let rest = || chars.iter().enumerate().skip(start + 1);
    match chars.get(start) {
        Some(quote @ ('"' | '`' | '\'')) => rest().find(|(_, c)| *c == quote).map_or(start + 1, |(end, _)| end + 1),
        Some(c) if in_word(*c) => rest().find(|(_, c)| !in_word(**c)).map_or(chars.len(), |(end, _)| end),
        _ => start + 1,
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use migrate_core::sql::Position;

    use super::*;

    fn show(line: &str, column: u32) -> String {
        let position = Position { line: 12, column };
        let mut frame = Frame::new("no such table: usres").at("m/a.sql", position).note("rolled back");
        frame.code = Some("42P01".into());
        frame.line = Some(line.into());
        render(&frame, Paint::Plain)
    }

    #[test]
    fn the_caret_stands_below_its_word() {
        let expected = "error[42P01]: no such table: usres
   --> m/a.sql:12:13
    |
 12 | REFERENCES  usres(id)
    |             ^^^^^
    = rolled back";
        assert_eq!(show("REFERENCES  usres(id)", 13), expected);
    }

    #[test]
    fn whatever_stands_before_it() {
        let check = |line: &str, column: usize, before: &str, carets: usize| {
            let cut = Cut::of(line, column);
            assert_eq!((cut.text.as_str(), cut.before.as_str(), cut.carets), (line, before, carets));
        };
        check("\tSELECT x", 8, "\t       ", 1);
        check("é ü x", 4, "    ", 1);
        check("'漢字' usres", 5, "       ", 5);
        check("e\u{301}a b", 4, "   ", 1);
        check("\"two words\", x", 0, "", 11);
        check("\"open", 0, "", 1);
        check("a + b", 2, "  ", 1);
        check("end", 3, "   ", 1);
        check("", 7, "", 1);
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = format!("{}bad{}", "a ".repeat(1000), " z".repeat(1000));
        let cut = Cut::of(&line, 2000);
        assert_eq!(cut.text.chars().count(), WIDEST + 2);
        assert_eq!(cut.before.len(), WIDEST / 2 + 1);
        assert_eq!(cut.text.chars().skip(cut.before.len()).take(cut.carets).collect::<String>(), "bad");
        assert_eq!(Cut::of(&line, 3).before, "   ");
    }
}
