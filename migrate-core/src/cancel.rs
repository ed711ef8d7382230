use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Stops, called on any thread, the statement that a connection is at.
pub type Interrupt = Arc<dyn Fn() + Send + Sync>;

/// Stops a run from another thread: what is under way is rolled back, what was done before it stays, the lock is given
/// back, and the run ends with [`Error::Cancelled`](crate::Error::Cancelled).
///
/// Clones are one handle. Once cancelled it stays so: each run that has it ends before it begins.
///
/// The statement under way is interrupted where the driver can do that: on PostgreSQL and SQLite, and on MySQL and MariaDB
/// on connections that were opened from a URL. Elsewhere the run ends behind it.
///
/// ```
/// use migrate_core::Cancel;
///
/// let cancel = Cancel::new();
/// let handle = cancel.clone(); // for Migrator::cancelled_by
/// cancel.cancel();
/// assert!(handle.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct Cancel {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    cancelled: bool,
    /// What stops the call that the run is in.
    interrupt: Option<Interrupt>,
    /// Which call that is, so that a late interrupt hits none of its successors.
    call: u64,
    sending: bool,
    sent: bool,
}

/// An interrupt may come just before its statement, and hit nothing: it is sent again, with growing pauses.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Cancel {
    /// A handle that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the run is to stop, or has.
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Lets the run stop, and does not wait for it. Harmless when it has ended.
    pub fn cancel(&self) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.cancelled, true) {
            return;
        }
        let call = state.interrupt.is_some().then_some(state.call);
        drop(state);
        self.shared.changed.notify_all();
        let Some(call) = call else { return };
        let handle = self.clone();
        // Sending takes a connection, whose server may be slow to answer. Without a thread the run still ends, behind the
        // statement.
        let _ = std::thread::Builder::new().name("migrate-cancel".into()).spawn(move || handle.interrupt(call));
    }

    /// Interrupts a call until it has ended.
    fn interrupt(&self, call: u64) {
        let mut pause = FIRST_PAUSE;
        let mut state = self.lock();
        while state.call == call
            && let Some(interrupt) = state.interrupt.clone()
        {
            (state.sending, state.sent) = (true, true);
            drop(state);
            interrupt();
            state = self.lock();
            state.sending = false;
            self.shared.changed.notify_all();
            let is_on = |state: &mut State| state.call == call && state.interrupt.is_some();
            let waited = self.shared.changed.wait_timeout_while(state, pause, is_on);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits so long, or until it is cancelled, and says whether it is.
    pub fn wait(&self, pause: Duration) -> bool {
        let waited = self.shared.changed.wait_timeout_while(self.lock(), pause, |state| !state.cancelled);
        waited.unwrap_or_else(PoisonError::into_inner).0.cancelled
    }

    /// A call begins that may be interrupted; `false` = it is cancelled, and none may begin.
    pub(crate) fn begin(&self, interrupt: Option<Interrupt>) -> bool {
        let mut state = self.lock();
        if state.cancelled {
            return false;
        }
        state.call += 1;
        state.sent = false;
        state.interrupt = interrupt;
        true
    }

    /// It has ended: nothing is sent any more. Says whether something was.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.lock();
        state.interrupt = None;
        self.shared.changed.notify_all();
        let ended = self.shared.changed.wait_while(state, |state| state.sending);
        ended.unwrap_or_else(PoisonError::into_inner).sent
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("is_cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_call_is_interrupted_until_it_ends_and_none_after_it() {
        let cancel = Cancel::new();
        let (sent, received) = mpsc::channel();
        assert!(cancel.begin(Some(Arc::new(move || {
            let _ = sent.send(());
        }))));
        cancel.cancel();
        // The first one may have come too early.
        received.recv().unwrap();
        received.recv().unwrap();
        assert!(cancel.end());
        while received.try_recv().is_ok() {}
        assert!(received.recv_timeout(FIRST_PAUSE * 8).is_err());
    }

    #[test]
    fn the_end_of_a_call_waits_for_the_interrupt_that_is_being_sent() {
        let cancel = Cancel::new();
        let (began, begun) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let gone = Mutex::new(gone);
        let sending = Arc::new(Mutex::new(false));
        let seen = Arc::clone(&sending);
        let begun_at_all = cancel.begin(Some(Arc::new(move || {
            *seen.lock().unwrap() = true;
            let _ = began.send(());
            let _ = gone.lock().unwrap().recv();
            *seen.lock().unwrap() = false;
        })));
        assert!(begun_at_all);
        cancel.cancel();
        begun.recv().unwrap();
        let other = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            go.send(()).unwrap();
        });
        assert!(cancel.end());
        assert!(!*sending.lock().unwrap());
        other.join().unwrap();
    }

    #[test]
    fn a_wait_ends_when_it_is_cancelled() {
        let cancel = Cancel::new();
        let other = cancel.clone();
        let thread = thread::spawn(move || other.wait(Duration::from_secs(3600)));
        cancel.cancel();
        assert!(thread.join().unwrap());
        assert!(!Cancel::new().wait(Duration::ZERO));
        assert!(!cancel.begin(None), "no call begins any more");
    }
}
