use super::environment::{Environment, Server, SslMode};
use super::*;

fn shown(url: &str) -> String {
    url.parse::<Url>().map_or_else(|error| error.to_string(), |url| url.to_string())
}

#[test]
fn urls() {
    assert_eq!(shown("mysql://localhost/app"), "mysql://localhost/app");
    assert_eq!(shown("mariadb:///app?socket=/tmp/x"), "mariadb:///app?socket=%2Ftmp%2Fx");
    assert_eq!(shown("mysql://u%40x:p%2Fw@[::1]:3307/a%20b"), "mysql://u%40x:***@[::1]:3307/a%20b");
    assert_eq!(
        shown("mysql://u@h/d?ssl_mode=Verify_CA&ssl_ca=/c&connect_timeout=3"),
        "mysql://u@h/d?connect-timeout=3&ssl-ca=%2Fc&ssl-mode=Verify_CA"
    );
    assert_eq!(shown("mysql://u#x:y#z@h/d#e"), "mysql://u%23x:***@h/d%23e");
    assert_eq!(shown("mysql://"), "mysql://");
    for wrong in [
        "postgres://h/d",
        "mysql:/h",
        "mysqlx://h",
        "mysql://u:p@ss@h/d",
        "mysql://u:pa/ss@h/d",
        "mysql://u:1?ssl-ca=ss@h/d",
        "mysql://h:port/d",
        "mysql://h:0/d",
        "mysql://a:1,b:2/d",
        "mysql://[::1/d",
        "mysql://h/d?ssl-mode=on",
        "mysql://h/d?ssl-mode=",
        "mysql://h/d?ssl-mode",
        "mysql://h/d?SSL-MODE=required",
        "mysql://h/d?nosuch=1",
        "mysql://h/%zz",
        "mysql://h/%00",
        "mysql://h/d?connect-timeout=soon",
        "mysql://h/d?ssl-cert=x",
        "mysql://h/d?socket=/x",
    ] {
        assert!(wrong.parse::<Url>().is_err(), "{wrong}");
    }
    for near in ["sslmode", "sslMode", "ssl_mod", "ssl-mode-x"] {
        assert_eq!(
            shown(&format!("mysql://h/d?{near}=required")),
            "the URL has a parameter that is not known; did you mean `ssl-mode`?"
        );
    }
    assert!(shown("mysql://h/d?charset=utf8").ends_with("ssl-cert, ssl-key, connect-timeout"));
}

#[test]
fn another_database_of_the_same_server() {
    let url: Url = "mariadb://me:secret@h:1/app?ssl-mode=disabled".parse().expect("a URL");
    assert_eq!(url.database(), Some("app"));
    assert_eq!(url.with_database(Some("a/b")).to_string(), "mariadb://me:***@h:1/a%2Fb?ssl-mode=disabled");
    let none = url.with_database(None);
    assert_eq!((none.database(), none.get("password")), (None, Some("secret")));
}

#[test]
fn what_the_url_leaves_open_comes_from_where_the_clients_take_it() {
    let server = |url: &str, variables: &[(&str, &str)], there: &[&str]| {
        let url: Url = url.parse().unwrap_or_else(|error| panic!("{error}"));
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let server = Environment::new(&url, variable).server_with(|path| there.contains(&path));
        server.map_or_else(|why| why.to_string(), |server| server.to_string())
    };
    let usual = ["/var/run/mysqld/mysqld.sock", "/tmp/mysql.sock"];
    let port = [("MYSQL_TCP_PORT", "3307")];
    let socket = [("MYSQL_UNIX_PORT", "/their.sock")];
    let both = [("MYSQL_TCP_PORT", "3307"), ("MYSQL_UNIX_PORT", "/their.sock")];
    let host = [("MYSQL_HOST", "db")];
    assert_eq!(server("mysql://", &[], &[]), "localhost:3306");
    assert_eq!(server("mysql://", &[], &usual), "/var/run/mysqld/mysqld.sock");
    assert_eq!(server("mysql://LocalHost", &[], &usual), "/var/run/mysqld/mysqld.sock");
    assert_eq!(server("mysql://localhost:3306", &[], &usual), "localhost:3306");
    assert_eq!(server("mysql://127.0.0.1", &[], &usual), "127.0.0.1:3306");
    assert_eq!(server("mysql://[::1]", &[], &usual), "[::1]:3306");
    assert_eq!(server("mysql://", &port, &usual), "localhost:3307");
    assert_eq!(server("mysql://h:1", &both, &usual), "h:1");
    assert_eq!(server("mysql://localhost:1", &both, &usual), "localhost:1");
    assert_eq!(server("mysql://", &socket, &usual), "/their.sock");
    assert_eq!(server("mysql://", &both, &usual), "/their.sock");
    assert_eq!(server("mysql://localhost:1?socket=/ours.sock", &both, &usual), "/ours.sock");
    assert_eq!(server("mysql://", &host, &usual), "db:3306");
    assert!(server("mysql://", &[("MYSQL_TCP_PORT", "x")], &[]).contains("MYSQL_TCP_PORT is a number"));

    let variables = |name: &str| match name {
        "MYSQL_PWD" => Some("theirs".to_owned()),
        "USER" => Some("me".to_owned()),
        _ => None,
    };
    let empty: Url = "mysql://".parse().expect("a URL");
    let environment = Environment::new(&empty, variables);
    assert_eq!(environment.get("password").as_deref(), Some("theirs"));
    assert_eq!(environment.user().ok().as_deref(), Some("me"));
    assert_eq!(environment.connect_timeout().as_secs(), 10);
    assert!(Environment::new(&empty, |_| None).user().is_err());
    let full: Url = "mysql://you:ours@h?connect-timeout=3".parse().expect("a URL");
    let environment = Environment::new(&full, variables);
    assert_eq!(environment.get("password").as_deref(), Some("ours"));
    assert_eq!(environment.user().ok().as_deref(), Some("you"));
    assert_eq!(environment.connect_timeout().as_secs(), 3);
}

