//! What is noted of a statement before it runs, and how the journal keeps it.

use migrate_core::history::RowWrite;
use migrate_core::sql::{ObjectName, Recognised, Statement};

/// What a statement is about, as it was before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// Things that it makes or takes away.
    pub(super) effects: Vec<Effect>,
    /// The tables that it names.
    pub(super) tables: Vec<Table>,
    /// Names that trade places: of each pair the second takes the number of the first.
    pub(super) renames: Vec<(usize, usize)>,
    pub(super) again: Again,
}

/// What it would mean to run the statement once more, had it run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Again {
    /// The same, or an error.
    #[default]
    Harmless,
    /// Something else would be lost or changed.
    Harmful,
    /// Rows: they are one with their line of the journal, unless their engine has no transactions.
    Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) kind: Kind,
    pub(super) schema: String,
    pub(super) name: String,
    /// The table that it belongs to; an account's host.
    pub(super) of: String,
    pub(super) wanted: bool,
    pub(super) was: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    /// A digest of its definition, and InnoDB's numbers of it and its partitions; empty when it is not there.
    pub(super) state: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) fn word(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// Run again, they do the same again.
const HARMLESS: [&str; 18] = [
    "ANALYZE",
    "CHECK",
    "OPTIMIZE",
    "REPAIR",
    "FLUSH",
    "GRANT",
    "REVOKE",
    "ALTER USER",
    "SET PASSWORD",
    "SET DEFAULT ROLE",
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
pub(super) const ENGINE: &str = "data";

/// Whether the statement whose lines these are changes rows that can't be rolled back.
pub(crate) fn is_not_transactional(before: &[RowWrite<'_>]) -> bool {
    let image = |write: &RowWrite<'_>| match write {
        RowWrite::Journal(row) => row.pre_image.as_deref().is_some_and(|image| image.starts_with(ENGINE)),
        _ => false,
    };
    before.iter().any(image)
}

impl Image {
    /// As the journal keeps it: a line each, its parts parted by tabs.
    pub(super) fn to_text(&self) -> String {
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

    pub(super) fn parse(text: &str) -> Option<Image> {
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

/// What there is to be noted about a statement.
pub(super) fn image_of(statement: &Statement<'_>, known: &Recognised, current: &str) -> Image {
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
            // Made once more it is the same one.
            image.again = Again::Harmless;
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
            // It may have come to its time since, and is gone then.
            if kind == Kind::Event && wanted && once(statement.text) {
                return image;
            }
            let of = if kind == Kind::Routine { what } else { "" };
            for object in &known.objects {
                image.effects.push(effect(kind, schema(object), &object.name, of, wanted));
            }
            // Made once more it is the same one.
            image.again = Again::Harmless;
        }
        (Some("CREATE" | "DROP"), "USER" | "ROLE") if !has(statement, "EXISTS") => {
            if let Some((user, host)) = account(statement.text) {
                image.effects.push(effect(Kind::Account, String::new(), &user, &host, wanted));
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
        // A primary key is called PRIMARY, whatever its constraint is called.
        let Some(named) = part.name.filter(|_| !(verb == "ADD CONSTRAINT" && has_word(part.text, "PRIMARY"))) else {
            continue;
        };
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
    // What is dropped and made anew is there before and after.
    let both = |effect: &Effect| {
        let twin = Effect { wanted: !effect.wanted, ..effect.clone() };
        image.effects.contains(&twin)
    };
    let once = image.effects.iter().filter(|effect| !both(effect)).cloned().collect();
    image.effects = once;
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

/// Whether an event is to happen once: `ON SCHEDULE AT`.
fn once(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.any(|word| word.eq_ignore_ascii_case("SCHEDULE"))
        && words.next().is_some_and(|word| !word.eq_ignore_ascii_case("EVERY"))
}

/// Whether a word stands anywhere in it, be it in a literal.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|other| other.eq_ignore_ascii_case(word))
}

/// The user and the host behind CREATE USER, where only one is named; no host where none is.
fn account(text: &str) -> Option<(String, String)> {
    let behind = text.split_whitespace().nth(2)?;
    let plain = |part: &str| part.trim_matches(['`', '\'', '"', ';', ',']).to_owned();
    let (user, host) = behind.split_once('@').map_or((plain(behind), String::new()), |(u, h)| (plain(u), plain(h)));
    (!user.is_empty() && !text.contains(',')).then_some((user, host))
}
