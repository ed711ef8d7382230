//! Random scripts from pieces that are delicate side by side, cut by us and by the client.

use std::error::Error;
use std::path::Path;

use migrate_core::sql::{SplitErrorKind, Syntax, statements};

use super::Family;
use super::client::Client;
use super::recorder::{ANSI_QUOTES, AUTOCOMMIT, NO_BACKSLASH_ESCAPES, Recorder};
use crate::random::Random;
use crate::scratch::{Scratch, Server};

// No letter or sign that would be a command of the client behind a backslash, but `N`.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    // Statements.
    ";", ";", ";", ";", ";", ";\n", ";\r\n", ";;", "SELECT ", "a", "b ", "1", "2.5e-3", "(", ")", ",", ".", "@", "@@",
    "=", ":=", "$", "$$", "$$", "$a$", "a$", "N'", "_utf8mb4'", "X'41'", "b'1'", "0x41",
    // Quotes, closed and open.
    "'", "'", "''", "\"", "\"", "\"\"", "`", "`", "``", "'a'", "'a;'", "\"b;\"", "`c;`", "'\\''", "'\\\\'", "\"\\\"\"",
    "\"\\\\\"", "`\\`", "'\n'", "'\\\n'", "'é'", "'名;", "\\N", "'\\N'", "\\'", "\\\"", "\\\\",
    // Comments.
    "--", "-- ", "-- c;\n", "--c\n", "--\n", "--\t;\n", "-- '\n", "#", "#c;\n", "# '\n", "/*", "*/", "/* ; */", "/*;*/",
    "/* ' */", "/* /* ; */", "/*!", "/*! ", "/*!50003 ", "/*!99999 ", "/*! ; */", "/*!50003 '*/' */", "/*! -- ;\n*/", "/*M!",
    "/*M! ", "/*M!100100 ", "/*+", "/*+ a */", "/*+ ; */", "/**/", "/***/", "/*/", "-", "*", "/", "+",
    // Delimiters.
    "\ndelimiter //\n", "\nDELIMITER $$\n", "\ndelimiter ;\n", "\nDelimiter ;;\n", "\ndelimiter |\n", "\n delimiter ||  \n",
    "//", "//", "|", "$$", "\ndelimiter", "END", "END$$", "BEGIN ", "a//b", ";\ndelimiter //\n",
    "//\ndelimiter ;\n", "$$\nDELIMITER ;\n", ";\nDELIMITER $$\n",
    // Blanks and other letters.
    " ", " ", "\n", "\n", "\t", "\r", "\r\n", "\u{c}", "\u{b}", "é", "名", "\u{a0}", "\u{1F600}", "_",
];

/// Whether all texts were cut alike.
pub fn run(family: Family, seed: u64, count: usize) -> Result<bool, Box<dyn Error>> {
    // For its client.
    let server = Server::start(family.name());
    let program = &server.directory.join("client");
    println!("seed {seed}, {count} texts");
    let mut random = Random::new(seed);
    let modes: &[&str] = match family {
        Family::Mysql => &["", "NO_BACKSLASH_ESCAPES"],
        Family::Mariadb => &["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"],
    };
    let kitchens: Vec<Kitchen> =
        modes.iter().map(|mode| Kitchen::new(family, program, mode)).collect::<Result<_, _>>()?;
    let mut kitchen = kitchens.iter().cycle();
    let (mut done, mut cut, mut compared, mut different) = (0, 0, 0, 0);
    while done < count
        && different < 20
        && let Some(kitchen) = kitchen.next()
    {
        let soups: Vec<Vec<&str>> = (0..200.min(count - done))
            .map(|_| (0..1 + random.below(16)).map(|_| PIECES[random.below(PIECES.len())]).collect())
            .collect();
        let (soups, texts): (Vec<_>, Vec<_>) =
            soups.into_iter().map(|soup| (soup.clone(), soup.concat())).filter(|(_, text)| !kitchen.errs(text)).unzip();
        for ((soup, text), sent) in soups.iter().zip(&texts).zip(kitchen.client.run_all(&texts)?) {
            cut += usize::from(statements(text, kitchen.syntax()).all(|statement| statement.is_ok()));
            compared += 1;
            if kitchen.unlike(text, &sent).is_none() {
                continue;
            }
            different += 1;
            let text = kitchen.shrink(soup)?.concat();
            let shown = kitchen.taste(&text)?.unwrap_or_else(|| "only together with other texts".to_owned());
            println!("{text:?}, sql_mode {:?}\n    {shown}\n", kitchen.mode);
        }
        done += 200;
    }
    let name = family.name();
    println!("{name}: {compared} of {done} texts compared ({cut} of them that we cut), {different} different");
    Ok(different == 0)
}

/// A session in one mode.
struct Kitchen {
    mode: &'static str,
    client: Client,
}

impl Kitchen {
    fn new(family: Family, program: &Path, mode: &'static str) -> Result<Self, Box<dyn Error>> {
        let mut status = AUTOCOMMIT;
        for (name, bit) in [("NO_BACKSLASH_ESCAPES", NO_BACKSLASH_ESCAPES), ("ANSI_QUOTES", ANSI_QUOTES)] {
            status |= if mode.contains(name) { bit } else { 0 };
        }
        let recorder = Recorder::alone(family, status)?;
        let scratch = Scratch::new(&format!("soup-{status}"))?;
        Ok(Kitchen { mode, client: Client { family, program: program.to_owned(), recorder, scratch } })
    }

