//! The manifests: what their pods run, with Secrets whose roles are those of the README beside them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::container::{Container, examples};
use crate::database::Database;

#[test]
fn pods_wait_for_the_job_in_a_role_that_may_only_read() {
    let cluster = Cluster::new();
    let (deployment, job) = (read("init-container"), read("job"));

    let mut waiting = cluster.container(&deployment, "initContainers").start();
    let service = cluster.service.clone();
    let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{service}'");
    waiting.until("it has looked", |waiting| {
        assert!(waiting.is_running(), "{}", waiting.log());
        (cluster.database.count(&sessions) > 0).then_some(())
    });

    // Before its time, as a pod would be without the init container.
    let mut early = cluster.container(&deployment, "containers").start();
    assert!(!early.ends().success());
    assert!(early.log().contains("20260301090000_create_books"), "{}", early.log());

    assert!(waiting.is_running(), "{}", waiting.log());
    let mut job = cluster.container(&job, "containers").start();
    assert!(job.ends().success(), "{}", job.log());
    assert!(waiting.ends().success(), "{}", waiting.log());

    let mut pod = cluster.container(&deployment, "containers").start();
    for probe in ["livenessProbe", "readinessProbe"] {
        pod.passes(&path(&deployment, probe));
    }
    let (status, books) = pod.get("/books").unwrap();
    assert_eq!(status, 200, "{books}");
}

#[test]
fn all_replicas_of_a_service_that_migrates_itself_start_at_once() {
    let cluster = Cluster::new();
    let deployment = read("self-migrating");
    let replicas = deployment["spec"]["replicas"].as_u64().unwrap();
    let container = cluster.container(&deployment, "containers");
    let mut pods: Vec<_> = (0..replicas).map(|_| container.start()).collect();
    for pod in &mut pods {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            pod.passes(&path(&deployment, probe));
        }
    }
    let runs = "SELECT count(DISTINCT run_id) FROM migrate_history";
    assert_eq!(cluster.database.count(runs), 1, "one of them has applied all");
}

struct Cluster {
    database: Database,
    service: String,
    /// The URL in each Secret, and the directory where each is a file.
    secrets: BTreeMap<&'static str, String>,
    dir: TempDir,
}

impl Cluster {
    fn new() -> Self {
        let mut database = Database::fresh();
        let readme = fs::read_to_string(examples().join("kubernetes/README.md")).unwrap();
        let sql = readme.split("```").find_map(|block| block.strip_prefix("sql\n")).unwrap();
        let [owner, service] = database.roles(["shop_owner", "shop_service"], sql);
        let secrets = [("shop-migrator", database.url(&owner)), ("shop-service", database.url(&service))];
        let dir = tempfile::tempdir().unwrap();
        for (name, url) in &secrets {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("url"), url).unwrap();
        }
        Cluster { database, service, secrets: secrets.into(), dir }
    }

    /// The only one among these of the pod.
    fn container(&self, manifest: &Value, which: &str) -> Container {
        let pod = &manifest["spec"]["template"]["spec"];
        let [spec] = pod[which].as_array().unwrap().as_slice() else { panic!("not one container: {pod}") };
        let image = text(&spec["image"]).rsplit_once(':').unwrap().0;
        let dockerfile = match image {
            "example/shop-migrations" => "docker/cli.Dockerfile",
            "example/shop" => "docker/service.Dockerfile",
            _ => panic!("an image that nobody makes: {image}"),
        };
        let mut container = Container::of(&examples().join(dockerfile));
        container.args(list(&spec["args"]).map(|arg| text(arg).to_owned()));
        for variable in list(&spec["env"]) {
            let secret = &variable["valueFrom"]["secretKeyRef"]["name"];
            let value = secret.as_str().map_or_else(|| text(&variable["value"]), |name| &self.secrets[name]);
            container.variable(text(&variable["name"]), value);
        }
        for mount in list(&spec["volumeMounts"]) {
            let volume = list(&pod["volumes"]).find(|volume| volume["name"] == mount["name"]).unwrap();
            let dir = self.dir.path().join(text(&volume["secret"]["secretName"]));
            container.name(text(&mount["mountPath"]), dir.to_str().unwrap());
        }
        container.name("/migrations", examples().join("service/migrations").to_str().unwrap());
        container
    }
}

/// What the kubelet asks the first container for.
fn path(deployment: &Value, probe: &str) -> String {
    text(&deployment["spec"]["template"]["spec"]["containers"][0][probe]["httpGet"]["path"]).to_owned()
}

fn read(name: &str) -> Value {
    let file = examples().join("kubernetes").join(name).with_extension("yaml");
    serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}
