//! Where gates stand in a block, and on which lines that is.
//!
//! In: the window of a [`Block`] and a part of it. Out: the hits of all gates that begin in the part, in the order of places, and the numbers
//! of lines. It sees raw bytes only, which may change meanwhile.

use std::ops::Range;

use memchr::memchr;

use super::compile::Detector;
use super::{requests, torn};
use crate::input::block::Block;
use crate::scan::filter::{Buffers, PIECE, ProbeId};

/// Where gate literals stand in `part` of the window, in the order of places. `seen` is given the part
/// piece by piece while it is in the cache.
pub(super) fn hits(
    detector: &Detector<'_>,
    block: &Block,
    part: &Range<usize>,
    buffers: &mut Buffers,
    mut seen: impl FnMut(&[u8]),
) -> Vec<(usize, ProbeId)> {
    let window = block.window();
    let mut hits = Vec::new();
    match block.loud(part).filter(|loud| are_few(loud, part)) {
        Some(loud) => {
            window[part.clone()].chunks(PIECE).for_each(&mut seen);
            for stretch in loud {
                search(detector, window, &stretch, buffers, &mut hits, |_| {});
            }
        }
        None => search(detector, window, part, buffers, &mut hits, seen),
    }
    if !detector.slow.probes.is_empty() {
        for line in lines_of(window, part) {
            if detector.slow.wants(&window[line.clone()]) {
                hits.extend(detector.slow.probes.iter().map(|probe| (line.start, *probe)));
            }
        }
    }
    detector.rules.add_slow(window, part, &mut hits);
    hits.sort_unstable();
    torn::look_below_colours(&detector.filter, window, &mut hits, buffers);
    hits
}

/// Whether searching these stretches alone is faster than searching all of `part`.
fn are_few(stretches: &[Range<usize>], part: &Range<usize>) -> bool {
    stretches.iter().map(Range::len).sum::<usize>() < part.len() / 2
}

/// Adds the gate literals in `part` of the window, in no order.
fn search(
    detector: &Detector<'_>,
    window: &[u8],
    part: &Range<usize>,
    buffers: &mut Buffers,
    hits: &mut Vec<(usize, ProbeId)>,
    mut seen: impl FnMut(&[u8]),
) {
    // A literal that crosses the end of the part begins in it, so it is this part's.
    let end = (part.end + detector.filter.longest()).min(window.len());
    // A body may also begin with a piece of an overlong line.
    let begins = begins_line(window, part.start);
    let mut search = detector.filter.search(&window[part.start..end], begins, buffers);
    let mut left = part.len();
    while let Some(piece) = search.go_on(|start, probe| {
        let place = part.start + start;
        let is_other =
            torn::is_whole(window, place, probe) || requests::is_other_number(window, place, probe);
        if place < part.end && !is_other {
            hits.push((place, probe));
        }
    }) {
        let own = piece.len().min(left);
        seen(&piece[..own]);
        left -= own;
    }
}

/// The lines that begin in `part` of the window, without their ends.
pub(super) fn lines_of(window: &[u8], part: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = part.start;
    std::iter::from_fn(move || {
        let start = at;
        let end = memchr(b'\n', window.get(start..)?).map_or(window.len(), |length| start + length);
        at = end + 1;
        Some(start..end)
    })
    .take_while(move |line| line.start < part.end)
}

/// Whether a line end, or nothing, stands before `place`.
pub(super) fn begins_line(window: &[u8], place: usize) -> bool {
    place.checked_sub(1).is_none_or(|above| window[above] == b'\n')
}

/// Numbers lines in increasing order of place.
pub(super) struct LineCounter {
    /// Where counting began.
    start: usize,
    /// Line ends in all pieces so far.
    pub(super) counted: u64,
    /// Line ends before each piece.
    before: Vec<u64>,
    at: usize,
    line: u64,
}

impl LineCounter {
    pub(super) fn new(start: usize) -> LineCounter {
        LineCounter {
            start,
            counted: 0,
            before: Vec::new(),
            at: start,
            line: 1,
        }
    }

    /// Takes the next [`PIECE`] bytes.
    pub(super) fn count(&mut self, piece: &[u8]) {
        self.before.push(self.counted);
        self.counted += bytecount::count(piece, b'\n') as u64;
    }

    /// The number of the line that begins at `place`, which has been counted.
    pub(super) fn line_of(&mut self, window: &[u8], place: usize) -> u64 {
        let piece = place.saturating_sub(self.start) / PIECE;
        let piece_at = self.start + piece * PIECE;
        if (piece_at > self.at || place < self.at)
            && let Some(before) = self.before.get(piece)
        {
            (self.at, self.line) = (piece_at, 1 + before);
        }
        if place > self.at {
            self.line += bytecount::count(&window[self.at..place], b'\n') as u64;
            self.at = place;
        }
        self.line
    }
}
