use migrate::{Embedded, embed_migrations};

const DIR: &str = "migrations";

static A_FILE: Embedded = embed_migrations!("migrations/empty/20260102030405_users.up.sql");
static ABSOLUTE: Embedded = embed_migrations!("/migrations");
static BACKSLASH: Embedded = embed_migrations!("migrations\\empty");
static NAMELESS: Embedded = embed_migrations!("");
static CONSTANT: Embedded = embed_migrations!(DIR);
static EXPRESSION: Embedded = embed_migrations!(concat!("migr", "ations"));
static DIALECT: Embedded = embed_migrations!("migrations", oracle);
static QUOTED_DIALECT: Embedded = embed_migrations!("migrations", "sqlite");
static NO_COMMA: Embedded = embed_migrations!("migrations" sqlite);
static TOO_MANY: Embedded = embed_migrations!("migrations", sqlite, postgres);
static NUMBER: Embedded = embed_migrations!("migrations", 1);

fn main() {}
