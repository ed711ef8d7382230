use std::fmt;

use migrate_core::{Checksum, Meta};

/// What a template is made of, in 16 digits.
///
/// A migration is its version, its name, its checksum and whether it is transactional. Of one that is written in Rust
/// nobody sees what it does: its version and name are all there is, and what else its author says.
///
/// It guards against mistakes, not against somebody who looks for two sets with the same one, and it is taken once in
/// each test process, most of which are built without the optimiser: so it is no cryptographic hash, whose inputs are.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint(u128);

impl Fingerprint {
    /// Of nothing yet. The number changes with what a template is made by.
    pub(crate) fn new() -> Self {
        Fingerprint(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d).number(1)
    }

    pub(crate) fn migration(self, meta: &Meta) -> Self {
        let told = self.number(meta.version.get().unsigned_abs()).text(&meta.name).number(meta.transaction as u64);
        match &meta.checksum {
            Checksum::Sha256(bytes) => told.bytes(bytes),
            other => told.text(&other.to_string()),
        }
    }

    /// With its length, so that two texts are never one.
    pub(crate) fn text(self, text: &str) -> Self {
        self.number(text.len() as u64).bytes(text.as_bytes())
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        bytes.chunks(8).fold(self, |so_far, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            so_far.number(u64::from_le_bytes(word))
        })
    }

    fn number(self, number: u64) -> Self {
        // FNV's prime, a word at a time; the turn brings the high half back to where the next word meets it.
        let mixed = (self.0 ^ u128::from(number)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        Fingerprint(mixed.rotate_left(59))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folded = (self.0 >> 64) ^ (self.0 & u128::from(u64::MAX));
        write!(f, "{folded:016x}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use migrate_core::Version;

    use super::*;

    #[test]
    fn whatever_differs_shows() {
        let code = |version, name| Fingerprint::new().migration(&Meta::code(Version::new(version), name));
        let mut all = vec![
            code(20_260_101_000_000, "a"),
            code(20_260_101_000_001, "a"),
            code(20_260_101_000_000, "b"),
            Fingerprint::new().migration(&Meta::code(Version::new(20_260_101_000_000), "a").outside_transaction()),
            Fingerprint::new(),
            Fingerprint::new().text("ab").text("c"),
            Fingerprint::new().text("a").text("bc"),
            Fingerprint::new().text("abc").text(""),
        ];
        // Each single bit of a checksum.
        for bit in 0..256 {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            let mut meta = Meta::code(Version::new(20_260_101_000_000), "a");
            meta.checksum = Checksum::Sha256(bytes);
            all.push(Fingerprint::new().migration(&meta));
        }
        let shown: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), all.len());
        assert!(shown.iter().all(|text| text.len() == 16));
    }
}
