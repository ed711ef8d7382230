//! SQLite: every system call with which the victim writes to its files, one after the other, and random moments.
//!
//! strace kills as a call is entered, so that it does not happen. What was written stays: the kernel has it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;
use crate::database::{File, Kind};
use crate::oracle::Oracle;
use crate::random::{Amount, Random};
use crate::results::Tally;
use crate::sends::Which;
use crate::victim::{Victim, Way, migrate, run};

/// The calls that change a file, give it to the disk, or take a lock on it.
pub const WRITING: [&str; 6] = ["pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "fcntl"];

/// Strikes at the 1st, 2nd, … of one system call in `up`, and of `down` behind it.
pub fn every(kind: Kind, dir: &Path, oracle: &Oracle, call: &str, which: Which) -> Result<Tally> {
    let mut tally = Tally::new(kind, format!("process SIGKILL at `{call}`"), "");
    let mut last = [0, 0];
    for (i, n) in which.numbers().enumerate() {
        if Instant::now() > which.until {
            tally.note = format!("stopped at {n}: time was over");
            break;
        }
        let db = File::fresh(kind)?;
        let back = if i % 2 == 0 { Way::Up } else { Way::Down };
        let mut struck = false;
        for (way, next) in [(Way::Up, Way::Up), (Way::Down, back)] {
            let place = format!("{way:?}, {call} {n}");
            let victim = Victim::start(traced(migrate(&db.url(), dir, way)?, call, n))?;
            let ended = victim.wait()?;
            if ended.status.code().is_some_and(|code| code != 0) {
                return Err(format!("{place}: {}", ended.said).into());
            }
            if ended.status.success() {
                oracle.check(way, &db.look()?).map_err(|error| format!("{place}, undisturbed: {error}"))?;
                continue;
            }
            struck = true;
            last[usize::from(way == Way::Down)] = n;
            // Looking into the file would recover it, before the next start does.
            tally.count(&place, false, recover(&db, dir, oracle, next));
        }
        if !struck {
            break;
        }
    }
    if call == "pwrite64" && tally.tries == 0 {
        return Err("nothing was ever struck: the test proves nothing".into());
    }
    tally.at = format!("{} call, the last is {} in `up`, {} in `down`", which.share(), last[0], last[1]);
    Ok(tally)
}

fn traced(command: Command, call: &str, n: usize) -> Command {
    // Not with `--seccomp-bpf`: strace 6.1 then injects nothing, and says nothing.
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
    traced.arg("-e").arg(format!("inject={call}:signal=KILL:when={n}"));
    traced.arg(command.get_program()).args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        traced.current_dir(dir);
    }
    traced
}

fn recover(db: &File, dir: &Path, oracle: &Oracle, way: Way) -> Result<()> {
    run(&db.url(), dir, way)?;
    oracle.check(way, &db.look()?)
}

/// The process, at random moments.
pub fn random(kind: Kind, dir: &Path, oracle: &Oracle, amount: Amount, seed: u64) -> Result<Tally> {
    let mut tally = Tally::new(kind, "process SIGKILL", format!("random moments, seed {seed}"));
    let mut random = Random::new(seed);
    let db = File::fresh(kind)?;
    let mut range = [0; 2];
    for (way, range) in [Way::Up, Way::Down].into_iter().zip(&mut range) {
        let began = Instant::now();
        run(&db.url(), dir, way)?;
        *range = u64::try_from(began.elapsed().as_micros())?;
    }
    'enough: loop {
        let db = File::fresh(kind)?;
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
            let victim = Victim::start(migrate(&db.url(), dir, way)?)?;
            std::thread::sleep(Duration::from_micros(moment));
            let hit = victim.is_running();
            victim.kill();
            if hit {
                tally.count(&place, false, recover(&db, dir, oracle, next));
            } else {
                tally.tries += 1;
                recover(&db, dir, oracle, next)?;
            }
            if next != Way::Up {
                break;
            }
        }
    }
    Ok(tally)
}
