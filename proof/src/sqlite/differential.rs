//! Files as people write them, cut by us, by SQLite and by its grammar.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{env, fs};

use migrate_core::sql::{Dialect, statements};

use super::engine::Engine;
use super::grammar;
use crate::files::gather;

#[derive(Debug, Default)]
struct Count {
    statements: usize,
    compiled: usize,
    agreed_with_sqlite: usize,
    agreed_with_grammar: usize,
    errors_alike: usize,
    refused: BTreeMap<String, Vec<String>>,
    different: usize,
}

/// Whether all files are cut alike.
pub fn run(directories: &[String]) -> Result<bool, Box<dyn Error>> {
    let files = gather(directories)?;
    let mut count = Count::default();
    for file in &files {
        compare(file, &mut count)?;
    }
    println!("sqlite: {} files, {} statements", files.len(), count.statements);
    println!(
        "{:6} agreed with SQLite {}, which compiles each statement",
        count.agreed_with_sqlite,
        rusqlite::version()
    );
    println!("{:6} agreed with the grammar, where tables are missing", count.agreed_with_grammar);
    println!("{:6} have statements that neither knows, with the same error alone and in the text", count.errors_alike);
    println!("{:6} statements compiled in all", count.compiled);
    for (reason, files) in &count.refused {
        println!("{:6} {reason} (as in {})", files.len(), files[0]);
        for file in files.iter().filter(|_| env::var_os("PROOF_LIST").is_some()) {
            println!("         {file}");
        }
    }
    println!("{:6} different", count.different);
    Ok(count.different == 0)
}

fn compare(file: &PathBuf, count: &mut Count) -> Result<(), Box<dyn Error>> {
    let name = file.display().to_string();
    let Ok(text) = String::from_utf8(fs::read(Path::new(file))?) else {
        count.refused.entry("not UTF-8".to_owned()).or_default().push(name);
        return Ok(());
    };
    let mut ours: Vec<Range<usize>> = Vec::new();
    let mut refused = None;
    for statement in statements(&text, Dialect::Sqlite) {
        match statement {
            Ok(statement) => ours.push(statement.offset..statement.offset + statement.text.len()),
            Err(error) => refused = Some(error),
        }
    }
    count.statements += ours.len();
    let engine = Engine::new()?;
    let verdict = engine.compare(&text, &ours, refused.as_ref().map(|error| error.offset));
    count.compiled += verdict.compiled;
    if let Some(difference) = verdict.difference {
        println!("{name}: different: {difference}\n");
        count.different += 1;
        return Ok(());
    }
    if let Some(error) = refused {
        if !engine.refuses(&text[error.offset..]) {
            println!("{name}: refused at {}: {error}, and SQLite does not\n", error.position);
            count.different += 1;
        }
        let reason = match error.to_string().split_once(" is a command of the database's command-line client") {
            Some(_) => "a command of the client".to_owned(),
            None => error.to_string(),
        };
        count.refused.entry(format!("refused: {reason}")).or_default().push(format!("{name}:{}", error.position));
        return Ok(());
    }
    match (verdict.refused, grammar::difference(&text, &ours)) {
        (_, Some(Err(difference))) => {
            println!("{name}: the grammar is different: {difference}\n");
            count.different += 1;
        }
        (0, _) => count.agreed_with_sqlite += 1,
        (_, Some(Ok(()))) => count.agreed_with_grammar += 1,
        (_, None) => {
            count.errors_alike += 1;
            if env::var_os("PROOF_LIST").is_some() {
                println!("{name}: neither knows it");
            }
        }
    }
    Ok(())
}
