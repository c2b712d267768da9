//! The inner loops of the scan: at which places a gram may stand.
//!
//! In: bytes, and a sieve of grams. Out: the places whose gram passes. Some of them are false;
//! no true one is missing. There are two sieves:
//!
//! - [`Hashes`] takes a hash of the 8 bytes at every `stride`th offset and asks a table of bits.
//!   It takes any number of grams.
//! - [`Buckets`] asks, for each of the 8 bytes at every offset, in which of 8 buckets of grams
//!   such a byte stands there (as Teddy does). It takes a few grams, since buckets fill up. Letters without case,
//!   digits and signs are just the 64 values that a vector of 64 bytes can be asked for.
//!
//! Each has a form in plain Rust, which defines the result, and forms for vector units that give the
//! same. For 1 GiB and 1,000 literals `examples/bare_scan.rs` takes 3.8 s in the plain form, 1.6 s with AVX2 and 0.8 s with AVX-512
//! (one thread, the best of three runs in turn; `INCIDENT_KERNEL` chooses the form).

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::grams::{FOLD, LONGEST_GRAM, gram, mask};

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
            let counts = is_x86_feature_detected!("popcnt");
            if counts && is_x86_feature_detected!("avx2") {
                kernels.push(Kernel::Avx2(Available(())));
            }
            if counts
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vbmi")
            {
                kernels.push(Kernel::Avx512(Available(())));
            }
        }
        kernels
    }

    /// The fastest form. To measure on one machine what others do, the variable `INCIDENT_KERNEL` may name a slower
    /// one: `avx2`, `plain`.
    pub(super) fn fastest() -> Kernel {
        let mut kernels = Kernel::available();
        match std::env::var("INCIDENT_KERNEL").as_deref() {
            Ok("plain") => kernels.truncate(1),
            Ok("avx2") => kernels.truncate(2),
            _ => {}
        }
        kernels.pop().unwrap_or(Kernel::Plain)
    }

    /// Whether it looks up 64 bytes at once, so that looking everywhere is cheaper than sampling.
    pub(super) fn permutes(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(_) => true,
            _ => false,
        }
    }
}

/// How far ahead of the search bytes are asked for from memory.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 16 * 1024;

/// Asks for bytes that are needed soon, so that nobody waits for the memory then. One request beside each vector
/// of work: many at once would have to wait for each other.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ahead(seen: &[u8]) {
    // SAFETY: a hint about any address changes nothing.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(seen.as_ptr().wrapping_add(AHEAD).cast()) };
}

/// An odd number without pattern.
const FACTOR: u64 = 0x9E37_79B1;

/// One 32-bit product of a folded gram, because all vector units have that.
#[inline]
fn hash(gram: u64) -> u64 {
    ((gram ^ gram >> 27) & 0xFFFF_FFFF) * FACTOR
}

/// For each choice of four numbers of 4 bytes: where the bytes of the chosen ones stand, which go to the front.
#[cfg(target_arch = "x86_64")]
const FRONTS: [[u8; 16]; 16] = fronts();

