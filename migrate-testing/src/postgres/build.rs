use std::time::{Duration, Instant};

use ::postgres::Client;
use migrate_core::{Error, Migrator, UpTarget};
use migrate_postgres::Postgres;

use super::registry::{Registry, quoted, text};
use super::{connect, told};
use crate::server::{Whereabouts, with_database};
use crate::{Template, refused};

/// Nobody builds a schema for so long.
const PATIENCE: Duration = Duration::from_secs(600);

/// Makes the template, or waits until somebody else has. It has its name when it is finished: what a crash leaves is
/// under another one, and is never copied.
pub(super) fn template(
    template: &Template<'_, Client>,
    server: &Whereabouts,
    registry: &Registry,
    fingerprint: &str,
) -> Result<(), Error> {
    let mut client = connect(registry.url())?;
    let id = text(&mut client, &format!("SELECT {} || '_pg' || major()", quoted(fingerprint))).map_err(told)?;
    let lock = format!("SELECT pg_try_advisory_lock(1835365474, hashtext({}))", quoted(&id));
    let began = Instant::now();
    // Polled: whoever waits inside a statement is in the way of a CREATE INDEX CONCURRENTLY.
    while text(&mut client, &lock).map_err(told)? != "t" {
        if began.elapsed() > PATIENCE {
            return Err(refused(
                "another process has been making the template for ten minutes",
                "see what it waits for",
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if !text(&mut client, &format!("SELECT id FROM template WHERE id = {}", quoted(&id))).map_err(told)?.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO clone (name, template, use) VALUES (new_name({0}), {0}, 'build') RETURNING name",
        quoted(&id)
    );
    let name = text(&mut client, &sql).map_err(told)?;
    let made = make(template, server, &mut client, &id, &name);
    if made.is_err() {
        let sql = text(&mut client, &format!("SELECT drop_sql({})", quoted(&name))).map_err(told)?;
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
    client.batch_execute(&format!("CREATE DATABASE {name}")).map_err(told)?;
    let mut inside = connect(&with_database(&server.url, name))?;
    Migrator::new(&mut Postgres::on(&mut inside)).up(&template.known, UpTarget::All)?;
    template.sow(&mut inside, |client, sql| client.batch_execute(sql).map_err(migrate_postgres::cause))?;
    // So that no copy has it to do.
    inside.batch_execute("VACUUM (ANALYZE)").map_err(told)?;
    drop(inside);
    // A session that has just ended may be seen for a moment, and its database can't be renamed then.
    let finish = format!(
        "BEGIN;
         ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true;
         INSERT INTO template (id, bytes, settings) VALUES ({id}, pg_database_size('{name}'), settings_of('{name}'));
         DELETE FROM clone WHERE name = '{name}';
         ALTER DATABASE {name} RENAME TO \"migrate_test_{bare}\";
         COMMENT ON DATABASE \"migrate_test_{bare}\" IS 'migrate: what test databases are copied from';
         COMMIT",
        id = quoted(id),
        bare = id,
    );
    for attempt in 0.. {
        match client.batch_execute(&finish) {
            Ok(()) => break,
            Err(error) if attempt < 50 && error.code().is_some_and(|code| code.code() == "55006") => {
                client.batch_execute("ROLLBACK").map_err(told)?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => {
                let _ = client.batch_execute("ROLLBACK");
                return Err(told(error));
            }
        }
    }
    Ok(())
}
