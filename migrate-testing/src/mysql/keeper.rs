//! Who clears away what nobody wants any more.

use std::sync::Arc;
use std::thread;

use mysql::Conn;

use super::message::{code, column, name, one, quoted, send};
use super::registry::{NAME, Registry};
use super::restore::throw_out;

/// Such a database: a test's that was kept, after a day; half a template whose maker was killed; and the copies of a template
/// that is gone, or was not used for a day, or for ten minutes in which another one came into use. Those that a killed test
/// had are restored by whoever needs one, if their template is in use.
pub(super) const UNWANTED: &str = "SELECT c.name FROM migrate_testing_v1.clone c
    LEFT JOIN migrate_testing_v1.template t ON t.id = c.template
    WHERE c.state = 'drop'
        OR (c.state = 'kept' AND c.at < utc_timestamp(6) - INTERVAL 1 DAY)
        OR (c.state IN ('free', 'build', 'lent')
            AND is_used_lock(concat('migrate_testing_v1 ', substring_index(c.owner, ' ', 1))) IS NULL
            AND (c.state = 'build' OR t.id IS NULL OR (c.state = 'lent' AND t.obstacle <> '')
                OR t.used < utc_timestamp(6) - INTERVAL 1 DAY
                OR (t.used < utc_timestamp(6) - INTERVAL 10 MINUTE AND EXISTS (SELECT 1 FROM migrate_testing_v1.template n
                    WHERE n.used > t.used + INTERVAL 10 MINUTE))))
    LIMIT 1";

/// Templates that nobody has used for a week.
const OLD: &str = "SELECT id FROM migrate_testing_v1.template WHERE used < utc_timestamp(6) - INTERVAL 7 DAY";

/// Whether there is anything to do.
pub(super) fn task_sql() -> String {
    format!("(({UNWANTED}) IS NOT NULL OR EXISTS ({OLD}))")
}

/// Starts one, in a thread: the server finishes the statement that it is at, and another process goes on.
pub(super) fn start(registry: &Arc<Registry>) {
    let registry = Arc::clone(registry);
    thread::spawn(move || {
        // What fails is left to the next one.
        if let Ok(mut conn) = registry.open() {
            let _ = work(&mut conn);
        }
    });
}

fn work(conn: &mut Conn) -> Result<(), mysql::Error> {
    if one(conn, &format!("SELECT get_lock('{NAME} keeper', 0)"))?.as_deref() != Some("1") {
        return Ok(());
    }
    retire(conn)?;
    while let Some(database) = one(conn, UNWANTED)? {
        // Who claims it at the same moment has it, or we have.
        let own = "concat(state, ' ', owner)";
        let was = one(conn, &format!("SELECT {own} FROM {NAME}.clone WHERE name = {}", quoted(&database)))?;
        let mark = format!(
            "UPDATE {NAME}.clone SET state = 'drop', owner = '' WHERE name = {} AND {own} = {};
             SELECT state FROM {NAME}.clone WHERE name = {}",
            quoted(&database),
            quoted(&was.unwrap_or_default()),
            quoted(&database)
        );
        let marked = send(conn, &mark)?;
        if marked.iter().flatten().any(|row| column(row, 0) == "drop") {
            drop_database(conn, &database)?;
        }
    }
    Ok(())
}

fn retire(conn: &mut Conn) -> Result<(), mysql::Error> {
    send(conn, OLD)?.iter().flatten().try_for_each(|row| send(conn, &forget_sql(&column(row, 0))).map(drop))
}

/// Its database is to be dropped, and nothing is known of the template any more.
pub(super) fn forget_sql(id: &str) -> String {
    let id = quoted(id);
    format!(
        "START TRANSACTION;
         INSERT INTO {NAME}.clone (name, template, state, owner, at)
             SELECT name, id, 'drop', '', utc_timestamp(6) FROM {NAME}.template WHERE id = {id};
         DELETE FROM {NAME}.object WHERE template = {id};
         DELETE FROM {NAME}.template WHERE id = {id};
         COMMIT"
    )
}

/// Drops a database of ours, and then forgets it.
pub(super) fn drop_database(conn: &mut Conn, database: &str) -> Result<(), mysql::Error> {
    throw_out(conn, database)?;
    match send(conn, &format!("DROP DATABASE {}", name(database))) {
        // It was never made.
        Err(error) if code(&error) == 1008 => {}
        other => drop(other?),
    }
    send(conn, &format!("DELETE FROM {NAME}.clone WHERE name = {}", quoted(database))).map(drop)
}
