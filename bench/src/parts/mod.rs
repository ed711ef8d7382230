//! What is measured. Each part prints Markdown and draws a chart; `bench/run` puts them together.

mod fresh;
mod growth;
mod idle;
mod round_trips;

use crate::database::Server;

/// What a part has to tell.
pub struct Told {
    pub markdown: String,
    pub chart: Option<String>,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Minutes.
    Small,
    /// All that RESULTS.md has.
    Full,
}

impl Size {
    fn rounds(self, full: usize) -> usize {
        match self {
            Size::Small => full.div_ceil(3),
            Size::Full => full,
        }
    }
}

/// One part of the whole.
pub type Part = fn(&[Server], Size) -> Told;

pub const ALL: [(&str, Part); 4] =
    [("fresh", fresh::run), ("idle", idle::run), ("round-trips", round_trips::run), ("growth", growth::run)];
