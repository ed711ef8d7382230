//! Reaching a server, with TLS and without, by its real answers.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::Command;
use std::time::Duration;

use common::Database;
use migrate_postgres::Url;
use migrate_postgres::admin::{self, Outcome};

/// A server of this test's own.
struct Server {
    dir: tempfile::TempDir,
    port: String,
}

impl Server {
    fn start(dir: tempfile::TempDir, settings: &[String]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/server-postgres");
        let output = Command::new(script).arg(dir.path().join("server")).args(settings).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Server { port: String::from_utf8(output.stdout).unwrap().trim().to_owned(), dir }
    }

    fn url(&self, host: &str, rest: &str) -> Url {
        format!("postgres://postgres@{host}:{}/postgres?{rest}", self.port).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(pid) = std::fs::read_to_string(self.dir.path().join("server/pid")) {
            let _ = Command::new("kill").args(["-INT", pid.trim()]).status();
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

/// A directory that the server's own user gets into, wherever this test runs.
fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    Command::new("chmod").arg("755").arg(dir.path()).status().unwrap();
    dir
}

fn said(url: &Url) -> String {
    url.connect().map_or_else(|cause| cause.to_string(), |_| "connected".into())
}

/// What a process with these variables says to a URL; this one's own can't be changed safely.
#[cfg(feature = "tls")]
fn said_with(url: &Url, variables: &[(&str, &std::path::Path)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "what_a_child_says", "--nocapture"]).env("MIGRATE_TEST_URL", url.to_string());
    child.env_remove("SSL_CERT_DIR").envs(variables.iter().copied());
    let output = child.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split("<<").nth(1).and_then(|text| text.split(">>").next()).unwrap_or(&text).to_owned()
}

/// No test of its own: the child of [`said_with`].
#[cfg(feature = "tls")]
#[allow(clippy::print_stdout)]
#[test]
fn what_a_child_says() {
    if let Ok(url) = std::env::var("MIGRATE_TEST_URL") {
        println!("<<{}>>", said(&url.parse().unwrap()));
    }
}

fn port_of_the_tests() -> String {
    let url = std::env::var("MIGRATE_TEST_POSTGRES").unwrap();
    url.rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned()
}

#[test]
fn plain_words_when_there_is_no_way() {
    let _ = Database::fresh();
    let port = port_of_the_tests();
    let check = |url: &str, parts: &[&str]| {
        let said = said(&url.parse().unwrap());
        parts.iter().for_each(|part| assert!(said.contains(part), "{url}: {said}"));
    };
    check("postgres://me@127.0.0.1:1/app", &["127.0.0.1:1: ", "refused", "see that the server runs"]);
    check(
        &format!("postgres://postgres@127.0.0.1:{port}/nosuch"),
        &["\"nosuch\" does not exist [3D000]", "migrate create"],
    );
    check(&format!("postgres://postgres@127.0.0.1:1,127.0.0.1:{port}/postgres"), &["connected"]);
    // With its port: without one, PGPORT of whoever runs the tests would count.
    check("postgres://me@nosuch.invalid:5432/app", &["nosuch.invalid:5432: "]);
    if cfg!(feature = "tls") {
        check(
            &format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require"),
            &[
                &format!("127.0.0.1:{port}: the server has no TLS, which `sslmode=require` wants\n"),
                "hint: switch TLS on at the server (`ssl = on`), or say `sslmode=prefer` or `sslmode=disable` in the \
                 database URL",
            ],
        );
    } else {
        check(&format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require"), &["feature `tls`"]);
    }
    check(&format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=prefer"), &["connected"]);
}

#[test]
fn a_database_is_made_and_dropped_whatever_it_is_called() {
    let _ = Database::fresh();
    let port = port_of_the_tests();
    let name = format!("we%22ird%20%C3%A9{}", std::process::id());
    let url: Url = format!("postgres://postgres@127.0.0.1:{port}/{name}").parse().unwrap();
    assert_eq!(admin::drop(&url).unwrap(), Outcome::AlreadySo);
    assert_eq!(admin::create(&url).unwrap(), Outcome::Done);
    assert_eq!(admin::create(&url).unwrap(), Outcome::AlreadySo);
    admin::wait(&url, Duration::from_secs(5)).unwrap();
    let connected = url.connect().unwrap();
    let why = admin::drop(&url).unwrap_err().to_string();
    assert!(why.contains("is being accessed by other users [55006]") && why.contains("(migrate)"), "{why}");
    drop(connected);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(admin::drop(&url).unwrap(), Outcome::Done);
}

/// A server that is stopped takes connections all the same: the operating system does.
#[test]
fn a_silent_server_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let why = said(&format!("postgres://me@127.0.0.1:{port}/app?connect_timeout=1").parse().unwrap());
    assert!(why.contains("it takes connections, and says nothing"), "{why}");
}

/// A host that is gone answers nothing at all; here one whose queue of connections is full.
#[cfg(target_os = "linux")]
#[test]
fn a_dead_host_is_told_from_a_silent_server() {
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = dead.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(waiting) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(waiting);
    }
    let why = said(&format!("postgres://me@127.0.0.1:{}/app?connect_timeout=1", address.port()).parse().unwrap());
    assert!(!why.contains("it takes connections") && why.contains("timed out"), "{why}");
}

#[test]
fn waiting_ends_with_what_was_wrong() {
    let url: Url = "postgres://me@127.0.0.1:1/app".parse().unwrap();
    let why = admin::wait(&url, Duration::from_millis(300)).unwrap_err();
    assert_eq!(why.kind, migrate_core::CauseKind::LockTimeout);
    assert!(why.to_string().contains("refused"), "{why}");
}

#[test]
fn passwords_from_the_url_and_from_the_file() {
    let server = Server::start(directory(), &[]);
    server.url("127.0.0.1", "").connect().unwrap().batch_execute("CREATE ROLE me LOGIN PASSWORD 'sec:ret'").unwrap();
    let hba = server.dir.path().join("server/data/pg_hba.conf");
    std::fs::write(&hba, "host all postgres all trust\nhost all all all scram-sha-256\n").unwrap();
    server.url("127.0.0.1", "").connect().unwrap().batch_execute("SELECT pg_reload_conf()").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let file = server.dir.path().join("pass");
    std::fs::write(&file, format!("127.0.0.1:{}:*:me:sec\\:ret\n", server.port)).unwrap();
    let url = |password: &str, rest: &str| -> Url {
        format!("postgres://me{password}@127.0.0.1:{}/postgres?{rest}", server.port).parse().unwrap()
    };
    let passfile = format!("passfile={}", file.display());
    assert_eq!(said(&url(":sec%3Aret", "")), "connected");
    let wrong = said(&url(":other", ""));
    assert!(wrong.contains("[28P01]") && wrong.contains("pg_hba.conf") && !wrong.contains("other"), "{wrong}");
    // Everybody may read it: libpq does not.
    Command::new("chmod").arg("644").arg(&file).status().unwrap();
    assert!(said(&url("", &passfile)).contains("password"), "{}", said(&url("", &passfile)));
    Command::new("chmod").arg("600").arg(&file).status().unwrap();
    assert_eq!(said(&url("", &passfile)), "connected");
}

#[cfg(feature = "tls")]
mod tls {
    use std::path::PathBuf;

