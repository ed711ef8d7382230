//! Files of any name and content are migrations or mistakes with a place. The first byte chooses the dialect; 0x01 stands
//! between files, 0x02 between name and content.
#![no_main]

use migrate_core::source;
use migrate_core::sql::Dialect;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&number, rest)) = input.split_first() else { return };
    let dialect = Dialect::ALL.get(usize::from(number) % 5).copied();
    let files = rest.split(|&byte| byte == 1).map(|file| match file.iter().position(|&byte| byte == 2) {
        Some(at) => (String::from_utf8_lossy(&file[..at]).into_owned(), &file[at + 1..]),
        None => ("20230314095813_a.sql".to_owned(), file),
    });
    match source::read(files, dialect) {
        Ok(read) => {
            assert!(read.migrations.is_sorted_by(|a, b| a.meta.version < b.meta.version));
            assert!(read.files.len() >= read.migrations.len());
        }
        Err(mistakes) => assert!(!mistakes.to_string().is_empty()),
    }
});
