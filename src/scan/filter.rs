//! One pass over raw bytes for all gate literals at once.
//!
//! In: [`Wanted`] literals. Out, for a haystack: every place where a literal begins, with the
//! probe that asked for it, unless something lacks that must be there too. ASCII letters are compared without
//! case, so that one gate serves case-insensitive patterns too; the exact comparison comes later.
//!
//! Literals are sorted by length into [`Lane`]s: the longer they are, the fewer bytes must be
//! looked at. Each lane names candidates; here the literal itself is compared.

use std::collections::BTreeMap;

use super::beside::{Rest, line_at};
use super::gate::Beside;
use super::kernel::{Kernel, Passed};
use super::lane::Lane;

/// Something that is looked for; what the number means is the caller's business.
pub type ProbeId = u32;

/// Literals of this many bytes and more are always sampled, with this stride.
const LONG: (usize, usize) = (15, 8);

/// Shorter ones are looked for everywhere where that is fast, in groups from these
/// lengths on, in bytes.
const SHORT: [usize; 3] = [7, 4, 1];

/// Where there are too many of them, or no vector unit, they are sampled too: lengths from which on
/// the stride may be used. What a literal has beside the stride is its gram.
const SAMPLED: [(usize, usize); 4] = [(11, 4), (7, 4), (5, 2), (1, 1)];

/// Largest share of places in ordinary logs that a lane should have to look up.
const MOST_LOOKED_UP: f64 = 1.0 / 32.0;

/// Most lanes that a group of short literals is divided into to stay below that.
const MOST_PARTS: usize = 4;

/// Bytes that all lanes look at before they go on: what fits in a first-level cache.
pub const PIECE: usize = 32 * 1024;

/// A literal to look for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The literal.
    pub literal: String,
    /// What else must be there.
    pub beside: Beside,
    /// Who asks.
    pub probe: ProbeId,
}

impl Wanted {
    /// A literal that is enough by itself.
    pub fn alone(literal: String, probe: ProbeId) -> Wanted {
        Wanted {
            literal,
            beside: Beside::default(),
            probe,
        }
    }
}

/// All gate literals, compiled.
#[derive(Debug)]
pub struct Filter {
    /// In lower case.
    literals: Vec<Vec<u8>>,
    /// The probes of each literal.
    probes: Vec<Vec<(ProbeId, Rest)>>,
    lanes: Vec<Lane>,
}

impl Filter {
    /// Compiles the literals. The same literal may stand for many probes. Empty ones stand nowhere.
    pub fn new(gates: impl IntoIterator<Item = Wanted>) -> Filter {
        let fastest = Kernel::available().pop().unwrap_or(Kernel::Plain);
        Filter::with_kernel(fastest, gates)
    }

    fn with_kernel(kernel: Kernel, gates: impl IntoIterator<Item = Wanted>) -> Filter {
        let mut by_literal: BTreeMap<Vec<u8>, Vec<(ProbeId, Rest)>> = BTreeMap::new();
        for wanted in gates {
            if wanted.literal.is_empty() {
                continue;
            }
            let literal = wanted.literal.to_ascii_lowercase().into_bytes();
            let probes = by_literal.entry(literal).or_default();
            let probe = (wanted.probe, Rest::new(&wanted.literal, &wanted.beside));
            if !probes.contains(&probe) {
                probes.push(probe);
            }
        }
        let (literals, probes): (Vec<_>, Vec<_>) = by_literal.into_iter().unzip();
        Filter {
            lanes: lanes(kernel, &literals),
            literals,
            probes,
        }
    }

