//! Statements that commit by themselves: what is noted before one runs, and from that, whether one ran whose run died.
//!
//! First the effect itself is looked for: the column that was to be added is there, and was not. Only where a statement
//! has no effect of that kind the definitions of the tables that it names tell; and where running it again would do
//! harm, their numbers, which InnoDB gives anew to a table that is truncated, rebuilt or swapped. Never the definitions of
//! the whole schema: somebody else may have changed another table meanwhile.

mod image;

use migrate_core::driver::{Driver, Evidence, Facts};
use migrate_core::history::{JournalRow, JournalState, RowSql};
use migrate_core::sql::{Dialect, ServerVersion, split};
use migrate_core::{Cause, Checksum, Version};

use super::Mysql;
use crate::catalog::{self, literal, name};
use image::{Again, ENGINE, Effect, Image, Kind, Table, image_of};

pub(super) use image::is_not_transactional;

impl Mysql<'_> {
    /// What is noted before a statement runs.
    pub(super) fn image_before(&mut self, text: &str) -> Result<Option<String>, Cause> {
        let Ok(statements) = split(text, self.syntax_now()?) else { return Ok(None) };
        let [statement] = statements.as_slice() else { return Ok(None) };
        let known = statement.recognise_on(self.facts.as_ref().and_then(|facts| facts.version));
        if !known.commits {
            let tables = self.tables_of(text)?;
            let found = catalog::without_transactions(self.conn(), &tables)?;
            return Ok((!found.is_empty()).then(|| ENGINE.to_owned()));
        }
        let current = self.current_database()?.unwrap_or_default();
        let mut image = image_of(statement, &known, &current);
        let mut effects = Vec::with_capacity(image.effects.len());
        for effect in std::mem::take(&mut image.effects) {
            match self.is_there(&effect) {
                Ok(was) => effects.push(Effect { was, ..effect }),
                // Who may make accounts need not be allowed to see them: then nobody can tell.
                Err(why) if is_denied(&why) => {}
                Err(why) => return Err(why),
            }
        }
        image.effects = effects;
        // Where an effect tells, nobody looks at the tables, and their numbers are a look at all tables of the server.
        if image.effects.iter().any(|effect| effect.was != effect.wanted) {
            image.tables.clear();
            image.renames.clear();
        }
        let states = self.states_of(&image.tables)?;
        image.tables.iter_mut().zip(states).for_each(|(table, state)| table.state = state);
        Ok(Some(image.to_text()))
    }

    /// Whether a statement ran that was begun.
    pub(super) fn what_happened(&mut self, text: &str, begun: &JournalRow) -> Result<Evidence, Cause> {
        // What the server refused has not run.
        if begun.state == JournalState::Failed {
            return Ok(Evidence::RunAgain);
        }
        let facts = self.facts()?;
        let undecided = |look_at: String| Ok(Evidence::Undecided { look_at });
        if !has_atomic_ddl(&facts) && self.has_restarted_since(begun.version)? {
            return undecided(format!(
                "whether `{}` is whole: {} was restarted since, and a change of the schema may be half done when it dies",
                head_of(text),
                facts.server
            ));
        }
        let Some(image) = begun.pre_image.as_deref().and_then(Image::parse) else {
            return undecided(format!("nothing was noted before `{}` ran", head_of(text)));
        };
        if image.again == Again::Data {
            return undecided("whether its rows are there, as the table's engine has no transactions".into());
        }
        // What was so before can't tell anything.
        let telling: Vec<_> = image.effects.iter().filter(|effect| effect.was != effect.wanted).cloned().collect();
        if !telling.is_empty() {
            return self.by_effects(&telling);
        }
        let now = self.states_of(&image.tables)?;
        let before: Vec<_> = image.tables.iter().map(|table| table.state.clone()).collect();
        if !image.renames.is_empty() {
            return Ok(by_numbers(&image, &before, &now));
        }
        Ok(by_states(&image, &before, &now).unwrap_or_else(|| Evidence::Undecided {
            look_at: format!("whether `{}` ran: the catalog looks the same either way", head_of(text)),
        }))
    }

    /// Whether the server was started after this migration was.
    fn has_restarted_since(&mut self, version: Version) -> Result<bool, Cause> {
        let row = catalog::row(self.conn(), "SHOW GLOBAL STATUS LIKE 'Uptime'")?;
        let uptime: u64 = row.get(1).cloned().flatten().and_then(|text| text.parse().ok()).unwrap_or_default();
        let table = self.history.table(self.history.table_name());
        // A second for what both clocks cut off.
        let sql = format!(
            "SELECT 1 FROM {table} WHERE version = {version} AND started_at < utc_timestamp() - INTERVAL {} SECOND",
            uptime.saturating_sub(1)
        );
        catalog::exists(self.conn(), &sql)
    }

    fn by_effects(&mut self, effects: &[Effect]) -> Result<Evidence, Cause> {
        let mut missing = Vec::new();
        for effect in effects {
            if self.is_there(effect)? != effect.wanted {
                missing.push(effect);
            }
        }
        if missing.is_empty() {
            return Ok(Evidence::Ran);
        }
        if missing.len() == effects.len() {
            return Ok(Evidence::RunAgain);
        }
        // MariaDB drops several tables one by one: the rest goes the way of the first.
        if self.is_mariadb() && effects.iter().all(|effect| effect.kind == Kind::Table && !effect.wanted) {
            for effect in missing {
                let table = format!("{}.{}", name(&effect.schema), name(&effect.name));
                let kind = self.kind_of(effect)?;
                self.batch(&format!("DROP {kind} IF EXISTS {table}"))?;
            }
            return Ok(Evidence::Ran);
        }
        let shown: Vec<_> = effects
            .iter()
            .map(|effect| {
                let there = missing.contains(&effect) != effect.wanted;
                let word = if there { "is there" } else { "is not there" };
                format!("{} {} {word}", effect.kind.word(), effect.name)
            })
            .collect();
        Ok(Evidence::Undecided { look_at: format!("it is half there: {}", shown.join(", ")) })
    }

    fn kind_of(&mut self, effect: &Effect) -> Result<&'static str, Cause> {
        let sql = format!(
            "SELECT table_type FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
            literal(&effect.schema),
            literal(&effect.name)
        );
        Ok(match catalog::column(self.conn(), &sql)?.first().map(String::as_str) {
            Some("VIEW") => "VIEW",
            Some("SEQUENCE") => "SEQUENCE",
            _ => "TABLE",
        })
    }

    fn is_there(&mut self, effect: &Effect) -> Result<bool, Cause> {
        let Effect { schema, name, of, .. } = effect;
        let (schema, name, of) = (literal(schema), literal(name), literal(of));
        let from = match effect.kind {
            Kind::Table => format!("tables WHERE table_schema = {schema} AND table_name = {name}"),
            Kind::Column => {
                format!("columns WHERE table_schema = {schema} AND table_name = {of} AND column_name = {name}")
            }
            Kind::Index => {
                format!("statistics WHERE table_schema = {schema} AND table_name = {of} AND index_name = {name}")
            }
            Kind::Constraint => format!(
                "table_constraints WHERE table_schema = {schema} AND table_name = {of} AND constraint_name = {name}"
            ),
            Kind::Routine => {
                format!("routines WHERE routine_schema = {schema} AND routine_name = {name} AND routine_type = {of}")
            }
            Kind::Trigger => format!("triggers WHERE trigger_schema = {schema} AND trigger_name = {name}"),
            Kind::Event => format!("events WHERE event_schema = {schema} AND event_name = {name}"),
            Kind::Database => format!("schemata WHERE schema_name = {name}"),
            Kind::Account => {
                // MySQL keeps hosts in small letters.
                let host = if effect.of.is_empty() { String::new() } else { format!(" AND host = lower({of})") };
                let sql = format!("SELECT 1 FROM mysql.user WHERE user = {name}{host}");
                return catalog::exists(self.conn(), &sql);
            }
        };
        catalog::exists(self.conn(), &format!("SELECT 1 FROM information_schema.{from} LIMIT 1"))
    }

    fn states_of(&mut self, tables: &[Table]) -> Result<Vec<String>, Cause> {
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        self.plainly(|mysql| tables.iter().map(|table| mysql.state_of(&table.schema, &table.name)).collect())
    }

    /// A table's or view's definition, and its numbers; empty when there is none.
    fn state_of(&mut self, schema: &str, table: &str) -> Result<String, Cause> {
        let sql = format!("SHOW CREATE TABLE {}.{}", name(schema), name(table));
        let shown = match catalog::row(self.conn(), &sql) {
            Ok(row) => row.get(1).cloned().flatten().unwrap_or_default(),
            Err(why) if matches!(why.code.as_deref(), Some("1146" | "1049" | "1932")) => return Ok(String::new()),
            // A view, for whose text one needs SHOW VIEW; replacing it does not.
            Err(why) if is_denied(&why) => return Ok(UNSEEN.to_owned()),
            Err(why) => return Err(why),
        };
        let digest = Checksum::of_text(&without_counter(&shown)).to_string();
        let digest = digest.rsplit(':').next().unwrap_or_default().get(..16).unwrap_or_default().to_owned();
        if !self.facts.as_ref().is_some_and(|facts| facts.sees_swaps) {
            return Ok(digest);
        }
        let ids = if self.is_mariadb() { "INNODB_SYS_TABLES" } else { "INNODB_TABLES" };
        let (Some(schema), Some(table)) = (file_name(schema), file_name(table)) else { return Ok(digest) };
        let path = literal(&format!("{schema}/{table}"));
        let sql = format!(
            "SELECT table_id FROM information_schema.{ids} WHERE name = {path} \
             OR left(name, char_length({path}) + 1) = concat({path}, '#') ORDER BY name"
        );
        let numbers = catalog::column(self.conn(), &sql)?;
        Ok(format!("{digest} {}", numbers.join(" ")))
    }
}

