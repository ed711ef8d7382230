//! What planning costs: 10,000 embedded migrations against 10,000 rows, nothing to do.

use bench::{median, migrations, time};
use migrate::{Direction, Facts, HistoryRow, Migrations, Planner, Policy, Status, UpTarget, source, sql::Dialect};

fn main() {
    let files = migrations(10_000).into_iter().map(|(version, name, sql)| (format!("{version:014}_{name}.sql"), sql));
    // Stamps of the generator are no calendar dates beyond the first minute: spread them over days.
    let files = files.enumerate().map(|(i, (name, sql))| {
        let (day, second) = (i / 1440, i % 1440);
        (format!("202001{:02}{:02}{:02}00_{}", day + 1, second / 60, second % 60, &name[15..]), sql)
    });
    let read = source::read(files.collect::<Vec<_>>(), Some(Dialect::Sqlite)).expect("the generator makes good files");
    let known = Migrations::<()>::from_sql(read.migrations).expect("no version twice");
    let rows: Vec<HistoryRow> = known
        .iter()
        .map(|m| m.meta())
        .map(|meta| HistoryRow {
            version: meta.version,
            name: meta.name.to_string(),
            checksum: meta.checksum.clone(),
            statements_checksum: None,
            down_checksum: None,
            direction: Direction::Up,
            started_at: String::new(),
            finished_at: Some(String::new()),
            duration_ms: Some(1),
        })
        .collect();
    let facts = Facts {
        syntax: Dialect::Sqlite.into(),
        server: String::new(),
        version: None,
        transactional_ddl: true,
        sees_swaps: true,
    };
    let once = || {
        time(|| {
            let status = Status::of(&known, &rows);
            let plan =
                Planner::new(&known, &facts, &Policy::default()).up(&status, UpTarget::All).expect("nothing to refuse");
            assert!(plan.steps.is_empty());
        })
    };
    let times = (0..101).map(|_| once()).collect();
    println!(
        "status and plan of {} migrations, nothing to do: {:?} (median of 101)",
        known.len(),
        median::<std::time::Duration>(times)
    );
}
