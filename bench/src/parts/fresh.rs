//! An empty database, and all migrations pending.

use std::time::Duration;

use super::{Size, Told};
use crate::chart;
use crate::database::{Kind, Server};
use crate::paired::{Table, measure};
use crate::proxy::Proxy;
use crate::tools::{FLOOR, OURS, PEERS, Tool};
use crate::{migrations, time};

pub(super) fn run(servers: &[Server], size: Size) -> Told {
    let tools: Vec<&Tool> = [&FLOOR, &OURS].into_iter().chain(&PEERS).collect();
    let mut table = Table::new("database, migrations, round trip", &tools);
    let mut groups = Vec::new();
    for server in servers {
        for (delay, n, rounds) in work(server.kind) {
            let proxy = server.address().map(|address| Proxy::before(address, delay).expect("a port"));
            let files = migrations(n);
            let columns = measure(&tools, size.rounds(rounds), |tool| {
                let database = server.database("fresh");
                let url = match &proxy {
                    Some(proxy) if !delay.is_zero() => database.through(proxy.port()),
                    _ => database.url.clone(),
                };
                let mut start = (tool.open)(server.kind, &url, &files)?;
                Some(time(&mut start))
            });
            let mut work = format!("{}, {n}", server.kind.name());
            if !delay.is_zero() {
                work += &format!(", {} ms", delay.as_millis());
            }
            table.row(&work, &columns);
            if n == 100 {
                let bars = columns.iter().filter_map(|column| Some((column.tool.name, column.times_of(&columns[0])?)));
                groups.push((work, bars.collect()));
            }
        }
    }
    Told { markdown: table.text(), chart: Some(chart::bars("A new database: times of the floor, log scale", &groups)) }
}

/// Delay, number of migrations, rounds.
fn work(kind: Kind) -> Vec<(Duration, usize, usize)> {
    let (none, near, far) = (Duration::ZERO, Duration::from_millis(1), Duration::from_millis(20));
    match kind {
        Kind::Sqlite => vec![(none, 10, 15), (none, 100, 15), (none, 1000, 5)],
        _ => vec![(none, 10, 9), (none, 100, 15), (none, 1000, 3), (near, 100, 9), (far, 100, 3)],
    }
}
