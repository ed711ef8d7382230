use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

type Goodbye = Box<dyn FnOnce() + Send>;

/// What a server must be told before the process ends.
static GOODBYE: Mutex<Option<Goodbye>> = Mutex::new(None);

/// Whether a signal has come, and the process is about to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// A server that does not answer must not keep a process that was told to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends the process at Ctrl-C and SIGTERM, with 130 and 143.
///
/// The first process of a container gets no default handler from the kernel: without this one `docker stop` waits ten
/// seconds and kills. Ending in the middle of a transaction is safe: the database rolls it back, as it does when the
/// process is killed, and the lock dies with its holder.
pub(crate) fn listen() {
    // Without the handler a signal still ends the process, the kernel's way.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            ENDING.store(true, Ordering::SeqCst);
            say_goodbye();
            let line = "\ninterrupted: an open transaction is rolled back, what was committed before it stays";
            let _ = writeln!(std::io::stderr(), "{line}");
            std::process::exit(128 + signal);
        }
    });
}

/// Lets the signal have the last word: a statement that it cancels fails, and the failure must not be told as one, with
/// another exit code.
pub(crate) fn give_way() {
    if ENDING.load(Ordering::SeqCst) {
        std::thread::sleep(PATIENCE * 2);
    }
}

/// Does this first when a signal comes. A server works on when its client is gone: it would go through the whole message
/// that it was sent, the COMMIT at its end included, and hold its locks until then.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn before_the_end(goodbye: impl FnOnce() + Send + 'static) {
    *GOODBYE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(goodbye));
}

fn say_goodbye() {
    let Some(goodbye) = GOODBYE.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let (said, heard) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        goodbye();
        drop(said);
    });
    let _ = heard.recv_timeout(PATIENCE);
}
