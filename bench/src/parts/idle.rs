//! A start with nothing to do, on a connection that has just been opened.

use super::{Size, Told};
use crate::chart;
use crate::database::{Database, Kind, Server};
use crate::paired::{Table, measure};
use crate::tools::{ONE_SELECT, OURS, PEERS, Tool};
use crate::{migrations, time};

pub(super) fn run(servers: &[Server], size: Size) -> Told {
    let tools: Vec<&Tool> = [&ONE_SELECT, &OURS].into_iter().chain(&PEERS).collect();
    let mut table = Table::new("database, migrations", &tools);
    let mut groups = Vec::new();
    for server in servers {
        for (n, rounds) in [(100, 60), (1000, 60)] {
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
            let columns = measure(&tools, size.rounds(rounds), |tool| {
                // The SELECT reads what ours has written.
                let whose = if tool.name == ONE_SELECT.name { OURS.name } else { tool.name };
                let (_, database) = databases.iter().find(|(name, _)| *name == whose)?;
                let mut start = (tool.open)(server.kind, &database.url, &files)?;
                Some(time(&mut start))
            });
            let work = format!("{}, {n}", server.kind.name());
            table.row(&work, &columns);
            if n == 1000 && server.kind != Kind::Mysql {
                let bars = columns.iter().filter_map(|column| Some((column.tool.name, column.times_of(&columns[0])?)));
                groups.push((work, bars.collect()));
            }
        }
    }
    Told { markdown: table.text(), chart: Some(chart::bars("Nothing to do: times of one SELECT, log scale", &groups)) }
}
