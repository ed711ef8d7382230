//! Random scripts from pieces that are delicate side by side, cut by us, by `psql` and by the server's scanner.

use std::io;

use migrate_core::sql::{SplitError, Syntax, statements};

use super::grammar;
use super::psql::Psql;
use super::recorder::Recorder;
use crate::compare::POSTGRES;
use crate::random::Random;
use crate::scratch::Scratch;

#[rustfmt::skip]
const PIECES: &[&str] = &[
    // Statements and what holds semicolons.
    ";", ";", ";", ";", ";", ";\n", ";\r\n", "SELECT ", "a", "b ", "1", "2.5e-3", "(", ")", "(", ")", "[", "]",
    ",", ".",
    // Quotes, closed and open.
    "'", "'", "''", "\"", "\"\"", "'a'", "'a;'", "\"b;\"", "'\\'", "'\\''", "E'", "e'", "E'\\'", "E'\\\\'",
    "E'a\\'b'", "U&'", "U&'\\'", "u&\"", "U&\"d\\;\"", "B'01'", "x'1F'", "N'", "n'a;'", "E", "U&", "typE'",
    // Strings that go on in another line.
    "'\n'", "' -- c\n'", "E'a'\n'\\';'", "'a'\n'\\'", "'\n-- c\n'", "' \r '", "' /* */\n'", "'\u{c}\n'",
    // Dollar quotes.
    "$$", "$$", "$$;$$", "$a$", "$a$", "$A$", "$a", "$", "$1", "$1$", "$é$", "$é$", "a$", "a$$", "DO$$", "1$$",
    "é$$", "1e", "0x", "1_", "2.", "$a$;$a$", "$_1$", "$a$ $b$ ; $b$ $a$",
    // Comments.
    "--", "-- c;\n", "--'\n", "-- c\r", "/*", "*/", "/* ; */", "/* /* ; */", "/*;*/", "/* ' */", "/*+ a */",
    "/*/", "+/*", "+--x\n", "-", "*", "/", "->", "@-", "<--", "#>>", "@>", "||", "%", "!", "~", "`",
    // What psql might take for a variable.
    ":", "::", ":=", ":a", ":'a'", ":\"a\"", "a[1:2]", "::int", ":'a;", ":\"a;",
    // Bodies.
    "CREATE ", "OR REPLACE ", "FUNCTION ", "PROCEDURE ", "CREATE FUNCTION f() ",
    "CREATE OR REPLACE PROCEDURE p() ", "CREATE RULE r AS ON INSERT TO t DO (", "BEGIN ATOMIC ", "BEGIN ATOMIC ",
    "BEGIN ", "ATOMIC ", "CASE ", "CASE WHEN a THEN b END", "END", "END ", "END;", " AS end", ".end", "RETURN ",
    "create/**/function/**/f()begin atomic\n", "COMMIT", "AS ",
    // Blanks and other letters.
    " ", " ", "\n", "\n", "\t", "\r", "\r\n", "\u{c}", "é", "名", "\u{a0}", "\u{1F600}", "_", "\\N",
];

/// Whether all texts were cut alike.
pub fn run(seed: u64, count: usize) -> io::Result<bool> {
    println!("seed {seed}, {count} texts");
    let mut random = Random::new(seed);
    let kitchens = [Kitchen::new(true)?, Kitchen::new(false)?];
    let mut kitchen = kitchens.iter().cycle();
    let (mut done, mut cut, mut scanned, mut different) = (0, 0, 0, 0);
    while done < count
        && different < 20
        && let Some(kitchen) = kitchen.next()
    {
        let soups: Vec<Vec<&str>> = (0..200.min(count - done))
            .map(|_| (0..1 + random.below(16)).map(|_| PIECES[random.below(PIECES.len())]).collect())
            .collect();
        let texts: Vec<String> = soups.iter().map(|soup| soup.concat()).collect();
        for ((soup, text), sent) in soups.iter().zip(&texts).zip(kitchen.psql.run_all(&texts)?) {
            cut += usize::from(statements(text, kitchen.syntax()).all(|statement| statement.is_ok()));
            scanned += usize::from(grammar::scan(text).is_ok());
            if kitchen.unlike(text, &sent).is_none() {
                continue;
            }
            different += 1;
            let text = kitchen.shrink(soup)?.concat();
            let shown = kitchen.taste(&text)?.unwrap_or_else(|| "only together with other texts".to_owned());
            println!("{text:?}, standard_conforming_strings {}\n    {shown}\n", kitchen.conforming);
        }
        done += soups.len();
    }
    println!("postgres: {done} texts ({cut} that we cut, {scanned} that the scanner reads), {different} different");
    Ok(different == 0)
}

/// A session with `standard_conforming_strings` on or off.
struct Kitchen {
    conforming: bool,
    psql: Psql,
}

