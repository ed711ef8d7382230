use std::fmt;

use crate::sql::Position;

/// One thing that is wrong in a directory of migrations: where, what, and what to do instead.
///
/// Its text begins as compilers and editors expect it, `migrations/20260102030405_users.up.sql:3:5: …`, and has the
/// help, if there is any, on a second line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The file or directory, as messages name it.
    pub file: String,
    /// The place in the file; `None` when the file as such is the mistake, its name for instance.
    pub position: Option<Position>,
    /// What is wrong.
    pub problem: String,
    /// What to do instead.
    pub help: Option<String>,
}

impl Mistake {
    /// A mistake of a whole file.
    pub fn new(file: impl Into<String>, problem: impl Into<String>) -> Self {
        Mistake { file: file.into(), position: None, problem: problem.into(), help: None }
    }

    /// Adds the place in the file.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Adds what to do instead.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// File order, then the order in the file; the rest only makes the order a total one.
    fn order(&self) -> (&str, Option<(u32, u32)>, &str) {
        (&self.file, self.position.map(|p| (p.line, p.column)), &self.problem)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column, .. }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.problem)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong, in file order: at least one [`Mistake`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// `value`, unless there are mistakes.
    pub(super) fn none_or<T>(mut mistakes: Vec<Mistake>, value: T) -> Result<T, Mistakes> {
        if mistakes.is_empty() {
            return Ok(value);
        }
        mistakes.sort_by(|a, b| a.order().cmp(&b.order()));
        Err(Mistakes(mistakes))
    }

    /// The mistakes one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.0.iter()
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Mistakes(vec![mistake])
    }
}

impl<'a> IntoIterator for &'a Mistakes {
    type Item = &'a Mistake;
    type IntoIter = std::slice::Iter<'a, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Mistakes {
    type Item = Mistake;
    type IntoIter = std::vec::IntoIter<Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > 1 {
            writeln!(f, "{} mistakes in the migrations:", self.0.len())?;
        }
        for (i, mistake) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}
