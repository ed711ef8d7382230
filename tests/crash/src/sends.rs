//! Every point at which the victim sends something to its server, one after the other: killed there, or cut off.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::Result;
use crate::database::OnServer;
use crate::oracle::Oracle;
use crate::proxy::{Fault, Proxy};
use crate::results::Tally;
use crate::server::Server;
use crate::victim::{Victim, Way, migrate, run};

/// What stands in the database at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing: migrations may share a transaction.
    Empty,
    /// The first migration: each has a transaction of its own.
    Begun,
}

/// Which of the sends, or of the system calls: all of them, or in the short form one of some, from where the seed says; and until when.
#[derive(Clone, Copy)]
pub struct Which {
    pub every: usize,
    pub from: u64,
    pub until: Instant,
}

impl Which {
    pub fn numbers(self) -> impl Iterator<Item = usize> {
        let every = self.every.max(1);
        let first = usize::try_from(self.from % every as u64).unwrap_or_default();
        (1 + first..).step_by(every)
    }

    pub fn share(self) -> String {
        if self.every == 1 { "every".to_owned() } else { format!("every {}th", self.every) }
    }
}

/// Strikes at send 1, 2, … of `up`, and of `down` behind it, until a run ends before it is struck.
pub fn every(server: &Server, dir: &Path, oracle: &Oracle, fault: Fault, start: Start, which: Which) -> Result<Tally> {
    let mut tally = Tally::new(server.kind, describe(fault), "");
    let name = "sends";
    let mut last = [0, 0];
    for (i, n) in which.numbers().enumerate() {
        if Instant::now() > which.until {
            tally.note = format!("stopped before {n}: time was over");
            break;
        }
        let db = OnServer::fresh(server, name)?;
        if start == Start::Begun {
            run(&db.url(server.port), dir, Way::First)?;
        }
        // A `down` that was struck is finished by the next `down`, or taken back by the next `up`.
        let back = if i % 2 == 0 { Way::Up } else { Way::Down };
        let mut struck = false;
        for (way, next) in [(Way::Up, Way::Up), (Way::Down, back)] {
            let place = format!("{way:?} from {start:?}, send {n}");
            let was_struck = strike(&db, dir, fault, n, way).map_err(|error| format!("{place}: {error}"))?;
            if was_struck {
                last[usize::from(way == Way::Down)] = n;
                struck = true;
                let in_doubt = db.in_doubt()?;
                tally.count(&place, in_doubt, recover(&db, dir, oracle, next));
            } else {
                oracle.check(way, &db.look()?).map_err(|error| format!("{place}, undisturbed: {error}"))?;
            }
        }
        if !struck {
            break;
        }
    }
    let from = if start == Start::Empty { "from nothing" } else { "one by one" };
    tally.at = format!("{} send, the last is {} in `up` {from}, {} in `down`", which.share(), last[0], last[1]);
    Ok(tally)
}

/// A run that is struck at its nth send; whether it came so far.
fn strike(db: &OnServer<'_>, dir: &Path, fault: Fault, n: usize, way: Way) -> Result<bool> {
    let proxy = Proxy::before(db.server.port, Some((fault, n)))?;
    let victim = Arc::new(Victim::start(migrate(&db.url(proxy.port), dir, way)?)?);
    proxy.aim(Arc::clone(&victim));
    let ended = victim.wait()?;
    if ended.said.contains("panicked") {
        return Err(ended.said.into());
    }
    let must_succeed = !proxy.struck() || fault == Fault::Stall;
    if must_succeed && !ended.status.success() {
        return Err(format!("failed, {} sends: {}", proxy.sends(), ended.said).into());
    }
    Ok(proxy.struck())
}

/// The plain next start, and nothing else.
pub fn recover(db: &OnServer<'_>, dir: &Path, oracle: &Oracle, way: Way) -> Result<()> {
    run(&db.url(db.server.port), dir, way)?;
    db.wait_until_alone()?;
    oracle.check(way, &db.look()?)
}

fn describe(fault: Fault) -> &'static str {
    match fault {
        Fault::KillBefore => "client SIGKILL, nothing of the message sent",
        Fault::KillHalf => "client SIGKILL, half of the message sent",
        Fault::KillAfter => "client SIGKILL, message sent, no answer",
        Fault::Close => "connection closed, message sent, no answer",
        Fault::Cut => "connection closed in the message",
        Fault::Reset => "connection reset, message sent, no answer",
        Fault::CutAnswer => "connection closed in the answer",
        Fault::Stall => "nothing gets through for 1 s",
    }
}
