//! Words that the form of a log tears apart.
//!
//! In: a window of raw bytes, and where one of [`gates`] stands in it. Out: hits of gate literals that are whole in
//! the text and not in the bytes. Colours are taken out of a line before it is searched again; what is
//! otherwise written in pieces is joined by the record layer, and the record's text is searched.

use memchr::{memchr, memrchr};

use crate::record::marks;
use crate::scan::filter::{Buffers, Filter, ProbeId, Wanted};

/// A line with codes for terminals.
pub(super) const COLOURED: ProbeId = 1;

/// A record in pieces, or with its message in numbers.
pub(super) const IN_PIECES: ProbeId = 2;

/// A line of docker's, which is a piece if it does not end with a line end of its own.
const OF_DOCKER: ProbeId = 3;

/// An entry of `journalctl -o export` begins here.
pub(super) const ENTRY: ProbeId = 4;

/// `journalctl -o json` may have left a message out here.
pub(super) const LEFT_OUT: ProbeId = 5;

/// The first probe that belongs to a signature.
pub(super) const FIRST_PROBE: ProbeId = 6;

/// How far from a code the ends of its line are looked for, in bytes.
const REACH: usize = 64 * 1024;

/// What the bytes have where words may be torn.
pub(super) fn gates() -> impl Iterator<Item = Wanted> {
    const GATES: &[(&str, ProbeId)] = &[
        ("\x1b[", COLOURED),
        ("\x1b]", COLOURED),
        ("\x1b_", COLOURED),
        ("\\u001b[", IN_PIECES),
        ("\\u001b]", IN_PIECES),
        ("\\x1b[", IN_PIECES),
        ("\"MESSAGE\":[", IN_PIECES),
        ("\"MESSAGE\" : [", IN_PIECES),
        (" stdout P ", IN_PIECES),
        (" stderr P ", IN_PIECES),
        ("Z 00O+", IN_PIECES),
        ("Z 00E+", IN_PIECES),
        ("Z 01O+", IN_PIECES),
        ("Z 01E+", IN_PIECES),
        ("\",\"stream\":\"std", OF_DOCKER),
        ("__CURSOR=s=", ENTRY),
        ("\"MESSAGE\":null", LEFT_OUT),
        ("\"MESSAGE\" : null", LEFT_OUT),
    ];
    GATES
        .iter()
        .map(|(literal, probe)| Wanted::alone(*literal, *probe))
}

/// Whether a hit of one of the gates says nothing after all.
pub(super) fn is_whole(window: &[u8], place: usize, probe: ProbeId) -> bool {
    probe == OF_DOCKER && window[..place].ends_with(b"\\n")
}

/// Whether a hit says something of the log rather than of a record.
pub(super) fn is_of_log(probe: ProbeId) -> bool {
    matches!(probe, ENTRY | LEFT_OUT)
}

/// Whether the text of the record at this hit is to be searched.
pub(super) fn is_in_pieces(probe: ProbeId) -> bool {
    matches!(probe, IN_PIECES | OF_DOCKER)
}

/// Adds to `hits` what is found in the coloured lines among them when their codes are taken out. `hits` are in
/// the order of places, and are so afterwards.
pub(super) fn look_below_colours(
    filter: &Filter,
    window: &[u8],
    hits: &mut Vec<(usize, ProbeId)>,
    buffers: &mut Buffers,
) {
    // Lines without their codes, where each begins here, and in the window.
    let mut plain: Vec<u8> = Vec::new();
    let mut lines: Vec<(usize, usize)> = Vec::new();
    let mut done = 0;
    for (place, _) in hits.iter().filter(|(_, probe)| *probe == COLOURED) {
        if *place < done {
            continue;
        }
        let near = place.saturating_sub(REACH);
        let start = memrchr(b'\n', &window[near..*place]).map_or(near, |newline| near + newline + 1);
        let far = window.len().min(place + REACH);
        let end = memchr(b'\n', &window[*place..far]).map_or(far, |newline| place + newline);
        lines.push((plain.len(), *place));
        plain.extend_from_slice(&marks::plain(&window[start..end]));
        plain.push(b'\n');
        done = end;
    }
    hits.retain(|(_, probe)| *probe != COLOURED);
    if plain.is_empty() {
        return;
    }
    filter.find(&plain, buffers, |at, probe| {
        let line = lines.partition_point(|(begins, _)| *begins <= at) - 1;
        if probe >= FIRST_PROBE || is_in_pieces(probe) {
            hits.push((lines[line].1, probe));
        }
    });
    hits.sort_unstable();
    hits.dedup();
}
