use std::fmt;

use crate::driver::Cause;
use crate::plan::{Location, Plan, Step};
use crate::{BoxError, Error, Report, Script, Session};

/// When a [hook](Hooks) is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum When {
    /// Once, when the lock is ours and there is something to apply or to revert.
    BeforeRun,
    /// Before each migration.
    BeforeEach,
    /// After each migration, which is committed then.
    AfterEach,
    /// Once, after the last migration, while the lock is still ours. Not where nothing was done.
    AfterRun,
    /// When a run ends with an error, after what failed is rolled back.
    OnFailure,
}

impl When {
    /// All of them, in their order.
    pub const ALL: [When; 5] = [When::BeforeRun, When::BeforeEach, When::AfterEach, When::AfterRun, When::OnFailure];
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            When::BeforeRun => "before the run",
            When::BeforeEach => "before each migration",
            When::AfterEach => "after each migration",
            When::AfterRun => "after the run",
            When::OnFailure => "on failure",
        })
    }
}

/// A moment of a run, with what a hook may want to know.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Moment<'a> {
    /// [`When::BeforeRun`]: what will be done.
    BeforeRun(&'a Plan<'a>),
    /// [`When::BeforeEach`]: what comes.
    BeforeEach(&'a Step<'a>),
    /// [`When::AfterEach`]: what is done.
    AfterEach(&'a Step<'a>),
    /// [`When::AfterRun`]: all that is done.
    AfterRun(&'a Report),
    /// [`When::OnFailure`]: what went wrong.
    OnFailure(&'a Error),
}

impl Moment<'_> {
    /// Which one it is.
    pub const fn when(&self) -> When {
        match self {
            Moment::BeforeRun(_) => When::BeforeRun,
            Moment::BeforeEach(_) => When::BeforeEach,
            Moment::AfterEach(_) => When::AfterEach,
            Moment::AfterRun(_) => When::AfterRun,
            Moment::OnFailure(_) => When::OnFailure,
        }
    }

    pub(crate) const fn step(&self) -> Option<&Step<'_>> {
        match self {
            Moment::BeforeEach(step) | Moment::AfterEach(step) => Some(step),
            _ => None,
        }
    }
}

type Code<'m, C> = Box<dyn FnMut(&Moment<'_>, &mut Session<'_, C>) -> Result<(), BoxError> + 'm>;

/// What is called at one moment.
pub(crate) enum Hook<'m, C> {
    Script(Script),
    Code(Code<'m, C>),
}

/// What is called at the moments of a run that applies or reverts.
///
/// A hook runs on the run's connection, under its lock, outside of any transaction: each statement commits by itself. What
/// it sets for the session is put back behind it. One that fails ends the run; what was done before it stays.
///
/// Nothing records that a hook was called. When a run dies between a migration and its hook, the next run goes on behind
/// both: what a hook does must be right to do later, or again.
///
/// ```
/// use migrate_core::{Hooks, When};
///
/// let hooks = Hooks::<()>::new().on(When::AfterRun, |moment, db| db.run("ANALYZE"));
/// # let _ = hooks;
/// ```
pub struct Hooks<'m, C>(Vec<(When, Hook<'m, C>)>);

impl<'m, C> Hooks<'m, C> {
    /// None yet.
    pub const fn new() -> Self {
        Hooks(Vec::new())
    }

    /// One more: a script, with the run's [`Variables`](crate::Variables). One that can't be read, or whose variables are not
    /// all declared, refuses the plan.
    ///
    /// ```
    /// use migrate_core::{Hooks, Script, When};
    ///
    /// let script = Script::new("grants.sql".into(), "GRANT SELECT ON ALL TABLES IN SCHEMA app TO reader".into(), 1, Default::default());
    /// let hooks = Hooks::<()>::new().script(When::AfterRun, script);
    /// # let _ = hooks;
    /// ```
    #[must_use]
    pub fn script(mut self, when: When, script: Script) -> Self {
        self.0.push((when, Hook::Script(script)));
        self
    }

    /// One more. Those of one moment are called in the order in which they were given.
    #[must_use]
    pub fn on(
        mut self,
        when: When,
        hook: impl FnMut(&Moment<'_>, &mut Session<'_, C>) -> Result<(), BoxError> + 'm,
    ) -> Self {
        self.0.push((when, Hook::Code(Box::new(hook))));
        self
    }

    /// Whether any stands between two migrations.
    pub(crate) fn between(&self) -> bool {
        self.0.iter().any(|(when, _)| matches!(when, When::BeforeEach | When::AfterEach))
    }

    pub(crate) fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.0.iter().filter_map(|(_, hook)| match hook {
            Hook::Script(script) => Some(script),
            Hook::Code(_) => None,
        })
    }

    pub(crate) fn at(&mut self, when: When) -> impl Iterator<Item = &mut Hook<'m, C>> {
        self.0.iter_mut().filter(move |(at, _)| *at == when).map(|(_, hook)| hook)
    }
}

impl<C> Default for Hooks<'_, C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> fmt::Debug for Hooks<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(when, _)| when)).finish()
    }
}

/// A hook that failed, and with it the run.
#[derive(Debug)]
#[non_exhaustive]
pub struct HookFailure {
    /// Which one.
    pub when: When,
    /// Of which migration, for one that is called for each.
    pub label: Option<String>,
    /// Where, if it is a [script](Session::run_script).
    pub at: Option<Location>,
    /// The line of the file at that place.
    pub line: Option<String>,
    /// What went wrong.
    pub cause: Cause,
    /// What was done before.
    pub report: Report,
    /// How many steps of the plan are left.
    pub still_pending: usize,
}

impl fmt::Display for HookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        write!(f, "{}: {}", self.title(), self.cause)?;
        if let Some(line) = &self.line {
            write!(f, "\n  | {}", line.trim_end())?;
        }
        write!(f, "\n  = {}\n  = {}", self.now_true(), self.what_to_do())
    }
}

impl HookFailure {
    /// `the hook after each migration (20230314095813_create_users)`
    pub fn title(&self) -> String {
        let label = self.label.as_ref().map_or(String::new(), |label| format!(" ({label})"));
        format!("the hook {}{label}", self.when)
    }

    /// What is now true, in one line.
    pub fn now_true(&self) -> String {
        crate::error::so_far(&self.report, self.still_pending)
    }

    /// What to do next, in one line.
    pub fn what_to_do(&self) -> &'static str {
        match self.when {
            When::BeforeRun | When::BeforeEach => "mend the hook, and run again: it goes on there",
            _ => "mend the hook, and run again: for what is done already it is not called any more",
        }
    }
}

impl std::error::Error for HookFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source.as_deref().map(|source| source as _)
    }
}
