//! The inner loops of the scan: at which places a gram may stand.
//!
//! In: bytes, and a sieve of grams. Out: the places whose gram passes. Some of them are false;
//! no true one is missing. There are two sieves:
//!
//! - [`Hashes`] takes a hash of the 8 bytes at every `stride`th offset and asks a table of bits.
//!   It takes any number of grams.
//! - [`Buckets`] asks, for each of the 8 bytes at every offset, in which of 8 buckets of grams
//!   such a byte stands there (as Teddy does). It takes a few grams, since buckets fill up.
//!
//! Each has a form in plain Rust, which defines the result, and forms for vector units that give the
//! same.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::grams::{FOLD, LONGEST_GRAM, mask};

/// Places that one call of a sieve looks at, at most.
pub(super) const BATCH: usize = 4096;

/// Where the places that pass are written: a batch, and what a vector writes behind it.
pub(super) type Passed = [u32; BATCH + 8];

/// Which form of the loops runs. All give the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Plain Rust.
    Plain,
    /// 32 bytes at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2(Available),
    /// 64 bytes at a time, with permutations of bytes (VBMI).
    #[cfg(target_arch = "x86_64")]
    Avx512(Available),
}

/// Made by [`Kernel::available`] alone: who holds a kernel knows that the processor has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Available(());

impl Kernel {
    /// All forms that this processor can run, the fastest last.
    pub(super) fn available() -> Vec<Kernel> {
        let mut kernels = vec![Kernel::Plain];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                kernels.push(Kernel::Avx2(Available(())));
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vbmi")
            {
                kernels.push(Kernel::Avx512(Available(())));
            }
        }
        kernels
    }
}

/// An odd number without pattern.
const FACTOR: u64 = 0x9E37_79B1;

/// One 32-bit product of a folded gram, because all vector units have that.
#[inline]
fn hash(gram: u64) -> u64 {
    ((gram ^ gram >> 27) & 0xFFFF_FFFF) * FACTOR
}

/// Bits of the table for each gram, before rounding up.
const BITS: usize = 64;

/// Words of the smallest and of the largest table: 4 KiB, and twice a small first-level cache.
const WORDS: [usize; 2] = [512, 4096];

/// Grams at every `stride`th offset, by hash.
#[derive(Debug)]
pub(super) struct Hashes {
    stride: usize,
    length: usize,
    /// A power of two of them.
    words: Vec<u64>,
}

impl Hashes {
    /// A sieve for folded grams of `length` bytes, with a stride of 8, 4, 2 or 1.
    pub(super) fn new(stride: usize, length: usize, grams: impl ExactSizeIterator<Item = u64>) -> Hashes {
        let words = (grams.len() * BITS / 64).clamp(WORDS[0], WORDS[1]);
        let mut sieve = Hashes {
            stride,
            length,
            words: vec![0; words.next_power_of_two()],
        };
        for gram in grams {
            let hash = hash(gram);
            let word = sieve.word_of(hash);
            sieve.words[word] |= 1 << (hash >> 32 & 63);
        }
        sieve
    }

    #[inline]
    fn word_of(&self, hash: u64) -> usize {
        (hash >> 38) as usize & (self.words.len() - 1)
    }

    /// Looks at the places of `bytes` at which 8 bytes stand, at most [`BATCH`], and writes those that
    /// pass to `passed`, in order. Returns how many there are.
    pub(super) fn sift(&self, kernel: Kernel, bytes: &[u8], passed: &mut Passed) -> usize {
        match self.stride {
            8 => self.sift_at::<8>(kernel, bytes, passed),
            4 => self.sift_at::<4>(kernel, bytes, passed),
            2 => self.sift_at::<2>(kernel, bytes, passed),
            _ => self.sift_at::<1>(kernel, bytes, passed),
        }
    }

    fn sift_at<const STRIDE: usize>(&self, kernel: Kernel, bytes: &[u8], passed: &mut Passed) -> usize {
        let (from, count) = match kernel {
            // SAFETY: who holds this kernel knows that the processor has its features.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(_) => unsafe { self.sift_avx512::<STRIDE>(bytes, passed) },
            _ => (0, 0),
        };
        self.sift_plain::<STRIDE>(bytes, from, passed, count)
    }

