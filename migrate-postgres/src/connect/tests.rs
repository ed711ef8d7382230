use super::environment::{Environment, Server};
use super::*;

fn shown(url: &str) -> String {
    url.parse::<Url>().map_or_else(|error| error.to_string(), |url| url.to_string())
}

#[test]
fn urls() {
    assert_eq!(shown("postgres://localhost/app"), "postgres://localhost/app");
    assert_eq!(shown("postgres:///app?host=/tmp"), "postgres://%2Ftmp/app");
    assert_eq!(shown("postgresql://u%40x:p%2Fw@[::1]:5433,b/a%20b"), "postgres://u%40x:***@[::1]:5433,b/a%20b");
    assert_eq!(
        shown("postgres://u@h/d?options=-cx%3Dsecret&sslmode=require"),
        "postgres://u@h/d?options=***&sslmode=require"
    );
    assert_eq!(shown("postgres://"), "postgres://");
    for wrong in [
        "mysql://h/d",
        "postgres:/h",
        "postgres://u:p@ss@h/d",
        "postgres://h:port/d",
        "postgres://[::1/d",
        "postgres://h/d?sslmode=on",
        "postgres://h/d?sslmode",
        "postgres://h/d?nosuch=1",
        "postgres://h/%zz",
        "postgres://h/d?connect_timeout=soon",
        "postgres://h/d?service=x",
    ] {
        assert!(wrong.parse::<Url>().is_err(), "{wrong}");
    }
    assert_eq!(shown("postgres://h/d?require_auth=scram-sha-256"), "`require_auth` of libpq is not understood here");
    assert_eq!(
        shown("postgres://h/d?sslmod=x"),
        "the URL has a parameter that libpq does not know; did you mean `sslmode`?"
    );
}

