//! One pass over raw bytes for all gate literals at once.
//!
//! In: [`Wanted`] literals. Out, for a haystack: every place where a literal begins, with the
//! probe that asked for it, unless something lacks that must be there too. ASCII letters are compared without
//! case, so that one gate serves case-insensitive patterns too; the exact comparison comes later.
//!
//! Many long literals are [`sampled`](super::sampled), few or short ones are looked for
//! [`everywhere`]. Each such lane names candidates; here the literal itself is compared.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::beside::{Line, REACH, Rest};
use super::everywhere::{self, EverywhereLane};
use super::gate::{Beside, Text};
use super::kernel::{BATCH, Kernel, Marks, Passed};
use super::pattern::Pattern;
use super::sampled::SampledLane;

/// Something that is looked for; what the number means is the caller's business.
pub type ProbeId = u32;

/// Literals of this many bytes and more can be sampled with this stride.
const LONG: (usize, usize) = (15, 8);

/// Up to so many literals of any length are looked for everywhere: that is faster than sampling.
const FEW: usize = 192;

/// Shorter literals that are sampled too where looking everywhere is slow, or where more than twice [`FEW`] would be left
/// for it: with the shipped library it is 800, and the filter gets faster by half; with half of these it gains nothing. What a
/// literal has beside the stride is its gram. Still shorter ones are looked for everywhere.
const SHORTER: (usize, usize) = (9, 4);

/// The same where looking everywhere is slow and more than [`FEW`] would be left for it.
const SHORTEST: (usize, usize) = (7, 4);

/// Bytes that all lanes look at before they go on: what fits in a first-level cache.
pub const PIECE: usize = 16 * 1024;

/// A literal to look for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The literal.
    pub literal: Text,
    /// What else must be there.
    pub beside: Beside,
    /// Who asks.
    pub probe: ProbeId,
}

impl Wanted {
    /// A literal that is enough by itself.
    pub fn alone(literal: impl Into<Text>, probe: ProbeId) -> Wanted {
        Wanted {
            literal: literal.into(),
            beside: Beside::default(),
            probe,
        }
    }
}

/// All gate literals, compiled.
#[derive(Debug)]
pub struct Filter {
    literals: Vec<Literal>,
    /// Those of the literals, in lower case.
    letters: Vec<u8>,
    /// Who asks for them, literal by literal.
    probes: Vec<(ProbeId, Rest)>,
    lanes: Vec<Lane>,
}

/// A literal's share of what all of them have.
#[derive(Debug, Clone)]
struct Literal {
    letters: Range<usize>,
    probes: Range<usize>,
}

impl Filter {
    /// Compiles the literals. The same literal may stand for many probes. Empty ones stand nowhere.
    pub fn new(gates: impl IntoIterator<Item = Wanted>) -> Filter {
        Filter::with(Kernel::fastest(), FEW, gates)
    }

    /// The result depends on the gates alone: a kernel and what counts as few literals are a matter of speed.
    fn with(kernel: Kernel, few: usize, gates: impl IntoIterator<Item = Wanted>) -> Filter {
        let mut letters: Vec<u8> = Vec::new();
        let mut asked: Vec<(Range<usize>, ProbeId, Rest)> = Vec::new();
        // Literals of one gate share its pattern, so that it is compiled once.
        let mut patterns: HashMap<*const u8, Arc<Pattern>> = HashMap::new();
        for wanted in gates {
            if wanted.literal.is_empty() {
                continue;
            }
            let start = letters.len();
            letters.extend(wanted.literal.bytes().map(|letter| letter.to_ascii_lowercase()));
            let pattern = wanted.beside.pattern.as_ref().map(|text| {
                let shared = patterns.entry(text.as_ptr());
                Arc::clone(shared.or_insert_with(|| Arc::new(Pattern::raw(text))))
            });
            let rest = Rest::new(wanted.literal, wanted.beside, pattern);
            asked.push((start..letters.len(), wanted.probe, rest));
        }
        asked.sort_by(|(a, ..), (b, ..)| letters[a.clone()].cmp(&letters[b.clone()]));
        let mut literals: Vec<Literal> = Vec::with_capacity(asked.len());
        let mut probes: Vec<(ProbeId, Rest)> = Vec::with_capacity(asked.len());
        for (own, probe, rest) in asked {
            let probe = (probe, rest);
            match literals.last_mut() {
                Some(last) if letters[last.letters.clone()] == letters[own.clone()] => {
                    if !probes[last.probes.clone()].contains(&probe) {
                        probes.push(probe);
                        last.probes.end = probes.len();
                    }
                }
                _ => {
                    probes.push(probe);
                    literals.push(Literal {
                        letters: own,
                        probes: probes.len() - 1..probes.len(),
                    });
                }
            }
        }
        let all = literals.iter().map(|literal| &letters[literal.letters.clone()]);
        Filter {
            lanes: lanes(kernel, few, (0..).zip(all).collect()),
            literals,
            letters,
            probes,
        }
    }

