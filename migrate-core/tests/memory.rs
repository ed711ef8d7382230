//! A text is cut without memory that grows with it. (In a test of its own: memory is the whole process's.)

use migrate_core::sql::{Dialect, statements};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn flat_over_the_text_itself() {
    const TIMES: usize = 20_000;
    let small = "CREATE TABLE t (a int, b text); -- a comment; of no use\nINSERT INTO t VALUES (1, 'it''s; fine');\n"
        .repeat(TIMES);
    let large = format!("INSERT INTO t VALUES {};", "(1, 'one; two'),".repeat(TIMES));
    for (text, count) in [(small, 2 * TIMES), (large, 1)] {
        for dialect in Dialect::ALL {
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let found = statements(&text, dialect).inspect(|statement| assert!(statement.is_ok())).count();
            let more = MEMORY.peak_usage().saturating_sub(before);
            assert_eq!(found, count);
            assert!(more < 16 * 1024, "{dialect}: {more} bytes for {} of text", text.len());
        }
    }
}
