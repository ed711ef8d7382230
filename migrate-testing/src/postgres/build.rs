use std::time::{Duration, Instant};

use ::postgres::Client;
use migrate_core::{Error, Migrator, UpTarget};
use migrate_postgres::Postgres;

use super::connect::connect;
use super::database_error;
use super::registry::{Registry, quoted, text, with_database};
use crate::server::Whereabouts;
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
    let mut client = connect(registry.url())?;
    let id = fingerprint;
    let lock = format!("SELECT pg_try_advisory_lock(1835365474, hashtext({}))", quoted(id));
    let began = Instant::now();
    // Polled: whoever waits inside a statement is in the way of a CREATE INDEX CONCURRENTLY.
    while text(&mut client, &lock).map_err(database_error)? != "t" {
        if began.elapsed() > PATIENCE {
            return Err(refused(
                "another process has been making the template for ten minutes",
                "see what it waits for",
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if !text(&mut client, &format!("SELECT id FROM template WHERE id = {}", quoted(id)))
        .map_err(database_error)?
        .is_empty()
    {
        return Ok(());
    }
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
    Migrator::new(&mut Postgres::on(&mut inside)).up(&template.known, UpTarget::All)?;
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