    /// From the offset `from` on, where `count` have passed before.
    fn sift_plain<const STRIDE: usize>(
        &self,
        bytes: &[u8],
        from: usize,
        passed: &mut Passed,
        mut count: usize,
    ) -> usize {
        let mask = mask(self.length);
        let eights = bytes[from..].windows(8).step_by(STRIDE);
        for (eight, at) in eights.zip((from..).step_by(STRIDE)) {
            let eight = eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
            let hash = hash((eight | FOLD) & mask);
            // Written in any case and then kept or not: a jump would be guessed wrongly too often.
            passed[count] = at as u32;
            let word = self.words[self.word_of(hash)];
            count += (word.rotate_right((hash >> 32) as u32) & 1) as usize;
        }
        count
    }

    /// Whole vectors; returns where the rest begins, and how many have passed.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl")]
    fn sift_avx512<const STRIDE: usize>(&self, bytes: &[u8], passed: &mut Passed) -> (usize, usize) {
        let fold = _mm512_set1_epi64(FOLD as i64);
        let mask = _mm512_set1_epi64(mask(self.length) as i64);
        let factor = _mm512_set1_epi64(FACTOR as i64);
        let word_bits = _mm512_set1_epi64(self.words.len() as i64 - 1);
        let one = _mm512_set1_epi64(1);
        let eighths = _mm256_setr_epi32(0, 8, 16, 24, 32, 40, 48, 56);
        let words = self.words.as_ptr();
        let mut count = 0;
        let vectors = bytes.windows(64 + 8 - STRIDE).step_by(64);
        let looked_at = vectors.len() * 64;
        for (seen, at) in vectors.zip((0..).step_by(64)) {
            for shift in (0..8).step_by(STRIDE) {
                // SAFETY: `seen` has 64 bytes from `shift` on, since `shift` is at most 8 - STRIDE.
                let eights = unsafe { _mm512_loadu_si512(seen.as_ptr().add(shift).cast()) };
                let grams = _mm512_and_si512(_mm512_or_si512(eights, fold), mask);
                let mixed = _mm512_xor_si512(grams, _mm512_srli_epi64::<27>(grams));
                let hashes = _mm512_mul_epu32(mixed, factor);
                let places = _mm512_and_si512(_mm512_srli_epi64::<38>(hashes), word_bits);
                // SAFETY: each index is at most the length of the table less one.
                let found = unsafe { _mm512_i64gather_epi64::<8>(places, words.cast()) };
                let bits = _mm512_rorv_epi64(found, _mm512_srli_epi64::<32>(hashes));
                let pass = _mm512_test_epi64_mask(bits, one);
                let offsets = _mm256_add_epi32(eighths, _mm256_set1_epi32((at + shift) as i32));
                let room = &mut passed[count..count + 8];
                // SAFETY: `room` has 8 places.
                unsafe {
                    _mm256_storeu_si256(
                        room.as_mut_ptr().cast(),
                        _mm256_maskz_compress_epi32(pass, offsets),
                    );
                }
                count += pass.count_ones() as usize;
            }
        }
        (looked_at, count)
    }
}

/// For each byte of a gram: the buckets with grams that have a byte there, by its lower 7 bits.
type Tables = [[u8; 128]; LONGEST_GRAM];

/// A few grams in 8 buckets, at every offset.
#[derive(Debug)]
pub(super) struct Buckets {
    tables: Box<Tables>,
}

/// A bit for each place of a batch.
pub(super) type Places = [u64; BATCH / 64];

