//! Files as people write them, cut by us and by the server's grammar.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::{env, fs};

use migrate_core::sql::{Dialect, statements};

use super::compare::difference;
use super::grammar;
use super::psql::{Psql, Scratch, is_sql};
use super::recorder::Recorder;

#[derive(Debug, Default)]
struct Count {
    agreed_with_grammar: usize,
    agreed_with_scanner: usize,
    agreed_with_psql: usize,
    statements: usize,
    refused: BTreeMap<String, Vec<String>>,
    unknown: BTreeMap<String, Vec<String>>,
    different: usize,
}

/// Whether all files are cut alike.
pub fn run(directories: &[String]) -> io::Result<bool> {
    let mut files = Vec::new();
    for directory in directories {
        gather(Path::new(directory), &mut files)?;
    }
    files.sort();
    let psql = Psql { recorder: Recorder::alone()?, scratch: Scratch::new()? };
    let list_all = env::var_os("PROOF_LIST").is_some();
    let mut count = Count::default();
    for file in &files {
        compare(file, &psql, &mut count)?;
    }
    println!("{} files, {} statements", files.len(), count.statements);
    println!("{:6} agreed with the grammar", count.agreed_with_grammar);
    println!("{:6} agreed with the scanner (the grammar refuses the file)", count.agreed_with_scanner);
    println!("{:6} of both agreed with psql too", count.agreed_with_psql);
    for (title, groups) in [("refused by us", &count.refused), ("refused by us and by the scanner", &count.unknown)] {
        for (reason, files) in groups {
            println!("{:6} {title}: {reason} (as in {})", files.len(), files[0]);
            for file in files.iter().filter(|_| list_all) {
                println!("         {file}");
            }
        }
    }
    println!("{:6} different", count.different);
    Ok(count.different == 0)
}

fn compare(file: &Path, psql: &Psql, count: &mut Count) -> io::Result<()> {
    let name = file.display().to_string();
    let Ok(text) = String::from_utf8(fs::read(file)?) else {
        count.unknown.entry("not UTF-8".to_owned()).or_default().push(name);
        return Ok(());
    };
    let grammar = grammar::parse(&text);
    let scanned = grammar::scan(&text);
    let mut ours = Vec::new();
    for statement in statements(&text, Dialect::Postgres) {
        match statement {
            Ok(statement) => ours.push(statement.text),
            Err(error) => {
                let groups = if scanned.is_err() { &mut count.unknown } else { &mut count.refused };
                groups.entry(reason(&error.to_string())).or_default().push(format!("{name}:{}", error.position));
                if grammar.is_ok() && !text.contains('\0') {
                    println!("{name}: different: we refuse at {}, {error}; the grammar doesn't\n", error.position);
                    count.different += 1;
                }
                return Ok(());
            }
        }
    }
    count.statements += ours.len();
    let (found, agreed) = match (&grammar, &scanned) {
        (Ok(found), _) => (grammar::unlike(&ours, found), &mut count.agreed_with_grammar),
        (Err(_), Ok(scanned)) if !scanned.atomic => {
            let cuts: Vec<&str> = scanned.cuts.iter().map(|range| &text[range.clone()]).collect();
            (difference(&ours, &cuts), &mut count.agreed_with_scanner)
        }
        (Err(error), _) => {
            // Nobody else knows it either, so psql has the last word.
            let sent = psql.run_all(std::slice::from_ref(&text))?;
            let different = difference(&ours, &sent[0]);
            let verdict = different.as_ref().map_or("as psql does", |_| "unlike psql");
            println!("{name}: cut {verdict}; the grammar says {error}");
            (different, &mut count.agreed_with_psql)
        }
    };
    if let Some(difference) = found {
        println!("{name}: different: {difference}\n");
        count.different += 1;
        return Ok(());
    }
    *agreed += 1;
    if is_harmless(&text) {
        let sent = psql.run_all(std::slice::from_ref(&text))?;
        match difference(&ours, &sent[0]) {
            None => count.agreed_with_psql += 1,
            Some(difference) => {
                println!("{name}: psql is different: {difference}\n");
                count.different += 1;
            }
        }
    }
    Ok(())
}

/// The reason without what is special to one file.
fn reason(error: &str) -> String {
    match error.split_once(" is a command of the database's command-line client") {
        Some(_) => "a command of psql".to_owned(),
        None if error.starts_with("unterminated $") => "unterminated dollar quote".to_owned(),
        None => error.to_owned(),
    }
}

/// Whether `psql` may read a stranger's file: its own commands could write files and start programs, and what stands
/// in a literal to us need not do so to it.
fn is_harmless(text: &str) -> bool {
    !text.contains('\\')
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            gather(&entry?.path(), files)?;
        }
    } else if is_sql(path) {
        files.push(path.to_owned());
    }
    Ok(())
}
