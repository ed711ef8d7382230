//! An application's library: its migrations, which its tests start from. The tests are one file for each client.

use migrate::{Embedded, embed_migrations};

/// The books.
pub static MIGRATIONS: Embedded = embed_migrations!("migrations", postgres);
