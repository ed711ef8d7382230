//! Files as people write them, cut by us and by the server's grammar.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::{env, fs};

use migrate_core::sql::{Dialect, statements};

use super::grammar;
use super::psql::Psql;
use super::recorder::Recorder;
use crate::compare::POSTGRES;
use crate::files::gather;
use crate::scratch::Scratch;

#[derive(Debug, Default)]
struct Count {
    agreed_with_grammar: usize,
    agreed_with_scanner: usize,
    agreed_with_psql: usize,
    statements: usize,
    refused: BTreeMap<String, Vec<String>>,
    unknown: BTreeMap<String, Vec<String>>,
    /// What the grammar has against files that the scanner reads.
    no_grammar: BTreeMap<String, Vec<String>>,
    different: usize,
}

/// Whether all files are cut alike.
pub fn run(directories: &[String]) -> io::Result<bool> {
    let files = gather(directories)?;
    let psql = Psql { recorder: Recorder::alone(true)?, scratch: Scratch::new("differential")? };
    let list_all = env::var_os("PROOF_LIST").is_some();
    let mut count = Count::default();
    // One run of psql for many files: its start takes longer than they do.
    let mut texts = Vec::new();
    for (n, file) in files.iter().enumerate() {
        texts.extend(compare(file, &psql, &mut count)?);
        if texts.len() == 100 || n + 1 == files.len() {
            compare_with_psql(&std::mem::take(&mut texts), &psql, &mut count)?;
        }
    }
    println!("{} files, {} statements", files.len(), count.statements);
    println!("{:6} agreed with the grammar", count.agreed_with_grammar);
    println!("{:6} agreed with the scanner (the grammar refuses the file)", count.agreed_with_scanner);
    println!("{:6} of both agreed with psql too", count.agreed_with_psql);
    for (title, groups) in [
        ("refused by the grammar", &count.no_grammar),
        ("refused by us", &count.refused),
        ("refused by us and by the scanner", &count.unknown),
    ] {
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

/// Returns the text if `psql` may and should cut it too.
fn compare(file: &Path, psql: &Psql, count: &mut Count) -> io::Result<Option<(String, String)>> {
    let name = file.display().to_string();
    let Ok(text) = String::from_utf8(fs::read(file)?) else {
        count.unknown.entry("not UTF-8".to_owned()).or_default().push(name);
        return Ok(None);
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
                return Ok(None);
            }
        }
    }
    count.statements += ours.len();
    let (found, agreed) = match (&grammar, &scanned) {
        (Ok(found), _) => (grammar::unlike(&ours, found), &mut count.agreed_with_grammar),
        (Err(_), Ok(scanned)) if !scanned.atomic => {
            let cuts: Vec<&str> = scanned.cuts.iter().map(|range| &text[range.clone()]).collect();
            (POSTGRES.difference(&ours, &cuts), &mut count.agreed_with_scanner)
        }
        (Err(error), _) => {
            // Nobody else knows it either, so psql has the last word.
            let sent = psql.run_all(std::slice::from_ref(&text))?;
            let different = POSTGRES.difference(&ours, &sent[0]);
            let verdict = different.as_ref().map_or("as psql does", |_| "unlike psql");
            println!("{name}: cut {verdict}; the grammar says {error}");
            (different, &mut count.agreed_with_psql)
        }
    };
    if let Err(error) = &grammar {
        let (message, _) = error.split_once(" at or near").unwrap_or((error, ""));
        count.no_grammar.entry(message.to_owned()).or_default().push(format!("{name}: {error}"));
    }
    match found {
        Some(difference) => {
            println!("{name}: different: {difference}\n");
            count.different += 1;
            Ok(None)
        }
        None => {
            *agreed += 1;
            Ok(is_harmless(&text).then_some((name, text)))
        }
    }
}

fn compare_with_psql(files: &[(String, String)], psql: &Psql, count: &mut Count) -> io::Result<()> {
    let texts: Vec<String> = files.iter().map(|(_, text)| text.clone()).collect();
    for ((name, text), sent) in files.iter().zip(psql.run_all(&texts)?) {
        let ours: Vec<&str> = statements(text, Dialect::Postgres).flatten().map(|statement| statement.text).collect();
        match POSTGRES.difference(&ours, &sent) {
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

/// Whether `psql` may and should read a stranger's file. Its own commands could write files and start programs, and
/// what stands in a literal to us need not do so to it; and for `:DBNAME` it puts in the name of the database.
fn is_harmless(text: &str) -> bool {
    !text.contains('\\') && !text.contains(":DBNAME")
}