#[test]
fn who_names_whom_to_trust_wants_it_looked_at() {
    let mode = |query: &str| {
        let url: Url = format!("mysql://h/d?{query}").parse().expect("a URL");
        Environment::new(&url, |_| None).ssl_mode()
    };
    assert_eq!(mode(""), SslMode::Preferred);
    assert_eq!(mode("ssl-ca=/c"), SslMode::VerifyCa);
    assert_eq!(mode("ssl-ca=/c&ssl-mode=Required"), SslMode::Required);
    assert_eq!(mode("ssl-mode=verify_identity"), SslMode::VerifyIdentity);
    assert_eq!(mode("ssl-mode=disabled").to_string(), "DISABLED");
}

/// A small generator, so that a failure can be seen again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }
}

/// Wherever a password stands, also where it must not, and whatever is in it: no text of ours shows it.
#[test]
fn no_password_is_ever_shown() {
    const SECRET: &str = "hunter2";
    let special = [
        "",
        "@",
        ":",
        "/",
        "?",
        "#",
        "%",
        "%40",
        "&",
        "=",
        ",",
        "[",
        " ",
        "é",
        "%zz",
        "\\",
        "'",
        "1",
        "?ssl-ca=",
        "&socket=",
        "?ssl-mode=",
        "://",
    ];
    let places = [
        "mysql://me:{}@127.0.0.1:1/app",
        "mysql://:{}@127.0.0.1:1/app",
        "mysql://me@127.0.0.1:1/app?password={}",
        "mysql://me@127.0.0.1:1/app?pass={}&ssl-mode=DISABLED",
        "mariadb://me:{}@127.0.0.1:1/app?connect-timeout=1",
        "mysql://me:{}@localhost/app?socket=/nosuch",
        "mysql:me:{}@127.0.0.1/app",
        "mysql//me:{}@127.0.0.1/app",
        "mysql://me:{}@127.0.0.1:x/app",
        "mysql://me:{}@[::1/app",
        "mysql://me:{}@127.0.0.1:1/app?nosuch=1",
        "mysql://me:{}@127.0.0.1:1/app?ssl-mode=nosuch",
        "mysql://me:{}@127.0.0.1:1/app?ssl-mode=VERIFY_CA&ssl-ca=/nosuch",
        "mysql://me:{}@127.0.0.1:1/app?ssl-mode=required",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..20_000 {
        let mut pick = || special.get(random.below(special.len())).copied().unwrap_or_default();
        let password = format!("{}{}{SECRET}{}{}", pick(), pick(), pick(), pick());
        let place = places.get(random.below(places.len())).copied().unwrap_or_default();
        let text = place.replace("{}", &password);
        let said = match text.parse::<Url>() {
            Err(error) => format!("{error} {error:?}"),
            Ok(url) => {
                let mut said = format!("{url} {url:?}");
                // Each attempt takes a while; nobody listens at these ports.
                if round % 100 == 0
                    && let Err(cause) = url.open_in(&Environment::new(&url, |_| None))
                {
                    said.push_str(&format!("{cause} {cause:?}"));
                }
                said
            }
        };
        assert!(!said.contains(SECRET), "{text}\n{said}");
    }
}

#[test]
fn servers_by_name() {
    assert_eq!(Server::Tcp { host: "::1".into(), port: 1 }.to_string(), "[::1]:1");
    assert!(Server::Socket("/x".into()).is_socket());
}
