//! Statements that commit by themselves: what is noted before one runs, and from that, whether one ran whose run died.
//!
//! First the effect itself is looked for: the column that was to be added is there, and was not. Only where a statement
//! has no effect of that kind the definitions of the tables that it names tell, with their numbers, which InnoDB gives
//! anew to a table that is truncated, rebuilt or swapped. Never those of the whole schema: somebody else may have
//! changed another table meanwhile.

use migrate_core::driver::{Driver, Evidence};
use migrate_core::history::{JournalRow, JournalState, RowWrite};
use migrate_core::sql::{ObjectName, Recognised, Statement, split};
use migrate_core::{Cause, Checksum};

use super::Mysql;
use crate::catalog::{self, literal, name};

/// What a statement is about, as it was before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Image {
    /// Things that it makes or takes away.
    effects: Vec<Effect>,
    /// The tables that it names.
    tables: Vec<Table>,
    /// Names that trade places: of each pair the second takes the number of the first.
    renames: Vec<(usize, usize)>,
    again: Again,
}

/// What it would mean to run the statement once more, had it run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Again {
    /// The same, or an error.
    #[default]
    Harmless,
    /// Something else would be lost or changed.
    Harmful,
    /// Rows: they are one with their line of the journal, unless their engine has no transactions.
    Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Effect {
    kind: Kind,
    schema: String,
    name: String,
    /// The table that it belongs to.
    of: String,
    wanted: bool,
    was: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    schema: String,
    name: String,
    /// A digest of its definition, and InnoDB's numbers of it and its partitions; empty when it is not there.
    state: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Table,
    Column,
    Index,
    Constraint,
    Routine,
    Trigger,
    Event,
    Database,
    Account,
}

const KINDS: [(Kind, &str); 9] = [
    (Kind::Table, "table"),
    (Kind::Column, "column"),
    (Kind::Index, "index"),
    (Kind::Constraint, "constraint"),
    (Kind::Routine, "routine"),
    (Kind::Trigger, "trigger"),
    (Kind::Event, "event"),
    (Kind::Database, "database"),
    (Kind::Account, "account"),
];

impl Kind {
    fn word(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// Run again, they do the same again.
const HARMLESS: [&str; 17] = [
    "ANALYZE",
    "CHECK",
    "OPTIMIZE",
    "REPAIR",
    "FLUSH",
    "GRANT",
    "REVOKE",
    "ALTER USER",
    "SET PASSWORD",
    "ALTER EVENT",
    "ALTER DATABASE",
    "ALTER SCHEMA",
    "ALTER VIEW",
    "ALTER PROCEDURE",
    "ALTER FUNCTION",
    "CACHE",
    "LOAD INDEX",
];

/// A file of rows in an engine without transactions: its image is this.
const ENGINE: &str = "data";

/// Whether the statement whose lines these are changes rows that can't be rolled back.
pub(super) fn is_not_transactional(before: &[RowWrite<'_>]) -> bool {
    let image = |write: &RowWrite<'_>| match write {
        RowWrite::Journal(row) => row.pre_image.as_deref().is_some_and(|image| image.starts_with(ENGINE)),
        _ => false,
    };
    before.iter().any(image)
}

impl Image {
    /// As the journal keeps it: a line each, its parts parted by tabs.
    fn to_text(&self) -> String {
        let word = match self.again {
            Again::Harmless => "harmless",
            Again::Harmful => "harmful",
            Again::Data => ENGINE,
        };
        let mut lines = vec![word.to_owned()];
        let escaped = |part: &str| part.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n");
        for effect in &self.effects {
            let truth = |holds: bool| if holds { "yes" } else { "no" };
            let parts =
                [effect.kind.word(), &effect.schema, &effect.name, &effect.of, truth(effect.wanted), truth(effect.was)];
            lines.push(parts.map(escaped).join("\t"));
        }
        lines.extend(
            self.tables.iter().map(|table| ["is", &table.schema, &table.name, &table.state].map(escaped).join("\t")),
        );
        lines.extend(self.renames.iter().map(|(from, to)| format!("rename\t{from}\t{to}")));
        lines.join("\n")
    }

    fn parse(text: &str) -> Option<Image> {
        let mut lines = text.lines();
        let again = match lines.next()? {
            "harmless" => Again::Harmless,
            "harmful" => Again::Harmful,
            _ => Again::Data,
        };
        let mut image = Image { again, ..Image::default() };
        for line in lines {
            let parts: Vec<String> = line.split('\t').map(unescaped).collect();
            let part = |index: usize| parts.get(index).cloned();
            match part(0)?.as_str() {
                "is" => image.tables.push(Table { schema: part(1)?, name: part(2)?, state: part(3)? }),
                "rename" => image.renames.push((part(1)?.parse().ok()?, part(2)?.parse().ok()?)),
                word => {
                    let kind = KINDS.iter().find(|(_, known)| *known == word)?.0;
                    let (wanted, was) = (part(4)? == "yes", part(5)? == "yes");
                    image.effects.push(Effect { kind, schema: part(1)?, name: part(2)?, of: part(3)?, wanted, was });
                }
            }
        }
        Some(image)
    }
}

fn unescaped(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('t') => text.push('\t'),
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            c => text.push(c),
        }
    }
    text
}

