//! Files as people write them, cut by us and by the client; and what is left, by the server's parser.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use migrate_core::sql::statements;

use super::Family;
use super::client::Client;
use super::parser::Parser;
use super::recorder::{AUTOCOMMIT, Recorder};
use crate::files::gather;
use crate::scratch::{Scratch, Server};

#[derive(Debug, Default)]
struct Count {
    statements: usize,
    agreed_with_client: usize,
    agreed_with_server: usize,
    refused: BTreeMap<String, Vec<String>>,
    different: usize,
}

/// Whether all files are cut alike.
pub fn run(family: Family, directories: &[&str]) -> Result<bool, Box<dyn Error>> {
    let files = gather(directories)?;
    let scratch = Scratch::new("differential")?;
    let server = Server::start(family.name());
    let mut parser = Parser::connect(server.port)?;
    parser.fresh("proof")?;
    let program = server.directory.join("client");
    let client = Client { family, program, recorder: Recorder::alone(family, AUTOCOMMIT)?, scratch };
    let mut count = Count::default();
    for file in &files {
        compare(file, &client, &mut parser, &mut count)?;
    }
    println!("{}: {} files, {} statements", family.name(), files.len(), count.statements);
    println!("{:6} agreed with the client {}", count.agreed_with_client, client.version());
    println!("{:6} agreed with the server (the client cuts programs that need a DELIMITER)", count.agreed_with_server);
    for (reason, files) in &count.refused {
        println!("{:6} {reason} (as in {})", files.len(), files[0]);
        for file in files.iter().filter(|_| env::var_os("PROOF_LIST").is_some()) {
            println!("         {file}");
        }
    }
    println!("{:6} different", count.different);
    Ok(count.different == 0)
}

fn compare(file: &Path, client: &Client, parser: &mut Parser, count: &mut Count) -> Result<(), Box<dyn Error>> {
    let name = file.display().to_string();
    let Ok(text) = String::from_utf8(fs::read(file)?) else {
        count.refused.entry("not UTF-8".to_owned()).or_default().push(name);
        return Ok(());
    };
    let mut ours = Vec::new();
    for statement in statements(&text, client.family.syntax("")) {
        match statement {
            Ok(statement) => ours.push(statement.text),
            Err(error) => {
                let reason = match error.to_string().split_once(" is a command of the database's command-line client") {
                    Some(_) => "a command of the client".to_owned(),
                    None => error.to_string(),
                };
                count
                    .refused
                    .entry(format!("refused: {reason}"))
                    .or_default()
                    .push(format!("{name}:{}", error.position));
                return Ok(());
            }
        }
    }
    count.statements += ours.len();
    let sent = client.run_harmless(&text)?;
    let Some(difference) = client.family.comments().difference(&ours, &sent) else {
        count.agreed_with_client += 1;
        return Ok(());
    };
    // Nobody prepares two statements in one, or half of one.
    for statement in &ours {
        if let Some(message) = parser.refusal(statement)? {
            println!("{name}: different: {difference}\n  the server: {message}\n    {statement:?}\n");
            count.different += 1;
            return Ok(());
        }
    }
    count.agreed_with_server += 1;
    Ok(())
}
