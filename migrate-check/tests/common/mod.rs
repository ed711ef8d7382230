//! Files in, a report or an error out; and the servers of the suite.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use migrate_check::{Check, Error, Report, Scratch, mysql, postgres};
use migrate_core::{Driver, Migrations, source};

pub type Files<'f> = &'f [(&'f str, &'f str)];

pub fn check<S: Scratch>(scratch: &S, files: Files<'_>) -> Result<Report, Error>
where
    <S::Driver as Driver>::Connection: 'static,
{
    check_with(&Check::new(), scratch, files)
}

pub fn check_with<S: Scratch>(check: &Check, scratch: &S, files: Files<'_>) -> Result<Report, Error>
where
    <S::Driver as Driver>::Connection: 'static,
{
    let read = source::read(files.iter().copied(), None).unwrap();
    check.run(scratch, &Migrations::from_sql(read.migrations).unwrap())
}

pub fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

pub fn postgres() -> postgres::Beside {
    postgres::Beside::new(server("MIGRATE_TEST_POSTGRES").parse().unwrap())
}

pub fn mysql(variable: &str) -> mysql::Beside {
    mysql::Beside::new(server(variable).parse().unwrap())
}