#[cfg(target_arch = "x86_64")]
const fn fronts() -> [[u8; 16]; 16] {
    let mut fronts = [[0; 16]; 16];
    let mut choice = 0;
    while choice < 16 {
        let (mut from, mut to) = (0, 0);
        while from < 16 {
            if choice >> (from / 4) & 1 == 1 {
                fronts[choice][to] = from as u8;
                to += 1;
            }
            from += 1;
        }
        choice += 1;
    }
    fronts
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
            // SAFETY: likewise.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(_) => unsafe { self.sift_avx2::<STRIDE>(bytes, passed) },
            Kernel::Plain => (0, 0),
        };
        self.sift_plain::<STRIDE>(bytes, from, passed, count)
    }

    /// Whole vectors; returns where the rest begins, and how many have passed.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,popcnt")]
    fn sift_avx2<const STRIDE: usize>(&self, bytes: &[u8], passed: &mut Passed) -> (usize, usize) {
        let fold = _mm256_set1_epi64x(FOLD as i64);
        let mask = _mm256_set1_epi64x(mask(self.length) as i64);
        let factor = _mm256_set1_epi64x(FACTOR as i64);
        let word_bits = _mm256_set1_epi64x(self.words.len() as i64 - 1);
        let last_bit = _mm256_set1_epi64x(63);
        let quarters = _mm_setr_epi32(0, 8, 16, 24);
        let words = self.words.as_ptr();
        let mut count = 0;
        let vectors = bytes.windows(32 + 8 - STRIDE).step_by(32);
        let looked_at = vectors.len() * 32;
        for (seen, at) in vectors.zip((0..).step_by(32)) {
            ahead(seen);
            for shift in (0..8).step_by(STRIDE) {
                // SAFETY: `seen` has 32 bytes from `shift` on, since `shift` is at most 8 - STRIDE.
                let eights = unsafe { _mm256_loadu_si256(seen.as_ptr().add(shift).cast()) };
                let grams = _mm256_and_si256(_mm256_or_si256(eights, fold), mask);
                let mixed = _mm256_xor_si256(grams, _mm256_srli_epi64::<27>(grams));
                let hashes = _mm256_mul_epu32(mixed, factor);
                let places = _mm256_and_si256(_mm256_srli_epi64::<38>(hashes), word_bits);
                // SAFETY: each index is at most the length of the table less one.
                let found = unsafe { _mm256_i64gather_epi64::<8>(words.cast(), places) };
                // The bit that is asked for goes to where a mask is taken from.
                let up = _mm256_andnot_si256(_mm256_srli_epi64::<32>(hashes), last_bit);
                let pass = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_sllv_epi64(found, up)));
                let offsets = _mm_add_epi32(quarters, _mm_set1_epi32((at + shift) as i32));
                let room = &mut passed[count..count + 4];
                // SAFETY: a front has 16 bytes and `room` 4 places.
                unsafe {
                    let front = _mm_loadu_si128(FRONTS[pass as usize & 15].as_ptr().cast());
                    _mm_storeu_si128(room.as_mut_ptr().cast(), _mm_shuffle_epi8(offsets, front));
                }
                count += pass.count_ones() as usize;
            }
        }
        (looked_at, count)
    }

    /// From the offset `from` on, where `count` have passed before.
    #[inline(always)]
    fn sift_plain<const STRIDE: usize>(
        &self,
        bytes: &[u8],
        from: usize,
        passed: &mut Passed,
        mut count: usize,
    ) -> usize {
        let mask = mask(self.length);
        let words = &self.words[..];
        let eights = bytes[from..].windows(8).step_by(STRIDE);
        for (eight, at) in eights.zip((from..).step_by(STRIDE)) {
            let eight = eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
            let hash = hash((eight | FOLD) & mask);
            // Written in any case and then kept or not: a jump would be guessed wrongly too often.
            passed[count] = at as u32;
            let word = words[(hash >> 38) as usize & (words.len() - 1)];
            count += (word >> (hash >> 32 & 63) & 1) as usize;
        }
        count
    }

    /// Whole vectors; returns where the rest begins, and how many have passed.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,popcnt")]
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
            ahead(seen);
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

/// Classes of bytes: the lower 7 bits without the one that tells lower from upper case.
pub(super) const CLASSES: usize = 64;

/// For each byte of a gram: the buckets with grams that have a byte of this class there.
type Tables = [[u8; CLASSES]; LONGEST_GRAM];

#[inline]
pub(super) fn class(byte: u8) -> u8 {
    byte >> 1 & 0x20 | byte & 0x1F
}

/// Bytes of a gram that the plain form asks for at every offset.
const FIRST: usize = 3;

/// A few grams in 8 buckets, at every offset.
#[derive(Debug)]
pub(super) struct Buckets {
    tables: Box<Tables>,
    /// The first of them by whole bytes: they rule out most places.
    first: Box<[[u8; 256]; FIRST]>,
    /// The same by the lower and by the upper half of a byte, for units that can look up 16 values only.
    #[cfg(target_arch = "x86_64")]
    halves: Box<[([u8; 16], [u8; 16]); LONGEST_GRAM]>,
}

/// What a sieve of buckets finds in a batch.
#[derive(Debug)]
pub(super) struct Marks {
    /// The classes of the bytes, or their lower halves, and a vector behind them.
    classes: [u8; BATCH + 64],
    /// Their upper halves, for units that look up halves.
    upper: [u8; BATCH + 64],
    /// For each place the buckets that may have its gram, a bit for each.
    buckets: [u8; BATCH],
    groups: Groups,
}

/// Where 64 places begin of which some have buckets, and which of them.
#[derive(Debug)]
struct Groups {
    found: [(u32, u64); BATCH / 64],
    count: usize,
}

impl Groups {
    /// Adds the group at `at`, if it has places. No jump depends on that.
    #[inline]
    fn add(&mut self, at: u32, bits: u64) {
        self.found[self.count % (BATCH / 64)] = (at, bits);
        self.count += usize::from(bits != 0);
    }
}

impl Marks {
    pub(super) fn new() -> Marks {
        Marks {
            classes: [0; _],
            upper: [0; _],
            buckets: [0; _],
            groups: Groups {
                found: [(0, 0); _],
                count: 0,
            },
        }
    }

