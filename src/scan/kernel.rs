//! The inner loops of the scan: at which places a gram may stand.
//!
//! In: bytes, and a [`Sieve`] of grams. Out: the places whose gram passes. Some of them are false;
//! no true one is missing. There are two sieves:
//!
//! - [`Sampled`] takes a hash of the 8 bytes at every `stride`th offset and asks a table of bits.
//!   It takes any number of grams.
//! - [`Everywhere`] asks, for each of the first bytes at every offset, in which of 8 buckets of grams
//!   such a byte stands there (as Teddy does). It takes a few grams, since buckets fill up.
//!
//! Each has a form in plain Rust, which defines the result, and forms for vector units that give the
//! same. Measured on one core of a Zen 4 in GB/s of ordinary logs, with what the lanes do behind the sieve:
//!
//! | literals | plain | AVX2 | AVX-512 |
//! |---|---|---|---|
//! | 927 of 15 bytes and more (`Sampled`, stride 8) | 3.2 | as plain | 4.0 |
//! | 67 of 7 to 14 bytes (plain `Sampled`, else `Everywhere`) | 1.3 | 2.3 | 8.6 |
//! | 6 of 3 to 6 bytes (`Everywhere`) | 0.7 | 2.7 | 12 |
//! | all 1,000 | 0.4 | 0.9 | 2.4 |

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::rarity;

/// Sets the bit that tells lower from upper case in each byte. It also joins some other
/// bytes (`[` and `{`), which only makes a sieve coarser.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// Longest gram in bytes.
pub(super) const LONGEST_GRAM: usize = 8;

/// Places that one call of [`Sieve::sift`] looks at, at most.
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

#[inline]
fn mask(length: usize) -> u64 {
    u64::MAX >> (64 - 8 * length)
}

/// A set of folded grams of one length.
#[derive(Debug)]
pub(super) enum Sieve {
    /// Any number of grams.
    Sampled(Sampled),
    /// A few grams.
    Everywhere(Everywhere),
}

impl Sieve {
    /// Looks at the places of `bytes` at which 8 bytes stand, at most [`BATCH`], and writes those that
    /// pass to `passed`, in order. Returns how many there are.
    pub(super) fn sift(&self, kernel: Kernel, bytes: &[u8], passed: &mut Passed) -> usize {
        match self {
            Sieve::Everywhere(sieve) => sieve.sift(kernel, bytes, passed),
            Sieve::Sampled(sieve) => match sieve.stride {
                8 => sieve.sift::<8>(kernel, bytes, passed),
                4 => sieve.sift::<4>(kernel, bytes, passed),
                2 => sieve.sift::<2>(kernel, bytes, passed),
                _ => sieve.sift::<1>(kernel, bytes, passed),
            },
        }
    }
}

/// Words of the table of bits: 16 KiB, half of a small first-level cache.
const WORDS: usize = 1 << 13;

/// An odd number without pattern.
const FACTOR: u64 = 0x9E37_79B1;

/// One 32-bit product of a folded gram, because all vector units have that.
#[inline]
pub(super) fn hash(gram: u64) -> u64 {
    ((gram ^ gram >> 27) & 0xFFFF_FFFF) * FACTOR
}

#[inline]
fn word_of(hash: u64) -> usize {
    (hash >> 38) as usize % WORDS
}

#[inline]
fn bit_of(hash: u64) -> u64 {
    hash >> 32 & 63
}

/// Grams at every `stride`th offset, by hash.
#[derive(Debug)]
pub(super) struct Sampled {
    stride: usize,
    length: usize,
    words: Box<[u64; WORDS]>,
}

impl Sampled {
    /// A sieve for folded grams of `length` bytes, with a stride of 8, 4, 2 or 1.
    pub(super) fn new(stride: usize, length: usize, grams: impl Iterator<Item = u64>) -> Sampled {
        let mut words = Box::new([0; WORDS]);
        for gram in grams {
            let hash = hash(gram);
            words[word_of(hash)] |= 1 << bit_of(hash);
        }
        Sampled {
            stride,
            length,
            words,
        }
    }

