use std::collections::{BTreeMap, BTreeSet};
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

/// A database's schema as it was at one moment: printable, comparable.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    parts: Vec<Arc<Part>>,
}

/// What is read together, and kept until it has changed: a table with all that belongs to it, say. Two catalogs that share a part
/// need not compare it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// In any order.
    pub objects: Vec<Object>,
    /// The columns of its tables.
    pub columns: Vec<Columns>,
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
    /// From its parts, in any order.
    pub fn new(parts: Vec<Arc<Part>>) -> Self {
        Catalog { parts }
    }

    /// What there is, sorted.
    pub fn objects(&self) -> Vec<&Object> {
        let mut objects: Vec<_> = self.parts.iter().flat_map(|part| &part.objects).collect();
        objects.sort_unstable();
        objects
    }

    /// The parts that the other one does not share.
    fn own<'c>(&'c self, other: &Catalog) -> impl Iterator<Item = &'c Part> {
        let shared: BTreeSet<_> = other.parts.iter().map(Arc::as_ptr).collect();
        self.parts.iter().filter(move |part| !shared.contains(&Arc::as_ptr(part))).map(Arc::as_ref)
    }

    /// What differs, by kind and name. The order of columns is left to [`column_orders`](Self::column_orders).
    pub fn diff(&self, after: &Catalog) -> Vec<Difference> {
        // A name may be there twice.
        let keyed = |catalog: &Catalog, other: &Catalog| {
            let mut map = BTreeMap::<(String, String), Vec<String>>::new();
            for object in catalog.own(other).flat_map(|part| &part.objects) {
                let key = (object.kind.clone(), object.name.clone());
                map.entry(key).or_default().push(object.definition.clone());
            }
            map.values_mut().for_each(|definitions| definitions.sort_unstable());
            map
        };
        let (old, mut new) = (keyed(self, after), keyed(after, self));
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
        let columns = after.own(self).flat_map(|part| &part.columns);
        let now: BTreeMap<_, _> = columns.map(|columns| (&columns.table, &columns.names)).collect();
        let moved = |Columns { table, names }: &Columns| {
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
        let mut moved: Vec<_> = self.own(after).flat_map(|part| &part.columns).filter_map(moved).collect();
        moved.sort_unstable_by(|a, b| a.table.cmp(&b.table));
        moved
    }
}

impl Part {
    /// Of these, in any order.
    pub fn new(objects: Vec<Object>, columns: Vec<Columns>) -> Self {
        Part { objects, columns }
    }
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        let columns = |catalog: &Self, other: &Self| -> BTreeSet<Columns> {
            catalog.own(other).flat_map(|part| &part.columns).cloned().collect()
        };
        self.diff(other).is_empty() && columns(self, other) == columns(other, self)
    }
}

impl Eq for Catalog {}

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
        self.objects().iter().try_for_each(|object| writeln!(f, "{object}"))
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.definition.is_empty() { "" } else { ": " };
        write!(f, "{} {}{colon}{}", self.kind, self.name, self.definition)
    }
}
