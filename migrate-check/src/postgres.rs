//! PostgreSQL: scratch databases beside the one of a URL, and its catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use migrate_core::driver::Driver;
use migrate_core::sql::ServerVersion;
use migrate_core::{Cause, Tables};
use migrate_postgres::{Postgres, Url, admin};
use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::{Catalog, Columns, Inspect, Made, Object, Part, Place, Scratch};

/// Databases `migrate_check_<random>` on the server of the URL. The URL's own database is not touched.
#[derive(Clone, Debug)]
pub struct Beside {
    url: Url,
}

impl Beside {
    /// On the server of this URL.
    pub fn new(url: Url) -> Self {
        Beside { url }
    }
}

impl Scratch for Beside {
    type Driver = Postgres<'static>;

    /// The schema of the history is made, too: where migrations run it is there before the first of them.
    fn make(&self, history: &Tables) -> Result<Made<Self::Driver>, Cause> {
        let name = crate::scratch::random_name();
        let url = self.url.with_database(&name);
        admin::create(&url).map_err(|why| match why.code.as_deref() {
            Some("42501") => {
                why.hint("let the role make databases: ALTER ROLE … CREATEDB; or name another server, one for tests")
            }
            _ => why,
        })?;
        match connected(&url, history) {
            Ok(driver) => Ok(Made::new(name, driver, move || admin::drop(&url).map(drop))),
            Err(why) => {
                let _ = admin::drop(&url);
                Err(why)
            }
        }
    }
}

fn connected(url: &Url, history: &Tables) -> Result<Postgres<'static>, Cause> {
    let mut driver = Postgres::connect(url)?.tables(history.clone());
    if let Some(schema) = &history.schema {
        let made = format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", schema.replace('"', "\"\""));
        driver.execute(&made)?;
    }
    Ok(driver)
}

const COMMON: &str = include_str!("postgres/common.sql");
const UNITS: &str = include_str!("postgres/units.sql");

/// What stands for itself. Each with the first major version that can answer it.
const REST: [(u32, &str); 4] = [
    (0, include_str!("postgres/types.sql")),
    (0, include_str!("postgres/programs.sql")),
    (0, include_str!("postgres/access.sql")),
    (15, include_str!("postgres/since_15.sql")),
];

/// What belongs to relations and routines.
const DETAILS: [(u32, &str); 2] =
    [(0, include_str!("postgres/relations.sql")), (14, include_str!("postgres/since_14.sql"))];

/// Of what is no relation and no routine, what other texts don't name.
const NAMED_BY_NONE: [&str; 9] = [
    "comment",
    "default privileges",
    "extension",
    "grant",
    "owner",
    "publication",
    "revoke",
    "security label",
    "setting",
];

/// For our transaction alone. Without a search path every name comes with its schema. A plan is made once, for planning takes
/// longer than running; what a catalog costs is a guess of the planner's that would have it compiled each time.
const SETTINGS: &str = "SELECT set_config('search_path', '', true), set_config('plan_cache_mode', 'force_generic_plan', true), \
     set_config('jit', 'off', true);";

/// What a catalog keeps for the next one: the texts of relations and routines, which PostgreSQL takes long to make.
///
/// A unit is read again when a row of it is newer, or gone. A text may name another object, too: where something has another
/// name than before, all are read again.
#[derive(Debug, Default)]
pub struct Texts {
    units: BTreeMap<Unit, Known>,
    rest: Arc<Part>,
}

/// A relation, or a routine, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Relation(u32),
    Routine(u32),
}

/// How many rows of the server's catalog, and the newest transaction that wrote one.
type Written = (u64, u64);

#[derive(Debug, Default)]
struct Known {
    name: String,
    written: Written,
    /// By their numbers, which a column keeps for life.
    columns: BTreeMap<i32, String>,
    part: Arc<Part>,
}

impl Inspect for Postgres<'_> {
    type Memory = Texts;
    const COLUMNS: Place = Place::AtTheEnd;

    fn catalog(&mut self, history: &Tables, texts: &mut Texts) -> Result<Catalog, Cause> {
        let version = self.facts()?.version;
        let told = texts.read(self.connection(), history, version);
        told.map_err(|error| self.cause_of(Box::new(error)).unwrap_or_default())?;
        let parts = texts.units.values().map(|known| &known.part).chain([&texts.rest]);
        Ok(Catalog::new(parts.cloned().collect()))
    }
}

impl Texts {
    fn read(
        &mut self,
        client: &mut Client,
        history: &Tables,
        version: Option<ServerVersion>,
    ) -> Result<(), postgres::Error> {
        // The plan is made on an almost empty database, and kept: loops in loops would take a second on one of 150 tables.
        let look = format!(
            "{SETTINGS} SET LOCAL enable_nestloop = off; EXECUTE migrate_check_rest; EXECUTE migrate_check_units"
        );
        let answers = match client.simple_query(&look) {
            // Not there yet, or no more: a migration's `DEALLOCATE ALL` takes them away.
            Err(error) if error.code().is_some_and(|code| code.code() == "26000") => {
                client.simple_query("DEALLOCATE ALL")?;
                client.simple_query(&prepare(history, version))?;
                client.simple_query(&look)?
            }
            answers => answers?,
        };
        let [_, _, rest, units] = results(answers);
        let rest = rest.iter().map(object).collect();
        let mut named_otherwise = self.replace_rest(rest);
        let mut found = BTreeMap::new();
        for row in &units {
            let number = parsed(row, 0);
            let unit = if row.get(1) == Some("t") { Unit::Routine(number) } else { Unit::Relation(number) };
            found.insert(unit, (cell(row, 2), (parsed(row, 3), parsed(row, 4))));
        }
        self.units.retain(|unit, known| match found.get(unit) {
            Some((name, _)) if *name == known.name => true,
            Some(_) => {
                named_otherwise = true;
                false
            }
            None => false,
        });
        if !named_otherwise {
            let units = &self.units;
            let is_new = |unit: &Unit, written: &Written| units.get(unit).is_none_or(|known| known.written != *written);
            let changed: BTreeMap<_, _> = found
                .iter()
                .filter(|(unit, (_, written))| is_new(unit, written))
                .map(|(unit, is)| (*unit, is.clone()))
                .collect();
            named_otherwise = self.read_units(client, changed)?;
        }
        if named_otherwise {
            self.units.clear();
            self.read_units(client, found)?;
        }
        Ok(())
    }

