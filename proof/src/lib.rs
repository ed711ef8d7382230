//! What the splitter is held against: the real clients and servers, and grammars of others.

#[path = "../../migrate-core/tests/corpus/format.rs"]
pub mod corpus;

pub mod compare;
pub mod files;
pub mod random;
pub mod scratch;

#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