    /// Takes each byte into its halves, as far as it has 7 bits, though eight places look at it: the first `whole`, and those that
    /// the last place of these looks at.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn split(&mut self, bytes: &[u8], whole: usize) {
        let (vectors, rest) = bytes.split_at(whole);
        let (lower, upper) = (
            self.classes.as_chunks_mut::<32>().0,
            self.upper.as_chunks_mut::<32>().0,
        );
        for ((seen, lower), upper) in vectors.as_chunks::<32>().0.iter().zip(lower).zip(upper) {
            ahead(seen);
            // SAFETY: there are 32 bytes in each.
            unsafe {
                let there = _mm256_loadu_si256(seen.as_ptr().cast());
                let low = _mm256_and_si256(there, _mm256_set1_epi8(15));
                let high = _mm256_and_si256(_mm256_srli_epi16::<4>(there), _mm256_set1_epi8(7));
                _mm256_storeu_si256(lower.as_mut_ptr().cast(), low);
                _mm256_storeu_si256(upper.as_mut_ptr().cast(), high);
            }
        }
        let behind = self.classes[whole..].iter_mut().zip(&mut self.upper[whole..]);
        for (byte, (lower, upper)) in rest.iter().zip(behind).take(LONGEST_GRAM - 1) {
            (*lower, *upper) = (byte & 15, byte >> 4 & 7);
        }
    }

    /// Calls `place` with each place that has buckets, in order, and with these.
    #[inline]
    pub(super) fn each(&self, mut place: impl FnMut(usize, u8)) {
        for (at, bits) in &self.groups.found[..self.groups.count] {
            let mut left = *bits;
            while left != 0 {
                let at = *at as usize + left.trailing_zeros() as usize;
                place(at, self.buckets[at % BATCH]);
                left &= left - 1;
            }
        }
    }
}

/// Of two vectors the bits that a third one chooses.
#[cfg(target_arch = "x86_64")]
const CHOOSE: i32 = 0xCA;

