use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use migrate_core::{Cancel, Error};

use crate::by_url::no_thread;

type Work<T> = Box<dyn FnOnce() -> Result<T, Error> + Send>;

/// Work on a thread of its own, as a future for any runtime: the blocking clients panic on a worker of one. It begins when
/// it is polled first; when it is dropped before its end, it is cancelled.
pub(crate) struct Background<T> {
    work: Option<Work<T>>,
    cancel: Cancel,
    shared: Arc<Mutex<Shared<T>>>,
}

struct Shared<T> {
    ended: Option<Result<Result<T, Error>, Box<dyn Any + Send>>>,
    waker: Option<Waker>,
    taken: bool,
}

impl<T: Send + 'static> Background<T> {
    pub(crate) fn new(cancel: Cancel, work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Self {
        let shared = Shared { ended: None, waker: None, taken: false };
        Background { work: Some(Box::new(work)), cancel, shared: Arc::new(Mutex::new(shared)) }
    }
}

impl<T: Send + 'static> Future for Background<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(work) = self.work.take() {
            let shared = Arc::clone(&self.shared);
            let work = crate::trace::here(work);
            let worker = move || {
                let ended = catch_unwind(AssertUnwindSafe(work));
                let mut shared = lock(&shared);
                shared.ended = Some(ended);
                if let Some(waker) = shared.waker.take() {
                    waker.wake();
                }
            };
            if let Err(error) = thread::Builder::new().name("migrate".into()).spawn(worker) {
                lock(&self.shared).taken = true;
                return Poll::Ready(Err(no_thread(error)));
            }
        }
        let mut shared = lock(&self.shared);
        match shared.ended.take() {
            Some(ended) => {
                shared.taken = true;
                drop(shared);
                Poll::Ready(ended.unwrap_or_else(|panic| resume_unwind(panic)))
            }
            None => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        let has_begun = self.work.is_none();
        if has_begun && !lock(&self.shared).taken {
            self.cancel.cancel();
        }
    }
}

fn lock<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
