//! The difference of two texts, as few lines as a message can bear.

use std::fmt::Write;

const CONTEXT: usize = 2;
const MOST_LINES: usize = 20;

/// The lines of `old` and `new` between their common beginning and their common end, with a little context.
pub(crate) fn diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.trim_end().lines().collect(), new.trim_end().lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let tail = tail.min(old.len() - head).min(new.len() - head);
    let context = head.saturating_sub(CONTEXT);
    let mut out = String::new();
    let mut lines = |mark: char, from: usize, lines: &[&str]| {
        for (i, line) in lines.iter().take(MOST_LINES).enumerate() {
            let _ = writeln!(out, "  {:>4} {mark} {line}", from + i + 1);
        }
        if lines.len() > MOST_LINES {
            let _ = writeln!(out, "       {mark} … and {} more lines", lines.len() - MOST_LINES);
        }
    };
    lines(' ', context, &old[context..head]);
    lines('-', head, &old[head..old.len() - tail]);
    lines('+', head, &new[head..new.len() - tail]);
    let end = new.len() - tail;
    lines(' ', end, &new[end..(end + CONTEXT).min(new.len())]);
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn shows_what_differs_with_its_surroundings() {
        let check = |old: &str, new: &str, expected: &[&str]| {
            assert_eq!(diff(old, new).lines().collect::<Vec<_>>(), expected);
        };
        check(
            "a\nb\nc\nd\ne",
            "a\nb\nC\nX\nd\ne",
            &["     1   a", "     2   b", "     3 - c", "     3 + C", "     4 + X", "     5   d", "     6   e"],
        );
        check("a", "a\nb", &["     1   a", "     2 + b"]);
        check("a\na", "a", &["     1   a", "     2 - a"]);
        check("", "x", &["     1 + x"]);
        check("same", "same\n", &["     1   same"]);
    }
}
