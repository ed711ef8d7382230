//! MySQL and MariaDB for `migrate`, on mysql.

#[allow(dead_code)]
mod error;
