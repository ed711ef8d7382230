//! A schema as SQL, by the databases' own programs: whoever writes a dump of their own writes a part of one.

#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod program;
