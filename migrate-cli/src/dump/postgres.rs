use std::process::Command;

use migrate_core::Tables;
use migrate_postgres::Url;

use super::program::output;
use crate::problem::Problem;

/// The schema by `pg_dump`, without owners and privileges, which name roles that another server need not have.
pub(crate) fn dump(url: &Url, history: &Tables) -> Result<String, Problem> {
    let mut command = Command::new("pg_dump");
    command.args(["--schema-only", "--no-owner", "--no-privileges", "--no-password", "--encoding=UTF8"]);
    for table in [&history.history, &history.text, &history.journal] {
        let schema = history.schema.as_deref().map_or_else(|| "*".to_owned(), pattern);
        command.arg(format!("--exclude-table={schema}.{}", pattern(table)));
    }
    command.envs(url.environment());
    let package = "postgresql-client, in the server's version or a newer one";
    Ok(plain(&output(&mut command, package)?))
}

/// A name as a pattern that means only it.
fn pattern(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Without what is psql's, and without what differs between two dumps of one schema.
fn plain(dump: &str) -> String {
    let mut lines: Vec<_> = dump.lines().collect();
    // The same random word stands at both ends, so that nothing between can be taken for it.
    let key = lines.iter().find_map(|line| line.strip_prefix("\\restrict ")).map(str::to_owned);
    if let Some(key) = key {
        let ends = [format!("\\restrict {key}"), format!("\\unrestrict {key}")];
        lines.retain(|line| !ends.iter().any(|end| end == line));
    }
    let head = lines.iter().position(|line| !line.is_empty() && !line.starts_with("--")).unwrap_or(lines.len());
    let dumped = |line: &str| line.starts_with("-- Dumped from ") || line.starts_with("-- Dumped by ");
    let (head, rest) = lines.split_at(head);
    let head: Vec<_> = head.iter().filter(|line| !line.is_empty() && !dumped(line)).copied().collect();
    format!("{}\n\n{}\n", head.join("\n"), rest.join("\n").trim())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_of_the_moment() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict k1\n\n-- Dumped from database version 15\n\
                    -- Dumped by pg_dump version 15\n\nSET a = 1;\n-- Dumped by me\n\\restrict k2\n\n\\unrestrict k1\n\n";
        let expected = "--\n-- PostgreSQL database dump\n--\n\nSET a = 1;\n-- Dumped by me\n\\restrict k2\n";
        assert_eq!(plain(dump), expected);
    }
}
