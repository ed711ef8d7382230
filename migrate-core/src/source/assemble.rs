//! Files into migrations: what belongs together, and what contradicts. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::file::File;
use super::mistake::{Mistake, Mistakes};
use super::name::{self, Entry, Kind, Part};
use super::{Read, build, join, script};
use crate::sql::Dialect;
use crate::{Direction, Version};

/// The bytes of a file, or why there are none.
type Open<'b> = dyn FnMut(&str) -> Result<Cow<'b, [u8]>, String> + 'b;

/// A directory's content: the names, and how to get at the bytes of those that are needed.
pub(super) struct Source<'s, 'b> {
    /// As messages name it; may be empty.
    pub(super) label: &'s str,
    /// Relative, `/`-separated, that of a directory with `/` at its end.
    pub(super) names: Vec<String>,
    pub(super) open: &'s mut Open<'b>,
    /// What went wrong so far.
    pub(super) mistakes: Vec<Mistake>,
}

/// The files of one version.
#[derive(Default)]
pub(super) struct Group<'n> {
    pub(super) members: Vec<Member<'n>>,
    /// The directories in diesel's form.
    dirs: Vec<&'n str>,
}

/// A file of a version.
pub(super) struct Member<'n> {
    name: &'n str,
    pub(super) part: Part<'n>,
    /// Its content, unless that is a mistake.
    pub(super) file: Option<File>,
}

impl<'n> Group<'n> {
    pub(super) fn find(&self, kind: Kind) -> Option<&Member<'n>> {
        self.members.iter().find(|member| member.part.kind == kind)
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Member<'n>> {
        self.members.iter().filter(move |member| member.part.kind == kind)
    }
}