    fn sift<const STRIDE: usize>(&self, kernel: Kernel, bytes: &[u8], passed: &mut Passed) -> usize {
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
            count += (self.words[word_of(hash)] >> bit_of(hash) & 1) as usize;
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
        let word_bits = _mm512_set1_epi64(WORDS as i64 - 1);
        let bit_bits = _mm512_set1_epi64(63);
        let one = _mm512_set1_epi64(1);
        let eighths = _mm256_setr_epi32(0, 8, 16, 24, 32, 40, 48, 56);
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
                let words = _mm512_and_si512(_mm512_srli_epi64::<38>(hashes), word_bits);
                // SAFETY: each index is less than WORDS, the length of the table.
                let words = unsafe { _mm512_i64gather_epi64::<8>(words, self.words.as_ptr().cast()) };
                let bits = _mm512_and_si512(_mm512_srli_epi64::<32>(hashes), bit_bits);
                let pass = _mm512_test_epi64_mask(_mm512_srlv_epi64(words, bits), one);
                let places = _mm256_add_epi32(eighths, _mm256_set1_epi32((at + shift) as i32));
                let room = &mut passed[count..count + 8];
                // SAFETY: `room` has 8 places.
                unsafe {
                    _mm256_storeu_si256(
                        room.as_mut_ptr().cast(),
                        _mm256_maskz_compress_epi32(pass, places),
                    );
                }
                count += pass.count_ones() as usize;
            }
        }
        (looked_at, count)
    }
}

/// Bytes of a gram that [`Everywhere`] tells apart.
pub(super) const TOLD: usize = 6;

/// A few grams, at every offset.
#[derive(Debug)]
pub(super) struct Everywhere {
    /// For each byte of a gram: the buckets with grams that have a byte there, by its lower 7 bits.
    buckets: Vec<[u8; 128]>,
}

impl Everywhere {
    /// A sieve for folded grams of `length` bytes, at most [`TOLD`], and the share of places in ordinary
    /// logs that it lets pass.
    pub(super) fn new(kernel: Kernel, length: usize, grams: impl Iterator<Item = u64>) -> (Everywhere, f64) {
        let frequencies = rarity::folded();
        // For each bucket and byte of a gram: the bytes that stand there, and how frequent they are.
        let mut taken = [[(0u128, 0.0f64); TOLD]; 8];
        let share =
            |bucket: &[(u128, f64); TOLD]| bucket[..length].iter().map(|(_, sum)| sum).product::<f64>();
        for gram in grams {
            let with = |bucket: &[(u128, f64); TOLD]| {
                let mut bucket = *bucket;
                for (place, byte) in bucket[..length].iter_mut().zip(gram.to_le_bytes()) {
                    let bit = 1 << (byte & 127);
                    if place.0 & bit == 0 {
                        *place = (place.0 | bit, place.1 + frequencies[usize::from(byte & 127)]);
                    }
                }
                bucket
            };
            // The bucket that lets the fewest more places pass.
            let best = (0..8).min_by(|a: &usize, b: &usize| {
                let more = |n: usize| share(&with(&taken[n])) - share(&taken[n]);
                more(*a).total_cmp(&more(*b))
            });
            if let Some(best) = best {
                taken[best] = with(&taken[best]);
            }
        }
        let table = |place: usize| -> [u8; 128] {
            std::array::from_fn(|byte| {
                let bit =
                    |bucket: usize| u8::from(taken[bucket][place].0 >> (byte | 0x20) & 1 == 1) << bucket;
                (0..8).map(bit).sum()
            })
        };
        let mut buckets: Vec<[u8; 128]> = (0..length).map(table).collect();
        #[cfg(target_arch = "x86_64")]
        if matches!(kernel, Kernel::Avx2(_)) {
            buckets.iter_mut().for_each(|table| *table = joined(table));
        }
        let passing = |bucket: usize| -> f64 {
            let class = |table: &[u8; 128]| -> f64 {
                let of_byte = |byte: &usize| table[*byte] >> bucket & 1 == 1 && byte & 0x20 != 0;
                (0..128).filter(of_byte).map(|byte| frequencies[byte]).sum()
            };
            buckets.iter().map(class).product()
        };
        let share = (0..8).map(passing).sum();
        (Everywhere { buckets }, share)
    }

    fn sift(&self, kernel: Kernel, bytes: &[u8], passed: &mut Passed) -> usize {
        match self.buckets.len() {
            0..=3 => self.sift_told::<3>(kernel, bytes, passed),
            4 => self.sift_told::<4>(kernel, bytes, passed),
            _ => self.sift_told::<TOLD>(kernel, bytes, passed),
        }
    }

    /// The same with at most `MOST` tables, so that the loops over them are unrolled.
    fn sift_told<const MOST: usize>(&self, kernel: Kernel, bytes: &[u8], passed: &mut Passed) -> usize {
        let (from, count) = match kernel {
            // SAFETY: who holds one of these kernels knows that the processor has its features.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(_) => unsafe { self.sift_avx2::<MOST>(bytes, passed) },
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(_) => unsafe { self.sift_avx512::<MOST>(bytes, passed) },
            Kernel::Plain => (0, 0),
        };
        self.sift_plain(bytes, from, passed, count)
    }

