//! `[hooks]`: files of SQL, and programs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use migrate_core::{BoxError, Hooks, Moment, Options, Script, When};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::problem::Problem;

/// `[hooks]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HookSection {
    before_run: Option<List>,
    before_each: Option<List>,
    after_each: Option<List>,
    after_run: Option<List>,
    on_failure: Option<List>,
}

impl HookSection {
    /// These, and where one is not set, those of `base`.
    pub(crate) fn or(self, base: HookSection) -> HookSection {
        HookSection {
            before_run: self.before_run.or(base.before_run),
            before_each: self.before_each.or(base.before_each),
            after_each: self.after_each.or(base.after_each),
            after_run: self.after_run.or(base.after_run),
            on_failure: self.on_failure.or(base.on_failure),
        }
    }

    /// With the files' texts.
    pub(crate) fn read(self) -> Result<RunHooks, Problem> {
        let lists = [
            (When::BeforeRun, self.before_run),
            (When::BeforeEach, self.before_each),
            (When::AfterEach, self.after_each),
            (When::AfterRun, self.after_run),
            (When::OnFailure, self.on_failure),
        ];
        let all = lists.into_iter().flat_map(|(when, list)| {
            list.into_iter().flat_map(|List(hooks)| hooks).map(move |hook| Ok((when, hook.read()?)))
        });
        all.collect::<Result<_, _>>().map(RunHooks)
    }
}

/// What is to be done, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunHooks(Vec<(When, Work)>);

#[derive(Clone, Debug)]
enum Work {
    Sql(Script),
    Program(Vec<String>),
}

impl RunHooks {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has_programs(&self) -> bool {
        self.0.iter().any(|(_, work)| matches!(work, Work::Program(_)))
    }

    pub(crate) fn for_run<C>(&self) -> Hooks<'static, C> {
        self.0.iter().fold(Hooks::new(), |hooks, (when, work)| match work {
            Work::Sql(script) => hooks.script(*when, script.clone()),
            Work::Program(words) => {
                let words = words.clone();
                hooks.on(*when, move |moment, _| call(&words, moment))
            }
        })
    }
}

/// Runs a program, which is told by its environment why it is called.
fn call(words: &[String], moment: &Moment<'_>) -> Result<(), BoxError> {
    let [program, arguments @ ..] = words else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    // stdout is for data of ours.
    command.stdout(std::io::stderr());
    command.env("MIGRATE_HOOK", name(moment.when()));
    match moment {
        Moment::BeforeRun(plan) => drop(command.env("MIGRATE_STEPS", plan.steps.len().to_string())),
        Moment::BeforeEach(step) | Moment::AfterEach(step) => {
            command.env("MIGRATE_VERSION", step.version.to_string());
            command.env("MIGRATE_NAME", step.name.as_ref());
            command.env("MIGRATE_DIRECTION", step.direction().as_str());
        }
        Moment::AfterRun(report) => drop(command.env("MIGRATE_STEPS", report.done.len().to_string())),
        Moment::OnFailure(error) => drop(command.env("MIGRATE_ERROR", error.to_string())),
        _ => {}
    }
    let status = command.status().map_err(|error| format!("the program {program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the program {program} ended with {status}").into()) }
}

/// As `migrate.toml` writes it.
fn name(when: When) -> &'static str {
    match when {
        When::BeforeRun => "before_run",
        When::BeforeEach => "before_each",
        When::AfterEach => "after_each",
        When::AfterRun => "after_run",
        _ => "on_failure",
    }
}

/// `"hooks/grants.sql"` or `{ program = ["notify", "done"] }`
#[derive(Clone, Debug)]
enum Hook {
    Sql(PathBuf),
    Program(Vec<String>),
}

impl Hook {
    fn read(self) -> Result<Work, Problem> {
        match self {
            Hook::Program(words) => Ok(Work::Program(words)),
            Hook::Sql(path) => {
                let text = std::fs::read_to_string(&path);
                let text = text
                    .map_err(|error| Problem::usage(format!("the hook {} can't be read: {error}", path.display())))?;
                Ok(Work::Sql(script(&path, text)))
            }
        }
    }
}

fn script(path: &Path, text: String) -> Script {
    let text = text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned);
    Script::new(path.display().to_string().into(), text.into(), 1, Options::default())
}

/// One hook, or several in brackets.
#[derive(Debug)]
struct List(Vec<Hook>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader { in_list: false })
    }
}

impl<'de> Deserialize<'de> for Hook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let List(hooks) = deserializer.deserialize_any(Reader { in_list: true })?;
        hooks.into_iter().next().ok_or_else(|| D::Error::custom("a hook is wanted"))
    }
}

struct Reader {
    in_list: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    program: Vec<String>,
}

impl<'de> Visitor<'de> for Reader {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file of SQL in quotes, or { program = [\"name\", \"argument\"] }")?;
        f.write_str(if self.in_list { "" } else { ", or several of them in brackets" })
    }

    fn visit_str<E: Error>(self, path: &str) -> Result<List, E> {
        Ok(List(vec![Hook::Sql(path.into())]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List, A::Error> {
        let Table { program } = Table::deserialize(MapAccessDeserializer::new(map))?;
        if program.is_empty() {
            return Err(A::Error::custom("the program has no name"));
        }
        Ok(List(vec![Hook::Program(program)]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<List, A::Error> {
        if self.in_list {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        let mut hooks = Vec::new();
        while let Some(hook) = all.next_element()? {
            hooks.push(hook);
        }
        Ok(List(hooks))
    }
}
