//! Gate literals of similar length, looked for by their grams.
//!
//! In: literals that are at least as long as the lane asks. Out: candidates, which are every place in a
//! haystack where one of the literals stands, ASCII case aside, and some more.
//!
//! A lane that samples looks at few places:
//!
//! ```text
//! literal          c o n n e c t i o n   r e f u s e d        15 bytes or more: stride 8
//! its 8 grams      connecti
//!                   onnectio
//!                    nnection ... n refuse
//! haystack    ...|.......|.......|.......|.......|...         only these offsets are looked at
//! ```
//!
//! Of a window of `stride + gram - 1` bytes it knows all `stride` grams. Wherever the window
//! stands, exactly one of them begins at an offset that is a multiple of the stride. So
//! each place is found once. A lane that looks everywhere is the same with a stride of 1.

use std::ops::Range;

use super::kernel::{BATCH, Everywhere, Kernel, LONGEST_GRAM, Passed, Sampled, Sieve, TOLD, gram, hash};
use super::rarity;

/// Bits of the second table for each gram, before rounding up.
const FAR_BITS: usize = 64;

/// Slots of the third table for each gram, before rounding up.
const SLOTS: usize = 2;

/// Stands in an empty slot; no folded gram of UTF-8 text is all ones.
const EMPTY: u64 = u64::MAX;

/// A gram of a literal.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Number of the literal.
    literal: u32,
    /// Where the gram begins in it.
    at: u32,
}

/// Literals that are looked for in one way.
#[derive(Debug)]
pub(super) struct Lane {
    kernel: Kernel,
    stride: usize,
    /// Length of a gram in bytes.
    length: usize,
    sieve: Sieve,
    /// For what passes the sieve: bits by another part of the hash.
    far: Vec<u64>,
    /// For what passes that: folded grams by hash, each with its share of `parts`.
    slots: Vec<(u64, Range<u32>)>,
    parts: Vec<Part>,
}

impl Lane {
    /// A lane that samples, for `literals` with their numbers, none shorter than the stride.
    pub(super) fn sampled(kernel: Kernel, stride: usize, literals: &[(u32, &[u8])]) -> Lane {
        let length = (shortest(literals) + 1)
            .saturating_sub(stride)
            .clamp(1, LONGEST_GRAM);
        let entries = entries(literals, stride, length);
        let sieve = Sampled::new(stride, length, entries.iter().map(|(gram, _)| *gram));
        Lane::new(kernel, stride, length, Sieve::Sampled(sieve), &entries)
    }

    /// A lane that looks everywhere, and the share of places in ordinary logs that it has to look up.
    pub(super) fn everywhere(kernel: Kernel, literals: &[(u32, &[u8])]) -> (Lane, f64) {
        let length = shortest(literals).clamp(1, TOLD);
        let entries = entries(literals, 1, length);
        let (sieve, share) = Everywhere::new(kernel, length, entries.iter().map(|(gram, _)| *gram));
        (
            Lane::new(kernel, 1, length, Sieve::Everywhere(sieve), &entries),
            share,
        )
    }

    fn new(kernel: Kernel, stride: usize, length: usize, sieve: Sieve, entries: &[(u64, Part)]) -> Lane {
        let slots = (entries.len() * SLOTS).next_power_of_two();
        let mut lane = Lane {
            kernel,
            stride,
            length,
            sieve,
            far: vec![0; (entries.len() * FAR_BITS / 64).next_power_of_two()],
            slots: vec![(EMPTY, 0..0); slots],
            parts: entries.iter().map(|(_, part)| *part).collect(),
        };
        let mut from = 0;
        for same in entries.chunk_by(|a, b| a.0 == b.0) {
            let to = from + same.len();
            lane.insert(same[0].0, from as u32..to as u32);
            from = to;
        }
        lane
    }

    fn insert(&mut self, gram: u64, parts: Range<u32>) {
        let (word, bit) = self.far_place(gram);
        self.far[word] |= 1 << bit;
        let mut slot = self.slot(gram);
        while self.slots[slot].0 != EMPTY {
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot] = (gram, parts);
    }

    /// Calls `candidate` with the number of a literal and the place where it would begin, for all
    /// samples in `part` of the haystack. `part` begins at a multiple of 8.
    pub(super) fn find(
        &self,
        haystack: &[u8],
        part: Range<usize>,
        passed: &mut Passed,
        mut candidate: impl FnMut(u32, usize),
    ) {
        for from in part.clone().step_by(BATCH * self.stride) {
            let to = (from + BATCH * self.stride).min(part.end);
            // The sample that begins last may end behind the part.
            let seen = &haystack[from..(to + LONGEST_GRAM - 1).min(haystack.len())];
            let count = self.sieve.sift(self.kernel, seen, passed);
            for offset in &passed[..count] {
                self.look_up(haystack, from + *offset as usize, &mut candidate);
            }
            // At the haystack's end fewer than 8 bytes are left.
            let sifted = seen.len().saturating_sub(LONGEST_GRAM - 1);
            for at in (from + sifted.next_multiple_of(self.stride)..to).step_by(self.stride) {
                self.look_up(haystack, at, &mut candidate);
            }
        }
    }

    /// The literals that have the gram at `at`.
    #[inline]
    fn look_up(&self, haystack: &[u8], at: usize, candidate: &mut impl FnMut(u32, usize)) {
        let gram = gram(&haystack[at..], self.length);
        let (word, bit) = self.far_place(gram);
        if self.far[word] >> bit & 1 == 0 {
            return;
        }
        let mut slot = self.slot(gram);
        while self.slots[slot].0 != gram {
            if self.slots[slot].0 == EMPTY {
                return;
            }
            slot = (slot + 1) % self.slots.len();
        }
        let parts = &self.slots[slot].1;
        for part in &self.parts[parts.start as usize..parts.end as usize] {
            if let Some(start) = at.checked_sub(part.at as usize) {
                candidate(part.literal, start);
            }
        }
    }

    #[inline]
    fn far_place(&self, gram: u64) -> (usize, u64) {
        let hash = hash(gram) >> 12;
        (hash as usize >> 6 & (self.far.len() - 1), hash & 63)
    }

    #[inline]
    fn slot(&self, gram: u64) -> usize {
        let mixed = (gram ^ gram >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        (mixed >> 32) as usize & (self.slots.len() - 1)
    }
}

fn shortest(literals: &[(u32, &[u8])]) -> usize {
    literals
        .iter()
        .map(|(_, literal)| literal.len())
        .min()
        .unwrap_or(0)
}

/// All grams that a lane must know, each with its literal, in order.
fn entries(literals: &[(u32, &[u8])], stride: usize, length: usize) -> Vec<(u64, Part)> {
    let mut entries = Vec::with_capacity(literals.len() * stride);
    for (number, literal) in literals {
        let window = rarest_window(literal, stride, length);
        entries.extend((window..window + stride).map(|at| {
            let part = Part {
                literal: *number,
                at: at as u32,
            };
            (gram(&literal[at..at + length], length), part)
        }));
    }
    entries.sort_unstable_by_key(|(gram, part)| (*gram, part.literal, part.at));
    entries
}

/// Where the window of `literal` begins whose grams are rarest in ordinary logs.
fn rarest_window(literal: &[u8], stride: usize, length: usize) -> usize {
    let frequencies: Vec<f64> = literal.windows(length).map(rarity::frequency).collect();
    let noise = frequencies.windows(stride).map(|grams| grams.iter().sum::<f64>());
    let rarest = noise.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
    rarest.map_or(0, |(window, _)| window)
}