    /// From the offset `from` on, where `count` have passed before.
    fn sift_plain(&self, bytes: &[u8], from: usize, passed: &mut Passed, mut count: usize) -> usize {
        let none = [u8::MAX; 128];
        let table = |place: usize| self.buckets.get(place).unwrap_or(&none);
        let (first, second) = (table(0), table(1));
        for (eight, at) in bytes[from..].windows(8).zip(from..) {
            // Two bytes rule out most places.
            let mut common = first[usize::from(eight[0] & 127)] & second[usize::from(eight[1] & 127)];
            if common != 0 {
                for (table, byte) in self.buckets.iter().zip(eight).skip(2) {
                    common &= table[usize::from(byte & 127)];
                }
                passed[count] = at as u32;
                count += usize::from(common != 0);
            }
        }
        count
    }

    /// Whole vectors; returns where the rest begins, and how many have passed.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn sift_avx512<const MOST: usize>(&self, bytes: &[u8], passed: &mut Passed) -> (usize, usize) {
        // SAFETY: a table has 128 bytes, which are both halves.
        let half =
            |table: &[u8; 128], at: usize| unsafe { _mm512_loadu_si512(table.as_ptr().add(at).cast()) };
        let mut tables = [(_mm512_set1_epi8(-1), _mm512_set1_epi8(-1)); MOST];
        for (pair, table) in tables.iter_mut().zip(&self.buckets) {
            *pair = (half(table, 0), half(table, 64));
        }
        let mut count = 0;
        let vectors = bytes.windows(64 + 7).step_by(64);
        let looked_at = vectors.len() * 64;
        for (seen, at) in vectors.zip((0..).step_by(64)) {
            let mut common = _mm512_set1_epi8(-1);
            for (place, (low, high)) in tables.iter().enumerate() {
                // SAFETY: `seen` has 64 bytes from `place` on, since `place` is less than TOLD, which is less than 8.
                let there = unsafe { _mm512_loadu_si512(seen.as_ptr().add(place).cast()) };
                common = _mm512_and_si512(common, _mm512_permutex2var_epi8(*low, there, *high));
            }
            write(_mm512_test_epi8_mask(common, common), at, passed, &mut count);
        }
        (looked_at, count)
    }

    /// Whole vectors; returns where the rest begins, and how many have passed.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn sift_avx2<const MOST: usize>(&self, bytes: &[u8], passed: &mut Passed) -> (usize, usize) {
        let mut tables = [(_mm256_set1_epi8(-1), _mm256_set1_epi8(-1)); MOST];
        for (pair, table) in tables.iter_mut().zip(&self.buckets) {
            let (low, high) = nibbles(table);
            // SAFETY: both have 16 bytes.
            *pair = unsafe {
                (
                    _mm256_broadcastsi128_si256(_mm_loadu_si128(low.as_ptr().cast())),
                    _mm256_broadcastsi128_si256(_mm_loadu_si128(high.as_ptr().cast())),
                )
            };
        }
        let mut count = 0;
        let vectors = bytes.windows(32 + 7).step_by(32);
        let looked_at = vectors.len() * 32;
        for (seen, at) in vectors.zip((0..).step_by(32)) {
            let mut common = _mm256_set1_epi8(-1);
            for (place, (low, high)) in tables.iter().enumerate() {
                // SAFETY: `seen` has 32 bytes from `place` on, since `place` is less than TOLD, which is less than 8.
                let there = unsafe { _mm256_loadu_si256(seen.as_ptr().add(place).cast()) };
                let low_bits = _mm256_and_si256(there, _mm256_set1_epi8(15));
                let high_bits = _mm256_and_si256(_mm256_srli_epi16::<4>(there), _mm256_set1_epi8(7));
                common = _mm256_and_si256(common, _mm256_shuffle_epi8(*low, low_bits));
                common = _mm256_and_si256(common, _mm256_shuffle_epi8(*high, high_bits));
            }
            let none = _mm256_movemask_epi8(_mm256_cmpeq_epi8(common, _mm256_setzero_si256()));
            write(u64::from(!none as u32), at, passed, &mut count);
        }
        (looked_at, count)
    }
}

/// Writes the places of the bits.
#[inline]
fn write(mut bits: u64, at: usize, passed: &mut Passed, count: &mut usize) {
    while bits != 0 {
        passed[*count] = (at + bits.trailing_zeros() as usize) as u32;
        *count += 1;
        bits &= bits - 1;
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
