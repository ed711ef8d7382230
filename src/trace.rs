//! A thread of our own belongs to where it was started, for `tracing`.

/// Work that another thread will do, with the span and the subscriber of this one.
#[cfg(feature = "tracing")]
pub(crate) fn here<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = tracing::Span::current();
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    move || tracing::dispatcher::with_default(&dispatch, || span.in_scope(work))
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn here<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    work
}