impl Buckets {
    /// A sieve for folded grams: of each, the bytes that count, and its bucket from 0 to 7.
    pub(super) fn new(kernel: Kernel, grams: impl Iterator<Item = (u64, u64, usize)>) -> Buckets {
        let mut tables = Box::new([[0u8; 128]; LONGEST_GRAM]);
        for (gram, mask, bucket) in grams {
            let bytes = gram.to_le_bytes().into_iter().zip(mask.to_le_bytes());
            for (table, (wanted, counts)) in tables.iter_mut().zip(bytes) {
                for (byte, buckets) in table.iter_mut().enumerate() {
                    // Both cases of a letter, and all bytes where none is asked for.
                    if counts == 0 || byte as u8 | 0x20 == wanted & 127 {
                        *buckets |= 1 << bucket;
                    }
                }
            }
        }
        match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(_) => tables.iter_mut().for_each(|table| *table = joined(table)),
            _ => {}
        }
        Buckets { tables }
    }

    /// The buckets that may have the gram of these 8 bytes, a bit for each.
    #[inline]
    pub(super) fn of(&self, eight: u64) -> u8 {
        let bytes = self.tables.iter().zip(eight.to_le_bytes());
        bytes.fold(u8::MAX, |common, (table, byte)| {
            common & table[usize::from(byte & 127)]
        })
    }

    /// Looks at the places of `bytes` at which 8 bytes stand, at most [`BATCH`], and sets the bits of those that
    /// pass.
    pub(super) fn sift(&self, kernel: Kernel, bytes: &[u8], places: &mut Places) {
        places.fill(0);
        let from = match kernel {
            // SAFETY: who holds one of these kernels knows that the processor has its features.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(_) => unsafe { self.sift_avx2(bytes, places) },
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(_) => unsafe { self.sift_avx512(bytes, places) },
            Kernel::Plain => 0,
        };
        self.sift_plain(bytes, from, places);
    }

    /// From the offset `from` on.
    fn sift_plain(&self, bytes: &[u8], from: usize, places: &mut Places) {
        let [first, second, ..] = &*self.tables;
        for (eight, at) in bytes[from..].windows(8).zip(from..) {
            // Two bytes rule out most places.
            if first[usize::from(eight[0] & 127)] & second[usize::from(eight[1] & 127)] != 0 {
                let eight = eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
                places[at / 64] |= u64::from(self.of(eight) != 0) << (at % 64);
            }
        }
    }

    /// Whole vectors; returns where the rest begins.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn sift_avx512(&self, bytes: &[u8], places: &mut Places) -> usize {
        // SAFETY: a table has 128 bytes, which are both halves.
        let half =
            |table: &[u8; 128], at: usize| unsafe { _mm512_loadu_si512(table.as_ptr().add(at).cast()) };
        let tables = self
            .tables
            .each_ref()
            .map(|table| (half(table, 0), half(table, 64)));
        let vectors = bytes.windows(64 + 7).step_by(64);
        let looked_at = vectors.len() * 64;
        // No jump depends on what is found: each wrong guess would cost more than a vector.
        for (seen, places) in vectors.zip(places) {
            let mut common = _mm512_set1_epi8(-1);
            for (place, (low, high)) in tables.iter().enumerate() {
                // SAFETY: `seen` has 64 bytes from `place` on, since `place` is at most 7.
                let there = unsafe { _mm512_loadu_si512(seen.as_ptr().add(place).cast()) };
                common = _mm512_and_si512(common, _mm512_permutex2var_epi8(*low, there, *high));
            }
            *places = _mm512_test_epi8_mask(common, common);
        }
        looked_at
    }

    /// Whole vectors; returns where the rest begins.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn sift_avx2(&self, bytes: &[u8], places: &mut Places) -> usize {
        let tables = self.tables.each_ref().map(|table| {
            let (low, high) = nibbles(table);
            // SAFETY: both have 16 bytes.
            unsafe {
                (
                    _mm256_broadcastsi128_si256(_mm_loadu_si128(low.as_ptr().cast())),
                    _mm256_broadcastsi128_si256(_mm_loadu_si128(high.as_ptr().cast())),
                )
            }
        });
        let vectors = bytes.windows(32 + 7).step_by(32);
        let looked_at = vectors.len() * 32;
        for (seen, number) in vectors.zip(0..) {
            let mut common = _mm256_set1_epi8(-1);
            for (place, (low, high)) in tables.iter().enumerate() {
                // SAFETY: `seen` has 32 bytes from `place` on, since `place` is at most 7.
                let there = unsafe { _mm256_loadu_si256(seen.as_ptr().add(place).cast()) };
                let low_bits = _mm256_and_si256(there, _mm256_set1_epi8(15));
                let high_bits = _mm256_and_si256(_mm256_srli_epi16::<4>(there), _mm256_set1_epi8(7));
                common = _mm256_and_si256(common, _mm256_shuffle_epi8(*low, low_bits));
                common = _mm256_and_si256(common, _mm256_shuffle_epi8(*high, high_bits));
            }
            let none = _mm256_movemask_epi8(_mm256_cmpeq_epi8(common, _mm256_setzero_si256()));
            places[number / 2] |= u64::from(!none as u32) << (32 * (number % 2));
        }
        looked_at
    }
}

/// The buckets by the lower and by the upper half of a byte.
fn nibbles(table: &[u8; 128]) -> ([u8; 16], [u8; 16]) {
    let mut halves = ([0; 16], [0; 16]);
    for (byte, buckets) in table.iter().enumerate() {
        halves.0[byte & 15] |= buckets;
        halves.1[byte >> 4] |= buckets;
    }
    halves
}

/// The table that tells of a byte what its halves tell, for units that can look up 16 values only.
fn joined(table: &[u8; 128]) -> [u8; 128] {
    let (low, high) = nibbles(table);
    std::array::from_fn(|byte| low[byte & 15] & high[byte >> 4])
}
