//! What the statements of a script know of those before them.

use super::Inverse;
use super::question::{Object, ObjectKind, Question};
use crate::sql::{Dialect, Name, ObjectName, ServerVersion};

/// The script up to a statement.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) dialect: Dialect,
    pub(super) version: Option<ServerVersion>,
    made: Vec<Thing>,
    /// What was changed, by its table, and which part of it; `None` = all of it.
    touched: Vec<(ObjectName, Option<String>)>,
    /// What was taken away, with its table where the statement says it.
    gone: Vec<(Option<ObjectName>, ObjectName)>,
    /// A setting decides which objects names mean.
    names_are_set: bool,
    /// Something that was there has another name or type now, which definitions may say.
    is_renamed: bool,
    void: Vec<usize>,
}

/// A thing that the script has made: taking it away undoes whatever was done to it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made(usize);

#[derive(Debug)]
struct Thing {
    space: Space,
    name: ObjectName,
    on: Option<ObjectName>,
    pieces: Vec<usize>,
    is_there: bool,
}

/// What may bear the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// Tables, views, sequences; where they share a name space also indexes.
    Relation,
    /// Indexes of a table.
    Index,
    Column,
    Constraint,
    Trigger,
    Policy,
    Other,
}

impl Scope {
    pub(super) fn new(dialect: Dialect, version: Option<ServerVersion>) -> Self {
        Scope {
            dialect,
            version,
            made: Vec::new(),
            touched: Vec::new(),
            gone: Vec::new(),
            names_are_set: false,
            is_renamed: false,
            void: Vec::new(),
        }
    }

    /// A setting that stands before all other statements.
    pub(super) fn set(&mut self, text: &str) {
        let text = text.trim_start().to_ascii_lowercase();
        let words = ["search_path", "role", "session authorization", "set schema"];
        self.names_are_set |= words.iter().any(|word| text.contains(word));
        self.names_are_set |= text.starts_with("use") || text.starts_with("attach") || text.starts_with("discard");
    }

    /// Notes what a statement makes.
    pub(super) fn make(&mut self, space: Space, name: &ObjectName, on: Option<&ObjectName>) -> Made {
        self.gone.retain(|(of, gone)| !(gone == name && of.as_ref() == on));
        self.made.push(Thing { space, name: name.clone(), on: on.cloned(), pieces: Vec::new(), is_there: true });
        Made(self.made.len() - 1)
    }

    /// Whether the script has made this, and it is still there.
    ///
    /// # Errors
    /// When it may have: one of the two names has no schema.
    pub(super) fn made(
        &self,
        space: Space,
        name: &ObjectName,
        on: Option<&ObjectName>,
    ) -> Result<Option<Made>, Inverse> {
        let mut like = None;
        for (n, thing) in self.made.iter().enumerate().filter(|(_, thing)| thing.is_there && thing.space == space) {
            let same_table = match (&thing.on, on) {
                (Some(a), Some(b)) => same(a, b),
                _ => Same::Yes,
            };
            match (same(&thing.name, name), same_table) {
                (Same::Yes, Same::Yes) => return Ok(Some(Made(n))),
                (Same::No, _) | (_, Same::No) => {}
                _ => like = Some(name.name.clone()),
            }
        }
        match like {
            Some(name) => Err(Inverse::none(format!(
                "whether this {name} is the one that the file makes above can't be told; write its schema in both places, or \
                 in none"
            ))),
            None => Ok(None),
        }
    }

    /// The same for a table.
    pub(super) fn made_table(&self, table: &ObjectName) -> Result<Option<Made>, Inverse> {
        self.made(Space::Relation, table, None)
    }

    /// The same for an object in a table.
    pub(super) fn made_in(&self, space: Space, name: &str, table: &ObjectName) -> Result<Option<Made>, Inverse> {
        self.made(space, &member(name), Some(table))
    }

    /// Whether the script has made anything of this kind on a table.
    pub(super) fn has_on(&self, space: Space, table: &ObjectName) -> bool {
        self.made.iter().any(|thing| {
            thing.is_there && thing.space == space && thing.on.as_ref().is_some_and(|on| same(on, table) != Same::No)
        })
    }

    /// Notes that what the script made has another name now.
    pub(super) fn rename(&mut self, made: Made, new: &ObjectName) {
        let Some(thing) = self.made.get_mut(made.0) else { return };
        let (space, old) = (thing.space, std::mem::replace(&mut thing.name, new.clone()));
        if space == Space::Relation {
            self.moved(&old, new);
        }
    }

    /// What stood on a table stands on it under its new name.
    pub(super) fn moved(&mut self, old: &ObjectName, new: &ObjectName) {
        for thing in &mut self.made {
            if thing.on.as_ref() == Some(old) {
                thing.on = Some(new.clone());
            }
        }
    }

    /// What the script made is taken away again: nothing is left to undo.
    pub(super) fn unmake(&mut self, made: Made) {
        if let Some(thing) = self.made.get_mut(made.0) {
            thing.is_there = false;
            self.void.append(&mut thing.pieces);
        }
    }

