//! What a migration costs us beyond the floor, as they become more; and what it takes of memory.

use std::time::Duration;

use super::{Size, Told};
use crate::chart;
use crate::database::{Kind, Server};
use crate::paired::measure;
use crate::tools::{FLOOR, OURS};
use crate::{migrations, time};

pub(super) fn run(servers: &[Server], size: Size) -> Told {
    let mut lines = vec![
        "| database, migrations | floor | ours / floor | beyond the floor, for each migration | memory, for each migration |"
            .to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    let mut overheads = Vec::new();
    for server in servers {
        let mut points = Vec::new();
        for &(n, rounds) in work(server.kind, size) {
            let files = migrations(n);
            let mut memory = 0;
            let columns = measure(&[&FLOOR, &OURS], rounds, |tool| {
                let database = server.database("growth");
                let mut start = (tool.open)(server.kind, &database.url, &files)?;
                let before = peak::begin();
                let took = time(&mut start);
                if tool.name == OURS.name {
                    memory = peak::since(before);
                }
                Some(took)
            });
            let (floor, ours) = (&columns[0], &columns[1]);
            let beyond: Vec<f64> = (ours.times.iter().zip(&floor.times))
                .map(|(ours, floor)| (ours.as_secs_f64() - floor.as_secs_f64()) * 1e6 / n as f64)
                .collect();
            let beyond = crate::median(beyond);
            points.push((n, beyond));
            lines.push(format!(
                "| {}, {n} | {} | {:.2} | {beyond:.0} µs | {:.1} KiB |",
                server.kind.name(),
                crate::paired::milliseconds(floor.median().unwrap_or(Duration::ZERO)),
                ours.times_of(floor).unwrap_or(f64::NAN),
                memory as f64 / n as f64,
            ));
            eprintln!("{}", lines.last().map_or("", String::as_str));
        }
        overheads.push((server.kind.name().to_owned(), points));
    }
    let chart = chart::lines("Beyond the floor, for each migration, as they become more", "µs", &overheads);
    Told { markdown: lines.join("\n") + "\n", chart: Some(chart) }
}

/// SQLite parses its whole schema again after each ALTER, whoever asks: 10,000 take it minutes.
fn work(kind: Kind, size: Size) -> &'static [(usize, usize)] {
    match (kind, size) {
        (_, Size::Small) => &[(10, 3), (100, 3), (1000, 1)],
        (Kind::Postgres, Size::Full) => &[(10, 9), (100, 9), (1000, 3), (3000, 1), (10_000, 1)],
        (Kind::Sqlite | Kind::Mariadb | Kind::Mysql, Size::Full) => &[(10, 9), (100, 9), (1000, 3), (3000, 1)],
    }
}

/// The most memory that this process has had at once, as Linux counts it, in KiB.
mod peak {
    pub(super) fn begin() -> usize {
        // Forgets the peak.
        drop(std::fs::write("/proc/self/clear_refs", "5"));
        read()
    }

    pub(super) fn since(before: usize) -> usize {
        read().saturating_sub(before)
    }

    fn read() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    }
}
