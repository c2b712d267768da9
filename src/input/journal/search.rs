//! Which entries may hold what is looked for.
//!
//! In: the gates of a run, and the texts that lines are put together from, each once. Out: for every entry whether a gate may
//! stand in its lines. A field that thousands of entries share is searched when it is first met; only what a gate
//! wants beside its literal is then looked for in the line of each entry.
//!
//! That is the same as searching the lines because a gate never reaches from one field into the next: between them
//! stands `","` and then a name, and [`Search::new`] refuses gates that may have that.

use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use super::kept::{Kept, Seen};
use crate::scan::filter::{Buffers, Filter};

/// What the parts of a line are joined by.
const JOINT: &[u8] = b"\",";

/// Searches texts, and remembers whose they are until that is done.
pub(super) struct Search {
    filter: Arc<Filter>,
    buffers: Buffers,
    /// What is to be searched.
    fresh: Vec<u8>,
    /// Its parts in their order.
    parts: Vec<Part>,
    /// Entries that have a text which another one brought, and which of the parts that is.
    waiting: Vec<(u32, u32)>,
    /// How many entries there were since the last [`settle`](Self::settle).
    entries: u32,
    /// Entries with a literal in their texts.
    candidates: Vec<(u32, u32)>,
    /// The literals in texts that are kept, one list behind the other.
    literals: Vec<u32>,
}

/// One text.
struct Part {
    start: usize,
    entry: u32,
    /// The data object that it is of, 0 if it is not kept.
    at: u64,
    /// Its literals, as a part of what is found.
    found: Range<usize>,
}

impl Search {
    /// A search for what `filter` looks for, in lines that consist of `"NAME":"value"` with these names. Nothing if it has gates
    /// that may stand in no field alone.
    pub(super) fn new(filter: Arc<Filter>, names: &[&str]) -> Option<Search> {
        let reaches_over = filter.literals().any(|literal| reaches_over(literal, names));
        (!reaches_over).then(|| Search {
            filter,
            buffers: Buffers::default(),
            fresh: Vec::new(),
            parts: Vec::new(),
            waiting: Vec::new(),
            entries: 0,
            candidates: Vec::new(),
            literals: Vec::new(),
        })
    }

    /// Whether one of the gates may stand in this text, where each `0` stands for any hexadecimal digit.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        let mut literals = self.filter.literals();
        literals.any(|literal| may_stand_in(literal, text.as_bytes()))
    }

    /// What follows is of another entry.
    pub(super) fn begin(&mut self) {
        self.entries += 1;
    }

    /// A text that only this entry has.
    pub(super) fn own(&mut self, text: &[u8]) {
        self.add(0, text);
    }

    /// A text that is kept for others.
    pub(super) fn shared(&mut self, at: u64, text: &[u8]) -> Seen {
        let number = self.parts.len() as u32;
        self.add(at, text);
        Seen::Fresh(number)
    }

    /// A text that was met before.
    pub(super) fn again(&mut self, seen: Seen) {
        let entry = self.entry();
        match seen {
            Seen::Quiet => {}
            Seen::Loud(from, to) => {
                let known = &self.literals[from as usize..to as usize];
                self.candidates
                    .extend(known.iter().map(|number| (entry, *number)));
            }
            Seen::Fresh(part) => self.waiting.push((entry, part)),
        }
    }

    /// What is kept is forgotten.
    pub(super) fn forget(&mut self) {
        self.literals.clear();
    }

    fn entry(&self) -> u32 {
        self.entries.saturating_sub(1)
    }

    fn add(&mut self, at: u64, text: &[u8]) {
        self.parts.push(Part {
            start: self.fresh.len(),
            entry: self.entry(),
            at,
            found: 0..0,
        });
        self.fresh.extend_from_slice(text);
        self.fresh.push(b'\n');
    }

    /// Searches what came together, and notes in `kept` what is known now. `ends` are the places in `text` where the lines of each entry
    /// end. Out: the entries in which something is, by their number.
    pub(super) fn settle(&mut self, kept: &mut Kept, text: &[u8], ends: &[usize]) -> Vec<bool> {
        let mut found = Vec::new();
        self.filter
            .places(&self.fresh, &mut self.buffers, |number, place| {
                let part = self.parts.partition_point(|part| part.start <= place);
                let literal = (part.saturating_sub(1), number);
                if found.last() != Some(&literal) {
                    found.push(literal);
                }
            });
        found.sort_unstable();
        found.dedup();
        let mut at = 0;
        for (number, part) in self.parts.iter_mut().enumerate() {
            let from = at;
            at += found[from..]
                .iter()
                .take_while(|(part, _)| *part == number)
                .count();
            part.found = from..at;
            let own = found[from..at].iter().map(|(_, number)| *number);
            if part.at == 0 {
                self.candidates.extend(own.map(|number| (part.entry, number)));
                continue;
            }
            let before = self.literals.len() as u32;
            self.literals.extend(own);
            let seen = match self.literals.len() as u32 {
                after if after > before => Seen::Loud(before, after),
                _ => Seen::Quiet,
            };
            kept.note(part.at, seen);
        }
        for (entry, part) in self.waiting.drain(..) {
            let found = found[self.parts[part as usize].found.clone()].iter();
            self.candidates.extend(found.map(|(_, number)| (entry, *number)));
        }
        // Of each entry together, since what is known of its line serves all.
        self.candidates.sort_unstable();
        self.candidates.dedup();
        let mut loud = vec![false; ends.len()];
        for of_one in self.candidates.chunk_by(|(one, _), (other, _)| one == other) {
            let entry = of_one[0].0 as usize;
            let start = entry.checked_sub(1).map_or(0, |before| ends[before]);
            // Without the line end.
            let line = &text[start..ends[entry].saturating_sub(1).max(start)];
            let numbers = of_one.iter().map(|(_, number)| *number);
            loud[entry] = self.filter.is_wanted(numbers, line);
        }
        self.candidates.clear();
        self.fresh.clear();
        self.parts.clear();
        self.entries = 0;
        loud
    }
}

/// Whether a literal in lower case may reach from one of the fields with these names into the next, or beyond the line.
fn reaches_over(literal: &[u8], names: &[&str]) -> bool {
    let may_follow = |rest: &[u8]| {
        names.iter().any(|name| {
            let next = format!("\"{}\":\"", name.to_ascii_lowercase());
            next.as_bytes().starts_with(rest) || rest.starts_with(next.as_bytes())
        })
    };
    let ends = literal.contains(&b'\n') || memmem::find(literal, b"\"}").is_some();
    ends || memmem::find_iter(literal, JOINT).any(|at| may_follow(&literal[at + JOINT.len()..]))
}

/// Whether a literal in lower case may stand in this text, where each `0` stands for any hexadecimal digit.
fn may_stand_in(literal: &[u8], text: &[u8]) -> bool {
    let fits = |(own, there): (&u8, &u8)| match there {
        b'0' => own.is_ascii_hexdigit(),
        there => own.eq_ignore_ascii_case(there),
    };
    text.windows(literal.len().max(1))
        .any(|there| literal.iter().zip(there).all(fits))
}