    fn syntax(&self) -> Syntax {
        self.client.family.syntax(self.mode)
    }

    fn taste(&self, text: &str) -> Result<Option<String>, Box<dyn Error>> {
        if self.errs(text) {
            return Ok(None);
        }
        let sent = self.client.run_all(&[text.to_owned()])?;
        Ok(self.unlike(text, &sent[0]))
    }

    /// Without any piece that the difference does not need.
    fn shrink<'a>(&self, soup: &[&'a str]) -> Result<Vec<&'a str>, Box<dyn Error>> {
        let mut soup = soup.to_vec();
        let mut at = 0;
        while at < soup.len() {
            let mut fewer = soup.clone();
            fewer.remove(at);
            match self.taste(&fewer.concat())? {
                Some(_) => soup = fewer,
                None => at += 1,
            }
        }
        Ok(soup)
    }

    /// Where the client is known not to read what servers read, and we follow the servers:
    ///
    /// - it cuts at a delimiter in a versioned comment or a hint
    /// - it sees a comment begin in a comment, and right behind one (`*/*`), and a delimiter begin there (`*//`)
    /// - it glues the comment behind a delimiter to the statement before it: `-;-- a` becomes `--- a`
    /// - it does not know a `DELIMITER` line behind blanks, a comment or half a statement, which it keeps for the server
    /// - `--x` at the start of a statement, where none can begin so, is a comment to that of MariaDB if nothing at all
    ///   stands before it, and to that of MySQL never
    /// - it sees dollar quotes behind `@`, `.` and digits, where servers see a name
    fn errs(&self, text: &str) -> bool {
        let comment = |rest: &str| rest.split("*/").next().unwrap_or(rest).to_owned();
        let mut comments = text.match_indices("/*").map(|(at, _)| &text[at + 2..]);
        comments
            .clone()
            .filter(|rest| rest.starts_with(['!', '+']) || rest.starts_with("M!"))
            // A quote in it may hide its end.
            .map(|rest| if comment(rest).contains(['\'', '"', '`']) { rest.to_owned() } else { comment(rest) })
            .any(|code| code.contains([';', '|', '/', '$']))
            || comments.any(|rest| format!("{}*", comment(rest)).contains("/*"))
            || text.contains("*/*")
            || text.contains("*//")
            || text.contains("-;--")
            || (0..text.len())
                .any(|at| text.as_bytes()[at..].starts_with(b"--") && text.as_bytes().get(at + 2) > Some(&b' '))
            || self.client.family == Family::Mysql && names_with_dollars(text)
            || late_delimiter(text)
    }

    fn unlike(&self, text: &str, sent: &[String]) -> Option<String> {
        let comments = self.client.family.comments();
        let mut ours = Vec::new();
        let mut refused = None;
        for statement in statements(text, self.syntax()) {
            match statement {
                Ok(statement) => ours.push(statement.text),
                Err(error) => refused = Some(error),
            }
        }
        ours.retain(|text| !comments.is_nothing(text));
        let sent: Vec<&String> = sent.iter().filter(|text| !comments.is_nothing(text)).collect();
        // Of a text that is refused, what stands before the place is compared.
        let compared = match &refused {
            Some(_) => ours.len().min(sent.len()),
            None => sent.len(),
        };
        match (comments.difference(&ours, &sent[..compared]), refused) {
            (Some(difference), refused) => Some(format!("{difference}\n    (refused: {refused:?})")),
            (None, Some(error)) if unfounded(&error.kind, sent.len() - compared) => Some(format!("refused: {error}")),
            (None, _) => None,
        }
    }
}

fn names_with_dollars(text: &str) -> bool {
    text.match_indices("$").any(|(at, _)| text[..at].ends_with(|c: char| ".@".contains(c) || c.is_ascii_digit()))
        || text.contains("$$$")
}

fn late_delimiter(text: &str) -> bool {
    let mut kept = false;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let behind_word = line.trim_start().to_ascii_lowercase();
        let behind_word = behind_word.strip_prefix("delimiter");
        let begins = behind_word.is_some();
        if begins && kept || behind_word.unwrap_or(line).to_ascii_lowercase().contains("delimiter") {
            return true;
        }
        let ends = [";", "//", "$$", "|"].iter().any(|delimiter| line.ends_with(delimiter));
        let ends = ends && !["--", "#", "/*", "*/"].iter().any(|sign| line.contains(sign));
        let comment = line.starts_with('#') || line.starts_with("--");
        kept = !(begins || ends || line.is_empty() && !kept || comment && !kept);
    }
    false
}

/// Something is left at the end of a text in which something does not end.
fn unfounded(error: &SplitErrorKind, left: usize) -> bool {
    match error {
        SplitErrorKind::UnterminatedString
        | SplitErrorKind::UnterminatedQuotedName
        | SplitErrorKind::UnterminatedComment => left > 1,
        _ => false,
    }
}