    fn letters_of(&self, number: u32) -> &[u8] {
        &self.letters[self.literals[number as usize].letters.clone()]
    }

    fn probes_of(&self, number: u32) -> &[(ProbeId, Rest)] {
        &self.probes[self.literals[number as usize].probes.clone()]
    }

    /// What is looked for, in lower case.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        let letters = |literal: &Literal| &self.letters[literal.letters.clone()];
        self.literals.iter().map(letters)
    }

    /// Calls `found` with the number and the offset of every literal in `haystack` that is written as it should be, whatever else its
    /// line has or lacks, in no particular order.
    pub fn places(&self, haystack: &[u8], buffers: &mut Buffers, mut found: impl FnMut(u32, usize)) {
        let mut search = self.search(haystack, false, buffers);
        let is_written = |number: u32, place| {
            let mut probes = self.probes_of(number).iter();
            probes.any(|(_, rest)| rest.is_written((haystack, false), place))
        };
        while search
            .next_piece(|number, place| {
                if is_written(number, place) {
                    found(number, place);
                }
            })
            .is_some()
        {}
    }

    /// Whether somebody asked for one of the literals with these numbers, of [`places`](Self::places), in this whole line, which has
    /// them. More may be said to be wanted than [`search`](Self::search) tells.
    pub fn is_wanted(&self, numbers: impl IntoIterator<Item = u32>, line: &[u8]) -> bool {
        let whole = Line::new(line);
        let is_wanted = |number: u32| {
            let mut probes = self.probes_of(number).iter();
            probes.any(|(_, rest)| rest.is_anywhere() || rest.stands_in(&whole))
        };
        line.len() > REACH || numbers.into_iter().any(is_wanted)
    }

    /// Length of the longest literal in bytes.
    pub fn longest(&self) -> usize {
        self.literals().map(<[u8]>::len).max().unwrap_or(0)
    }

    /// Calls `hit` with the offset and the probe of every literal in `haystack`, in no particular order.
    pub fn find(&self, haystack: &[u8], buffers: &mut Buffers, mut hit: impl FnMut(usize, ProbeId)) {
        let mut search = self.search(haystack, true, buffers);
        while search.go_on(&mut hit).is_some() {}
    }

    /// Tells who asked for the literal that stands at `place`, unless the line lacks the rest.
    fn tell(&self, number: u32, seen: (&[u8], bool), place: usize, hit: &mut impl FnMut(usize, ProbeId)) {
        let mut line = None;
        for (probe, rest) in self.probes_of(number) {
            let mut is_on_line = || {
                let line = line.get_or_insert_with(|| Line::at(seen.0, place, seen.1));
                line.as_ref().is_none_or(|line| rest.stands_in(line))
            };
            if rest.is_written(seen, place) && (rest.is_anywhere() || is_on_line()) {
                hit(place, *probe);
            }
        }
    }

    /// The same piece by piece, for those who have more to do with bytes that are in the cache. `begins` says whether a line
    /// begins where the haystack does, so that what its first line lacks does not depend on where a log was cut.
    pub fn search<'a, 'h>(
        &'a self,
        haystack: &'h [u8],
        begins: bool,
        buffers: &'a mut Buffers,
    ) -> Search<'a, 'h> {
        Search {
            filter: self,
            haystack,
            begins,
            at: 0,
            buffers,
        }
    }
}

/// What a search writes down, kept from one to the next.
#[derive(Debug)]
pub struct Buffers {
    passed: Box<Passed>,
    marks: Box<Marks>,
}

impl Default for Buffers {
    fn default() -> Buffers {
        Buffers {
            passed: Box::new([0; _]),
            marks: Box::new(Marks::new()),
        }
    }
}

/// A search that stands between two pieces.
#[derive(Debug)]
pub struct Search<'a, 'h> {
    filter: &'a Filter,
    haystack: &'h [u8],
    begins: bool,
    /// Where the next piece begins.
    at: usize,
    buffers: &'a mut Buffers,
}

