//! The same kills for a peer and for us, on plain files: each counts itself and makes a table, and can be rolled back.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::Result;
use crate::database::{Kind, OnServer, postgres};
use crate::proxy::{Fault, Proxy};
use crate::results::{Results, Tally};
use crate::server::Server;
use crate::victim::{Victim, Way, migrate};

const FILES: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Tool {
    Migrate,
    Refinery,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Tool::Migrate => "migrate",
            Tool::Refinery => "refinery 0.9",
        }
    }

    fn write(self, parent: &Path) -> Result<PathBuf> {
        let dir = parent.join(format!("{self:?}"));
        std::fs::create_dir_all(&dir)?;
        for n in 1..=FILES {
            let name = match self {
                Tool::Migrate => format!("2026010100000{n}_m{n}.sql"),
                Tool::Refinery => format!("V{n}__m{n}.sql"),
            };
            let text = format!("UPDATE counter SET up = up + 1 WHERE n = {n};\nCREATE TABLE p{n} (a int);\n");
            std::fs::write(dir.join(name), text)?;
        }
        Ok(dir)
    }

    fn command(self, url: &str, dir: &Path) -> Result<Command> {
        if let Tool::Migrate = self {
            return migrate(url, dir, Way::Up);
        }
        let mut command = Command::new(std::env::current_exe()?.with_file_name("crash-refinery"));
        command.arg(url).arg(dir).env_clear().stdin(Stdio::null());
        Ok(command)
    }
}

/// Every send of each tool, before it gets through and behind it, on PostgreSQL.
pub fn compare(parent: &Path, results: &Results) -> Result<()> {
    let server = Server::start(Kind::Postgres)?;
    results.version(format!("PostgreSQL {}", server.version()?));
    for tool in [Tool::Migrate, Tool::Refinery] {
        let dir = tool.write(parent)?;
        for (fault, what) in
            [(Fault::KillBefore, "nothing of the message sent"), (Fault::KillAfter, "message sent, no answer")]
        {
            let mut tally = Tally::new(Kind::Postgres, format!("{}, client SIGKILL, {what}", tool.name()), "");
            for n in 1.. {
                let db = OnServer::fresh(&server, "peers")?;
                let mut client = postgres(&db.url(server.port))?;
                let numbers = format!("INSERT INTO counter SELECT n, 0 FROM generate_series(1, {FILES}) n");
                client.batch_execute(&format!("CREATE TABLE counter (n int, up int); {numbers}"))?;
                drop(client);
                let proxy = Proxy::before(server.port, Some((fault, n)))?;
                let victim = Arc::new(Victim::start(tool.command(&db.url(proxy.port), &dir)?)?);
                proxy.aim(Arc::clone(&victim));
                let ended = victim.wait()?;
                let struck = proxy.struck();
                if !struck && !ended.status.success() {
                    return Err(format!("{tool:?}, undisturbed: {}", ended.said).into());
                }
                if struck {
                    tally.count(&format!("send {n}"), false, again(tool, &db, &dir));
                } else {
                    tally.at = format!("each of {} sends", n - 1);
                    whole(&db)?;
                    break;
                }
            }
            results.add(tally)?;
        }
    }
    Ok(())
}

/// The next start, when the killed one's session is gone: a peer need not wait for it.
fn again(tool: Tool, db: &OnServer<'_>, dir: &Path) -> Result<()> {
    db.wait_until_alone()?;
    let ended = Victim::start(tool.command(&db.url(db.server.port), dir)?)?.wait()?;
    db.wait_until_alone()?;
    if !ended.status.success() {
        let said: String = ended.said.chars().take(300).collect();
        return Err(format!("the next start fails: {said}").into());
    }
    whole(db)
}

fn whole(db: &OnServer<'_>) -> Result<()> {
    let sql = "SELECT string_agg(up::text, '' ORDER BY n) FROM counter";
    let counters: String = postgres(&db.url(db.server.port))?.query_one(sql, &[])?.get(0);
    if counters == "1".repeat(FILES) { Ok(()) } else { Err(format!("the migrations ran so often: {counters}").into()) }
}
