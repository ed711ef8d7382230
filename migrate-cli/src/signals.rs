use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use migrate_core::{Cancel, Error};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::Exit;
use crate::problem::Problem;

/// What stops the run, once there is one.
static RUN: OnceLock<Cancel> = OnceLock::new();

/// The signal that has come; 0 = none.
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// A server that does not answer must not keep a process that was told to end.
const PATIENCE: Duration = Duration::from_secs(2);

const INTERRUPTED: &str = "interrupted: an open transaction is rolled back, what was committed before it stays";

/// Ends the process at Ctrl-C and SIGTERM, with 130 and 143.
///
/// The first process of a container gets no default handler from the kernel: without this one `docker stop` waits ten
/// seconds and kills. A run is cancelled, for a server works on when its client is gone: it would go through the whole
/// message that it was sent, the COMMIT at its end included, and hold its locks until then. Ending in the middle of it
/// would be safe all the same: the database rolls back, and the lock dies with its holder.
pub(crate) fn listen() {
    // Without the handler a signal still ends the process, the kernel's way.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            RECEIVED.store(signal, Ordering::SeqCst);
            if let Some(run) = RUN.get() {
                run.cancel();
                std::thread::sleep(PATIENCE);
            }
            say(INTERRUPTED);
            std::process::exit(128 + signal);
        }
    });
}

/// What a run is to be cancelled by.
pub(crate) fn cancel() -> &'static Cancel {
    RUN.get_or_init(Cancel::new)
}

/// Lets a signal have the last word: a statement that it has cancelled fails, and the failure must not be told as one,
/// with another exit code.
pub(crate) fn last_word(ended: &Result<Exit, Problem>) -> Option<Exit> {
    let signal = RECEIVED.load(Ordering::SeqCst);
    if signal == 0 {
        return None;
    }
    match ended {
        Err(Problem::Library(error)) => match error.as_ref() {
            Error::Cancelled(cancelled) => say(&format!("interrupted: {}", cancelled.now_true())),
            _ => say(INTERRUPTED),
        },
        Err(Problem::Check(_)) => say("interrupted: it was at work on a scratch database only"),
        Ok(_) => say("interrupted, and it was done by then"),
        Err(_) => say(INTERRUPTED),
    }
    Some(Exit::Signal(u8::try_from(128 + signal).unwrap_or(u8::MAX)))
}

/// On a line of its own, behind the terminal's `^C`.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "\n{line}");
}
