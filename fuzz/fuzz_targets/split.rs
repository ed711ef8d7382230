//! The splitter holds its properties for any text in any syntax; the first byte chooses the syntax.
#![no_main]

#[path = "../../migrate-core/tests/splitting/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((&number, rest)) = input.split_first()
        && let Ok(text) = std::str::from_utf8(rest)
    {
        properties::check(text, properties::syntax(number));
    }
});
