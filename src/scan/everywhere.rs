//! A few gate literals, looked for at every place.
//!
//! In: literals of any length. Out: candidates, which are every place in a haystack where one of the literals
//! stands, ASCII case aside, and some more.
//!
//! Of each literal one gram is looked for, of up to 8 bytes, the one that is rarest in ordinary logs. The
//! grams of a lane are divided into 8 buckets so that few places look like any bucket's grams.

use std::collections::BTreeSet;
use std::ops::Range;

use super::grams::{GramSet, LONGEST_GRAM, gram, mask};
use super::kernel::{BATCH, Buckets, CLASSES, Kernel, Marks, class};
use super::rarity;

/// Grams that a lane takes at most.
const GRAMS: usize = 256;

/// What a place that passes costs, in passes of a lane over a place.
const PASSED_COST: f64 = 240.0;

/// Most lanes.
const MOST_LANES: usize = 6;

/// Buckets of a lane.
const BUCKETS: usize = 8;

/// How often each entry may move to a better bucket before it is clear what another lane would bring. The first rounds bring most.
const FIRST_ROUNDS: usize = 2;

/// How often when it is.
const ROUNDS: usize = 4;

/// A gram of a literal.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Folded.
    gram: u64,
    /// Its bytes, which are fewer in short literals.
    mask: u64,
    /// Number of the literal.
    literal: u32,
    /// Where the gram begins in it.
    at: u32,
}

/// Literals that are looked for in one pass.
#[derive(Debug)]
pub(super) struct EverywhereLane {
    kernel: Kernel,
    sieve: Buckets,
    buckets: Box<[Bucket; BUCKETS]>,
}

/// Grams that are looked for together.
#[derive(Debug)]
struct Bucket {
    known: GramSet,
    /// The masks of its grams, each once.
    masks: Vec<u64>,
    entries: Vec<Entry>,
}

/// As few lanes as are worth it for `literals` with their numbers.
pub(super) fn lanes(kernel: Kernel, literals: &[(u32, &[u8])]) -> Vec<EverywhereLane> {
    let mut entries: Vec<Entry> = literals
        .iter()
        .map(|(number, literal)| entry(*number, literal))
        .collect();
    // Short grams claim buckets first, since they make a bad company for others.
    entries.sort_by_key(|entry| (entry.mask, entry.gram, entry.literal));
    let frequencies = frequencies();
    let entries: Vec<(Entry, Asked)> = entries
        .into_iter()
        .map(|entry| (entry, asked(&entry, &frequencies)))
        .collect();
    let fewest = entries.len().div_ceil(GRAMS).min(MOST_LANES);
    let mut division = Division::new(&entries, fewest);
    for lanes in fewest + 1..=MOST_LANES {
        if division.cost() < 1.0 {
            break;
        }
        let more = Division::new(&entries, lanes);
        if division.cost() - more.cost() < 1.0 {
            break;
        }
        division = more;
    }
    division.improve(ROUNDS);
    let mut divided = division.divided;
    let mut lanes = Vec::new();
    while divided.len() >= BUCKETS {
        let buckets: [Vec<Entry>; BUCKETS] = std::array::from_fn(|_| {
            let bucket = divided.pop().unwrap_or_default();
            bucket.into_iter().map(|number| entries[number].0).collect()
        });
        lanes.push(EverywhereLane::new(kernel, buckets));
    }
    lanes
}

/// The rarest gram of a literal.
fn entry(number: u32, literal: &[u8]) -> Entry {
    let length = literal.len().min(LONGEST_GRAM);
    let frequencies = rarity::frequencies(literal, length).enumerate();
    let at = frequencies
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or(0, |(at, _)| at);
    Entry {
        gram: gram(&literal[at..], length),
        mask: mask(length),
        literal: number,
        at: at as u32,
    }
}

/// How frequent each class is in ordinary logs.
type Frequencies = [f64; CLASSES];

