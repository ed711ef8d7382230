//! Times that were taken side by side. Everyone has a turn in each round; ratios are taken inside a round. Whoever comes
//! second finds what the first has left to be written, so each round another one begins, and every other goes backwards.

use std::time::Duration;

use crate::median;
use crate::tools::Tool;

/// The times of one tool, one for each round; none where the database is not for it.
pub struct Column<'t> {
    pub tool: &'t Tool,
    pub times: Vec<Duration>,
}

/// Takes the times. `once` says how long this tool took, or `None` when it is not for this database.
pub fn measure<'t>(
    tools: &[&'t Tool],
    rounds: usize,
    mut once: impl FnMut(&Tool) -> Option<Duration>,
) -> Vec<Column<'t>> {
    let mut columns: Vec<_> = tools.iter().map(|tool| Column { tool, times: Vec::new() }).collect();
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.rotate_left(round / 2 % tools.len());
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let column = &mut columns[at];
            column.times.extend(once(column.tool));
        }
    }
    columns
}

impl Column<'_> {
    pub fn median(&self) -> Option<Duration> {
        (!self.times.is_empty()).then(|| median(self.times.clone()))
    }

    /// The median of the rounds' ratios.
    pub fn times_of(&self, other: &Column<'_>) -> Option<f64> {
        let pairs = self.times.iter().zip(&other.times);
        let ratios: Vec<_> = pairs.map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()).collect();
        (!ratios.is_empty()).then(|| median(ratios))
    }
}

/// A Markdown table: a row for each piece of work, a column for each tool.
#[derive(Default)]
pub struct Table {
    lines: Vec<String>,
}

impl Table {
    pub fn new(work: &str, tools: &[&Tool]) -> Self {
        let heads: Vec<_> = tools.iter().map(|tool| tool.name).collect();
        let rule = "---|".repeat(tools.len() + 1);
        Table { lines: vec![format!("| {work} | {} |", heads.join(" | ")), format!("|{rule}")] }
    }

    /// The first column is what the others are compared with: its time, then for each other one the multiple of that,
    /// and behind a slash the multiple of the second one's, which is ours.
    pub fn row(&mut self, work: &str, columns: &[Column<'_>]) {
        let (floor, ours) = (&columns[0], &columns[1]);
        let cell = |(i, column): (usize, &Column<'_>)| match i {
            0 => column.median().map_or("-".to_owned(), milliseconds),
            1 => column.times_of(floor).map_or("-".to_owned(), |ratio| format!("**{ratio:.2}**")),
            _ => match (column.times_of(floor), column.times_of(ours)) {
                (Some(floors), Some(ours)) => format!("{} / {}", digits(floors), digits(ours)),
                _ => "-".to_owned(),
            },
        };
        let cells: Vec<_> = columns.iter().enumerate().map(cell).collect();
        let line = format!("| {work} | {} |", cells.join(" | "));
        eprintln!("{line}");
        self.lines.push(line);
    }

    pub fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// Three digits are more than a noisy machine has to tell.
pub fn digits(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

pub fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}