    /// Notes which piece of the undo a thing's own are.
    pub(super) fn keep(&mut self, made: Option<Made>, piece: usize) {
        if let Some(thing) = made.and_then(|made| self.made.get_mut(made.0)) {
            thing.pieces.push(piece);
        }
    }

    /// Pieces that have become nothing.
    pub(super) fn take_void(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.void)
    }

    /// Notes that something that was there before is changed: a part of a table, or all of it.
    pub(super) fn touch(&mut self, table: &ObjectName, part: Option<&str>) {
        self.touched.push((table.clone(), part.map(str::to_owned)));
    }

    /// Notes that something that was there before is taken away.
    pub(super) fn take_away(&mut self, name: &ObjectName, on: Option<&ObjectName>) {
        self.gone.push((on.cloned(), name.clone()));
    }

    /// Notes that something has another name or type from here on.
    pub(super) fn renamed(&mut self) {
        self.is_renamed = true;
    }

    /// What the script has taken away from a table.
    pub(super) fn gone_from(&self, table: &ObjectName) -> Vec<String> {
        let from = |of: &Option<ObjectName>| of.as_ref().is_some_and(|of| same(of, table) != Same::No);
        self.gone.iter().filter(|(of, _)| from(of)).map(|(_, gone)| gone.name.clone()).collect()
    }

    /// Whether the script has taken this away, and not made it again.
    pub(super) fn is_gone(&self, name: &ObjectName, on: Option<&ObjectName>) -> bool {
        self.gone.iter().any(|(of, gone)| gone == name && of.as_ref() == on)
    }

    /// A question about a table, or a part of it, if what was there before the script is what is there before this
    /// statement.
    pub(super) fn ask(&self, table: &ObjectName, part: Option<&str>, inverse: Inverse) -> Inverse {
        if !matches!(inverse, Inverse::NeedsCatalog(_)) {
            return inverse;
        }
        if self.names_are_set {
            return Inverse::none("the file sets which objects its names mean, and the database is asked before that");
        }
        if self.is_renamed && !inverse.asks_presence() {
            return Inverse::none(
                "the file renames or changes something above that its definition may name; write it into a file of its own",
            );
        }
        let changed = self.touched.iter().any(|(other, changed)| {
            let meet = match (changed, part) {
                (Some(changed), Some(part)) => changed == part,
                _ => true,
            };
            meet && same(other, table) != Same::No
        });
        if changed {
            let what = part.map_or_else(|| table.name.clone(), |part| format!("{part} of {}", table.name));
            return Inverse::none(format!(
                "the file has changed {what} above already, and the database is asked before the file runs; write it into \
                 a file of its own"
            ));
        }
        inverse
    }

    /// What gets a name from the server: the inverse, if that name is free in the schema of the table.
    pub(super) fn if_free(&self, table: &Name, name: &Name, inverse: Inverse) -> Inverse {
        let taken = Inverse::none(format!("it has no name, and {} is taken, which the server would pick", name.own));
        let in_schema = table.renamed(name);
        if !matches!(self.made(Space::Relation, &in_schema.object, None), Ok(None)) {
            return taken;
        }
        let object = Object::new(ObjectKind::Name, name).on(table);
        self.ask(&in_schema.object, None, Question::whether(object, inverse, taken))
    }

    /// The same where an inverse is known, and only seldom wrong.
    pub(super) fn ask_as_well(&self, table: &ObjectName, part: &str, inverse: Inverse, known: Inverse) -> Inverse {
        match self.ask(table, Some(part), inverse) {
            Inverse::None { .. } => known,
            asked => asked.unasked(known),
        }
    }

    /// What makes something unless it is there.
    pub(super) fn make_unless_there(&mut self, space: Space, name: &Name, object: Object, drop: Inverse) -> Inverse {
        match self.made(space, &name.object, None) {
            Err(unclear) => return unclear,
            Ok(Some(_)) => return Inverse::Nothing,
            Ok(None) => {}
        }
        if self.is_gone(&name.object, None) {
            self.make(space, &name.object, None);
            return drop;
        }
        let asked = Question::whether(object, drop, Inverse::Nothing);
        let inverse = self.ask(&name.object, None, asked);
        self.touch(&name.object, None);
        inverse
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    Yes,
    No,
    /// One name says its schema, and the other does not.
    MayBe,
}

fn same(a: &ObjectName, b: &ObjectName) -> Same {
    match (&a.schema, &b.schema) {
        _ if a.name != b.name => Same::No,
        (Some(a), Some(b)) if a != b => Same::No,
        (None, Some(_)) | (Some(_), None) => Same::MayBe,
        _ => Same::Yes,
    }
}

/// The name of something in a table.
pub(super) fn member(name: &str) -> ObjectName {
    ObjectName { schema: None, name: name.to_owned() }
}