fn frequencies() -> Frequencies {
    let bytes = (0..CLASSES as u8).map(|class| (class & 0x20) << 1 | 0x20 | class & 0x1F);
    let mut frequencies = [0.0; CLASSES];
    for byte in bytes {
        frequencies[usize::from(class(byte))] = rarity::folded(byte);
    }
    frequencies
}

/// What an entry asks of each place in a gram: the class, as a bit, and how frequent it is; all bits where nothing is asked.
type Asked = [(u64, f64); LONGEST_GRAM];

fn asked(entry: &Entry, frequencies: &Frequencies) -> Asked {
    let (gram, mask) = (entry.gram.to_le_bytes(), entry.mask.to_le_bytes());
    std::array::from_fn(|place| match class(gram[place]) {
        class if mask[place] != 0 => (1 << class, frequencies[usize::from(class)]),
        _ => (u64::MAX, 1.0),
    })
}

/// What stands in a bucket: for each place in a gram the classes, and how frequent they are.
#[derive(Clone, Copy)]
struct Taken([(u64, f64); LONGEST_GRAM]);

impl Taken {
    const NOTHING: Taken = Taken([(0, 0.0); LONGEST_GRAM]);

    /// How frequent the classes at a place are with those of an entry. It goes without jumps, since there are many.
    #[inline]
    fn sum((classes, sum): (u64, f64), (asked, frequency): (u64, f64)) -> f64 {
        let is_new = u64::from(asked & !classes != 0);
        let sum = sum + f64::from_bits(frequency.to_bits() & is_new.wrapping_neg());
        if sum < 1.0 { sum } else { 1.0 }
    }

    /// The share of places in ordinary logs that look like one of the bucket's grams, if an entry is added.
    #[inline]
    fn share_with(&self, asked: &Asked) -> f64 {
        let [a, b, c, d, e, f, g, h]: [f64; LONGEST_GRAM] =
            std::array::from_fn(|place| Taken::sum(self.0[place], asked[place]));
        // In pairs, since a product waits for its factors.
        let product = ((a * b) * (c * d)) * ((e * f) * (g * h));
        // Letters in words depend on each other, so that grams are more frequent than their bytes say: to the
        // power of 3/4 the estimates are closer.
        product.sqrt() * product.sqrt().sqrt()
    }

    fn add(&mut self, asked: &Asked) {
        for (place, asked) in self.0.iter_mut().zip(asked) {
            *place = (place.0 | asked.0, Taken::sum(*place, *asked));
        }
    }
}

/// Entries in buckets, and for each bucket what stands in it and the share of places that pass.
struct Division<'e> {
    entries: &'e [(Entry, Asked)],
    taken: Vec<(Taken, f64)>,
    /// Numbers of entries.
    divided: Vec<Vec<usize>>,
}

impl<'e> Division<'e> {
    /// Divides the entries into the buckets of so many lanes.
    fn new(entries: &'e [(Entry, Asked)], lanes: usize) -> Division<'e> {
        let mut division = Division {
            entries,
            taken: vec![(Taken::NOTHING, 0.0); lanes * BUCKETS],
            divided: vec![Vec::new(); lanes * BUCKETS],
        };
        for number in 0..entries.len() {
            division.insert(number);
        }
        division.improve(FIRST_ROUNDS);
        division
    }

    /// The cost of what passes.
    fn cost(&self) -> f64 {
        self.taken.iter().map(|(_, share)| share).sum::<f64>() * PASSED_COST
    }

    /// Puts an entry into the bucket that lets the fewest more places pass, and tells which.
    fn insert(&mut self, number: usize) -> usize {
        let asked = &self.entries[number].1;
        let (mut best, mut least) = (0, f64::INFINITY);
        for (bucket, (taken, share)) in self.taken.iter().enumerate() {
            let more = taken.share_with(asked) - share;
            if more < least {
                (best, least) = (bucket, more);
            }
        }
        let (taken, share) = &mut self.taken[best];
        taken.add(asked);
        *share += least;
        self.divided[best].push(number);
        best
    }

    /// What a bucket with these entries would be.
    fn made_of(&self, numbers: &[usize]) -> (Taken, f64) {
        let mut taken = Taken::NOTHING;
        let Some((last, others)) = numbers.split_last() else {
            return (taken, 0.0);
        };
        others
            .iter()
            .for_each(|number| taken.add(&self.entries[*number].1));
        let share = taken.share_with(&self.entries[*last].1);
        taken.add(&self.entries[*last].1);
        (taken, share)
    }

    /// Lets each entry choose its bucket again, since the first ones did not know who would come; so many times, or until
    /// none moves.
    fn improve(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let mut moved = false;
            for bucket in 0..self.divided.len() {
                for _ in 0..self.divided[bucket].len() {
                    let number = self.divided[bucket].remove(0);
                    self.taken[bucket] = self.made_of(&self.divided[bucket]);
                    moved |= self.insert(number) != bucket;
                }
            }
            if !moved {
                break;
            }
        }
    }
}