/// What this user may not see the definition of.
const UNSEEN: &str = "?";

fn is_denied(why: &Cause) -> bool {
    matches!(why.code.as_deref(), Some("1142" | "1143"))
}

/// What the definitions and numbers of the tables say; `None` when they can't tell.
fn by_states(image: &Image, before: &[String], now: &[String]) -> Option<Evidence> {
    let pairs = || before.iter().zip(now);
    let makes = image.effects.iter().any(|effect| effect.kind == Kind::Table);
    let harmless = image.again == Again::Harmless;
    if pairs().any(|(before, now)| before == UNSEEN || now == UNSEEN) {
        return (makes && harmless).then_some(Evidence::RunAgain);
    }
    // None of these takes a table away: MariaDB's OR REPLACE may have died behind its first half, or somebody else has,
    // which the server will say.
    if pairs().any(|(before, now)| !before.is_empty() && now.is_empty()) {
        return Some(Evidence::RunAgain);
    }
    let changed = pairs().any(|(before, now)| digest_of(before) != digest_of(now));
    if harmless {
        // The numbers say no more: the application may have truncated the table meanwhile.
        return Some(if changed { Evidence::Ran } else { Evidence::RunAgain });
    }
    // Numbers are seen with a privilege that the run that died may not have had.
    if !before.is_empty() && pairs().all(|(before, now)| has_numbers(before) && has_numbers(now)) {
        let same = pairs().all(|(before, now)| numbers_of(before) == numbers_of(now));
        return Some(if same { Evidence::RunAgain } else { Evidence::Ran });
    }
    (makes && changed).then_some(Evidence::Ran)
}

