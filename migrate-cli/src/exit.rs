use std::process::ExitCode;

/// What the process exits with. The numbers are a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    Usage,
    /// `status --exit-code`, `wait --applied`: something is pending.
    Pending,
    /// An applied file has changed, or the plan was refused: nothing was touched.
    Refused,
    /// A lock could not be had in time.
    Timeout,
    /// A signal ended it: 128 and the signal's number.
    #[cfg(unix)]
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Pending => 3,
            Exit::Refused => 4,
            Exit::Timeout => 6,
            #[cfg(unix)]
            Exit::Signal(code) => code,
        })
    }
}
