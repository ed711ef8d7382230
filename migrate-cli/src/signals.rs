use std::io::Write;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

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
            let line = "\ninterrupted: an open transaction is rolled back, what was committed before it stays";
            let _ = writeln!(std::io::stderr(), "{line}");
            std::process::exit(128 + signal);
        }
    });
}
