//! How often each tool waits for the server. These are counts: they are the same on any machine.

use std::time::Duration;

use super::{Size, Told};
use crate::database::Server;
use crate::migrations;
use crate::proxy::Proxy;
use crate::tools::{OURS, PEERS, Tool};

pub(super) fn run(servers: &[Server], _: Size) -> Told {
    let tools: Vec<&Tool> = [&OURS].into_iter().chain(&PEERS).collect();
    let heads: Vec<_> = tools.iter().map(|tool| tool.name).collect();
    let mut lines =
        vec![format!("| database, work | {} |", heads.join(" | ")), format!("|{}", "---|".repeat(heads.len() + 1))];
    let files = migrations(100);
    for server in servers {
        let Some(address) = server.address() else { continue };
        let proxy = Proxy::before(address, Duration::ZERO).expect("a port");
        let (mut fresh, mut idle) = (Vec::new(), Vec::new());
        for tool in &tools {
            let database = server.database("trips");
            let url = database.through(proxy.port());
            let once = || {
                let mut start = (tool.open)(server.kind, &url, &files)?;
                let before = proxy.round_trips();
                start();
                Some(proxy.round_trips() - before)
            };
            for counts in [&mut fresh, &mut idle] {
                counts.push(once().map_or("-".to_owned(), |count| count.to_string()));
            }
        }
        for (work, counts) in [("100 migrations", fresh), ("nothing to do", idle)] {
            lines.push(format!("| {}, {work} | {} |", server.kind.name(), counts.join(" | ")));
            eprintln!("{}", lines.last().map_or("", String::as_str));
        }
    }
    Told { markdown: lines.join("\n") + "\n", chart: None }
}
