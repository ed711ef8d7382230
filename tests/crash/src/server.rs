//! Private servers, which can be killed and started again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use crate::Result;
use crate::database::{Kind, mysql, postgres};

pub struct Server {
    pub kind: Kind,
    pub port: u16,
    dir: PathBuf,
    /// Once it was started again, it is a child of ours.
    again: Mutex<Option<Child>>,
    admin: Mutex<Option<Admin>>,
    _parent: tempfile::TempDir,
}

enum Admin {
    Postgres(Box<postgres::Client>),
    Mysql(mysql::Conn),
}

impl Server {
    pub fn start(kind: Kind) -> Result<Server> {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::Builder::new().prefix("migrate-crash").tempdir_in("/tmp")?;
        std::fs::set_permissions(parent.path(), std::fs::Permissions::from_mode(0o755))?;
        let dir = parent.path().join("server");
        let script = format!("{}/../../scripts/server-{}", env!("CARGO_MANIFEST_DIR"), kind.name());
        // What is committed must outlive the process; that it outlives the machine too is not asked.
        let durable = match kind {
            Kind::Postgres => &["synchronous_commit=on"][..],
            _ => &["innodb-flush-log-at-trx-commit=2", "innodb-flush-method=nosync"],
        };
        let output = Command::new(&script).arg(&dir).args(durable).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{script} failed").into());
        }
        let port = String::from_utf8(output.stdout)?.trim().parse()?;
        Ok(Server { kind, port, dir, again: Mutex::new(None), admin: Mutex::new(None), _parent: parent })
    }

    pub fn admin_url(&self) -> String {
        match self.kind {
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port),
            _ => format!("mysql://root@127.0.0.1:{}/mysql", self.port),
        }
    }

    pub fn execute(&self, sql: &str) -> Result<()> {
        self.with_admin(|admin| match admin {
            Admin::Postgres(client) => Ok(client.batch_execute(sql)?),
            Admin::Mysql(conn) => Ok(conn.query_drop(sql)?),
        })
    }

    /// One number or text.
    pub fn text(&self, sql: &str) -> Result<String> {
        self.with_admin(|admin| match admin {
            Admin::Postgres(client) => Ok(client.query_one(&format!("SELECT ({sql})::text"), &[])?.get(0)),
            Admin::Mysql(conn) => Ok(conn.query_first(sql)?.ok_or("no row")?),
        })
    }

    /// One connection for all; a new one when it was lost, or has failed.
    fn with_admin<T>(&self, work: impl FnOnce(&mut Admin) -> Result<T>) -> Result<T> {
        let mut kept = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        let mut admin = match kept.take() {
            Some(admin) => admin,
            None if self.kind == Kind::Postgres => Admin::Postgres(Box::new(postgres(&self.admin_url())?)),
            None => Admin::Mysql(mysql(&self.admin_url())?),
        };
        let done = work(&mut admin)?;
        *kept = Some(admin);
        Ok(done)
    }

    pub fn version(&self) -> Result<String> {
        let version = self.text(if self.kind == Kind::Postgres {
            "SELECT current_setting('server_version')"
        } else {
            "SELECT version()"
        })?;
        Ok(version.split([' ', '-']).next().unwrap_or_default().to_owned())
    }

    /// SIGKILL, to PostgreSQL's children too.
    pub fn kill(&self) -> Result<()> {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = match &*again {
            Some(child) => child.id(),
            None => std::fs::read_to_string(self.dir.join("pid"))?.trim().parse()?,
        };
        *self.admin.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // Its children are found before it dies; as orphans they would go on until they notice.
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let mut kill = Command::new("kill");
        kill.arg("-KILL").arg(pid.to_string()).args(children.split_whitespace()).stderr(Stdio::null());
        kill.status()?;
        match again.take() {
            Some(mut child) => {
                child.wait()?;
            }
            // It is not our child, which could be waited for; where nobody waits for it, it stays as a zombie.
            None => wait(Duration::from_secs(10), || !is_running(pid))?,
        }
        for child in children.split_whitespace() {
            let child = child.parse()?;
            wait(Duration::from_secs(10), || !is_running(child))?;
        }
        Ok(())
    }

    /// As it was, at its port. Returns when it answers.
    pub fn start_again(&self) -> Result<()> {
        let log = std::fs::File::create(self.dir.join("again.log"))?;
        let mut command = Command::new(self.dir.join("start"));
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        *self.again.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        wait(Duration::from_secs(60), || self.execute("SELECT 1").is_ok()).map_err(|error| {
            format!("{error}: {}", std::fs::read_to_string(self.dir.join("again.log")).unwrap_or_default()).into()
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state stands behind the name, which is in brackets.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn wait(at_most: Duration, mut until: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while !until() {
        if began.elapsed() > at_most {
            return Err(format!("waited for {at_most:?} in vain").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
