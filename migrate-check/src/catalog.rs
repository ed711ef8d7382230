use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use migrate_core::{Cause, Driver, Tables};

/// A driver whose database can be described.
pub trait Inspect: Driver {
    /// What is kept from one catalog to the next of the same database, so that only what has changed is read.
    type Memory: Default;

    /// Where the database can put a column.
    const COLUMNS: Place;

    /// What stands in the database, without the history's own tables.
    ///
    /// # Errors
    /// When the catalog can't be read.
    fn catalog(&mut self, history: &Tables, memory: &mut Self::Memory) -> Result<Catalog, Cause>;
}

/// Where a database can put a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind all others: a down that brings one back is not to blame for its place.
    AtTheEnd,
    /// Anywhere.
    Anywhere,
}

/// A database's schema as it was at one moment: sorted, printable, comparable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    objects: Vec<Arc<Object>>,
    columns: Vec<Arc<Columns>>,
}

/// One thing in a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// `index`
    pub kind: String,
    /// `public.orders_email`
    pub name: String,
    /// All else that there is to say of it.
    pub definition: String,
}

/// The columns of a table, as they stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Columns {
    /// Which table.
    pub table: String,
    /// Its columns.
    pub names: Vec<String>,
}

/// The columns of a table stand in another order; all else about them is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnOrder {
    /// Which table.
    pub table: String,
    /// Its columns before.
    pub before: Vec<String>,
    /// And after.
    pub after: Vec<String>,
}

impl Catalog {
    /// From what was found, in any order; and of each table its columns as they stand.
    pub fn new(mut objects: Vec<Arc<Object>>, mut columns: Vec<Arc<Columns>>) -> Self {
        objects.sort();
        columns.sort();
        Catalog { objects, columns }
    }

    /// What there is, sorted.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().map(Arc::as_ref)
    }

    /// What differs, a line for each thing: `only before: index orders_email: CREATE INDEX …`. The order of columns is
    /// left to [`column_orders`](Self::column_orders).
    pub fn diff(&self, after: &Catalog) -> Vec<String> {
        let keyed = |catalog: &Catalog| {
            let mut map = BTreeMap::<(String, String), Vec<String>>::new();
            for object in &catalog.objects {
                let key = (object.kind.clone(), object.name.clone());
                map.entry(key).or_default().push(object.definition.clone());
            }
            map
        };
        if self.objects == after.objects {
            return Vec::new();
        }
        let (old, new) = (keyed(self), keyed(after));
        let line = |when: &str, (kind, name): &(String, String), definition: &[String]| {
            let text = definition.join("; ");
            let colon = if text.is_empty() { "" } else { ": " };
            format!("{when}: {kind} {name}{colon}{}", text.trim_end())
        };
        let mut lines = Vec::new();
        for (key, definition) in &old {
            match new.get(key) {
                None => lines.push(line("only before", key, definition)),
                Some(now) if now != definition => {
                    lines.push(line("before", key, definition));
                    lines.push(line("after", key, now));
                }
                Some(_) => {}
            }
        }
        let only_new = new.iter().filter(|(key, _)| !old.contains_key(*key));
        lines.extend(only_new.map(|(key, definition)| line("only after", key, definition)));
        lines
    }

    /// The tables with the same columns in another order.
    pub fn column_orders(&self, after: &Catalog) -> Vec<ColumnOrder> {
        if self.columns == after.columns {
            return Vec::new();
        }
        let now: BTreeMap<_, _> = after.columns.iter().map(|columns| (&columns.table, &columns.names)).collect();
        let moved = |before: &Arc<Columns>| {
            let Columns { table, names } = before.as_ref();
            let after = now.get(table).filter(|now| **now != names)?;
            let sorted = |list: &[String]| {
                let mut list = list.to_vec();
                list.sort_unstable();
                list
            };
            (sorted(names) == sorted(after)).then(|| ColumnOrder {
                table: table.clone(),
                before: names.clone(),
                after: after.to_vec(),
            })
        };
        self.columns.iter().filter_map(moved).collect()
    }
}

impl ColumnOrder {
    pub(crate) fn lines(&self) -> [String; 2] {
        let line = |when, names: &[String]| format!("{when}: columns of {}: {}", self.table, names.join(", "));
        [line("before", &self.before), line("after", &self.after)]
    }
}

impl fmt::Display for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objects.iter().try_for_each(|object| writeln!(f, "{object}"))
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.definition.is_empty() { "" } else { ": " };
        write!(f, "{} {}{colon}{}", self.kind, self.name, self.definition)
    }
}
