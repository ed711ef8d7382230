//! A database and roles of its own for each test, gone with it.

use std::sync::atomic::{AtomicUsize, Ordering};

use postgres::{Client, Config, NoTls};

pub struct Database {
    /// Of its database and its roles, which are the server's.
    suffix: String,
    config: Config,
    roles: Vec<String>,
}

impl Database {
    pub fn fresh() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let server = std::env::var("MIGRATE_TEST_POSTGRES")
            .unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"));
        let config: Config = server.parse().unwrap();
        let suffix = format!("_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let database = Database { suffix, config, roles: Vec::new() };
        database.server().batch_execute(&format!("CREATE DATABASE {}", database.name())).unwrap();
        database
    }

    pub fn name(&self) -> String {
        format!("shop{}", self.suffix)
    }

    /// `127.0.0.1:5432/shop…`
    pub fn place(&self) -> String {
        format!("127.0.0.1:{}/{}", self.config.get_ports()[0], self.name())
    }

    pub fn url(&self, role: &str) -> String {
        format!("postgres://{role}@{}", self.place())
    }

    pub fn client(&self) -> Client {
        self.config.clone().dbname(&self.name()).connect(NoTls).unwrap()
    }

    /// Runs what makes these roles, under names of their own; these are returned.
    pub fn roles<const N: usize>(&mut self, roles: [&str; N], sql: &str) -> [String; N] {
        let own = roles.map(|role| format!("{role}{}", self.suffix));
        let sql = roles.iter().zip(&own).fold(sql.to_owned(), |sql, (role, own)| sql.replace(role, own));
        self.client().batch_execute(&sql).unwrap();
        self.roles.extend(own.iter().cloned());
        own
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.client().query_one(sql, &[]).unwrap().get(0)
    }

    fn server(&self) -> Client {
        self.config.connect(NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut server = self.server();
        let _ = server.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name()));
        for role in &self.roles {
            let _ = server.batch_execute(&format!("DROP ROLE {role}"));
        }
    }
}