impl Kitchen {
    fn new(conforming: bool) -> io::Result<Self> {
        let psql =
            Psql { recorder: Recorder::alone(conforming)?, scratch: Scratch::new(&format!("soup-{conforming}"))? };
        Ok(Kitchen { conforming, psql })
    }

    fn syntax(&self) -> Syntax {
        Syntax::postgres(self.conforming)
    }

    fn taste(&self, text: &str) -> io::Result<Option<String>> {
        let sent = self.psql.run_all(&[text.to_owned()])?;
        Ok(self.unlike(text, &sent[0]))
    }

    /// Without any piece that the difference does not need.
    fn shrink<'a>(&self, soup: &[&'a str]) -> io::Result<Vec<&'a str>> {
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

    /// The scanner knows strings only as the standard has them.
    fn unlike(&self, text: &str, sent: &[String]) -> Option<String> {
        let psql = (!psql_errs(text)).then(|| unlike_psql(text, self.syntax(), sent)).flatten();
        psql.or_else(|| self.conforming.then(|| unlike_scanner(text)).flatten())
    }
}

/// Where `psql` is known not to read what servers read, and we follow the servers:
///
/// - `:a` may be a variable: in `:E'…'` and `:a$$` it takes the letters away from what they begin, go on with or are
/// - it reads line by line, and so it does not see that a string goes on in the next line by the rules of the first
/// - a name glued to a number is an error since PostgreSQL 15, so it does not matter where it ends; before, `1e--` was
///   a number, a name and a comment
/// - `U&` makes it pass over the word `U`, and look for `CREATE` behind it
/// - every `BEGIN` counts, without `ATOMIC` and in a body as well, and `end` also where it must be a name
fn psql_errs(text: &str) -> bool {
    let variable = text.match_indices(':').any(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii());
        rest.len() < text.len() - at - 1 && rest.starts_with(['\'', '"', '$', '&'])
    });
    let lower = text.to_ascii_lowercase();
    let routine = lower.contains("function") || lower.contains("procedure");
    let is_variable = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    let named = lower.match_indices(':').any(|(at, _)| lower[at + 1..].starts_with(is_variable));
    let begins: Vec<&str> = lower.split("begin").skip(1).collect();
    let begin = begins.len() > 1 || begins.iter().any(|behind| !behind.trim_start().starts_with("atomic"));
    let junk = grammar::scan(text).is_err_and(|error| error.contains("trailing junk"));
    let joined = text.match_indices('\'').any(|(at, _)| {
        let next = POSTGRES.behind_blanks(&text[at + 1..]);
        next.starts_with('\'') && text[at..text.len() - next.len()].contains('\n')
    });
    variable
        || junk
        || joined
        || (routine && (named || lower.contains("u&") || begin || lower.contains("as end") || lower.contains(".end")))
}

fn unlike_psql(text: &str, syntax: Syntax, sent: &[String]) -> Option<String> {
    let mut ours = Vec::new();
    let mut refused: Option<SplitError> = None;
    for statement in statements(text, syntax) {
        match statement {
            Ok(statement) => ours.push(statement.text),
            Err(error) => refused = Some(error),
        }
    }
    // Of a text that is refused, what stands before the place is compared. psql sends one more: what is left.
    let sent: Vec<&String> = sent.iter().filter(|text| !POSTGRES.is_nothing(text)).collect();
    let compared = match &refused {
        Some(_) => sent.len().min(ours.len()),
        None => sent.len(),
    };
    let is_command = |error: &SplitError| error.to_string().contains("command-line client");
    match (POSTGRES.difference(&ours, &sent[..compared]), refused) {
        (Some(difference), _) => Some(format!("psql: {difference}")),
        (None, Some(error)) if !is_command(&error) && sent.len() != ours.len() + 1 => {
            Some(format!("psql cuts on where we say: {error} ({})\n    {sent:?}", error.position))
        }
        (None, _) => None,
    }
}

fn unlike_scanner(text: &str) -> Option<String> {
    let (ours, refused) = grammar::our_semicolons(text);
    let scanned = grammar::scan(text);
    match (refused, scanned) {
        // libpg_query has no rule against names glued to `$1`; servers and psql have.
        _ if parameter_junk(text) => None,
        (None, Ok(scanned)) => (scanned.semicolons != ours)
            .then(|| format!("semicolons at {:?}, the scanner has {:?}", ours, scanned.semicolons)),
        (None, Err(error)) => error.contains("unterminated").then(|| format!("the scanner: {error}")),
        // The scanner knows nothing of psql's commands.
        (Some(error), Ok(_)) => (!error.contains("command-line client")).then(|| format!("only we refuse: {error}")),
        (Some(_), Err(_)) => None,
    }
}

fn parameter_junk(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let behind = text[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
        behind.len() < text.len() - at - 1
            && behind.starts_with(|c: char| c.is_alphabetic() || c == '_' || !c.is_ascii())
    })
}
