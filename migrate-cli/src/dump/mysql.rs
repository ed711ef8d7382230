use std::process::Command;

use migrate_core::Tables;
use migrate_core::sql::{Dialect, Statement, split};
use migrate_mysql::Url;

use super::program::output;
use crate::problem::Problem;

/// What the dump's own head would set, so that tables may name each other in any order and texts mean what they say.
const HEAD: &str = "SET NAMES utf8mb4;\nSET time_zone = '+00:00';\nSET foreign_key_checks = 0;\nSET unique_checks = 0;\n\
                    SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';\n";

/// The schema by `mariadb-dump` or `mysqldump`: tables, views, triggers, routines and events.
pub(crate) fn dump(url: &Url, dialect: Dialect, history: &Tables) -> Result<String, Problem> {
    let Some(database) = url.database() else {
        return Err(Problem::usage("no database is named").note("name it in the URL: mysql://user@host/database"));
    };
    let mut command = Command::new(program(dialect)?);
    command.args(url.client_options(dialect).map_err(|cause| Problem::usage(cause.to_string()))?);
    command.args(["--no-data", "--routines", "--triggers", "--events", "--compact", "--single-transaction"]);
    command.args(["--no-tablespaces", "--default-character-set=utf8mb4"]);
    if dialect == Dialect::Mysql {
        // Asked of a replica's state, which is no schema, it may be refused.
        command.args(["--set-gtid-purged=OFF", "--column-statistics=0"]);
    }
    if history.schema.as_deref().is_none_or(|schema| schema == database) {
        for table in [&history.history, &history.text, &history.journal] {
            command.arg(format!("--ignore-table={database}.{table}"));
        }
    }
    command.arg("--").arg(database).envs(url.password_variable());
    Ok(plain(&output(&mut command, package(dialect))?, dialect))
}

const fn package(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Mariadb => "mariadb-client",
        _ => "mysql-client (of MySQL itself)",
    }
}

/// The program of this server's own house: each knows what the other's server has, but not all of it.
fn program(dialect: Dialect) -> Result<&'static str, Problem> {
    if dialect == Dialect::Mariadb && version("mariadb-dump").is_some() {
        return Ok("mariadb-dump");
    }
    match version("mysqldump") {
        Some(version) if version.contains("MariaDB") == (dialect == Dialect::Mariadb) => Ok("mysqldump"),
        Some(_) => Err(Problem::failed(format!(
            "mysqldump is here, but not the one of {dialect}, which alone writes a whole dump"
        ))
        .note(format!("install the package {}, and let PATH lead to it first", package(dialect)))),
        // Its absence is told when it is run.
        None => Ok(if dialect == Dialect::Mariadb { "mariadb-dump" } else { "mysqldump" }),
    }
}

fn version(program: &str) -> Option<String> {
    let output = Command::new(program).args(["--no-defaults", "--version"]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// With a head of its own, without what is the client's, and without what rows have left: counters.
fn plain(dump: &str, dialect: Dialect) -> String {
    // `/*M!999999\- enable the sandbox mode */` is a command of MariaDB's client.
    let sandbox = |line: &str| line.starts_with("/*") && line.contains("999999\\-");
    let dump: String = dump.lines().filter(|line| !sandbox(line)).map(|line| format!("{line}\n")).collect();
    let Ok(statements) = split(&dump, dialect) else { return format!("{HEAD}{dump}") };
    let mut plain = HEAD.to_owned();
    let mut end = 0;
    for statement in &statements {
        plain.push_str(dump.get(end..statement.offset).unwrap_or_default());
        plain.push_str(&without_counter(statement));
        end = statement.offset + statement.text.len();
    }
    plain.push_str(dump.get(end..).unwrap_or_default());
    plain
}

fn without_counter(statement: &Statement<'_>) -> String {
    let text = statement.text;
    if text.starts_with("DO SETVAL(") {
        return "DO 0".to_owned();
    }
    let options = text.rfind("\n) ").filter(|_| statement.recognise().verb == "CREATE TABLE");
    let Some((start, options)) = options.and_then(|at| text.split_at_checked(at)) else { return text.to_owned() };
    // Behind the first quote stands a comment of somebody's, and the counter before it.
    let (words, quoted) = options.split_at(options.find('\'').unwrap_or(options.len()));
    let Some((before, rest)) = words.split_once(" AUTO_INCREMENT=") else { return text.to_owned() };
    format!("{start}{before}{}{quoted}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_rows() {
        let check = |dump: &str, expected: &str| assert_eq!(plain(dump, Dialect::Mariadb), format!("{HEAD}{expected}"));
        check(
            "/*M!999999\\- enable the sandbox mode */ \nCREATE TABLE `z` (\n  `id` int\n) ENGINE=InnoDB AUTO_INCREMENT=8 COMMENT=' AUTO_INCREMENT=9';\n",
            "CREATE TABLE `z` (\n  `id` int\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=9';\n",
        );
        let comment = "CREATE TABLE `z` (\n  `id` int\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=9';\n";
        check(comment, comment);
        let body = "DELIMITER ;;\nCREATE PROCEDURE p()\nCREATE TABLE z (a int\n) ENGINE=InnoDB AUTO_INCREMENT=8 ;;\nDELIMITER ;\n";
        check(body, body);
    }
}
