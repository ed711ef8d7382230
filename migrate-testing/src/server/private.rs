//! A throw-away server, started from the programs on the machine: one for all test processes of a user, on a free port
//! of 127.0.0.1, nothing durable. It stops ten seconds after the last of them; its data stay in the temporary directory, so
//! that the next run finds its templates.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use migrate_core::Error;

use super::recipe::Recipe;
use super::{Kind, Whereabouts, detached, programs};
use crate::refused;

const HINT: &str = "or name a server in TEST_DATABASE_URL";

/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server of this kind, which this process now uses until it ends.
pub(crate) fn server(kind: Kind) -> Result<Whereabouts, Error> {
    static USED: Mutex<BTreeMap<String, (File, Whereabouts)>> = Mutex::new(BTreeMap::new());
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    let programs = Programs::of(kind)?;
    if let Some((_, found)) = used.get(&programs.name) {
        return Ok(found.clone());
    }
    let name = programs.name.clone();
    let told = |error: io::Error| refused(format!("a private {name}: {error}"), HINT);
    let dir = directory(&programs.name).map_err(told)?;
    let lock = open(&dir.join("lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let users = open(&dir.join("users")).map_err(told)?;
    users.lock_shared().map_err(told)?;
    let place = Place { dir, programs };
    let port = match place.running() {
        Some(port) => port,
        None => place.start()?,
    };
    drop(lock);
    let found = place.whereabouts(port).map_err(told)?;
    used.insert(place.programs.name.clone(), (users, found.clone()));
    Ok(found)
}

/// The programs of a server, and the directory's name for their version.
struct Programs {
    recipe: Recipe,
    name: String,
    flock: PathBuf,
}

impl Programs {
    fn of(kind: Kind) -> Result<Self, Error> {
        let recipe = Recipe::find(kind).map_err(|what| {
            let message = format!("there is no server for tests: no URL names one, and {what} is not on this machine");
            refused(message, "set TEST_DATABASE_URL, or install the server's package")
        })?;
        let flock = programs::flock();
        let flock = flock.ok_or_else(|| refused("a private server needs flock, of util-linux", HINT))?;
        // Another version can't read the data: each path has its own.
        let version = recipe.place().to_string_lossy().replace('/', "-");
        Ok(Programs { name: format!("{}{version}", recipe.word()), recipe, flock })
    }
}

struct Place {
    dir: PathBuf,
    programs: Programs,
}

impl Place {
    fn at(&self, name: &str) -> PathBuf {
        self.dir.join("server").join(name)
    }

    fn number(&self, name: &str) -> Option<u32> {
        fs::read_to_string(self.at(name)).ok()?.trim().parse().ok()
    }

    /// The port of the one that is up, and is watched.
    fn running(&self) -> Option<u16> {
        let port = u16::try_from(self.number("ready")?).ok()?;
        let up = [self.number("pid")?, self.number("watcher")?].into_iter().all(|pid| self.is_ours(pid));
        (up && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()).then_some(port)
    }

    /// A number may be somebody else's by now.
    fn is_ours(&self, pid: u32) -> bool {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&*self.dir.to_string_lossy())
    }

    fn start(&self) -> Result<u16, Error> {
        let told = |error: io::Error| refused(format!("starting a private {}: {error}", self.programs.name), HINT);
        self.end_leftovers();
        let user = ServerUser::find(&self.dir, &self.programs.recipe).map_err(told)?;
        let server = self.dir.join("server");
        // What a crash of the machine has left is not worth a recovery that can't be trusted: nothing was durable.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        if fs::read_to_string(self.at("unclean")).is_ok_and(|before| before != boot) {
            fs::remove_dir_all(&server).map_err(told)?;
        }
        if !self.at("made").exists() {
            let _ = fs::remove_dir_all(&server);
            fs::create_dir(&server).map_err(told)?;
            fs::set_permissions(&server, Permissions::from_mode(0o700)).map_err(told)?;
            if let Some(user) = &user {
                chown(&server, Some(user.uid), Some(user.gid)).map_err(told)?;
            }
            self.make(user.as_ref())?;
            fs::write(self.at("made"), "").map_err(told)?;
        }
        for _ in 0..10 {
            // Free until somebody else takes it: then the server does not come up, and another one is tried.
            let port =
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).map_err(told)?.port();
            fs::write(self.at("unclean"), &boot).map_err(told)?;
            fs::write(self.at("log"), "").map_err(told)?;
            if let Some(user) = &user {
                for name in ["unclean", "log"] {
                    chown(self.at(name), Some(user.uid), Some(user.gid)).map_err(told)?;
                }
            }
            let mut child = self.watched(port, user.as_ref()).spawn().map_err(told)?;
            if self.comes_up(&mut child) {
                fs::write(self.at("ready"), port.to_string()).map_err(told)?;
                return Ok(port);
            }
            let _ = child.kill();
            let _ = child.wait();
            self.end_leftovers();
            if !self.log().contains("in use") {
                break;
            }
        }
        Err(refused(format!("a private {} did not start:\n{}", self.programs.name, self.log()), HINT))
    }

    fn end_leftovers(&self) {
        for name in ["watcher", "pid"] {
            let Some(pid) = self.number(name).filter(|pid| self.is_ours(*pid)) else { continue };
            let signal = if name == "pid" { self.programs.recipe.kill_signal() } else { "KILL" };
            let _ = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status();
            let began = Instant::now();
            while self.is_ours(pid) && began.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = fs::remove_file(self.at("ready"));
    }

    fn log(&self) -> String {
        let text = fs::read(self.at("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn comes_up(&self, child: &mut Child) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && matches!(child.try_wait(), Ok(None)) {
            if self.programs.recipe.is_ready(&self.dir.join("server")) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// The server's data, before its first start.
    fn make(&self, user: Option<&ServerUser>) -> Result<(), Error> {
        let recipe = &self.programs.recipe;
        // Who is superuser can run programs as this user: not everybody on the machine.
        let told = |error: io::Error| refused(format!("a password for the private server: {error}"), HINT);
        let password = random().map_err(told)?;
        write_secret(&self.at("password"), &password, user).map_err(told)?;
        for (name, text) in recipe.secrets(&password) {
            write_secret(&self.at(name), &text, user).map_err(told)?;
        }
        let (name, text) = recipe.credentials(&password);
        write_secret(&self.dir.join(name), &text, None).map_err(told)?;
        let mut command = recipe.install(&self.dir.join("server"));
        as_user(&mut command, user);
        let output = command.current_dir(self.dir.join("server")).stdin(Stdio::null()).output();
        let output = output.map_err(|error| refused(format!("{}: {error}", recipe.place().display()), HINT))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            return Err(refused(format!("a private {} could not be made:\n{said}", self.programs.name), HINT));
        }
        Ok(())
    }

    fn watched(&self, port: u16, user: Option<&ServerUser>) -> Command {
        let linger = std::env::var("MIGRATE_TESTING_LINGER").ok().filter(|text| text.parse::<u32>().is_ok());
        let recipe = &self.programs.recipe;
        let mut command = Command::new("sh");
        command.arg("-c").arg(include_str!("watch.sh")).arg("sh").arg(&self.dir);
        command.arg(linger.as_deref().unwrap_or("10")).arg(&self.programs.flock).arg(recipe.stop_signal());
        command.args(recipe.serve(&self.dir.join("server"), port));
        as_user(&mut command, user);
        detached(&mut command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.current_dir(self.dir.join("server"));
        command
    }

    fn whereabouts(&self, port: u16) -> io::Result<Whereabouts> {
        let password = fs::read_to_string(self.at("password"))?;
        let (file, _) = self.programs.recipe.credentials(&password);
        Ok(Whereabouts {
            url: self.programs.recipe.url(&password, port),
            password_file: Some(self.dir.join(file)),
            users: Some(self.dir.join("users")),
        })
    }
}

/// No server runs as root.
struct ServerUser {
    uid: u32,
    gid: u32,
}

impl ServerUser {
    fn find(dir: &Path, recipe: &Recipe) -> io::Result<Option<Self>> {
        if fs::metadata(dir)?.uid() != 0 {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd")?;
        let find = |name: &str| {
            let fields: Vec<_> =
                accounts.lines().find(|line| line.split(':').next() == Some(name))?.split(':').collect();
            Some(ServerUser { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
        };
        let found = find(recipe.user()).or_else(|| find("nobody"));
        found.map(Some).ok_or_else(|| io::Error::other("no server runs as root, and there is no user `nobody`"))
    }
}

fn as_user(command: &mut Command, user: Option<&ServerUser>) {
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
}

/// Below the temporary directory, where the server's user gets at it; ours, or not used.
fn directory(name: &str) -> io::Result<PathBuf> {
    let uid = fs::metadata("/proc/self")?.uid();
    let base = std::env::var_os("MIGRATE_TESTING_DIR").map(PathBuf::from);
    let base = base.unwrap_or_else(|| std::env::temp_dir().join(format!("migrate-testing-{uid}")));
    for dir in [&base, &base.join(name)] {
        match fs::create_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io::Error::new(error.kind(), format!("{}: {error}", dir.display())));
            }
            Err(_) => {}
            Ok(()) => fs::set_permissions(dir, Permissions::from_mode(0o755))?,
        }
        let found = fs::symlink_metadata(dir)?;
        if !found.is_dir() || found.uid() != uid || found.mode() & 0o022 != 0 {
            return Err(io::Error::other(format!("{} is not ours alone; see who made it", dir.display())));
        }
    }
    base.join(name).canonicalize()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn write_secret(path: &Path, text: &str, user: Option<&ServerUser>) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    fs::write(path, text)?;
    user.map_or(Ok(()), |user| chown(path, Some(user.uid), Some(user.gid)))
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
