use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::config::duration::words;

/// How far a run is: one line at the bottom of a terminal, gone when the run ends. Where stderr is no terminal, nothing.
pub(crate) struct Bar(ProgressBar);

const SEVERAL: &str = "{bar:20} {pos} of {len}  {time}  {wide_msg}";
/// Of one step nobody knows how long it takes.
const ALONE: &str = "{spinner} {time}  {wide_msg}";

impl Bar {
    pub(crate) fn hidden() -> Self {
        Bar(ProgressBar::hidden())
    }

    pub(crate) fn of_steps(steps: usize) -> Self {
        let length = u64::try_from(steps).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(if steps > 1 { SEVERAL } else { ALONE });
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ ").with_key("time", time);
        let bar = bar.with_style(style);
        // A statement may take an hour without a word.
        bar.enable_steady_tick(Duration::from_millis(200));
        Bar(bar)
    }

    /// What is under way.
    pub(crate) fn at(&self, text: String) {
        self.0.set_message(text);
    }

    pub(crate) fn step_done(&self) {
        self.0.inc(1);
    }

    /// Says something above the line.
    pub(crate) fn above(&self, say: impl FnOnce()) {
        self.0.suspend(say);
    }
}

/// How long it has taken, and if one step is a guide to the next, how long it still will.
fn time(state: &ProgressState, line: &mut dyn Write) {
    let seconds = |duration: Duration| match duration.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        _ => words(duration),
    };
    let _ = line.write_str(&seconds(state.elapsed()));
    if let (done @ 1.., Some(all)) = (state.pos(), state.len()) {
        let each = state.elapsed().as_secs_f64() / done as f64;
        let left = Duration::try_from_secs_f64(each * all.saturating_sub(done) as f64).unwrap_or_default();
        let _ = write!(line, ", about {} left", seconds(left));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
