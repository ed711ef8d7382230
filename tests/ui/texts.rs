use migrate::{Embedded, embed_migrations};

static EMPTY: Embedded = embed_migrations!("migrations/empty");
static UTF16: Embedded = embed_migrations!("migrations/utf16");
static LATIN1: Embedded = embed_migrations!("migrations/latin1");
static NUL: Embedded = embed_migrations!("migrations/nul");
static UNTERMINATED_STRING: Embedded = embed_migrations!("migrations/unterminated_string");
static UNTERMINATED_COMMENT: Embedded = embed_migrations!("migrations/unterminated_comment");
static COMMIT: Embedded = embed_migrations!("migrations/commit");
static SEVERAL: Embedded = embed_migrations!("migrations/several");

fn main() {}
