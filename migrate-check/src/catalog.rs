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

/// One thing that two catalogs do not have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Difference {
    /// `index`
    pub kind: String,
    /// `public.orders_email`
    pub name: String,
    /// All else that there was to say of it; `None` = it was not there.
    pub before: Option<String>,
    /// And what there is to say now.
    pub after: Option<String>,
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

    /// What differs, by kind and name. The order of columns is left to [`column_orders`](Self::column_orders).
    pub fn diff(&self, after: &Catalog) -> Vec<Difference> {
        if self.objects == after.objects {
            return Vec::new();
        }
        // A name may be there twice: two constraints of two domains, one grant from each of two roles.
        let keyed = |catalog: &Catalog| {
            let mut map = BTreeMap::<(String, String), Vec<String>>::new();
            for object in &catalog.objects {
                let key = (object.kind.clone(), object.name.clone());
                map.entry(key).or_default().push(object.definition.clone());
            }
            map
        };
        let (old, mut new) = (keyed(self), keyed(after));
        let mut found = Vec::new();
        for ((kind, name), definition) in old {
            let now = new.remove(&(kind.clone(), name.clone()));
            if now.as_ref() != Some(&definition) {
                let [before, after] = [Some(definition), now].map(|texts| texts.map(|texts| texts.join("; ")));
                found.push(Difference { kind, name, before, after });
            }
        }
        let added = new.into_iter().map(|((kind, name), definition)| {
            let after = Some(definition.join("; "));
            Difference { kind, name, before: None, after }
        });
        found.extend(added);
        // What is gone, or another, comes first.
        found.sort_by_key(|difference| difference.before.is_none());
        found
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

impl Difference {
    /// In words, with those for the first catalog and the second: `only before: index orders_email: CREATE INDEX …`.
    pub(crate) fn lines(&self, [first, second]: [&str; 2]) -> Vec<String> {
        let line = |when: String, text: &str| {
            let colon = if text.is_empty() { "" } else { ": " };
            format!("{when}: {} {}{colon}{}", self.kind, self.name, text.trim_end())
        };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => vec![line(first.into(), before), line(second.into(), after)],
            (Some(before), None) => vec![line(format!("only {first}"), before)],
            (None, Some(after)) => vec![line(format!("only {second}"), after)],
            (None, None) => Vec::new(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines(["before", "after"]).join("\n"))
    }
}

impl From<ColumnOrder> for Difference {
    fn from(order: ColumnOrder) -> Self {
        let [before, after] = [order.before, order.after].map(|names| Some(names.join(", ")));
        Difference { kind: "column order".into(), name: order.table, before, after }
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
