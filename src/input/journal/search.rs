//! Which entries may hold what is looked for.
//!
//! In: the gates of a run, and the texts that lines are put together from, each once. Out: for every entry whether a gate may
//! stand in its lines. A field that thousands of entries share is searched when it is first met; only what a gate
//! wants beside its literal is then looked for in the line of each entry.
//!
//! That is the same as searching the lines because a gate never reaches from one field into the next: between them
//! stands `","` and then a name, and [`Search::new`] refuses gates that may have that.
//!
//! A literal that stands in nearly every entry, as part of the name of a field or of all units, says nothing: once it is seen in a
//! field that entries share, what is wanted beside it is looked for in its place.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use super::kept::{Kept, Seen};
use crate::scan::filter::{Buffers, Filter, Wanted};

/// So many literals are replaced by what is wanted beside them. The texts that are kept are searched again for each.
const MOST_REPLACED: usize = 64;

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
    /// The names of fields, for what may stand across two of them.
    names: Vec<String>,
    replaced: Replaced,
}

/// Literals that are common, and what stands for them.
#[derive(Default)]
struct Replaced {
    literals: BTreeSet<u32>,
    /// Those for which nothing can stand.
    refused: BTreeSet<u32>,
    /// Seen for the first time since the last [`learn`](Search::learn).
    new: BTreeSet<u32>,
    /// Finds what stands for each, told with its number.
    filter: Option<Filter>,
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
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            replaced: Replaced::default(),
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

    /// What follows is of the same entry, from its beginning.
    pub(super) fn begin_again(&mut self) {
        self.entries = self.entries.saturating_sub(1);
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

    /// Whether somebody asked for one of these literals in this line. More may be said to be wanted.
    pub(super) fn is_wanted(&self, literals: impl Iterator<Item = u32>, line: &[u8]) -> bool {
        self.filter.is_wanted(literals, line)
    }

    /// Looks from now on for something else in place of literals that turned out to be common. Out: whether that makes a difference to the
    /// texts that are kept.
    pub(super) fn learn(&mut self) -> bool {
        let Replaced {
            literals,
            refused,
            new,
            filter,
        } = &mut self.replaced;
        let before = literals.len();
        for literal in std::mem::take(new) {
            if literals.len() < MOST_REPLACED && stands_for(&self.filter, literal, &self.names).is_some() {
                literals.insert(literal);
            } else {
                refused.insert(literal);
            }
        }
        if literals.len() == before {
            return false;
        }
        let wanted = literals.iter().flat_map(|literal| {
            let texts = stands_for(&self.filter, *literal, &self.names).unwrap_or_default();
            texts
                .into_iter()
                .map(|text| Wanted::alone(text.to_owned(), *literal))
        });
        *filter = Some(Filter::new(wanted));
        true
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

    /// Searches what came together, and notes in `kept` what is known now. Out: entries, and literals that may stand in them, both by their
    /// numbers, in order.
    pub(super) fn settle(&mut self, kept: &mut Kept) -> Vec<(u32, u32)> {
        let found = self.found();
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
            let common = &self.literals[before as usize..];
            self.replaced.note(common);
            kept.note(part.at, seen);
        }
        for (entry, part) in self.waiting.drain(..) {
            let found = found[self.parts[part as usize].found.clone()].iter();
            self.candidates.extend(found.map(|(_, number)| (entry, *number)));
        }
        self.fresh.clear();
        self.parts.clear();
        self.entries = 0;
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    /// Which literals stand in which of the parts, in order.
    fn found(&mut self) -> Vec<(usize, u32)> {
        let Search {
            filter,
            buffers,
            fresh,
            parts,
            replaced,
            ..
        } = self;
        let mut found = Vec::new();
        let mut add = |number, place| {
            let part = parts.partition_point(|part| part.start <= place);
            let literal = (part.saturating_sub(1), number);
            if found.last() != Some(&literal) {
                found.push(literal);
            }
        };
        filter.places(fresh, buffers, |number, place| {
            if !replaced.literals.contains(&number) {
                add(number, place);
            }
        });
        if let Some(filter) = &replaced.filter {
            filter.find(fresh, buffers, |place, number| add(number, place));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Replaced {
    /// Takes note of literals in a text that entries share.
    fn note(&mut self, literals: &[u32]) {
        for literal in literals {
            if !self.literals.contains(literal) && !self.refused.contains(literal) {
                self.new.insert(*literal);
            }
        }
    }
}

/// Texts of which one must stand in each line in which this literal is wanted, each in one of the fields with these names; nothing if
/// there are none.
fn stands_for<'f>(filter: &'f Filter, literal: u32, names: &[String]) -> Option<Vec<&'f str>> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let texts = filter.beside(literal)?;
    let reaches_over = |text: &&str| reaches_over(text.to_ascii_lowercase().as_bytes(), &names);
    (!texts.iter().any(reaches_over)).then_some(texts)
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
