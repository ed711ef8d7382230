//! compose.yaml: the services in the order that they ask for.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::container::{Container, Running, examples};
use crate::database::Database;

#[derive(Deserialize)]
struct Compose {
    services: BTreeMap<String, Service>,
}

#[derive(Deserialize)]
struct Service {
    /// None: the image is somebody else's.
    build: Option<Build>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    depends_on: BTreeMap<String, DependsOn>,
}

#[derive(Deserialize)]
struct Build {
    context: String,
    dockerfile: String,
}

#[derive(Deserialize)]
struct DependsOn {
    condition: Condition,
}

#[derive(Clone, Copy, Deserialize)]
enum Condition {
    #[serde(rename = "service_started")]
    Started,
    #[serde(rename = "service_healthy")]
    Healthy,
    #[serde(rename = "service_completed_successfully")]
    CompletedSuccessfully,
}

#[test]
fn the_app_serves_when_the_migrations_are_applied() {
    let (compose, database) = (read(), Database::fresh());
    assert_eq!(compose.services["db"].environment["POSTGRES_DB"], "shop");
    let mut started = BTreeMap::new();
    while started.len() < compose.services.len() {
        let is_next = |(name, service): &(&String, &Service)| {
            !started.contains_key(*name) && service.depends_on.keys().all(|other| started.contains_key(other))
        };
        let (name, service) = compose.services.iter().find(is_next).expect("no circle");
        for (other, DependsOn { condition }) in &service.depends_on {
            meet(*condition, started.get_mut(other).unwrap(), &database);
        }
        started.insert(name, service.container(&database).map(|container| container.start()));
    }
    let app = started.get_mut(&"app".to_owned()).unwrap().as_mut().unwrap();
    app.passes("/readyz");
    let (status, books) = app.get("/books").unwrap();
    assert_eq!(status, 200, "{books}");

    // The second time there is nothing to do.
    let rows = "SELECT count(*) FROM migrate_history";
    let before = database.count(rows);
    let mut migrate = compose.services["migrate"].container(&database).unwrap().start();
    assert!(migrate.ends().success(), "{}", migrate.log());
    assert!(before > 0);
    assert_eq!(database.count(rows), before);
}

#[test]
fn without_its_migrations_the_app_refuses_to_start() {
    let (compose, database) = (read(), Database::fresh());
    let mut app = compose.services["app"].container(&database).unwrap().start();
    let status = app.ends();
    assert!(!status.success());
    assert!(app.log().contains("20260301090000_create_books"), "{}", app.log());
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.count(tables), 0, "verify only looks");
}

impl Service {
    fn container(&self, database: &Database) -> Option<Container> {
        let build = self.build.as_ref()?;
        let mut container = Container::of(&examples().join(&build.context).join(&build.dockerfile));
        container.args(self.command.iter().cloned());
        for (name, value) in &self.environment {
            container.variable(name, value);
        }
        container.name("db:5432/shop", database.place());
        for volume in &self.volumes {
            let mut parts = volume.split(':');
            let (outside, inside) = (parts.next().unwrap(), parts.next().unwrap());
            container.name(inside, examples().join(outside).to_str().unwrap());
        }
        Some(container)
    }
}

/// The database is the server of the tests, in which the fresh one stands for what its image would have made.
fn meet(condition: Condition, service: &mut Option<Running>, database: &Database) {
    match (condition, service) {
        (Condition::Healthy, None) => drop(database.client()),
        (Condition::CompletedSuccessfully, Some(running)) => {
            assert!(running.ends().success(), "{}", running.log());
        }
        (Condition::Started, _) => {}
        _ => panic!("this test can't meet such a condition"),
    }
}

fn read() -> Compose {
    serde_saphyr::from_str(&fs::read_to_string(examples().join("compose.yaml")).unwrap()).unwrap()
}
