use std::time::{Duration, Instant};

use ::postgres::Client;
use migrate_core::Error;
use migrate_postgres::Postgres;

use super::connect::{connect, pause};
use super::database_error;
use super::registry::{Registry, quoted, text};
use crate::locked;
use crate::server::{Whereabouts, with_database};
use crate::{Template, refused};

/// Nobody builds a schema for so long.
const PATIENCE: Duration = Duration::from_secs(600);

/// Makes the template, or waits until somebody else has. It is recorded when it is finished: what a crash leaves is never
/// copied.
pub(super) fn template(
    template: &Template<'_, Client>,
    server: &Whereabouts,
    registry: &Registry,
    fingerprint: &str,
) -> Result<(), Error> {
    let _alone = locked(&registry.building);
    let id = quoted(fingerprint);
    let lock = format!("(1835365474, hashtext({id}))");
    let began = Instant::now();
    // Polled: whoever waits inside a statement is in the way of a CREATE INDEX CONCURRENTLY. By the session that claims:
    // were all who wait to open another, there would be none for the one who builds.
    let is_there = loop {
        let sql =
            format!("SELECT pg_try_advisory_lock{lock}, EXISTS (SELECT FROM template WHERE id = {id}), is_crowded()");
        let row = registry.ask(&sql)?;
        let is = |column| row.as_ref().is_some_and(|row| row.get(column) == Some("t"));
        match (is(0), is(1)) {
            (true, is_there) => break is_there,
            (false, true) => return Ok(()),
            (false, false) if began.elapsed() > PATIENCE => {
                let message = "another process has been making the template for ten minutes";
                return Err(refused(message, "see what it waits for"));
            }
            (false, false) if is(2) => registry.step_aside(),
            (false, false) => pause(),
        }
    };
    let built = match is_there {
        true => Ok(()),
        false => build(template, server, registry, fingerprint),
    };
    registry.ask(&format!("SELECT pg_advisory_unlock{lock}"))?;
    built
}

fn build(template: &Template<'_, Client>, server: &Whereabouts, registry: &Registry, id: &str) -> Result<(), Error> {
    let mut client = connect(registry.url())?;
    let sql = format!(
        "INSERT INTO clone (name, template, use) VALUES (new_name({0}), {0}, 'build') RETURNING name",
        quoted(id)
    );
    let name = text(&mut client, &sql).map_err(database_error)?;
    let made = make(template, server, &mut client, id, &name);
    if made.is_err() {
        let sql = text(&mut client, &format!("SELECT drop_sql({})", quoted(&name))).map_err(database_error)?;
        let _ = client.batch_execute(&sql);
        let _ = client.batch_execute(&format!("DELETE FROM clone WHERE name = {}", quoted(&name)));
    }
    made
}

fn make(
    template: &Template<'_, Client>,
    server: &Whereabouts,
    client: &mut Client,
    id: &str,
    name: &str,
) -> Result<(), Error> {
    client.batch_execute(&format!("CREATE DATABASE {name}")).map_err(database_error)?;
    let mut inside = connect(&with_database(&server.url, name))?;
    template.migrate(&mut Postgres::on(&mut inside))?;
    template.run_seeds(&mut inside, |client, sql| client.batch_execute(sql).map_err(migrate_postgres::cause))?;
    // So that no copy has it to do.
    inside.batch_execute("VACUUM (ANALYZE)").map_err(database_error)?;
    drop(inside);
    let finish = format!(
        "BEGIN;
         ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true;
         COMMENT ON DATABASE {name} IS 'migrate: what test databases are copied from';
         INSERT INTO template (id, name, bytes, settings)
             VALUES ({id}, '{name}', pg_database_size('{name}'), settings_of('{name}'));
         DELETE FROM clone WHERE name = '{name}';
         COMMIT",
        id = quoted(id),
    );
    client.batch_execute(&finish).map_err(|error| {
        let _ = client.batch_execute("ROLLBACK");
        database_error(error)
    })
}