#[test]
fn what_the_url_leaves_open_comes_from_where_libpq_takes_it() {
    let variables = |name: &str| {
        let value = match name {
            "PGHOST" => "a,b",
            "PGPORT" => "5433",
            "PGUSER" => "me",
            "PGSSLMODE" => "disable",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let empty: Url = "postgres://".parse().expect("a URL");
    let environment = Environment::new(&empty, variables);
    let server = |host: &str, port| Server { host: host.into(), address: None, port };
    assert_eq!(environment.servers().ok(), Some(vec![server("a", 5433), server("b", 5433)]));
    assert_eq!(environment.database().ok().as_deref(), Some("me"));
    assert_eq!(environment.ssl_mode().ok().as_deref(), Some("disable"));
    let full: Url = "postgres://you@c:1,d:2/app?sslmode=prefer".parse().expect("a URL");
    let environment = Environment::new(&full, variables);
    assert_eq!(environment.servers().ok(), Some(vec![server("c", 1), server("d", 2)]));
    assert_eq!(environment.user().ok().as_deref(), Some("you"));
    assert_eq!(environment.ssl_mode().ok().as_deref(), Some("prefer"));
    let system: Url = "postgres://h/d?sslrootcert=system".parse().expect("a URL");
    assert_eq!(Environment::new(&system, |_| None).ssl_mode().ok().as_deref(), Some("verify-full"));
    let weak: Url = "postgres://h/d?sslrootcert=system&sslmode=require".parse().expect("a URL");
    assert!(Environment::new(&weak, |_| None).ssl_mode().is_err());
}

/// Message and hint, from an attempt that must end before a server is asked.
fn refused(url: &str, variables: &[(&str, &str)]) -> String {
    let url: Url = url.parse().expect("a URL");
    let variable = |name: &str| variables.iter().find(|(word, _)| *word == name).map(|(_, value)| (*value).to_owned());
    url.open_in(&Environment::new(&url, variable)).map_or_else(|cause| cause.to_string(), |_| "connected".into())
}

#[test]
fn what_is_wrong_is_told_with_the_place_that_says_so() {
    let check = |url: &str, variables: &[(&str, &str)], message: &str, hint: &str| {
        assert_eq!(refused(url, variables), format!("{message}\n  = hint: {hint}"), "{url} {variables:?}");
    };
    let modes = "`sslmode` is one of disable, allow, prefer, require, verify-ca, verify-full";
    check("postgres://u@h/d", &[("PGSSLMODE", "on")], modes, "correct the variable PGSSLMODE");
    check(
        "postgres://u@h/d",
        &[("PGTARGETSESSIONATTRS", "standby")],
        "`target_session_attrs` is one of any, read-write, primary",
        "correct the variable PGTARGETSESSIONATTRS",
    );
    check(
        "postgres://u@h/d",
        &[("PGCONNECT_TIMEOUT", "soon")],
        "`connect_timeout` is a whole number",
        "correct the variable PGCONNECT_TIMEOUT",
    );
    check("postgres://u@h/d", &[("PGPORT", "x")], "`port` is a number up to 65535", "correct the variable PGPORT");
    check(
        "postgres://u@h/d?port=70000",
        &[("PGPORT", "1")],
        "`port` is a number up to 65535",
        "correct `port` in the database URL",
    );
    check("postgres://u@h/d", &[("PGHOSTADDR", "h")], "`hostaddr` is an IP address", "correct the variable PGHOSTADDR");
    check(
        "postgres://u@a,b,c/d",
        &[("PGPORT", "1,2")],
        "there are 2 of `port`, and 3 of `host`",
        "correct `host` in the database URL, or the variable PGPORT",
    );
    check(
        "postgres://u@a,b/d",
        &[("PGHOSTADDR", "127.0.0.1")],
        "there are 1 of `hostaddr`, and 2 of `host`",
        "correct `host` in the database URL, or the variable PGHOSTADDR",
    );
    check(
        "postgres://u@h/d",
        &[("PGSERVICE", "x")],
        "`service` of libpq is not understood here",
        "unset PGSERVICE, and give a whole URL",
    );
    check(
        "postgres://u@h/d",
        &[("PGREQUIREAUTH", "scram-sha-256")],
        "the variable PGREQUIREAUTH of libpq is not understood here",
        "unset PGREQUIREAUTH",
    );
    check(
        "postgres://h/d",
        &[],
        "the URL names no user, and the operating system does not tell who this is",
        "give `user` in the database URL or in PGUSER",
    );
    let system = "`sslrootcert=system` goes only with `sslmode=verify-full`";
    check(
        "postgres://u@h/d?sslmode=require",
        &[("PGSSLROOTCERT", "system")],
        system,
        "correct `sslmode` in the database URL, or the variable PGSSLROOTCERT",
    );
    check(
        "postgres://u@h/d",
        &[("PGSSLROOTCERT", "system"), ("PGSSLMODE", "prefer")],
        system,
        "correct the variable PGSSLMODE or PGSSLROOTCERT",
    );
    // The URL's word hides the variable; what is wrong in one that nobody looks at is not told.
    let gone = refused("postgres://u@127.0.0.1:1/d?sslmode=disable", &[("PGSSLMODE", "on"), ("PGCLIENTENCODING", "x")]);
    assert!(gone.contains("[08001]"), "{gone}");
    let patient = refused("postgres://u@127.0.0.1:1/d", &[("PGCONNECT_TIMEOUT", "-1")]);
    assert!(patient.contains("[08001]"), "{patient}");
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
    let special = ["", "@", ":", "/", "?", "#", "%", "%40", "&", "=", ",", "[", " ", "é", "%zz", "\\", "'"];
    let places = [
        "postgres://me:{}@127.0.0.1:1/app",
        "postgres://:{}@127.0.0.1:1/app",
        "postgres://me@127.0.0.1:1/app?password={}",
        "postgres://me@127.0.0.1:1/app?sslpassword={}",
        "postgres://me@127.0.0.1:1/app?options={}",
        "postgresql://me:{}@127.0.0.1:1,127.0.0.1:2/app?connect_timeout=1",
        "postgres:me:{}@127.0.0.1/app",
        "postgres//me:{}@127.0.0.1/app",
        "postgres://me:{}@127.0.0.1:x/app",
        "postgres://me:{}@[::1/app",
        "postgres://me:{}@127.0.0.1:1/app?nosuch=1",
        "postgres://me:{}@127.0.0.1:1/app?sslmode=nosuch",
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
