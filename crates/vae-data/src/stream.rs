//! Random numbers that can be drawn again: each use has a stream of its own, given by a key.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// The stream of a seed, a purpose of eight letters, and two indices within that purpose.
///
/// The four words are the key of the cipher, so different arguments never share a stream.
pub(crate) fn stream(seed: u64, purpose: &[u8; 8], indices: [u64; 2]) -> ChaCha8Rng {
    let mut key = [0; 32];
    let words = [seed, u64::from_le_bytes(*purpose), indices[0], indices[1]];
    for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::RngCore;

    use super::*;

    #[test]
    fn equal_keys_give_equal_streams() {
        let draw = || stream(1, b"purpose ", [2, 3]).next_u64();
        assert_eq!(draw(), draw());
    }

    #[test]
    fn each_part_of_the_key_matters() {
        let first = |seed, purpose, a, b| stream(seed, purpose, [a, b]).next_u64();
        let reference = first(1, b"purpose ", 1, 1);
        assert_ne!(reference, first(2, b"purpose ", 1, 1));
        assert_ne!(reference, first(1, b"another ", 1, 1));
        assert_ne!(reference, first(1, b"purpose ", 2, 1));
        assert_ne!(reference, first(1, b"purpose ", 1, 2));
    }
}
