use migrate::{Embedded, embed_migrations};

static MISSING: Embedded = embed_migrations!("migrations/missing");

fn main() {}
