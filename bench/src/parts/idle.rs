//! A start with nothing to do, on a connection that has just been opened.

use std::time::Duration;

use super::{Size, Told};
use crate::chart;
use crate::database::{Database, Kind, Server};
use crate::paired::{Table, measure};
use crate::proxy::Proxy;
use crate::tools::{ONE_SELECT, OURS, PEERS, Tool};
use crate::{migrations, time};

/// A server in the same building.
const NEAR: Duration = Duration::from_millis(1);

pub(super) fn run(servers: &[Server], size: Size) -> Told {
    let tools: Vec<&Tool> = [&ONE_SELECT, &OURS].into_iter().chain(&PEERS).collect();
    let mut table = Table::new("database, migrations, round trip", &tools);
    let mut groups = Vec::new();
    for server in servers {
        let proxy = server.address().map(|address| Proxy::before(address, NEAR).expect("a port"));
        for n in [100, 1000] {
            let files = migrations(n);
            // Those that are not for this database drop out.
            let databases: Vec<(&str, Database)> = (tools.iter().skip(1).enumerate())
                .filter_map(|(i, tool)| {
                    let database = server.database(&format!("idle{i}"));
                    let mut start = (tool.open)(server.kind, &database.url, &files)?;
                    start();
                    Some((tool.name, database))
                })
                .collect();
            for proxy in [None, proxy.as_ref()].into_iter().take(1 + usize::from(proxy.is_some())) {
                let columns = measure(&tools, size.rounds(60), |tool| {
                    // The SELECT reads what ours has written.
                    let whose = if tool.name == ONE_SELECT.name { OURS.name } else { tool.name };
                    let (_, database) = databases.iter().find(|(name, _)| *name == whose)?;
                    let url = proxy.map_or_else(|| database.url.clone(), |proxy| database.through(proxy.port()));
                    let mut start = (tool.open)(server.kind, &url, &files)?;
                    Some(time(&mut start))
                });
                let mut work = format!("{}, {n}", server.kind.name());
                if proxy.is_some() {
                    work += &format!(", {} ms", NEAR.as_millis());
                }
                table.row(&work, &columns);
                if n == 1000 && server.kind != Kind::Mysql {
                    let bars =
                        columns.iter().filter_map(|column| Some((column.tool.name, column.times_of(&columns[0])?)));
                    groups.push((work, bars.collect()));
                }
            }
        }
    }
    Told { markdown: table.text(), chart: Some(chart::bars("Nothing to do: times of one SELECT, log scale", &groups)) }
}
