//! The program that is killed: `migrate`, as people run it.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{Result, files};

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The first migration alone, which makes the counters.
    First,
    Up,
    /// Back to the first migration.
    Down,
}

impl Way {
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Way::First => &["up", "--to", files::FIRST],
            Way::Up => &["up"],
            Way::Down => &["down", "--to", files::FIRST],
        }
    }
}

/// A running process.
pub struct Victim {
    child: Mutex<Child>,
    output: tempfile::NamedTempFile,
}

/// How one ended.
pub struct Ended {
    pub status: ExitStatus,
    pub said: String,
}

/// Longer than any run, and than waiting for an orphan's lock.
const PATIENCE: Duration = Duration::from_secs(120);

/// The command line of a run: `migrate` beside this program, for both are built into one directory.
pub fn migrate(url: &str, dir: &Path, way: Way) -> Result<Command> {
    let program = std::env::current_exe()?.with_file_name("migrate");
    let mut command = Command::new(program);
    command.arg("--database-url").arg(url).arg("--dir").arg(dir).args(way.arguments());
    // Nothing of its surroundings counts.
    command.current_dir(dir).env_clear().stdin(Stdio::null());
    Ok(command)
}

/// A run that nobody disturbs, and that must succeed: also the next start behind a kill.
pub fn run(url: &str, dir: &Path, way: Way) -> Result<()> {
    let ended = Victim::start(migrate(url, dir, way)?)?.wait()?;
    if ended.status.success() {
        return Ok(());
    }
    Err(format!("`migrate {}` failed: {}", way.arguments().join(" "), ended.said).into())
}

impl Victim {
    pub fn start(mut command: Command) -> Result<Victim> {
        let output = tempfile::NamedTempFile::new()?;
        command.stdout(output.reopen()?).stderr(output.reopen()?);
        let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        Ok(Victim { child: Mutex::new(child), output })
    }

    /// SIGKILL, and gone when this returns.
    pub fn kill(&self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }

    pub fn is_running(&self) -> bool {
        matches!(self.child().try_wait(), Ok(None))
    }

    pub fn wait(&self) -> Result<Ended> {
        let began = Instant::now();
        loop {
            // Not `wait`: somebody else must be able to kill meanwhile.
            if let Some(status) = self.child().try_wait()? {
                return Ok(Ended { status, said: std::fs::read_to_string(self.output.path())? });
            }
            if began.elapsed() > PATIENCE {
                self.kill();
                return Err(format!(
                    "still running after {PATIENCE:?}: {}",
                    std::fs::read_to_string(self.output.path())?
                )
                .into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}
