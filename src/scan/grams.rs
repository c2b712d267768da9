//! Grams: up to 8 bytes of a literal as one number, and sets of them.
//!
//! In: bytes. Out: numbers that are equal where the bytes are, ASCII case aside.

/// Longest gram in bytes.
pub(super) const LONGEST_GRAM: usize = 8;

/// Sets the bit that tells lower from upper case in each byte. It also joins some other
/// bytes (`[` and `{`), which only makes a sieve coarser.
pub(super) const FOLD: u64 = 0x2020_2020_2020_2020;

/// Bits of a set for each gram, before rounding up.
const BITS: usize = 32;

/// The `length` bytes that begin `bytes`, folded; what is missing counts as zeros.
#[inline]
pub(super) fn gram(bytes: &[u8], length: usize) -> u64 {
    let eight = match bytes.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => {
            let mut eight = [0; 8];
            eight[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(eight)
        }
    };
    (eight | FOLD) & mask(length)
}

/// The bytes of a gram of this length.
#[inline]
pub(super) fn mask(length: usize) -> u64 {
    u64::MAX >> (64 - 8 * length)
}

/// A number whose upper half depends on all bytes of the gram.
#[inline]
pub(super) fn mixed(gram: u64) -> u64 {
    (gram ^ gram >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// Grams by hash: some that are not in it seem to be.
#[derive(Debug)]
pub(super) struct GramSet {
    /// A power of two of them.
    words: Vec<u64>,
}

impl GramSet {
    pub(super) fn new(grams: impl ExactSizeIterator<Item = u64>) -> GramSet {
        let mut set = GramSet {
            words: vec![0; (grams.len() * BITS / 64).next_power_of_two()],
        };
        for gram in grams {
            let (word, bit) = set.place(gram);
            set.words[word] |= 1 << bit;
        }
        set
    }

    #[inline]
    fn place(&self, gram: u64) -> (usize, u64) {
        let mixed = mixed(gram);
        ((mixed >> 32) as usize & (self.words.len() - 1), mixed >> 26 & 63)
    }

    /// Whether `gram` may be in it.
    #[inline]
    pub(super) fn has(&self, gram: u64) -> bool {
        let (word, bit) = self.place(gram);
        self.words[word] >> bit & 1 == 1
    }
}

/// Moves the places that are to be kept to the front, in order, and returns how many they are. It goes without
/// jumps, since most would be guessed wrongly.
#[inline]
pub(super) fn keep(places: &mut [u32], mut wanted: impl FnMut(usize) -> bool) -> usize {
    let mut kept = 0;
    for at in 0..places.len() {
        let place = places[at];
        places[kept] = place;
        kept += usize::from(wanted(place as usize));
    }
    kept
}
