use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan};
use migrate_core::Version;
use serde::Serialize;

use super::{Context, undo};
use crate::args::New;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

#[derive(Serialize)]
struct NewJson {
    files: Vec<String>,
}

/// Makes the files of a migration, and prints their paths.
pub(super) fn run(cx: &Context<'_>, args: &New) -> Result<Exit, Problem> {
    if let Some(up) = &args.undo_from {
        return undo_from(cx, up, args);
    }
    let dir = &cx.settings.dir;
    let name = name(&args.words);
    if name.is_empty() {
        return Err(Problem::usage("a migration's name needs a letter or a digit")
            .note("say what it does, for instance `migrate new create users`"));
    }
    if !dir.exists() {
        fs::create_dir_all(dir)
            .map_err(|error| Problem::failed(format!("{} can't be made: {error}", dir.display())))?;
        cx.out.note(&format!("{} did not exist; `migrate init` makes what belongs around it", dir.display()));
    }
    let taken = taken(dir).map_err(|error| Problem::failed(format!("{} can't be read: {error}", dir.display())))?;
    let stamp = free_stamp(Timestamp::now(), &taken);
    warn_of_the_future(cx, &taken);
    let files: Vec<(PathBuf, String)> = texts(cx, &stamp, &name, args)?
        .into_iter()
        .map(|(end, text)| (dir.join(format!("{stamp}_{name}{end}")), text))
        .collect();
    for (path, text) in &files {
        make(path, text)?;
    }
    let files: Vec<String> = files.into_iter().map(|(path, _)| path.display().to_string()).collect();
    match cx.out.format {
        Format::Json => cx.out.json(&NewJson { files })?,
        Format::Text => cx.out.data(&(files.join("\n") + "\n"))?,
    }
    Ok(Exit::Done)
}

/// Makes the down file of an up file.
fn undo_from(cx: &Context<'_>, up: &Path, args: &New) -> Result<Exit, Problem> {
    let file = up.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(down) = file.strip_suffix("up.sql").filter(|before| before.is_empty() || before.ends_with('.')) else {
        let advice = "name it `….up.sql`, or write its down into the file: `migrate undo FILE` prints one";
        return Err(Problem::usage(format!("{} is no up file", up.display())).note(advice));
    };
    let down = up.with_file_name(format!("{down}down.sql"));
    if down.exists() {
        let advice = format!("`migrate undo {}` prints what would be in it", up.display());
        return Err(Problem::failed(format!("{} is there already, and stays as it is", down.display())).note(advice));
    }
    let undo = undo::generate(cx, up, args.dialect, args.server_version)?;
    let losses = match undo.losses.is_empty() {
        true => "",
        false => "-- What it says to lose it loses: while the lines stay, `down` asks for --allow-data-loss.\n",
    };
    make(
        &down,
        &format!("-- Generated from {file}. Read it, and try it with `migrate check`.\n{losses}{}", undo.text),
    )?;
    let path = down.display().to_string();
    match cx.out.format {
        Format::Json => cx.out.json(&NewJson { files: vec![path] })?,
        Format::Text => cx.out.data(&(path + "\n"))?,
    }
    undo.losses.iter().for_each(|loss| cx.out.note(&format!("it does not bring back {loss}")));
    Ok(Exit::Done)
}

pub(super) fn make(path: &Path, text: &str) -> Result<(), Problem> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    let written = made.and_then(|mut file| {
        // On a full disk the file can be made, and not be filled: an empty migration would stop every run.
        file.write_all(text.as_bytes()).inspect_err(|_| drop(fs::remove_file(path)))
    });
    written.map_err(|error| Problem::failed(format!("{} can't be made: {error}", path.display())))
}

/// `Create Users` as `create_users`
pub(super) fn name(words: &[String]) -> String {
    let mut name = String::new();
    for c in words.join("_").chars().flat_map(char::to_lowercase) {
        match c.is_ascii_alphanumeric() {
            true => name.push(c),
            false if name.ends_with('_') || name.is_empty() => {}
            false => name.push('_'),
        }
    }
    name.trim_end_matches('_').to_owned()
}