impl Mysql<'_> {
    /// What is noted before a statement runs.
    pub(super) fn image_before(&mut self, text: &str) -> Result<Option<String>, Cause> {
        let Ok(statements) = split(text, self.syntax()) else { return Ok(None) };
        let [statement] = statements.as_slice() else { return Ok(None) };
        let known = statement.recognise_on(self.facts.as_ref().and_then(|facts| facts.version));
        if !known.commits {
            let tables = self.tables_of(text)?;
            let found = catalog::without_transactions(self.conn(), &tables)?;
            return Ok((!found.is_empty()).then(|| ENGINE.to_owned()));
        }
        let current = self.current_database()?.unwrap_or_default();
        let mut image = image_of(statement, &known, &current);
        for effect in &mut image.effects {
            effect.was = self.is_there(effect)?;
        }
        for table in &mut image.tables {
            table.state = self.state_of(&table.schema, &table.name)?;
        }
        Ok(Some(image.to_text()))
    }

    /// Whether a statement ran that was begun.
    pub(super) fn what_happened(&mut self, text: &str, begun: &JournalRow) -> Result<Evidence, Cause> {
        // What the server refused has not run.
        if begun.state == JournalState::Failed {
            return Ok(Evidence::RunAgain);
        }
        self.facts()?;
        let undecided = |look_at: String| Ok(Evidence::Undecided { look_at });
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
        let mut now = Vec::with_capacity(image.tables.len());
        for table in &image.tables {
            now.push(self.state_of(&table.schema, &table.name)?);
        }
        let before: Vec<_> = image.tables.iter().map(|table| table.state.clone()).collect();
        if !image.renames.is_empty() {
            return Ok(by_numbers(&image, &before, &now));
        }
        if !image.tables.is_empty() && now != before {
            return Ok(Evidence::Ran);
        }
        let numbered = !before.is_empty() && before.iter().all(|state| !numbers_of(state).is_empty());
        match image.again {
            Again::Harmless => Ok(Evidence::RunAgain),
            _ if numbered => Ok(Evidence::RunAgain),
            _ => undecided(format!("whether `{}` ran: the catalog looks the same either way", head_of(text))),
        }
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
                return catalog::exists(self.conn(), &format!("SELECT 1 FROM mysql.user WHERE user = {name}"));
            }
        };
        catalog::exists(self.conn(), &format!("SELECT 1 FROM information_schema.{from} LIMIT 1"))
    }

    /// A table's or view's definition, and its numbers; empty when there is none.
    fn state_of(&mut self, schema: &str, table: &str) -> Result<String, Cause> {
        let sql = format!("SHOW CREATE TABLE {}.{}", name(schema), name(table));
        let shown = match catalog::row(self.conn(), &sql) {
            Ok(row) => row.get(1).cloned().flatten().unwrap_or_default(),
            Err(why) if matches!(why.code.as_deref(), Some("1146" | "1049" | "1932")) => return Ok(String::new()),
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

/// Behind a rename each name has the number that another had before.
fn by_numbers(image: &Image, before: &[String], now: &[String]) -> Evidence {
    if now == before {
        return Evidence::RunAgain;
    }
    let mut wanted = before.to_vec();
    for (from, to) in &image.renames {
        let moved = wanted.get(*from).cloned().unwrap_or_default();
        if let Some(slot) = wanted.get_mut(*to) {
            *slot = moved;
        }
        if let Some(slot) = wanted.get_mut(*from) {
            slot.clear();
        }
    }
    // The definition holds the table's name: the numbers alone count, and whether it is there.
    let number = |state: &String| (!state.is_empty()).then(|| numbers_of(state));
    if wanted.iter().map(number).eq(now.iter().map(number)) {
        return Evidence::Ran;
    }
    let names: Vec<_> = image.tables.iter().map(|table| table.name.as_str()).collect();
    Evidence::Undecided { look_at: format!("which table has which name now: {}", names.join(", ")) }
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

/// What there is to be noted about a statement.
fn image_of(statement: &Statement<'_>, known: &Recognised, current: &str) -> Image {
    let schema = |object: &ObjectName| object.schema.clone().unwrap_or_else(|| current.to_owned());
    let mut image = Image { again: Again::Harmful, ..Image::default() };
    let words: Vec<&str> = known.verb.split(' ').collect();
    let what = words.last().copied().unwrap_or_default();
    let wanted = words.first() == Some(&"CREATE");
    let table = |object: &ObjectName| Table { schema: schema(object), name: object.name.clone(), state: String::new() };
    match (words.first().copied(), what) {
        (Some("CREATE" | "DROP"), "INDEX") => {
            if let (Some(object), Some(on)) = (known.objects.first(), &known.on) {
                image.effects.push(effect(Kind::Index, schema(on), &object.name, &on.name, wanted));
                image.tables.push(table(on));
            }
        }
        (Some("CREATE" | "DROP"), "TABLE" | "TABLES" | "VIEW" | "SEQUENCE") => {
            for object in &known.objects {
                image.effects.push(effect(Kind::Table, schema(object), &object.name, "", wanted));
                image.tables.push(table(object));
            }
            // Of one that was there already: IF NOT EXISTS does nothing, OR REPLACE gives a new number.
            image.again =
                if what == "VIEW" || !wanted || has(statement, "EXISTS") { Again::Harmless } else { Again::Harmful };
        }
        (Some("CREATE" | "DROP"), "PROCEDURE" | "FUNCTION" | "TRIGGER" | "EVENT" | "DATABASE" | "SCHEMA") => {
            let kind = match what {
                "TRIGGER" => Kind::Trigger,
                "EVENT" => Kind::Event,
                "DATABASE" | "SCHEMA" => Kind::Database,
                _ => Kind::Routine,
            };
            let of = if kind == Kind::Routine { what } else { "" };
            for object in &known.objects {
                image.effects.push(effect(kind, schema(object), &object.name, of, wanted));
            }
            // Made once more it is the same one.
            image.again = Again::Harmless;
        }
        (Some("CREATE" | "DROP"), "USER" | "ROLE") if !has(statement, "EXISTS") => {
            if let Some(account) = account(statement.text) {
                image.effects.push(effect(Kind::Account, String::new(), &account, "", wanted));
            }
        }
        (Some("RENAME"), "TABLE" | "TABLES") => {
            for pair in known.objects.chunks(2) {
                let at: Vec<_> = pair.iter().map(|object| place(&mut image.tables, table(object))).collect();
                if let [from, to] = at.as_slice() {
                    image.renames.push((*from, *to));
                }
            }
            // One name that goes and one that comes tell by themselves.
            if let [old, new] = known.objects.as_slice() {
                image.effects.push(effect(Kind::Table, schema(old), &old.name, "", false));
                image.effects.push(effect(Kind::Table, schema(new), &new.name, "", true));
            }
        }
        (Some("TRUNCATE"), _) => image.tables.extend(known.objects.iter().map(table)),
        (Some("ALTER"), "TABLE") => {
            if let Some(object) = known.objects.first() {
                image.tables.push(table(object));
                alter(statement, object, &schema(object), &mut image);
            }
        }
        _ if HARMLESS.iter().any(|verb| known.verb.starts_with(verb)) || has(statement, "EXISTS") => {
            image.again = Again::Harmless;
        }
        _ => {}
    }
    image
}

/// The parts of an ALTER TABLE that make or take something by its name.
fn alter(statement: &Statement<'_>, object: &ObjectName, schema: &str, image: &mut Image) {
    image.again = Again::Harmless;
    for part in statement.parts() {
        let verb = part.verb.as_str();
        // The rows that a second one would take are not those of the first.
        if verb.contains("EXCHANGE") || verb.contains("TRUNCATE") || verb.contains("DISCARD") || verb.contains("IMPORT")
        {
            image.again = Again::Harmful;
        }
        let Some(named) = part.name else { continue };
        let (kind, wanted) = match verb {
            "ADD COLUMN" => (Kind::Column, true),
            "DROP COLUMN" => (Kind::Column, false),
            "ADD INDEX" | "ADD KEY" | "ADD UNIQUE" | "ADD FULLTEXT" | "ADD SPATIAL" => (Kind::Index, true),
            "DROP INDEX" | "DROP KEY" => (Kind::Index, false),
            "ADD CONSTRAINT" => (Kind::Constraint, true),
            "DROP CONSTRAINT" | "DROP FOREIGN KEY" | "DROP CHECK" => (Kind::Constraint, false),
            "RENAME TO" => {
                image.effects.push(effect(Kind::Table, schema.to_owned(), &object.name, "", false));
                image.effects.push(effect(Kind::Table, schema.to_owned(), &named, "", true));
                continue;
            }
            _ => continue,
        };
        image.effects.push(effect(kind, schema.to_owned(), &named, &object.name, wanted));
    }
    // Behind a rename the rest of it stands in another table: the two names tell enough.
    if image.effects.iter().any(|effect| effect.kind == Kind::Table) {
        image.effects.retain(|effect| effect.kind == Kind::Table);
    }
}

fn effect(kind: Kind, schema: String, name: &str, of: &str, wanted: bool) -> Effect {
    Effect { kind, schema, name: name.to_owned(), of: of.to_owned(), wanted, was: false }
}

fn place(tables: &mut Vec<Table>, table: Table) -> usize {
    let known = tables.iter().position(|other| (&other.schema, &other.name) == (&table.schema, &table.name));
    known.unwrap_or_else(|| {
        tables.push(table);
        tables.len() - 1
    })
}

/// Whether a word stands in the statement's first words.
fn has(statement: &Statement<'_>, word: &str) -> bool {
    statement.text.split_whitespace().take(8).any(|other| other.eq_ignore_ascii_case(word))
}

/// The first name behind CREATE USER, where only one is named.
fn account(text: &str) -> Option<String> {
    let behind = text.split_whitespace().nth(2)?;
    let user = behind.split('@').next()?.trim_matches(['`', '\'', '"', ';', ',']);
    (!user.is_empty() && !text.contains(',')).then(|| user.to_owned())
}

fn head_of(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(80).collect()
}