    /// Whether something is gone, or is another, that texts may name.
    fn replace_rest(&mut self, rest: Vec<Object>) -> bool {
        let names_it = |object: &&Object| !NAMED_BY_NONE.contains(&object.kind.as_str());
        let now: BTreeSet<_> = rest.iter().collect();
        let differs = self.rest.objects.iter().filter(names_it).any(|object| !now.contains(object));
        self.rest = Arc::new(Part::new(rest, Vec::new()));
        differs
    }

    /// Whether one of their columns has another name than before.
    fn read_units(
        &mut self,
        client: &mut Client,
        units: BTreeMap<Unit, (String, Written)>,
    ) -> Result<bool, postgres::Error> {
        if units.is_empty() {
            return Ok(false);
        }
        let (mut relations, mut routines) = (Vec::new(), Vec::new());
        for unit in units.keys() {
            match unit {
                Unit::Relation(number) => relations.push(number.to_string()),
                Unit::Routine(number) => routines.push(number.to_string()),
            }
        }
        let details = format!(
            "{SETTINGS} EXECUTE migrate_check_details('{{{}}}', '{{{}}}')",
            relations.join(","),
            routines.join(",")
        );
        let [_, details] = results(client.simple_query(&details)?);
        let known = |(name, written)| (Known { name, written, ..Known::default() }, Vec::new());
        let mut read: BTreeMap<Unit, (Known, Vec<Object>)> =
            units.into_iter().map(|(unit, is)| (unit, known(is))).collect();
        for row in &details {
            let number = parsed(row, 3);
            let unit = match row.get(0) {
                Some("function" | "procedure") => Unit::Routine(number),
                _ => Unit::Relation(number),
            };
            let Some((known, objects)) = read.get_mut(&unit) else { continue };
            objects.push(object(row));
            if row.get(4).is_some() {
                let name = cell(row, 1);
                let short = name.strip_prefix(&known.name).and_then(|name| name.strip_prefix('.')).unwrap_or(&name);
                known.columns.insert(parsed(row, 4), short.to_owned());
            }
        }
        let mut renamed = false;
        for (unit, (mut known, objects)) in read {
            let names: Vec<_> = known.columns.values().cloned().collect();
            let columns = (!names.is_empty()).then(|| Columns { table: known.name.clone(), names });
            known.part = Arc::new(Part::new(objects, columns.into_iter().collect()));
            if let Some(before) = self.units.get(&unit) {
                let same = |(number, name)| known.columns.get(number).is_none_or(|now| now == name);
                renamed |= !before.columns.iter().all(same);
            }
            self.units.insert(unit, known);
        }
        Ok(renamed)
    }
}

fn prepare(history: &Tables, version: Option<ServerVersion>) -> String {
    let literal = |name: &String| format!("'{}'", name.replace('\'', "''"));
    let names = [&history.history, &history.text, &history.journal].map(literal).join(", ");
    let place = history.schema.as_ref().map_or_else(String::new, |schema| {
        format!(" AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {})", literal(schema))
    });
    let ours = format!("SELECT oid FROM pg_class WHERE relname IN ({names}){place}");
    let common = format!("WITH history AS MATERIALIZED ({ours}),\n{COMMON}");
    let can = |since: u32| since == 0 || version.is_some_and(|version| version >= ServerVersion::new(since, 0, 0));
    let all = |parts: &[(u32, &'static str)]| {
        let parts: Vec<_> = parts.iter().filter(|(since, _)| can(*since)).map(|(_, sql)| *sql).collect();
        parts.join("UNION ALL\n")
    };
    format!(
        "{SETTINGS} PREPARE migrate_check_rest AS {common}{};\n\
         PREPARE migrate_check_units AS {common},\n{UNITS};\n\
         PREPARE migrate_check_details (oid[], oid[]) AS WITH {}",
        all(&REST),
        all(&DETAILS)
    )
}

/// The rows of each of the statements.
fn results<const N: usize>(messages: Vec<SimpleQueryMessage>) -> [Vec<SimpleQueryRow>; N] {
    let mut results = [const { Vec::new() }; N];
    let mut at = 0;
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => {
                if let Some(rows) = results.get_mut(at) {
                    rows.push(row);
                }
            }
            SimpleQueryMessage::CommandComplete(_) => at += 1,
            _ => {}
        }
    }
    results
}

fn object(row: &SimpleQueryRow) -> Object {
    let definition = cell(row, 2).trim_end().to_owned();
    Object { kind: cell(row, 0), name: cell(row, 1), definition }
}

fn cell(row: &SimpleQueryRow, index: usize) -> String {
    row.get(index).unwrap_or_default().to_owned()
}

fn parsed<T: FromStr + Default>(row: &SimpleQueryRow, index: usize) -> T {
    row.get(index).and_then(|cell| cell.parse().ok()).unwrap_or_default()
}
