//! Connections of tests, of which there may be more than the server has.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ::postgres::Client;
use migrate_core::{Cause, CauseKind, Error};
use migrate_postgres::{Url, UrlError};

use crate::{apart, failed};

/// How long a test waits until the server has room for its connection.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn connect(url: &str) -> Result<Client, Error> {
    open(url).map_err(failed)
}

/// Waits while the server has no connection left: other tests will end.
pub(super) fn open(url: &str) -> Result<Client, Cause> {
    // A server on this machine that is gone refuses at once; one that is slow has two hundred tests that connect.
    let timeout = match url {
        url if url.contains("connect_timeout=") => "",
        url if url.contains('?') => "&connect_timeout=60",
        _ => "?connect_timeout=60",
    };
    let url: Url = format!("{url}{timeout}")
        .parse()
        .map_err(|error: UrlError| Cause::new(CauseKind::Access, error.to_string()))?;
    let began = Instant::now();
    apart(|| {
        loop {
            match url.connect() {
                Err(cause) if cause.code.as_deref() == Some("53300") && began.elapsed() < PATIENCE => pause(),
                Err(cause) if cause.code.as_deref() == Some("53300") => {
                    return Err(cause.hint("run fewer tests at once, or raise the server's max_connections"));
                }
                opened => return opened,
            }
        }
    })
}

/// For a moment, and not all of them for the same.
pub(super) fn pause() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    thread::sleep(Duration::from_millis(20 + u64::from(now.subsec_micros() % 100)));
}
