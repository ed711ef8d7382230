use migrate::{Embedded, embed_migrations};

static UNKNOWN_DIRECTIVE: Embedded = embed_migrations!("migrations/unknown_directive");
static UNKNOWN_OPTION: Embedded = embed_migrations!("migrations/unknown_option");
static SPACED: Embedded = embed_migrations!("migrations/spaced");
static DIALECTS: Embedded = embed_migrations!("migrations/dialects");

fn main() {}