impl<'h> Search<'_, 'h> {
    /// Looks through the next [`PIECE`] bytes and gives them back. A literal at the edge is told of with
    /// the piece before or behind it, but once.
    pub fn go_on(&mut self, mut hit: impl FnMut(usize, ProbeId)) -> Option<&'h [u8]> {
        let (filter, seen) = (self.filter, (self.haystack, self.begins));
        self.next_piece(|number, place| filter.tell(number, seen, place, &mut hit))
    }

    /// The same with the number of each literal, whoever asked for it.
    fn next_piece(&mut self, mut found: impl FnMut(u32, usize)) -> Option<&'h [u8]> {
        let piece = self.at..(self.at + PIECE).min(self.haystack.len());
        if piece.is_empty() {
            return None;
        }
        self.at = piece.end;
        for block in piece.clone().step_by(BATCH) {
            let block = block..(block + BATCH).min(piece.end);
            self.look_through(block, &mut found);
        }
        Some(&self.haystack[piece])
    }

    /// Looks for all literals in a block of at most [`BATCH`] bytes.
    fn look_through(&mut self, block: Range<usize>, found: &mut impl FnMut(u32, usize)) {
        for lane in &self.filter.lanes {
            let candidate = |number: u32, place: usize| {
                let literal = self.filter.letters_of(number);
                let there = self.haystack.get(place..place + literal.len());
                if there.is_some_and(|there| there.eq_ignore_ascii_case(literal)) {
                    found(number, place);
                }
            };
            let Buffers { passed, marks } = &mut *self.buffers;
            match lane {
                Lane::Sampled(lane) => lane.find(self.haystack, block.clone(), passed, candidate),
                Lane::Everywhere(lane) => lane.find(self.haystack, block.clone(), marks, candidate),
            }
        }
    }
}

/// Literals with their numbers.
type Numbered<'a> = Vec<(u32, &'a [u8])>;

/// Literals of one kind that are looked for in one pass.
#[derive(Debug)]
enum Lane {
    Sampled(SampledLane),
    Everywhere(EverywhereLane),
}

/// Sorts the literals into lanes.
fn lanes<'a>(kernel: Kernel, few: usize, literals: Numbered<'a>) -> Vec<Lane> {
    let are_many = literals.len() > few;
    let mut left = literals;
    let mut sampled = Vec::new();
    let mut sample = |left: Numbered<'a>, (from, stride): (usize, usize)| {
        let (long, short): (Numbered<'a>, _) =
            left.into_iter().partition(|(_, literal)| literal.len() >= from);
        if !long.is_empty() {
            sampled.push((stride, long));
        }
        short
    };
    if !kernel.permutes() || are_many {
        left = sample(left, LONG);
    }
    let are_short = |(_, literal): &&(u32, &[u8])| literal.len() < SHORTER.0;
    if kernel.permutes() {
        if left.len() > 2 * few {
            left = sample(left, SHORTER);
        }
    } else if left.iter().filter(are_short).count() > few {
        left = sample(left, SHORTEST);
    } else {
        left = sample(left, SHORTER);
    }
    let build =
        |(stride, long): (usize, Numbered<'_>)| Lane::Sampled(SampledLane::new(kernel, stride, &long));
    let (mut lanes, everywhere): (Vec<Lane>, _) = rayon::join(
        || sampled.into_iter().map(build).collect(),
        || everywhere::lanes(kernel, &left),
    );
    lanes.extend(everywhere.into_iter().map(Lane::Everywhere));
    lanes
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn found(filter: &Filter, haystack: &[u8]) -> Vec<(usize, ProbeId)> {
        let mut found = Vec::new();
        filter.find(haystack, &mut Buffers::default(), |place, probe| {
            found.push((place, probe))
        });
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

    /// Filters for each kernel that runs here, with and without lanes that sample.
    fn filters(literals: &[String]) -> Vec<Filter> {
        let filter = |kernel, few| Filter::with(kernel, few, literals.iter().zip(0..).map(wanted));
        let kernels = Kernel::available().into_iter();
        kernels
            .flat_map(|kernel| [filter(kernel, 0), filter(kernel, FEW)])
            .collect()
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
            sets: vec![vec!["refused".into(), "timed out".into()]],
            ..Beside::default()
        };
        let filter = Filter::new([Wanted {
            beside,
            ..wanted(("connect", 1))
        }]);
        // The last line may go on beyond what is seen.
        let haystack = b"connect\nto connect\nconnect: Timed out\nrefused\nconnect\nconnect";
        assert_eq!(found(&filter, haystack), [(19, 1), (54, 1)]);
    }
}