impl Buckets {
    /// A sieve for folded grams: of each, the bytes that count, and its bucket from 0 to 7.
    pub(super) fn new(kernel: Kernel, grams: impl Iterator<Item = (u64, u64, usize)>) -> Buckets {
        let mut tables = Box::new([[0u8; CLASSES]; LONGEST_GRAM]);
        for (gram, mask, bucket) in grams {
            let bytes = gram.to_le_bytes().into_iter().zip(mask.to_le_bytes());
            for (table, (wanted, counts)) in tables.iter_mut().zip(bytes) {
                match counts {
                    0 => table.iter_mut().for_each(|buckets| *buckets |= 1 << bucket),
                    _ => table[usize::from(class(wanted))] |= 1 << bucket,
                }
            }
        }
        match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(_) => tables.iter_mut().for_each(|table| *table = joined(table)),
            _ => {}
        }
        Buckets {
            #[cfg(target_arch = "x86_64")]
            halves: Box::new(tables.each_ref().map(halves)),
            first: Box::new(std::array::from_fn(|place| {
                std::array::from_fn(|byte| tables[place][usize::from(class(byte as u8))])
            })),
            tables,
        }
    }

    /// The buckets that may have the gram of these 8 bytes, a bit for each.
    #[inline]
    pub(super) fn of(&self, eight: u64) -> u8 {
        let bytes = self.tables.iter().zip(eight.to_le_bytes());
        bytes.fold(u8::MAX, |common, (table, byte)| {
            common & table[usize::from(class(byte))]
        })
    }

    /// Looks at the places of `bytes` at which 8 bytes stand, at most [`BATCH`], and marks those that pass.
    pub(super) fn sift(&self, kernel: Kernel, bytes: &[u8], marks: &mut Marks) {
        marks.groups.count = 0;
        let from = match kernel {
            // SAFETY: who holds one of these kernels knows that the processor has its features.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512(_) => unsafe { self.sift_avx512(bytes, marks) },
            // SAFETY: likewise.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(_) => unsafe { self.sift_avx2(bytes, marks) },
            Kernel::Plain => 0,
        };
        self.sift_plain(bytes, from, marks);
    }

    /// From the offset `from` on, a multiple of 64.
    fn sift_plain(&self, bytes: &[u8], from: usize, marks: &mut Marks) {
        let [first, second, third] = &*self.first;
        let places = bytes.len().saturating_sub(LONGEST_GRAM - 1);
        for group in (from..places).step_by(64) {
            let mut bits = 0;
            for (seen, at) in bytes[group..].windows(LONGEST_GRAM).take(64).zip(0..) {
                let [a, b, c] = [seen[0], seen[1], seen[2]].map(usize::from);
                bits |= u64::from(first[a] & second[b] & third[c] != 0) << at;
            }
            let mut left = bits;
            while left != 0 {
                let at = left.trailing_zeros() as usize;
                let there = &mut marks.buckets[group + at];
                *there = self.of(gram(&bytes[group + at..], LONGEST_GRAM));
                bits &= !(u64::from(*there == 0) << at);
                left &= left - 1;
            }
            marks.groups.add(group as u32, bits);
        }
    }

    /// Whole vectors; returns where the rest begins.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    fn sift_avx512(&self, bytes: &[u8], marks: &mut Marks) -> usize {
        let whole = bytes.len().saturating_sub(LONGEST_GRAM - 1) / 64 * 64;
        // SAFETY: there are 64 bytes.
        let load = |bytes: &[u8]| unsafe { _mm512_loadu_si512(bytes[..64].as_ptr().cast()) };
        let (vectors, _) = bytes[..whole].as_chunks::<64>();
        let (classes, _) = marks.classes.as_chunks_mut::<64>();
        for (seen, classes) in vectors.iter().zip(classes) {
            ahead(seen);
            let seen = load(seen);
            let upper = _mm512_srli_epi16::<1>(seen);
            // The upper two bits of a class do not count.
            let class = _mm512_ternarylogic_epi32::<CHOOSE>(_mm512_set1_epi8(0x20), upper, seen);
            // SAFETY: there are 64 bytes.
            unsafe { _mm512_storeu_si512(classes.as_mut_ptr().cast(), class) };
        }
        let behind = marks.classes[whole..].iter_mut().take(LONGEST_GRAM - 1);
        for (byte, to) in bytes[whole..].iter().zip(behind) {
            *to = class(*byte);
        }
        let tables = self.tables.each_ref().map(|table| load(table));
        let (vectors, _) = marks.buckets[..whole].as_chunks_mut::<64>();
        let seen = marks.classes.windows(64 + LONGEST_GRAM - 1).step_by(64);
        // No jump depends on what is found: each wrong guess would cost more than a vector.
        for ((seen, to), at) in seen.zip(vectors).zip((0..).step_by(64)) {
            let mut common = _mm512_set1_epi8(-1);
            for (place, table) in tables.iter().enumerate() {
                let there = _mm512_permutexvar_epi8(load(&seen[place..]), *table);
                common = _mm512_and_si512(common, there);
            }
            // SAFETY: `to` has 64 bytes.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), common) };
            let bits = _mm512_test_epi8_mask(common, common);
            marks.groups.add(at, bits);
        }
        whole
    }

    /// Whole vectors; returns where the rest begins.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn sift_avx2(&self, bytes: &[u8], marks: &mut Marks) -> usize {
        // SAFETY: there are 16 bytes.
        let load =
            |half: &[u8; 16]| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(half.as_ptr().cast())) };
        let tables = self.halves.each_ref().map(|(low, high)| (load(low), load(high)));
        let whole = bytes.len().saturating_sub(LONGEST_GRAM - 1) / 64 * 64;
        marks.split(bytes, whole);
        let (vectors, _) = marks.buckets[..whole].as_chunks_mut::<32>();
        let windows = |halves| <[u8]>::windows(halves, 32 + LONGEST_GRAM - 1).step_by(32);
        let seen = windows(&marks.classes).zip(windows(&marks.upper));
        let mut bits = 0;
        for (((low, high), to), at) in seen.zip(vectors).zip((0..).step_by(32)) {
            let mut common = _mm256_set1_epi8(-1);
            for (place, tables) in tables.iter().enumerate() {
                // SAFETY: each has 32 bytes from `place` on, since `place` is at most 7.
                let there = |half: &[u8]| unsafe { _mm256_loadu_si256(half.as_ptr().add(place).cast()) };
                common = _mm256_and_si256(common, _mm256_shuffle_epi8(tables.0, there(low)));
                common = _mm256_and_si256(common, _mm256_shuffle_epi8(tables.1, there(high)));
            }
            // SAFETY: `to` has 32 bytes.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), common) };
            let none = _mm256_movemask_epi8(_mm256_cmpeq_epi8(common, _mm256_setzero_si256()));
            bits |= u64::from(!none as u32) << (at % 64);
            if at % 64 == 32 {
                marks.groups.add(at - 32, bits);
                bits = 0;
            }
        }
        whole
    }
}

/// The buckets by the lower and by the upper half of a byte, as far as it has 7 bits.
#[cfg(target_arch = "x86_64")]
fn halves(table: &[u8; CLASSES]) -> ([u8; 16], [u8; 16]) {
    let mut halves = ([0; 16], [0; 16]);
    for byte in 0..128 {
        let buckets = table[usize::from(class(byte))];
        halves.0[usize::from(byte & 15)] |= buckets;
        halves.1[usize::from(byte >> 4)] |= buckets;
    }
    halves
}

/// The table that tells of a byte what its halves tell, for units that can look up 16 values only.
#[cfg(target_arch = "x86_64")]
fn joined(table: &[u8; CLASSES]) -> [u8; CLASSES] {
    let (low, high) = halves(table);
    std::array::from_fn(|class| {
        let byte = (class & 0x20) << 1 | 0x20 | class & 0x1F;
        low[byte & 15] & high[byte >> 4]
    })
}