    use super::*;
    use migrate_core::driver::Driver;
    use migrate_postgres::Postgres;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

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

        /// A certificate `name.crt` and its key `name.key`.
        fn sign(&self, dir: &tempfile::TempDir, name: &str, params: CertificateParams) -> (PathBuf, PathBuf) {
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &self.issuer).unwrap();
            let path = |ending: &str| dir.path().join(format!("{name}.{ending}"));
            std::fs::write(path("crt"), certificate.pem()).unwrap();
            std::fs::write(path("key"), key.serialize_pem()).unwrap();
            Command::new("chmod").arg("600").arg(path("key")).status().unwrap();
            (path("crt"), path("key"))
        }
    }

    /// A server with TLS, for the name localhost, that trusts the clients of its authority.
    struct TlsServer {
        server: Server,
        authority: Authority,
        root: PathBuf,
    }

    impl TlsServer {
        fn start() -> Self {
            let authority = Authority::new();
            let dir = directory();
            let (certificate, key) =
                authority.sign(&dir, "server", CertificateParams::new(vec!["localhost".to_owned()]).unwrap());
            // As root the server runs as another user, who must own its key.
            let _ = Command::new("chown").args(["postgres".as_ref(), key.as_os_str()]).output();
            let root = authority.write(&dir, "root.crt");
            let settings = [
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", certificate.display()),
                format!("ssl_key_file={}", key.display()),
                format!("ssl_ca_file={}", root.display()),
            ];
            TlsServer { server: Server::start(dir, &settings), authority, root }
        }
    }

    /// Whom the server takes from now on.
    fn takes(server: &Server, hba: &str) {
        std::fs::write(server.dir.path().join("server/data/pg_hba.conf"), hba).unwrap();
        let pid = std::fs::read_to_string(server.dir.path().join("server/pid")).unwrap();
        assert!(Command::new("kill").args(["-HUP", pid.trim()]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(300));
    }

    /// `57014`, soon, for what would take half a minute.
    fn is_cancelled(url: &Url) {
        let mut driver = Postgres::connect(url).unwrap();
        let interrupt = driver.interrupter().unwrap();
        let canceller = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            interrupt();
        });
        let said = driver.connection().batch_execute("SELECT pg_sleep(30)").unwrap_err();
        assert_eq!(said.code().map(postgres::error::SqlState::code), Some("57014"), "{said:?}");
        canceller.join().unwrap();
    }

    /// The request goes the way that the connection went.
    #[test]
    fn what_runs_is_cancelled_over_tls_too() {
        let tls = TlsServer::start();
        is_cancelled(&tls.server.url("localhost", "sslmode=disable"));
        is_cancelled(&tls.server.url("localhost", "sslmode=prefer"));
        takes(&tls.server, "hostssl all all all trust\n");
        is_cancelled(&tls.server.url("localhost", &format!("sslmode=verify-full&sslrootcert={}", tls.root.display())));
    }

    #[test]
    fn each_mode_means_what_it_means_in_libpq() {
        let TlsServer { server, root: trusted, .. } = TlsServer::start();
        let other = Authority::new().write(&server.dir, "other.crt");
        let encrypted = |host: &str, rest: &str| match server.url(host, rest).connect() {
            Ok(mut client) => common::text(
                &mut client,
                "SELECT CASE WHEN ssl THEN 'encrypted' ELSE 'plain' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            ),
            Err(cause) => cause.to_string(),
        };
        let root = |path: &PathBuf| format!("&sslrootcert={}", path.display());
        assert_eq!(encrypted("localhost", "sslmode=disable"), "plain");
        assert_eq!(encrypted("localhost", "sslmode=allow"), "plain");
        assert_eq!(encrypted("localhost", "sslmode=prefer"), "encrypted");
        assert_eq!(encrypted("localhost", "sslmode=require"), "encrypted");
        assert_eq!(encrypted("127.0.0.1", &format!("sslmode=verify-ca{}", root(&trusted))), "encrypted");
        assert_eq!(encrypted("localhost", &format!("sslmode=verify-full{}", root(&trusted))), "encrypted");
        let refused = |host: &str, rest: &str, word: &str| {
            let said = encrypted(host, rest);
            assert!(said.contains(word), "{rest}: {said}");
        };
        refused("127.0.0.1", &format!("sslmode=verify-full{}", root(&trusted)), "certificate");
        refused("localhost", &format!("sslmode=verify-ca{}", root(&other)), "certificate");
        // Where there is somebody to trust, `require` means verify-ca.
        refused("localhost", &format!("sslmode=require{}", root(&other)), "certificate");
        refused("localhost", "sslmode=verify-full&sslrootcert=/nosuch", "no file of root certificates");
    }

    /// For a client of this name.
    fn named(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params
    }

    fn mode(path: &std::path::Path, mode: &str) {
        assert!(Command::new("chmod").arg(mode).arg(path).status().unwrap().success());
    }

    #[test]
    fn a_client_shows_its_certificate() {
        let tls = TlsServer::start();
        takes(&tls.server, "hostssl all all all trust clientcert=verify-full\n");
        let dir = &tls.server.dir;
        let (certificate, key) = tls.authority.sign(dir, "client", named("postgres"));
        let url = |certificate: &std::path::Path, key: &std::path::Path| {
            let files = format!("sslcert={}&sslkey={}", certificate.display(), key.display());
            tls.server.url("localhost", &format!("sslmode=require&{files}"))
        };
        let refused = |certificate: &std::path::Path, key: &std::path::Path, parts: &[&str]| {
            let said = said(&url(certificate, key));
            parts.iter().for_each(|part| assert!(said.contains(part), "{part}\n{said}"));
        };
        assert_eq!(said(&url(&certificate, &key)), "connected");
        // Somebody else's name, somebody else's authority, another key.
        let (other, others_key) = tls.authority.sign(dir, "other", named("other"));
        refused(&other, &others_key, &["[28000]", "hint: the client's certificate was shown"]);
        let (stranger, strangers_key) = Authority::new().sign(dir, "stranger", named("postgres"));
        refused(&stranger, &strangers_key, &["the server refused the client's certificate", "`sslcert`"]);
        refused(
            &certificate,
            &others_key,
            &["can't be used", "KeyMismatch", "hint: correct `sslcert` or `sslkey` in the database URL"],
        );
        // libpq goes on without a certificate that is not there, but not without its key.
        let nowhere = dir.path().join("nosuch");
        let hint = format!("there is no file {}, which `sslcert` names", nowhere.display());
        refused(&nowhere, &key, &["requires a valid client certificate [28000]", &hint]);
        let why = format!("{}: there is no such file, which is the key of", nowhere.display());
        refused(&certificate, &nowhere, &[&why, &certificate.display().to_string(), "correct `sslkey`"]);
        let both = said(&tls.server.url(
            "localhost",
            &format!("sslmode=prefer&sslcert={}&sslkey={}", certificate.display(), nowhere.display()),
        ));
        assert!(both.contains("no encryption [28000]") && both.contains(&format!("with TLS: {why}")), "{both}");
        refused(&key, &key, &["there is no certificate in it", "correct `sslcert`"]);
        mode(&certificate, "600");
        refused(&certificate, &certificate, &["there is no private key in it", "correct `sslkey`"]);
        let locked = dir.path().join("locked.key");
        std::fs::write(&locked, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
            .unwrap();
        mode(&locked, "600");
        refused(&certificate, &locked, &["a key with a passphrase is not understood here", "correct `sslkey`"]);
        mode(&key, "644");
        refused(&certificate, &key, &["others may read this private key", "chmod 600", "correct `sslkey`"]);
        mode(&key, "600");
        let without = said(&tls.server.url("localhost", "sslmode=require"));
        assert!(without.contains("give it with `sslcert` and `sslkey`"), "{without}");
    }

    #[test]
    fn a_client_shows_the_certificate_at_home() {
        let tls = TlsServer::start();
        takes(&tls.server, "hostssl all all all cert\n");
        let home = directory();
        let files = tempfile::Builder::new().prefix(".postgresql").rand_bytes(0).tempdir_in(home.path()).unwrap();
        let url = tls.server.url("localhost", "sslmode=verify-full");
        let no_roots = said_with(&url, &[("HOME", home.path())]);
        let words = format!("no file of root certificates at {}", files.path().join("root.crt").display());
        assert!(no_roots.contains(&words) && no_roots.contains(" or in PGSSLROOTCERT"), "{no_roots}");
        tls.authority.write(&files, "root.crt");
        let without = said_with(&url, &[("HOME", home.path())]);
        assert!(without.contains("[28000]") && without.contains("~/.postgresql/postgresql.crt"), "{without}");
        let (certificate, key) = tls.authority.sign(&files, "postgresql", named("postgres"));
        assert_eq!(said_with(&url, &[("HOME", home.path())]), "connected");
        std::fs::remove_file(&key).unwrap();
        let keyless = said_with(&url, &[("HOME", home.path())]);
        assert!(keyless.contains("postgresql.key: there is no such file"), "{keyless}");
        assert!(keyless.contains("give `sslkey` in the database URL or in PGSSLKEY"), "{keyless}");
        // The same from the variables, which come before the files at home.
        let (_, key) = tls.authority.sign(&tls.server.dir, "elsewhere", named("postgres"));
        let variables = [("HOME", home.path()), ("PGSSLCERT", &certificate), ("PGSSLKEY", &key)];
        let crossed = said_with(&url, &variables);
        assert!(crossed.contains("correct the variable PGSSLCERT or PGSSLKEY"), "{crossed}");
        let variables = [("HOME", home.path()), ("PGSSLCERT", &key.with_extension("crt")), ("PGSSLKEY", &key)];
        assert_eq!(said_with(&url, &variables), "connected");
    }

    #[test]
    fn the_authorities_of_the_system() {
        let tls = TlsServer::start();
        let other = Authority::new().write(&tls.server.dir, "other.crt");
        let url = |host: &str| tls.server.url(host, "sslrootcert=system");
        assert_eq!(said_with(&url("localhost"), &[("SSL_CERT_FILE", &tls.root)]), "connected");
        // It means verify-full.
        let name = said_with(&url("127.0.0.1"), &[("SSL_CERT_FILE", &tls.root)]);
        assert!(name.contains("not valid for name"), "{name}");
        let unknown = said_with(&url("localhost"), &[("SSL_CERT_FILE", &other)]);
        assert!(unknown.contains("invalid peer certificate"), "{unknown}");
        let nowhere = tls.server.dir.path().join("nosuch");
        let none = said_with(&url("localhost"), &[("SSL_CERT_FILE", &nowhere)]);
        assert!(none.contains("this system has no root certificates: ") && none.contains("nosuch"), "{none}");
    }

    #[test]
    fn direct_negotiation() {
        let tls = TlsServer::start();
        let weak = said(&tls.server.url("localhost", "sslnegotiation=direct"));
        let words = "`sslnegotiation=direct` goes only with `sslmode=require`, `verify-ca` or `verify-full`";
        assert!(
            weak.starts_with(words) && weak.contains("give `sslmode` in the database URL or in PGSSLMODE"),
            "{weak}"
        );
        let url = tls.server.url("localhost", "sslmode=require&sslnegotiation=direct");
        let version = common::text(
            &mut tls.server.url("localhost", "").connect().unwrap(),
            "SELECT current_setting('server_version_num')",
        );
        let newer = version.parse::<u32>().unwrap() >= 170_000;
        let said_direct = said(&url);
        if newer {
            assert_eq!(said_direct, "connected");
            is_cancelled(&url);
        } else {
            assert!(said_direct.contains("it takes no TLS from the first byte on"), "{said_direct}");
            assert!(said_direct.contains("needs PostgreSQL 17 or newer"), "{said_direct}");
        }
        // A certificate that we refuse has nothing to do with it.
        let other = Authority::new().write(&tls.server.dir, "other.crt");
        let root = format!("sslmode=verify-ca&sslnegotiation=direct&sslrootcert={}", other.display());
        assert_eq!(said(&tls.server.url("localhost", &root)).contains("PostgreSQL 17"), !newer);
        // On a socket there is no TLS, and nothing to negotiate.
        let socket =
            format!("host={}&sslmode=require&sslnegotiation=direct", tls.server.dir.path().join("server").display());
        assert_eq!(said(&tls.server.url("", &socket)), "connected");
    }

    /// What PostgreSQL's manual makes (`openssl x509 -req`, without extensions) is of X.509's version 1, which rustls
    /// does not read. Here one signed by itself, with its key.
    #[test]
    fn certificates_of_version_1() {
        let dir = directory();
        let own = |name: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, include_str!("version-1.pem")).unwrap();
            mode(&path, "600");
            path
        };
        let (servers, clients) = (own("server.pem"), own("client.pem"));
        let _ = Command::new("chown").args(["postgres".as_ref(), servers.as_os_str()]).output();
        let others = Authority::new().sign(&dir, "other", named("postgres")).1;
        let settings =
            ["ssl_cert_file", "ssl_key_file", "ssl_ca_file"].map(|name| format!("{name}={}", servers.display()));
        let server = Server::start(dir, &[&["ssl=on".to_owned()][..], &settings].concat());
        takes(&server, "hostssl all all all trust clientcert=verify-full\n");
        let with = |rest: &str| said(&server.url("localhost", &format!("sslcert={}&{rest}", clients.display())));
        let key = format!("sslkey={}", clients.display());
        assert_eq!(with(&format!("sslmode=require&{key}")), "connected");
        assert_eq!(with(&format!("sslmode=prefer&{key}")), "connected");
        let crossed = with(&format!("sslmode=require&sslkey={}", others.display()));
        assert!(crossed.contains("KeyMismatch"), "{crossed}");
        let checked = with(&format!("sslmode=verify-full&sslrootcert={}&{key}", clients.display()));
        assert!(checked.contains("hint: the server's certificate is of X.509's version 1"), "{checked}");
    }
}