/// The stamps that files of the directory begin with, also when the rest of their names is wrong.
pub(super) fn taken(dir: &Path) -> std::io::Result<BTreeSet<String>> {
    let mut taken = BTreeSet::new();
    for entry in dir.read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let digits = name.chars().filter(|c| !matches!(c, '-' | '_')).take_while(char::is_ascii_digit);
        taken.insert(digits.take(14).collect());
    }
    taken.retain(|stamp: &String| stamp.len() == 14);
    Ok(taken)
}

/// Now, or the next second that no file has: two migrations in one second are common in scripts.
pub(super) fn free_stamp(now: Timestamp, taken: &BTreeSet<String>) -> String {
    let mut at = now;
    loop {
        let stamp = stamp(at);
        if !taken.contains(&stamp) {
            return stamp;
        }
        // The end of time is in the year 9999.
        at = at.saturating_add(1.second()).unwrap_or(Timestamp::MAX);
    }
}

pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S").to_string()
}

/// A stamp that is more than a day ahead is a slip of the finger, and comes after everything that is new until then.
fn warn_of_the_future(cx: &Context<'_>, taken: &BTreeSet<String>) {
    let tomorrow = stamp(Timestamp::now().saturating_add(24.hours()).unwrap_or(Timestamp::MAX));
    if let Some(newest) = taken.last().filter(|newest| **newest > tomorrow && newest.parse::<Version>().is_ok()) {
        cx.out.note(&format!("{newest} is in the future: the new migration will run before it"));
    }
}

/// What the files begin with: by the templates of the settings, where there are any.
fn texts(cx: &Context<'_>, stamp: &str, name: &str, args: &New) -> Result<Vec<(&'static str, String)>, Problem> {
    let templates = &cx.settings.templates;
    let options = if args.no_transaction { "-- migrate:options transaction:false\n" } else { "" };
    let mut texts = usual(name, args);
    for (end, text) in &mut texts {
        let template = match *end {
            ".sql" => &templates.sections,
            ".up.sql" => &templates.up,
            _ => &templates.down,
        };
        let Some(path) = template else { continue };
        let read = fs::read_to_string(path)
            .map_err(|error| Problem::usage(format!("the template {} can't be read: {error}", path.display())))?;
        // Any other `${…}` is the migration's own.
        let filled = read.replace("${version}", stamp).replace("${name}", name);
        *text = options.to_owned() + &filled.replace("${words}", &args.words.join(" "));
    }
    Ok(texts)
}

fn usual(name: &str, args: &New) -> Vec<(&'static str, String)> {
    let options = if args.no_transaction { "-- migrate:options transaction:false\n" } else { "" };
    let up = match args.no_transaction {
        true => "-- These statements run one by one, outside a transaction: what ran stays when a later one fails.\n",
        false => "-- These statements run in one transaction, together with their line in the history.\n",
    };
    let down = format!(
        "-- What takes {name} back. Without a statement here it is irreversible;\n\
         -- if there is nothing to take back, write: -- migrate:options nothing-to-undo\n"
    );
    match args.sections {
        true => vec![(".sql", format!("{options}-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n"))],
        false => vec![(".up.sql", format!("{options}{up}\n")), (".down.sql", format!("{options}{down}\n"))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |words: &[&str], expected: &str| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(name(&words), expected);
        };
        check(&["create", "users"], "create_users");
        check(&["Create Users"], "create_users");
        check(&["add", "e-mail", "to", "users!"], "add_e_mail_to_users");
        check(&["_a__b_"], "a_b");
        check(&["größe"], "gr_e");
        check(&["2fa"], "2fa");
        check(&["…", "-"], "");
    }

    #[test]
    fn one_stamp_once() {
        let now: Timestamp = "2026-12-31T23:59:58.9Z".parse().unwrap();
        let taken = |stamps: &[&str]| stamps.iter().map(|stamp| (*stamp).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(free_stamp(now, &taken(&[])), "20261231235958");
        assert_eq!(free_stamp(now, &taken(&["20261231235958", "20261231235959"])), "20270101000000");
    }
}