    /// Length of the longest literal in bytes.
    pub fn longest(&self) -> usize {
        self.literals.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Calls `hit` with the offset and the probe of every literal in `haystack`, in no particular order.
    pub fn find(&self, haystack: &[u8], mut hit: impl FnMut(usize, ProbeId)) {
        let mut search = self.search(haystack);
        while search.go_on(&mut hit).is_some() {}
    }

    /// Tells who asked for the literal that stands at `place`, unless the line lacks the rest.
    fn tell(&self, number: u32, haystack: &[u8], place: usize, hit: &mut impl FnMut(usize, ProbeId)) {
        let mut line = None;
        for (probe, rest) in &self.probes[number as usize] {
            let mut is_on_line = || {
                let line = line.get_or_insert_with(|| line_at(haystack, place));
                line.is_none_or(|line| rest.stands_in(line))
            };
            if rest.is_written(&haystack[place..]) && (rest.is_anywhere() || is_on_line()) {
                hit(place, *probe);
            }
        }
    }

    /// The same piece by piece, for those who have more to do with bytes that are in the cache.
    pub fn search<'a, 'h>(&'a self, haystack: &'h [u8]) -> Search<'a, 'h> {
        Search {
            filter: self,
            haystack,
            at: 0,
            passed: Box::new([0; _]),
        }
    }
}

/// A search that stands between two pieces.
#[derive(Debug)]
pub struct Search<'a, 'h> {
    filter: &'a Filter,
    haystack: &'h [u8],
    /// Where the next piece begins.
    at: usize,
    passed: Box<Passed>,
}

impl<'h> Search<'_, 'h> {
    /// Looks through the next [`PIECE`] bytes and gives them back. A literal at the edge is told of with
    /// the piece before or behind it, but once.
    pub fn go_on(&mut self, mut hit: impl FnMut(usize, ProbeId)) -> Option<&'h [u8]> {
        let piece = self.at..(self.at + PIECE).min(self.haystack.len());
        if piece.is_empty() {
            return None;
        }
        self.at = piece.end;
        for lane in &self.filter.lanes {
            lane.find(self.haystack, piece.clone(), &mut self.passed, |number, place| {
                let literal = &self.filter.literals[number as usize];
                let there = self.haystack.get(place..place + literal.len());
                if there.is_some_and(|there| there.eq_ignore_ascii_case(literal)) {
                    self.filter.tell(number, self.haystack, place, &mut hit);
                }
            });
        }
        Some(&self.haystack[piece])
    }
}

/// Literals with their numbers.
type Numbered<'a> = Vec<(u32, &'a [u8])>;

/// Sorts the literals into lanes.
fn lanes(kernel: Kernel, literals: &[Vec<u8>]) -> Vec<Lane> {
    let numbered = (0..).zip(literals.iter().map(Vec::as_slice));
    let (long, mut short): (Numbered<'_>, Numbered<'_>) =
        numbered.partition(|(_, literal)| literal.len() >= LONG.0);
    let mut lanes = Vec::new();
    if !long.is_empty() {
        lanes.push(Lane::sampled(kernel, LONG.1, &long));
    }
    for from in SHORT {
        let group;
        (group, short) = short.into_iter().partition(|(_, literal)| literal.len() >= from);
        lanes.extend(everywhere(kernel, &group).unwrap_or_else(|| sampled(kernel, group)));
    }
    lanes
}

/// Lanes that look everywhere, if that is fast.
fn everywhere(kernel: Kernel, literals: &Numbered<'_>) -> Option<Vec<Lane>> {
    // Plain Rust samples faster than it looks everywhere, but not with the shortest strides.
    if kernel == Kernel::Plain && literals.iter().all(|(_, literal)| literal.len() >= SHORT[0]) {
        return None;
    }
    (1..=MOST_PARTS).find_map(|parts| {
        let size = literals.len().div_ceil(parts).max(1);
        let lanes = literals.chunks(size).map(|part| Lane::everywhere(kernel, part));
        let (lanes, shares): (Vec<Lane>, Vec<f64>) = lanes.unzip();
        (shares.iter().sum::<f64>() <= MOST_LOOKED_UP).then_some(lanes)
    })
}