impl EverywhereLane {
    fn new(kernel: Kernel, buckets: [Vec<Entry>; BUCKETS]) -> EverywhereLane {
        let in_bucket = |(number, bucket)| -> Vec<(u64, u64, usize)> {
            let bucket: &Vec<Entry> = bucket;
            bucket
                .iter()
                .map(|entry| (entry.gram, entry.mask, number))
                .collect()
        };
        EverywhereLane {
            kernel,
            sieve: Buckets::new(kernel, buckets.iter().enumerate().flat_map(in_bucket)),
            buckets: Box::new(buckets.map(Bucket::new)),
        }
    }

    /// Calls `candidate` with the number of a literal and the place where it would begin, for all
    /// grams that begin in `part` of the haystack.
    pub(super) fn find(
        &self,
        haystack: &[u8],
        part: Range<usize>,
        marks: &mut Marks,
        mut candidate: impl FnMut(u32, usize),
    ) {
        for from in part.clone().step_by(BATCH) {
            let to = (from + BATCH).min(part.end);
            // The gram that begins last may end behind the part.
            let seen = &haystack[from..(to + LONGEST_GRAM - 1).min(haystack.len())];
            self.sieve.sift(self.kernel, seen, marks);
            marks.each(|place, buckets| self.look_up(haystack, from + place, buckets, &mut candidate));
            // At the haystack's end fewer than 8 bytes are left.
            let sifted = seen.len().saturating_sub(LONGEST_GRAM - 1);
            for at in from + sifted..to {
                let buckets = self.sieve.of(gram(&haystack[at..], LONGEST_GRAM));
                self.look_up(haystack, at, buckets, &mut candidate);
            }
        }
    }

    /// The literals of some buckets that have a gram at `at`.
    #[inline]
    fn look_up(&self, haystack: &[u8], at: usize, buckets: u8, candidate: &mut impl FnMut(u32, usize)) {
        let there = gram(&haystack[at..], LONGEST_GRAM);
        let mut left = buckets;
        while left != 0 {
            let bucket = &self.buckets[left.trailing_zeros() as usize % BUCKETS];
            if bucket.masks.iter().any(|mask| bucket.known.has(there & mask)) {
                for entry in &bucket.entries {
                    if there & entry.mask == entry.gram
                        && let Some(start) = at.checked_sub(entry.at as usize)
                    {
                        candidate(entry.literal, start);
                    }
                }
            }
            left &= left - 1;
        }
    }
}

impl Bucket {
    fn new(entries: Vec<Entry>) -> Bucket {
        let grams: Vec<u64> = entries.iter().map(|entry| entry.gram).collect();
        let masks: BTreeSet<u64> = entries.iter().map(|entry| entry.mask).collect();
        Bucket {
            known: GramSet::new(grams.into_iter()),
            masks: masks.into_iter().collect(),
            entries,
        }
    }
}
