//! MySQL and MariaDB, on mysql: see [what they promise](migrate_mysql).

pub use migrate_mysql::{Mysql, Url, UrlError, admin, down, up};