/// Lanes that sample.
fn sampled(kernel: Kernel, mut literals: Numbered<'_>) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for (from, stride) in SAMPLED {
        let group;
        (group, literals) = literals
            .into_iter()
            .partition(|(_, literal)| literal.len() >= from);
        if !group.is_empty() {
            lanes.push(Lane::sampled(kernel, stride, &group));
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn found(filter: &Filter, haystack: &[u8]) -> Vec<(usize, ProbeId)> {
        let mut found = Vec::new();
        filter.find(haystack, |place, probe| found.push((place, probe)));
        found.sort_unstable();
        found
    }

    /// Every literal compared at every place.
    fn expected(literals: &[String], haystack: &[u8]) -> Vec<(usize, ProbeId)> {
        let mut expected = Vec::new();
        for (probe, literal) in literals.iter().enumerate() {
            for (place, there) in haystack.windows(literal.len()).enumerate() {
                if there.eq_ignore_ascii_case(literal.as_bytes()) {
                    expected.push((place, probe as ProbeId));
                }
            }
        }
        expected.sort_unstable();
        expected
    }

    fn wanted((literal, probe): (impl AsRef<str>, ProbeId)) -> Wanted {
        Wanted::alone(literal.as_ref().to_owned(), probe)
    }

    /// A filter for each kernel that runs here.
    fn filters(literals: &[String]) -> Vec<Filter> {
        let filter = |kernel| Filter::with_kernel(kernel, literals.iter().zip(0..).map(wanted));
        Kernel::available().into_iter().map(filter).collect()
    }

    /// Texts of few letters stand in each other often.
    fn literals() -> impl Strategy<Value = Vec<String>> {
        vec(prop_oneof!["[a-cA-C ]{1,30}", "[ -~]{1,40}"], 1..40)
    }

    /// Writes `text` over the haystack, as far as it reaches; every second letter in capitals if asked.
    fn plant(haystack: &mut [u8], text: &str, place: usize, capitals: bool) {
        for (at, byte) in text.bytes().enumerate() {
            if let Some(there) = haystack.get_mut(place + at) {
                *there = if capitals && at % 2 == 0 {
                    byte.to_ascii_uppercase()
                } else {
                    byte
                };
            }
        }
    }

    proptest! {
        #[test]
        fn finds_each_literal_at_each_place_once_and_nothing_else(
            literals in literals(),
            mut haystack in vec(prop_oneof![Just(b'a'), Just(b'B'), Just(b'c'), any::<u8>()], 0..400),
            plants in vec((any::<prop::sample::Index>(), 0..400usize, any::<bool>()), 0..20),
        ) {
            for (which, place, capitals) in plants {
                plant(&mut haystack, which.get(literals.as_slice()).as_str(), place, capitals);
            }
            for filter in filters(&literals) {
                prop_assert_eq!(found(&filter, &haystack), expected(&literals, &haystack));
            }
        }

        #[test]
        fn finds_a_literal_at_every_alignment_and_at_both_ends(literal in "[ -~]{1,40}", noise in any::<u8>()) {
            let literals = [literal.clone()];
            let filters = filters(&literals);
            for before in 0..20 {
                for behind in [0, 1, 2, 5, 9, 80] {
                    let mut haystack = vec![noise; before];
                    haystack.extend(literal.bytes());
                    haystack.extend(vec![noise; behind]);
                    for filter in &filters {
                        prop_assert!(found(filter, &haystack).contains(&(before, 0)));
                    }
                }
            }
        }

        #[test]
        fn the_result_does_not_depend_on_how_the_haystack_is_cut(
            literals in literals(),
            mut haystack in vec(any::<u8>(), 100..1000),
            plants in vec((any::<prop::sample::Index>(), 0..1000usize, any::<bool>()), 0..40),
            part in 1..200usize,
        ) {
            for (which, place, capitals) in plants {
                plant(&mut haystack, which.get(literals.as_slice()).as_str(), place, capitals);
            }
            let filter = Filter::new(literals.iter().zip(0..).map(wanted));
            let mut in_parts = Vec::new();
            for from in (0..haystack.len()).step_by(part) {
                let seen = &haystack[from..(from + part + filter.longest() - 1).min(haystack.len())];
                let own = found(&filter, seen).into_iter().filter(|(place, _)| *place < part);
                in_parts.extend(own.map(|(place, probe)| (from + place, probe)));
            }
            in_parts.sort_unstable();
            prop_assert_eq!(in_parts, found(&filter, &haystack));
        }
    }

    #[test]
    fn finds_literals_across_pieces_and_batches() {
        let literals = [
            "e",
            "abcd",
            "abcdef",
            "connected",
            "Connection reset",
            "connection refused by peer",
        ]
        .map(str::to_owned);
        let mut haystack = vec![b'.'; 3 * PIECE + 5];
        for at in (4096 - 30..haystack.len()).step_by(4096 - 1) {
            plant(
                &mut haystack,
                "Abcdefconnection refused by Peer connection reset",
                at,
                false,
            );
        }
        for filter in filters(&literals) {
            assert_eq!(found(&filter, &haystack), expected(&literals, &haystack));
        }
    }

    #[test]
    fn one_literal_may_stand_for_many_probes_and_none_for_no_bytes() {
        let filter = Filter::new([("refused", 7), ("REFUSED", 9), ("", 1)].map(wanted));
        assert_eq!(filter.longest(), 7);
        assert_eq!(found(&filter, b"is Refused"), [(3, 7), (3, 9)]);
        assert_eq!(found(&Filter::new([]), b"anything"), []);
    }

    #[test]
    fn a_line_that_lacks_the_rest_is_passed_over() {
        let beside = Beside {
            exact: false,
            sets: vec![vec!["refused".to_owned(), "timed out".to_owned()]],
        };
        let filter = Filter::new([Wanted {
            beside,
            ..wanted(("connect", 1))
        }]);
        // The first and the last line may go on beyond what is seen.
        let haystack = b"connect\nto connect\nconnect: Timed out\nrefused\nconnect\nconnect";
        assert_eq!(found(&filter, haystack), [(0, 1), (19, 1), (54, 1)]);
    }
}
