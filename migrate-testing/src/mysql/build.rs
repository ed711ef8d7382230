use std::time::{Duration, Instant};

use migrate_core::Error;
use mysql::Conn;

use super::message::{column, connect, name, one, quoted, send, send_all, told};
use super::registry::{Events, NAME, Registry};
use super::state::{self, Object, UNKNOWN};
use super::{keeper, restore};
use crate::server::{Whereabouts, with_database};
use crate::{Template, refused};

/// Nobody builds a schema for so long.
const PATIENCE: Duration = Duration::from_secs(600);

/// Makes the template, or waits until somebody else has. It is written down when it is finished: what a crash leaves is
/// never copied.
pub(super) fn template(
    template: &Template<'_, Conn>,
    server: &Whereabouts,
    registry: &Registry,
    id: &str,
) -> Result<(), Error> {
    let mut conn = registry.open()?;
    let began = Instant::now();
    // Polled: a wait inside the server would outlive us by its whole time.
    while one(&mut conn, &format!("SELECT get_lock('{NAME} {id}', 0)")).map_err(told)?.as_deref() != Some("1") {
        if began.elapsed() > PATIENCE {
            return Err(refused(
                "another process has been making the template for ten minutes",
                "see what it waits for",
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if one(&mut conn, &format!("SELECT id FROM {NAME}.template WHERE id = {}", quoted(id))).map_err(told)?.is_some() {
        return Ok(());
    }
    let database = registry.new_clone(id, "build", &registry.new_owner())?;
    let made = migrated(template, server, &mut conn, &database).and_then(|()| finish(&mut conn, id, &database));
    if made.is_err() {
        let _ = keeper::drop_database(&mut conn, &database);
    }
    made
}

/// A database with all migrations and seeds, as everybody makes one.
pub(super) fn migrated(
    template: &Template<'_, Conn>,
    server: &Whereabouts,
    conn: &mut Conn,
    database: &str,
) -> Result<(), Error> {
    send(conn, &format!("CREATE DATABASE {}", name(database))).map_err(|error| {
        let mut cause = migrate_mysql::cause(error);
        if cause.code.as_deref() == Some("1044") {
            cause.hint = Some("tests need a user who may make databases: GRANT ALL ON `migrate\\_test%`.*".into());
        }
        crate::failed(cause)
    })?;
    let mut inside = connect(&with_database(&server.url, database))?;
    template.migrate(&mut migrate_mysql::Mysql::on(&mut inside))?;
    template.run_seeds(&mut inside, |conn, sql| send(conn, sql).map(drop).map_err(migrate_mysql::cause))
}

/// Reads what is in it, and writes that down.
fn finish(conn: &mut Conn, id: &str, database: &str) -> Result<(), Error> {
    restore::throw_out(conn, database).map_err(told)?;
    send(conn, &format!("USE {}", name(database))).map_err(told)?;
    let objects = state::read_template(conn, database).map_err(told)?;
    send(conn, "USE information_schema").map_err(told)?;
    let events: Vec<_> = objects.iter().filter(|object| object.kind == "event").collect();
    // They would go on, and change what copies are taken of.
    let drops: Vec<_> =
        events.iter().map(|event| format!("DROP EVENT {}.{}", name(database), name(&event.name))).collect();
    send_all(conn, &drops).map_err(told)?;
    let obstacle = obstacle(conn, database, &objects).map_err(told)?;
    let mut statements =
        vec!["START TRANSACTION".to_owned(), format!("DELETE FROM {NAME}.object WHERE template = {}", quoted(id))];
    statements.extend(objects.iter().enumerate().map(|(n, object)| insert_sql(id, n, object)));
    statements.push(format!(
        "INSERT INTO {NAME}.template (id, name, used, obstacle, events) VALUES ({}, {}, utc_timestamp(6), {}, {})",
        quoted(id),
        quoted(database),
        quoted(&obstacle),
        u8::from(!events.is_empty())
    ));
    statements.push(format!("DELETE FROM {NAME}.clone WHERE name = {}", quoted(database)));
    statements.push("COMMIT".into());
    send_all(conn, &statements).map(drop).map_err(told)
}

/// Why a copy could not be told from one that differs, or not be restored; empty for nothing. Another engine's rows may be
/// lost at a crash, or be elsewhere.
fn obstacle(conn: &mut Conn, database: &str, objects: &[Object]) -> Result<String, mysql::Error> {
    let sql = format!(
        "SELECT table_name, lower(coalesce(engine, '')), lower(table_type) FROM information_schema.tables
         WHERE table_schema = {} AND table_type <> 'VIEW'",
        quoted(database)
    );
    for row in send(conn, &sql)?.iter().flatten() {
        match (column(row, 1).as_str(), column(row, 2).as_str()) {
            ("innodb", "base table" | "sequence") => {}
            ("innodb", kind) => return Ok(format!("table {} is a {kind} table", column(row, 0))),
            (engine, _) => return Ok(format!("table {} is in the engine {engine}, not in InnoDB", column(row, 0))),
        }
    }
    let unknown = objects.iter().find(|object| object.digest == UNKNOWN);
    Ok(unknown.map_or_else(String::new, |table| {
        format!("a row of table {} is longer than half of max_allowed_packet", table.name)
    }))
}

fn insert_sql(id: &str, n: usize, object: &Object) -> String {
    let Object { kind, name, about, settings, definition, counter, columns, digest_sql, digest } = object;
    let values =
        [kind, name, about, settings, definition, counter, columns, digest_sql, digest].map(|text| quoted(text));
    format!("INSERT INTO {NAME}.object VALUES ({}, {n}, {})", quoted(id), values.join(", "))
}

/// Whether a test's copy needs events, and makes them.
pub(super) fn make_events(registry: &Registry, id: &str, database: &str, events: Events) -> Result<(), Error> {
    if events == Events::None {
        return Ok(());
    }
    let pristine = registry.pristine(id)?;
    registry.beside(|conn| {
        send(conn, &format!("USE {}", name(database)))?;
        let mut events = pristine.objects.iter().filter(|object| object.kind == "event");
        events.try_for_each(|event| restore::make(conn, event, database))?;
        send(conn, "USE information_schema").map(drop)
    })
}