/// Whether a change of the schema is whole or not there at all when the server dies: since MySQL 8.0 and MariaDB 10.6.
fn has_atomic_ddl(facts: &Facts) -> bool {
    let since = match facts.syntax.dialect() {
        Dialect::Mariadb => ServerVersion::new(10, 6, 0),
        _ => ServerVersion::new(8, 0, 0),
    };
    facts.version.is_some_and(|version| version >= since)
}

/// Behind a rename each name has the number that another had before. The definition holds the table's name: the numbers
/// alone count, and whether it is there.
fn by_numbers(image: &Image, before: &[String], now: &[String]) -> Evidence {
    let numbered = before.iter().chain(now).all(|state| state.is_empty() || has_numbers(state));
    let number = |state: &String| (!state.is_empty()).then(|| if numbered { numbers_of(state) } else { String::new() });
    let before: Vec<_> = before.iter().map(number).collect();
    let now: Vec<_> = now.iter().map(number).collect();
    let mut wanted = before.clone();
    for (from, to) in &image.renames {
        let moved = wanted.get_mut(*from).and_then(Option::take);
        if let Some(slot) = wanted.get_mut(*to) {
            *slot = moved;
        }
    }
    // Tables without numbers that change places look the same.
    if wanted != before && now == wanted {
        return Evidence::Ran;
    }
    if wanted != before && now == before {
        return Evidence::RunAgain;
    }
    let names: Vec<_> = image.tables.iter().map(|table| table.name.as_str()).collect();
    Evidence::Undecided { look_at: format!("which table has which name now: {}", names.join(", ")) }
}

fn digest_of(state: &str) -> &str {
    state.split(' ').next().unwrap_or_default()
}

fn has_numbers(state: &str) -> bool {
    !numbers_of(state).is_empty()
}

fn numbers_of(state: &str) -> String {
    state.split_once(' ').map_or_else(String::new, |(_, numbers)| numbers.to_owned())
}

/// A name as InnoDB writes it: `a-b` is a@002db, as in the names of the files. `None` where that can't be told: other
/// alphabets have tables of their own.
fn file_name(name: &str) -> Option<String> {
    name.is_ascii().then(|| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.chars().map(|c| if plain(c) { c.to_string() } else { format!("@{:04x}", u32::from(c)) }).collect()
    })
}

/// `AUTO_INCREMENT=7` comes and moves with the rows.
fn without_counter(shown: &str) -> String {
    let mut text = String::with_capacity(shown.len());
    let mut rest = shown;
    while let Some((before, behind)) = rest.split_once("AUTO_INCREMENT=") {
        text.push_str(before);
        rest = behind.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(' ');
    }
    text + rest
}

fn head_of(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_core::sql::Syntax;

    #[test]
    fn servers_with_atomic_ddl() {
        let has = |dialect: Dialect, version: &str| {
            let (server, version) = (String::new(), version.parse().ok());
            let syntax = Syntax::of(dialect);
            has_atomic_ddl(&Facts { syntax, server, version, transactional_ddl: false, sees_swaps: true })
        };
        assert!(
            has(Dialect::Mysql, "8.0.36") && has(Dialect::Mysql, "9.7.4-2") && has(Dialect::Mariadb, "10.6.1-MariaDB")
        );
        assert!(
            !has(Dialect::Mysql, "5.7.44-log")
                && !has(Dialect::Mariadb, "10.5.29-MariaDB")
                && !has(Dialect::Mysql, "?")
        );
    }
}
