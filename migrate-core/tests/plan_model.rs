//! The planner against a naive model, for every history of three versions: each known or not, and not recorded, applied,
//! applied from another text, or interrupted on its way up or down.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::collections::BTreeMap;

use migrate_core::history::HistoryRow;
use migrate_core::plan::Stored;
use migrate_core::sql::Dialect;
use migrate_core::{
    Action, Checksum, Direction, Down, DownTarget, Facts, Migrations, Options, Planner, Policy, Script, SqlMigration,
    Status, Store, UpTarget, Version,
};

const VERSIONS: i64 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Row {
    None,
    Applied,
    Changed,
    Interrupted(Direction),
}

/// Whether a file has this version, and what the history says of it.
type History = BTreeMap<i64, (bool, Row)>;

fn histories() -> Vec<History> {
    let rows =
        [Row::None, Row::Applied, Row::Changed, Row::Interrupted(Direction::Up), Row::Interrupted(Direction::Down)];
    let mut histories = vec![History::new()];
    for version in 1..=VERSIONS {
        let longer = |history: &History| {
            let with =
                |known, row| history.iter().map(|(v, one)| (*v, *one)).chain([(version, (known, row))]).collect();
            let known = rows.into_iter().map(move |row| (true, row));
            known
                .chain(rows.into_iter().map(|row| (false, row)))
                .map(|(known, row)| with(known, row))
                .collect::<Vec<_>>()
        };
        histories = histories.iter().flat_map(longer).collect();
    }
    histories
}

fn known(history: &History) -> Migrations<'static, ()> {
    let file = |version: i64| {
        let options = Options::embedded(false, false, None, false);
        let script = |way: &str| {
            let text = format!("{way} {version}");
            Script::new(format!("{version}.{way}.sql").into(), Cow::Owned(text), 1, options)
        };
        let down = Down::Script(script("down"));
        SqlMigration::new(Version::new(version), format!("m{version}"), script("up"), down, Store::Text)
    };
    Migrations::from_sql(history.iter().filter(|(_, (known, _))| *known).map(|(version, _)| file(*version))).unwrap()
}

fn rows(history: &History, known: &Migrations<'_, ()>) -> Vec<HistoryRow> {
    let row = |(version, (_, row)): (&i64, &(bool, Row))| {
        let version = Version::new(*version);
        let own = known.find(version).map(|migration| migration.meta().checksum.clone());
        let other = Checksum::of_text("another text");
        HistoryRow {
            version,
            name: format!("m{version}"),
            checksum: if *row == Row::Changed { other } else { own.unwrap_or(other) },
            statements_checksum: None,
            down_checksum: None,
            direction: if let Row::Interrupted(direction) = row { *direction } else { Direction::Up },
            started_at: "2026-11-23T18:47:00.123Z".into(),
            finished_at: (!matches!(row, Row::Interrupted(_))).then(|| "2026-11-23T18:47:01.123Z".into()),
            duration_ms: None,
        }
    };
    history.iter().filter(|(_, (_, row))| *row != Row::None).map(row).collect()
}

type Steps = Vec<(i64, Action)>;

/// What was begun is ended, oldest first; then what is not there is applied, oldest first. `None`: refused.
fn up(history: &History, target: UpTarget) -> Option<Steps> {
    let known: Vec<_> = history.iter().filter(|(_, (known, _))| *known).map(|(v, (_, row))| (*v, *row)).collect();
    if known.iter().any(|(_, row)| *row == Row::Changed) {
        return None;
    }
    let mut steps = Steps::new();
    let mut pending = Vec::new();
    for (version, row) in &known {
        match row {
            Row::Interrupted(Direction::Up) => steps.push((*version, Action::Apply)),
            Row::Interrupted(Direction::Down) => {
                steps.push((*version, Action::Revert));
                pending.push(*version);
            }
            Row::None => pending.push(*version),
            Row::Applied | Row::Changed => {}
        }
    }
    match target {
        UpTarget::All => {}
        UpTarget::Count(count) => pending.truncate(count),
        UpTarget::To(version) => {
            known.iter().find(|(known, _)| Version::new(*known) == version)?;
            pending.retain(|pending| Version::new(*pending) <= version);
        }
    }
    steps.extend(pending.into_iter().map(|version| (version, Action::Apply)));
    Some(steps)
}

/// The newest that are recorded, newest first. One that is half applied, or has neither a file nor a stored text, is refused.
fn down(history: &History, target: DownTarget) -> Option<Steps> {
    let mut recorded: Vec<_> = history.iter().rev().filter(|(_, (_, row))| *row != Row::None).collect();
    match target {
        DownTarget::Count(count) => recorded.truncate(count),
        DownTarget::To(to) => {
            let exists = |(version, (known, row)): (&i64, &(bool, Row))| {
                Version::new(*version) == to && (*known || *row != Row::None)
            };
            if to != Version::ZERO && !history.iter().any(exists) {
                return None;
            }
            recorded.retain(|(version, _)| Version::new(**version) > to);
        }
        DownTarget::Absent => recorded.retain(|(_, (known, _))| !known),
    }
    let step = |(version, (known, row)): (&i64, &(bool, Row))| {
        (*known && *row != Row::Interrupted(Direction::Up)).then_some((*version, Action::Revert))
    };
    recorded.into_iter().map(step).collect()
}

#[test]
fn every_small_history_is_planned_as_the_model_says() {
    let facts = Facts {
        syntax: Dialect::Sqlite.into(),
        server: "SQLite".into(),
        version: None,
        transactional_ddl: true,
        sees_swaps: true,
    };
    let to = || (0..=VERSIONS).map(Version::new);
    let ups: Vec<_> =
        [UpTarget::All].into_iter().chain((0..5).map(UpTarget::Count)).chain(to().map(UpTarget::To)).collect();
    let downs: Vec<_> =
        [DownTarget::Absent].into_iter().chain((0..6).map(DownTarget::Count)).chain(to().map(DownTarget::To)).collect();
    let (mut planned, mut refused) = (0, 0);
    let mut check = |what: &dyn std::fmt::Debug, expected: Option<Steps>, planned_as: Option<Steps>| {
        assert_eq!(planned_as, expected, "{what:?}");
        if expected.is_some() { planned += 1 } else { refused += 1 }
    };
    for history in histories() {
        let known = known(&history);
        let rows = rows(&history, &known);
        let status = Status::of(&known, &rows);
        let policy = Policy::default();
        let planner = Planner::new(&known, &facts, &policy);
        let steps = |plan: migrate_core::Plan<'_>| -> Steps {
            plan.steps.iter().map(|step| (step.version.get(), step.action)).collect()
        };
        for target in &ups {
            check(&(target, &history), up(&history, *target), planner.up(&status, *target).ok().map(steps));
        }
        for target in &downs {
            let plan = planner.down(&status, *target, &Stored::default()).ok().map(steps);
            check(&(target, &history), down(&history, *target), plan);
        }
    }
    assert!(planned > 1_000 && refused > 1_000, "{planned} planned, {refused} refused");
}
