use migrate::{Embedded, embed_migrations};

static NO_TIMESTAMP: Embedded = embed_migrations!("migrations/no_timestamp");
static FLYWAY: Embedded = embed_migrations!("migrations/flyway");
static NO_SUCH_DAY: Embedded = embed_migrations!("migrations/no_such_day");
static DUPLICATE_VERSION: Embedded = embed_migrations!("migrations/duplicate_version");
static DOWN_WITHOUT_UP: Embedded = embed_migrations!("migrations/down_without_up");
static MISSPELT: Embedded = embed_migrations!("migrations/misspelt");

fn main() {}
