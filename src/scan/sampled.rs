//! Many gate literals, looked for at few places.
//!
//! In: literals that are at least as long as the lane asks. Out: candidates, which are every place in a
//! haystack where one of the literals stands, ASCII case aside, and some more.
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
//! each place is found once.

use std::ops::Range;

use super::grams::{GramSet, LONGEST_GRAM, gram, keep, mixed};
use super::kernel::{BATCH, Hashes, Kernel, Passed};
use super::rarity;

/// Slots of the table for each gram, before rounding up.
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
    /// Where another gram of it begins.
    other_at: u32,
    /// That gram, folded.
    other: u64,
    /// The number of another part with the same gram; [`NONE`] for the last.
    next: u32,
}

const NONE: u32 = u32::MAX;

/// Literals that are looked for by samples.
#[derive(Debug)]
pub(super) struct SampledLane {
    kernel: Kernel,
    stride: usize,
    /// Length of a gram in bytes.
    length: usize,
    /// Length of the other gram in bytes.
    other_length: usize,
    sieve: Hashes,
    /// For what passes the sieve.
    known: GramSet,
    /// For what passes that: folded grams by hash, each with the number of its first part.
    slots: Vec<(u64, u32)>,
    parts: Vec<Part>,
}

impl SampledLane {
    /// A lane for `literals` with their numbers, none shorter than the stride.
    pub(super) fn new(kernel: Kernel, stride: usize, literals: &[(u32, &[u8])]) -> SampledLane {
        let shortest = literals
            .iter()
            .map(|(_, literal)| literal.len())
            .min()
            .unwrap_or(0);
        let length = (shortest + 1).saturating_sub(stride).clamp(1, LONGEST_GRAM);
        let other_length = shortest.clamp(1, LONGEST_GRAM);
        let (grams, parts) = grams(literals, stride, length, other_length);
        let mut lane = SampledLane {
            kernel,
            stride,
            length,
            other_length,
            sieve: Hashes::new(stride, length, grams.iter().copied()),
            known: GramSet::new(grams.iter().copied()),
            slots: vec![(EMPTY, NONE); (grams.len() * SLOTS).next_power_of_two()],
            parts,
        };
        for (gram, part) in grams.into_iter().zip(0..) {
            lane.insert(gram, part);
        }
        lane
    }

    fn insert(&mut self, gram: u64, part: u32) {
        let mut slot = self.slot(gram);
        while self.slots[slot].0 != EMPTY && self.slots[slot].0 != gram {
            slot = (slot + 1) % self.slots.len();
        }
        let (known, first) = &mut self.slots[slot];
        *known = gram;
        self.parts[part as usize].next = std::mem::replace(first, part);
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
            let kept = keep(&mut passed[..count], |place| {
                self.known.has(gram(&seen[place..], self.length))
            });
            for offset in &passed[..kept] {
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
        let there = gram(&haystack[at..], self.length);
        let mut slot = self.slot(there);
        while self.slots[slot].0 != there {
            if self.slots[slot].0 == EMPTY {
                return;
            }
            slot = (slot + 1) % self.slots.len();
        }
        let mut next = self.slots[slot].1;
        while let Some(part) = self.parts.get(next as usize) {
            next = part.next;
            if let Some(start) = at.checked_sub(part.at as usize)
                && let Some(other) = haystack.get(start + part.other_at as usize..)
                && gram(other, self.other_length) == part.other
            {
                candidate(part.literal, start);
            }
        }
    }

    #[inline]
    fn slot(&self, gram: u64) -> usize {
        (mixed(gram) >> 40) as usize & (self.slots.len() - 1)
    }
}

/// All grams that a lane must know, and whose they are.
fn grams(
    literals: &[(u32, &[u8])],
    stride: usize,
    length: usize,
    other_length: usize,
) -> (Vec<u64>, Vec<Part>) {
    let parts = literals.iter().flat_map(|(number, literal)| {
        let window = rarest_window(literal, stride, length);
        (window..window + stride).map(move |at| {
            // As far from the gram as it can be.
            let last = literal.len() - other_length;
            let other_at = if at > last / 2 { 0 } else { last };
            let part = Part {
                literal: *number,
                at: at as u32,
                other_at: other_at as u32,
                other: gram(&literal[other_at..], other_length),
                next: NONE,
            };
            (gram(&literal[at..], length), part)
        })
    });
    parts.unzip()
}

/// Where the window of `literal` begins whose grams are rarest in ordinary logs.
fn rarest_window(literal: &[u8], stride: usize, length: usize) -> usize {
    let frequencies: Vec<f64> = rarity::frequencies(literal, length).collect();
    let noise = frequencies.windows(stride).map(|grams| grams.iter().sum::<f64>());
    let rarest = noise.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
    rarest.map_or(0, |(window, _)| window)
}
