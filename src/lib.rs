//! Schema migrations.

mod embed;
#[doc(hidden)]
pub use embed::__private;
pub use migrate_core::*;