/// Every migration, or every mistake.
pub(super) fn assemble(source: Source<'_, '_>, dialect: Option<Dialect>) -> Result<Read, Mistakes> {
    let Source { label, names, open, mut mistakes } = source;
    let dialects = script::candidates(&dialect);
    let names = with_directories(names);
    let entries: Vec<(&str, Entry<'_>)> = names.iter().map(|name| (name.as_str(), name::entry(name))).collect();
    let mut groups: BTreeMap<Version, Group<'_>> = BTreeMap::new();
    let mut files = Vec::new();
    for (name, entry) in &entries {
        match entry {
            Entry::Part(part) => {
                let path = join(label, name);
                let file = match open(name) {
                    Ok(bytes) => File::read(path, part, &bytes, dialects, &mut mistakes),
                    Err(problem) => {
                        mistakes.push(Mistake::new(path, problem));
                        None
                    }
                };
                files.push((*name).to_owned());
                groups.entry(part.version).or_default().members.push(Member { name, part: *part, file });
            }
            Entry::DieselDir(version) => groups.entry(*version).or_default().dirs.push(name.trim_end_matches('/')),
            Entry::Wrong(bad) => {
                let mistake = Mistake::new(join(label, bad.file), &bad.problem);
                mistakes.push(Mistake { help: bad.help.clone(), ..mistake });
            }
            Entry::Ignored | Entry::Elsewhere { .. } => {}
        }
    }
    elsewhere(label, &entries, &mut mistakes);
    let misspelt: Vec<&str> =
        entries.iter().filter(|(_, entry)| matches!(entry, Entry::Wrong(_))).map(|(name, _)| *name).collect();
    let mut migrations = Vec::new();
    for (version, group) in &groups {
        let found = belonging(*version, group, label, &misspelt);
        if found.is_empty() {
            migrations.extend(build::migration(*version, group, &mut mistakes));
        }
        mistakes.extend(found);
    }
    Mistakes::none_or(mistakes, Read { migrations, files })
}

/// Sorted, each once, with an entry for each directory that stands in a name: an iterator of files names none.
fn with_directories(names: Vec<String>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for name in names {
        let name = name.strip_prefix("./").unwrap_or(&name);
        let mut slashes = name.match_indices('/').map(|(at, _)| at + 1);
        let (first, second) = (slashes.next(), slashes.next());
        all.extend([first, second].into_iter().flatten().filter_map(|end| name.get(..end)).map(str::to_owned));
        // What lies deeper is not looked at, on the disk as elsewhere.
        if second.is_none() {
            all.insert(name.to_owned());
        }
    }
    all
}

/// What is wrong with the files of one version as a group.
fn belonging(version: Version, group: &Group<'_>, label: &str, misspelt: &[&str]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut taken = |name: &str, by: &str| {
        let problem = format!("the version {version} is taken by {}", join(label, by));
        let help = "keep one of them, or give one another timestamp";
        mistakes.push(Mistake::new(join(label, name), problem).with_help(help));
    };
    let pairs = group.of_kind(Kind::Pair(Direction::Up));
    let mut heads: Vec<&str> = pairs.chain(group.of_kind(Kind::Single)).map(|member| member.name).collect();
    heads.extend(&group.dirs);
    heads.sort_unstable();
    if let [first, others @ ..] = heads.as_slice() {
        others.iter().for_each(|name| taken(name, first));
    }
    let up = group.find(Kind::Pair(Direction::Up));
    let mut downs = group.of_kind(Kind::Pair(Direction::Down)).filter(|down| match up {
        Some(up) => up.part.name == down.part.name,
        None => false,
    });
    if let Some(first) = downs.next() {
        downs.for_each(|down| taken(down.name, first.name));
    }
    for down in group.of_kind(Kind::Pair(Direction::Down)) {
        mistakes.extend(
            without_up(down, up, &heads, misspelt)
                .map(|(problem, help)| Mistake::new(join(label, down.name), problem).with_help(help)),
        );
    }
    for dir in &group.dirs {
        let holds = |file: &str| {
            let name = format!("{dir}/{file}");
            group.members.iter().any(|member| member.name == name)
        };
        let explained = misspelt.iter().any(|name| name.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/')));
        if !holds("up.sql") && !explained {
            let mistake = Mistake::new(join(label, dir), "holds no up.sql");
            mistakes.push(mistake.with_help("write one, or remove the directory"));
        }
    }
    mistakes
}

/// Why this down is nobody's.
fn without_up(
    down: &Member<'_>,
    up: Option<&Member<'_>>,
    heads: &[&str],
    misspelt: &[&str],
) -> Option<(String, String)> {
    let Part { version, name, .. } = down.part;
    match (up, heads) {
        (Some(up), _) if up.part.name == name => None,
        (Some(up), _) => Some((
            format!("has the version of {}, and another name", up.name),
            format!("rename it to {version}_{}.down.sql, or give it the version of its own up", up.part.name),
        )),
        (None, [head, ..]) => Some((
            format!("belongs to an `.up.sql`, and the version {version} is {head}"),
            format!("rename that to {version}_{name}.up.sql, or keep only one of the two"),
        )),
        // Its up is there under a wrong name, and that is said already.
        (None, []) if misspelt.iter().any(|bad| name::digits(bad) == version.to_string()) => None,
        (None, []) => {
            Some((format!("there is no {version}_{name}.up.sql to it"), "write that, or remove this file".into()))
        }
    }
}

/// Migrations in sub-directories, which are not read.
fn elsewhere(label: &str, entries: &[(&str, Entry<'_>)], mistakes: &mut Vec<Mistake>) {
    let mut dirs: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, entry) in entries {
        if let Entry::Elsewhere { dir, file } = entry {
            dirs.entry(dir).or_insert(file);
        }
    }
    let empty = entries.iter().all(|(_, entry)| matches!(entry, Entry::Ignored | Entry::Elsewhere { .. }));
    if empty && !dirs.is_empty() {
        let listed = |word: &str, full: bool| {
            let shown = dirs.keys().map(|dir| if full { join(label, dir) } else { (*dir).to_owned() });
            shown.map(|dir| format!("`{dir}`")).collect::<Vec<_>>().join(word)
        };
        let file = if label.is_empty() { "." } else { label };
        let verb = if dirs.len() == 1 { "does" } else { "do" };
        let mistake = Mistake::new(file, format!("holds no migration, but {} {verb}", listed(" and ", false)));
        mistakes.push(mistake.with_help(format!("did you mean {}?", listed(" or ", true))));
        return;
    }
    mistakes.extend(dirs.into_iter().map(|(dir, file)| {
        let problem = format!("sub-directories are not read, and this one holds {file}");
        Mistake::new(join(label, dir), problem).with_help("move its files up, or the directory elsewhere")
    }));
}
