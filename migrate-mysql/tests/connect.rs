//! Reaching a server, with TLS and without, by its real answers.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use migrate_mysql::Url;
use migrate_mysql::admin::{self, Outcome};
use mysql::Conn;
use mysql::prelude::Queryable;

/// The two servers of the tests: `mysql://root@127.0.0.1:3306`, without a password.
fn servers() -> [String; 2] {
    ["MIGRATE_TEST_MARIADB", "MIGRATE_TEST_MYSQL"].map(|name| {
        let url = std::env::var(name);
        url.unwrap_or_else(|_| panic!("{name} names no server: start the tests with scripts/test"))
    })
}

fn port(server: &str) -> &str {
    server.rsplit_once(':').unwrap().1.trim_end_matches('/')
}

/// A server of this test's own.
struct Server {
    dir: tempfile::TempDir,
    port: String,
}

impl Server {
    fn start(script: &str, dir: tempfile::TempDir, settings: &[String]) -> Self {
        let script = format!("{}/../scripts/{script}", env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(script).arg(dir.path().join("server")).args(settings).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Server { port: String::from_utf8(output.stdout).unwrap().trim().to_owned(), dir }
    }

    fn url(&self, host: &str, rest: &str) -> Url {
        format!("mysql://root@{host}:{}?{rest}", self.port).parse().unwrap()
    }

    fn socket(&self) -> String {
        self.dir.path().join("server/tmp/socket").display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Ok(pid) = std::fs::read_to_string(self.dir.path().join("server/pid")) else { return };
        let _ = Command::new("kill").arg(pid.trim()).status();
        // It writes until it is gone.
        for _ in 0..100 {
            if !Command::new("kill").args(["-0", pid.trim()]).output().is_ok_and(|output| output.status.success()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A directory that the server's own user gets into, wherever this test runs.
fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    Command::new("chmod").arg("755").arg(dir.path()).status().unwrap();
    dir
}

/// A name that no other test has.
fn fresh(name: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{name}{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn said(url: &str) -> String {
    url.parse::<Url>().unwrap().connect().map_or_else(|cause| cause.to_string(), |_| "connected".into())
}

fn check(url: &str, parts: &[&str]) {
    let said = said(url);
    parts.iter().for_each(|part| assert!(said.contains(part), "{url}: {said}"));
}

fn text(conn: &mut Conn, sql: &str) -> String {
    conn.query_first(sql).unwrap().unwrap_or_else(|| panic!("no row: {sql}"))
}

fn run(conn: &mut Conn, sql: &str) {
    conn.query_drop(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[test]
fn plain_words_when_there_is_no_way() {
    check("mysql://me@127.0.0.1:1/app", &["127.0.0.1:1: Connection refused", "[2003]", "see that the server runs"]);
    check("mysql://me@nosuch.invalid/app", &["nosuch.invalid:3306: ", "[2003]"]);
    check("mysql://me@localhost/app?socket=/nosuch", &["/nosuch: No such file", "[2003]"]);
    for server in servers() {
        let port = port(&server);
        check(&format!("{server}/nosuch"), &["'nosuch' [1049]", "migrate create"]);
        check(
            &format!("mysql://root:hunter2@127.0.0.1:{port}"),
            &["Access denied for user 'root'", "[1045]", "see to the user and password of the URL, or MYSQL_PWD"],
        );
        // MySQL names a plugin at random for them, and another one for each.
        for user in 0..8 {
            let said = said(&format!("mysql://nobody{user}:hunter2@127.0.0.1:{port}"));
            assert!(said.contains("[1045]") || said.contains("[2059]"), "{said}");
            assert!(said.contains("see to the user") && !said.contains("hunter2"), "{said}");
        }
        for mode in ["disabled", "Preferred"] {
            check(&format!("mariadb://root@127.0.0.1:{port}/?ssl-mode={mode}"), &["connected"]);
            // Whatever else has this name, too, ::1 for instance.
            check(&format!("mysql://root@localhost:{port}/mysql?ssl-mode={mode}"), &["connected"]);
        }
        if cfg!(not(feature = "tls")) {
            for mode in ["REQUIRED", "verify_ca", "VERIFY_IDENTITY"] {
                let parts = [&format!("ssl-mode={} needs TLS", mode.to_uppercase()), "`tls`", "`mysql-tls`"];
                check(&format!("{server}?ssl-mode={mode}"), &parts);
            }
        }
    }
}

#[test]
fn a_connection_is_as_the_clients_would_have_it() {
    for server in servers() {
        let mut conn = format!("{server}?connect-timeout=1").parse::<Url>().unwrap().connect().unwrap();
        let names =
            "SELECT concat_ws(' ', @@character_set_client, @@character_set_connection, @@character_set_results)";
        assert_eq!(text(&mut conn, names), "utf8mb4 utf8mb4 utf8mb4");
        let default = "SELECT collation_name FROM information_schema.collation_character_set_applicability JOIN \
                       information_schema.character_sets USING (character_set_name) \
                       WHERE character_set_name = 'utf8mb4' AND collation_name = default_collate_name";
        let default: Option<String> = conn.query_first(default).unwrap();
        assert_eq!(text(&mut conn, "SELECT @@collation_connection"), default.unwrap());
        assert_eq!(text(&mut conn, "SELECT '😀'"), "😀");
        // The limit is for the connection alone.
        assert_eq!(text(&mut conn, "SELECT sleep(2)"), "0");
        // No server gets at our files.
        run(&mut conn, "CREATE TEMPORARY TABLE mysql.files (line text)");
        let _ = conn.query_drop("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE mysql.files");
        assert_eq!(text(&mut conn, "SELECT count(*) FROM mysql.files"), "0");
        if !text(&mut conn, "SELECT version()").contains("MariaDB") {
            let name = "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE attr_name = \
                        'program_name' AND processlist_id = connection_id()";
            assert_eq!(text(&mut conn, name), "migrate");
        }
    }
}

#[test]
fn a_database_is_made_and_dropped_whatever_it_is_called() {
    for server in servers() {
        let name = fresh("we%60ird%20%C3%A9%22%27");
        let url: Url = format!("{server}/{name}").parse().unwrap();
        assert_eq!(admin::drop(&url).unwrap(), Outcome::AlreadySo);
        assert_eq!(admin::create(&url).unwrap(), Outcome::Done);
        assert_eq!(admin::create(&url).unwrap(), Outcome::AlreadySo);
        admin::wait(&url, Duration::from_secs(5)).unwrap();
        let mut connected = url.connect().unwrap();
        assert!(text(&mut connected, "SELECT database()").starts_with("we`ird é\"'"));
        let why = admin::drop(&url).unwrap_err().to_string();
        let who = format!("connected: connection {} (root@", connected.connection_id());
        assert!(why.contains("is being accessed by other users") && why.contains(&who), "{why}");
        drop(connected);
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(admin::drop(&url).unwrap(), Outcome::Done);

        let nothing: Url = server.parse().unwrap();
        assert!(admin::create(&nothing).unwrap_err().to_string().contains("names no database"));
        assert!(admin::drop(&nothing).unwrap_err().to_string().contains("names no database"));
        let own: Url = format!("{server}/MySQL").parse().unwrap();
        assert!(admin::drop(&own).unwrap_err().to_string().contains("the server's own"));
    }
}

#[test]
fn many_who_make_it_at_once_make_it_once() {
    for server in servers() {
        let url: Url = format!("{server}/{}", fresh("race")).parse().unwrap();
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| admin::create(&url).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count(), 1);
        assert_eq!(admin::drop(&url).unwrap(), Outcome::Done);
    }
}

/// The application's own user often may do nothing but use its database.
#[test]
fn who_may_not_make_it_and_who_may_only_use_it() {
    for server in servers() {
        let (user, database) = (fresh("user"), fresh("db"));
        let mut root = server.parse::<Url>().unwrap().connect().unwrap();
        run(&mut root, &format!("CREATE USER {user}@'%'"));
        let url: Url = format!("mysql://{user}@127.0.0.1:{}/{database}", port(&server)).parse().unwrap();
        let why = admin::create(&url).unwrap_err().to_string();
        assert!(why.contains("[1044]") && why.contains("this user may not do that"), "{why}");
        run(&mut root, &format!("CREATE DATABASE {database}"));
        run(&mut root, &format!("GRANT SELECT ON {database}.* TO {user}@'%'"));
        assert_eq!(admin::create(&url).unwrap(), Outcome::AlreadySo);
        let why = admin::drop(&url).unwrap_err().to_string();
        assert!(why.contains("[1044]"), "{why}");
        run(&mut root, &format!("DROP USER {user}@'%'"));
        run(&mut root, &format!("DROP DATABASE {database}"));
    }
}

/// A server that is stopped takes connections all the same: the operating system does.
#[test]
fn a_silent_server_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let began = Instant::now();
    check(
        &format!("mysql://me@127.0.0.1:{port}/app?connect-timeout=1"),
        &["it takes connections, and says nothing", "[2003]"],
    );
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// A balancer with nobody behind it, a web server, and what makes the client library panic.
#[test]
fn what_is_no_server_of_mysql_is_said_to_be_none() {
    let answering = |answer: &'static [u8]| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.unwrap().write_all(answer);
            }
        });
        format!("mysql://me@127.0.0.1:{port}/app?connect-timeout=1")
    };
    check(&answering(b""), &["[2003]", "see that the server runs"]);
    check(&answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), &["see that the server runs"]);
    check(&answering(b"\0\0\0\0\0\0\0\0"), &["see that the server runs"]);
}

#[test]
fn waiting_ends_with_what_was_wrong() {
    let url: Url = "mysql://me@127.0.0.1:1/app".parse().unwrap();
    let why = admin::wait(&url, Duration::from_millis(300)).unwrap_err();
    assert_eq!(why.kind, migrate_core::CauseKind::LockTimeout);
    assert!(why.to_string().contains("refused"), "{why}");
    for server in servers() {
        let began = Instant::now();
        let url: Url = format!("mysql://nobody:x@127.0.0.1:{}", port(&server)).parse().unwrap();
        assert_eq!(admin::wait(&url, Duration::from_secs(20)).unwrap_err().kind, migrate_core::CauseKind::Access);
        assert!(began.elapsed() < Duration::from_secs(10), "a refusal was waited for");
    }
}

/// With nothing encrypted MySQL's usual plugin needs an exchange of keys, at the first login at least.
#[test]
fn passwords_of_all_kinds() {
    for server in servers() {
        let mut root = server.parse::<Url>().unwrap().connect().unwrap();
        for password in ["plain", "p@ss:/?#[]%&=+ é\"'\\", &"long".repeat(20)] {
            let user = fresh("user");
            let literal = password.replace('\\', "\\\\").replace('\'', "''");
            run(&mut root, &format!("CREATE USER {user}@'%' IDENTIFIED BY '{literal}'"));
            let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let url =
                |password: &str, rest: &str| format!("mysql://{user}:{password}@127.0.0.1:{}{rest}", port(&server));
            check(&url("hunter2", "?ssl-mode=disabled"), &["[1045]"]);
            assert!(!said(&url("hunter2", "?ssl-mode=disabled")).contains("hunter2"));
            check(&url(&encoded, "?ssl-mode=disabled"), &["connected"]);
            check(&url(&encoded, "?ssl-mode=disabled"), &["connected"]);
            check(&url(&encoded, ""), &["connected"]);
            run(&mut root, &format!("DROP USER {user}@'%'"));
        }
    }
}

#[test]
fn a_socket_a_full_server_and_one_without_tls() {
    for (script, no_tls) in [("server-mariadb", "skip-ssl=1"), ("server-mysql", "tls-version=")] {
        let server = Server::start(script, directory(), &[no_tls.to_owned()]);
        let by_socket = |rest: &str| format!("mysql://root@localhost/mysql?socket={}{rest}", server.socket());
        for mode in ["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_IDENTITY"] {
            check(&by_socket(&format!("&ssl-mode={mode}")), &["connected"]);
        }
        let mut root = by_socket("").parse::<Url>().unwrap().connect().unwrap();
        assert_eq!(text(&mut root, "SELECT user()"), "root@localhost");

        server.url("127.0.0.1", "ssl-mode=PREFERRED").connect().unwrap();
        if cfg!(feature = "tls") {
            let why = server.url("127.0.0.1", "ssl-mode=REQUIRED").connect().map(drop).unwrap_err().to_string();
            assert!(why.contains("the server has no TLS [2026]"), "{why}");
        }

        run(&mut root, "CREATE USER me@'%' IDENTIFIED BY 'x'");
        run(&mut root, "SET GLOBAL max_connections = 10");
        let url: Url = format!("mysql://me:x@127.0.0.1:{}", server.port).parse().unwrap();
        let mut open = Vec::new();
        let mut fill = || loop {
            match url.connect() {
                Ok(conn) => open.push(conn),
                Err(why) => break why,
            }
            assert!(open.len() < 20);
        };
        // Those of before may not be gone when the first is refused.
        fill();
        std::thread::sleep(Duration::from_millis(500));
        let why = fill();
        let said = why.to_string();
        assert!(said.contains("Too many connections [1040]") && said.contains("close some"), "{said}");
        // This passes by itself: it is waited for.
        let why = admin::wait(&url, Duration::from_millis(300)).unwrap_err();
        assert_eq!(why.kind, migrate_core::CauseKind::LockTimeout);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| admin::wait(&url, Duration::from_secs(20)));
            open.clear();
            waiting.join().unwrap().unwrap();
        });
    }
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use std::path::{Path, PathBuf};

    struct Authority {
        issuer: CertifiedIssuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            Authority { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
        }

        fn write(&self, dir: &tempfile::TempDir, name: &str) -> PathBuf {
            let path = dir.path().join(name);
            std::fs::write(&path, self.issuer.pem()).unwrap();
            path
        }

        /// A certificate for this name, and its key.
        fn sign(&self, dir: &tempfile::TempDir, name: &str) -> (PathBuf, PathBuf) {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            // One that is called as its issuer passes for self-signed.
            params.distinguished_name.push(DnType::CommonName, name);
            let certificate = params.signed_by(&key, &self.issuer).unwrap();
            let (cert_file, key_file) =
                (dir.path().join(format!("{name}.crt")), dir.path().join(format!("{name}.key")));
            std::fs::write(&cert_file, certificate.pem()).unwrap();
            std::fs::write(&key_file, key.serialize_pem()).unwrap();
            (cert_file, key_file)
        }
    }

    fn encrypted(url: &Url) -> String {
        let cipher = "SHOW SESSION STATUS LIKE 'ssl_cipher'";
        match url.connect() {
            Ok(mut conn) => match conn.query_first::<(String, String), _>(cipher).unwrap() {
                Some((_, cipher)) if !cipher.is_empty() => "encrypted".into(),
                _ => "plain".into(),
            },
            Err(cause) => cause.to_string(),
        }
    }

    #[test]
    fn each_mode_means_what_it_means_in_mysql() {
        for script in ["server-mariadb", "server-mysql"] {
            let authority = Authority::new();
            let dir = directory();
            let (cert_file, key_file) = authority.sign(&dir, "localhost");
            Command::new("chmod").arg("600").arg(&key_file).status().unwrap();
            // As root the server runs as another user, who must own its key.
            let _ = Command::new("chown").args(["nobody".as_ref(), key_file.as_os_str()]).output();
            let (our_cert, our_key) = authority.sign(&dir, "client");
            let trusted = authority.write(&dir, "root.crt");
            let other = Authority::new().write(&dir, "other.crt");
            let setting = |name: &str, path: &Path| format!("{name}={}", path.display());
            let settings =
                [setting("ssl-ca", &trusted), setting("ssl-cert", &cert_file), setting("ssl-key", &key_file)];
            let server = Server::start(script, dir, &settings);
            let root = |path: &Path| format!("&ssl-ca={}", path.display());
            let (trusted, other) = (root(&trusted), root(&other));

            let takes =
                |host: &str, rest: &str, how: &str| assert_eq!(encrypted(&server.url(host, rest)), how, "{rest}");
            takes("localhost", "ssl-mode=disabled", "plain");
            takes("localhost", "", "encrypted");
            takes("127.0.0.1", "ssl-mode=preferred", "encrypted");
            takes("127.0.0.1", "ssl-mode=required", "encrypted");
            takes("127.0.0.1", &format!("ssl-mode=required{other}"), "encrypted");
            takes("127.0.0.1", &format!("ssl-mode=verify_ca{trusted}"), "encrypted");
            takes("127.0.0.1", &trusted, "encrypted");
            takes("localhost", &format!("ssl-mode=verify_identity{trusted}"), "encrypted");

            let refused = |host: &str, rest: &str, parts: &[&str]| {
                let said = encrypted(&server.url(host, rest));
                parts.iter().for_each(|part| assert!(said.contains(part), "{rest}: {said}"));
            };
            let wrong = ["TLS: invalid peer certificate", "[2026]", "see that `ssl-ca` holds"];
            refused("127.0.0.1", &format!("ssl-mode=verify_identity{trusted}"), &wrong);
            refused("localhost", &format!("ssl-mode=verify_identity{other}"), &wrong);
            refused("localhost", &format!("ssl-mode=verify_ca{other}"), &wrong);
            refused("localhost", &other, &wrong);
            refused("localhost", "ssl-mode=verify_ca", &["ssl-mode=VERIFY_CA needs to know whom to trust"]);
            refused("localhost", "ssl-mode=verify_identity&ssl-ca=/nosuch", &["/nosuch: "]);
            refused("localhost", &root(&our_key), &["there is no certificate in it"]);

            let mut conn = server.url("127.0.0.1", "").connect().unwrap();
            run(&mut conn, "CREATE USER me@'%' REQUIRE X509");
            let me = |rest: &str| encrypted(&format!("mysql://me@localhost:{}?{rest}", server.port).parse().unwrap());
            let ours = format!("ssl-cert={}&ssl-key={}", our_cert.display(), our_key.display());
            assert_eq!(me(&ours), "encrypted");
            assert_eq!(me(&format!("{ours}{trusted}&ssl-mode=verify_identity")), "encrypted");
            assert!(me("").contains("[1045]"), "{}", me(""));

            run(&mut conn, "SET GLOBAL require_secure_transport = ON");
            let plain = encrypted(&server.url("127.0.0.1", "ssl-mode=disabled"));
            // MariaDB does not say why.
            let why = if script == "server-mysql" { "the server takes only encrypted connections" } else { "[1045]" };
            assert!(plain.contains(why), "{plain}");
        }
    }

    /// Who makes no certificates has those that MySQL makes at its first start: they are for no host.
    #[test]
    fn the_certificates_that_mysql_makes_for_itself() {
        let [_, server] = servers();
        let mut conn = server.parse::<Url>().unwrap().connect().unwrap();
        let authority = text(&mut conn, "SELECT concat(@@datadir, 'ca.pem')");
        let with = |rest: &str| encrypted(&format!("{server}?ssl-ca={authority}{rest}").parse().unwrap());
        assert_eq!(with(""), "encrypted");
        assert!(with("&ssl-mode=verify_identity").contains("[2026]"), "{}", with("&ssl-mode=verify_identity"));
    }
}
