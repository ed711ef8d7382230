//! Kills at random moments: the client, its session in the server, the server.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::database::OnServer;
use crate::oracle::Oracle;
use crate::results::Tally;
use crate::sends::recover;
use crate::server::Server;
use crate::victim::{Victim, Way, migrate, run};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Client,
    /// `pg_terminate_backend`, `KILL CONNECTION`
    Session,
    Server,
}

/// How many, and until when.
#[derive(Clone, Copy)]
pub struct Amount {
    pub kills: usize,
    pub until: Instant,
}

/// xorshift64: moments that a seed gives again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Seeds are small numbers: mixed, they do not begin alike. Zero would stay zero.
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// Kills until there were enough: those that came too late are tries, and count as no kill.
pub fn kills(server: &Server, dir: &Path, oracle: &Oracle, target: Target, amount: Amount, seed: u64) -> Result<Tally> {
    let what = match target {
        Target::Client => "client SIGKILL",
        Target::Session => "session killed in the server",
        Target::Server => "server SIGKILL",
    };
    let mut tally = Tally::new(server.kind, what, format!("random moments, seed {seed}"));
    let mut random = Random::new(seed + target as u64);
    let db = OnServer::fresh(server, "random_kills")?;
    let mut range = [0; 2];
    for (way, range) in [Way::Up, Way::Down].into_iter().zip(&mut range) {
        let began = Instant::now();
        run(&db.url(server.port), dir, way)?;
        *range = u64::try_from(began.elapsed().as_micros())?;
    }
    db.wait_until_alone()?;
    drop(db);
    'enough: loop {
        let db = OnServer::fresh(server, "random_kills")?;
        for (way, range) in [Way::Up, Way::Down].into_iter().zip(range) {
            if tally.hit >= amount.kills {
                break 'enough;
            }
            if Instant::now() > amount.until {
                tally.note = format!("stopped after {} of {} kills: time was over", tally.hit, amount.kills);
                break 'enough;
            }
            let next = if way == Way::Down && random.below(2) == 0 { Way::Down } else { Way::Up };
            let moment = random.below(range);
            let place = format!("{way:?}, try {}, {moment} µs", tally.tries + 1);
            let hit = kill(&db, dir, target, way, Duration::from_micros(moment))
                .map_err(|error| format!("{place}: {error}"))?;
            if hit {
                let in_doubt = db.in_doubt()?;
                tally.count(&place, in_doubt, recover(&db, dir, oracle, next));
            } else {
                tally.tries += 1;
                db.wait_until_alone()?;
                recover(&db, dir, oracle, next)?;
            }
            // What follows is a `down`.
            if next != Way::Up {
                break;
            }
        }
    }
    Ok(tally)
}

/// Whether a run was under way when it was killed.
fn kill(db: &OnServer<'_>, dir: &Path, target: Target, way: Way, moment: Duration) -> Result<bool> {
    let victim = Victim::start(migrate(&db.url(db.server.port), dir, way)?)?;
    std::thread::sleep(moment);
    let hit = match target {
        Target::Client => {
            let running = victim.is_running();
            victim.kill();
            running
        }
        Target::Session => db.kill_sessions()? > 0,
        Target::Server => {
            let running = victim.is_running();
            db.server.kill()?;
            running
        }
    };
    let ended = victim.wait()?;
    if target == Target::Server {
        db.server.start_again()?;
    }
    if ended.said.contains("panicked") {
        return Err(ended.said.into());
    }
    Ok(hit)
}
