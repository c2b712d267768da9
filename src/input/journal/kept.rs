//! The texts of fields that several entries share, by the offset of their data object.
//!
//! In: texts as they stand in a line. Out: the same again, as long as there is room, and whether they may hold what is
//! looked for. Each offset has one place; who comes later takes it.

use std::ops::Range;

/// How many fields are kept, and how many bytes of their texts.
const PLACES: usize = 1 << 14;
const KEPT: usize = 8 << 20;

/// Texts by offset.
pub(super) struct Kept {
    /// Who has each place. Apart from the texts, since most fields are left out and have none: so this stays
    /// in the processor's cache.
    owners: Vec<Owner>,
    texts: Vec<u8>,
    is_full: bool,
}

/// A field that is kept.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Owner {
    /// 0 if the place is free.
    at: u64,
    start: u32,
    end: u32,
    /// What is known of its text.
    pub(super) seen: Seen,
    /// Its number.
    pub(super) field: u8,
}

/// What a search for the gates says of a text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing is in it.
    #[default]
    Quiet,
    /// These are the literals in it, as [`Search`](super::search::Search) holds them.
    Loud(u32, u32),
    /// That is not known yet: it is this one of the texts that are to be searched.
    Fresh(u32),
}

impl Owner {
    /// Where its text is.
    pub(super) fn text(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Kept {
    pub(super) fn new() -> Kept {
        Kept {
            owners: vec![Owner::default(); PLACES],
            texts: Vec::new(),
            is_full: false,
        }
    }

    fn place(at: u64) -> usize {
        // Multiplying spreads offsets, which are multiples of 8, over the upper bits.
        let spread = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> (u64::BITS - PLACES.ilog2())) as usize
    }

    /// The field at this offset, if it is kept.
    pub(super) fn get(&self, at: u64) -> Option<Owner> {
        let owner = self.owners[Self::place(at)];
        (owner.at == at && at != 0).then_some(owner)
    }

    /// The bytes of all texts.
    pub(super) fn texts(&self) -> &[u8] {
        &self.texts
    }

    /// Keeps a text, if there is room. Texts that were given out stay where they are.
    pub(super) fn put(&mut self, at: u64, field: u8, text: &[u8]) -> Option<Owner> {
        let start = self.texts.len();
        if start + text.len() > KEPT {
            self.is_full = true;
            return None;
        }
        self.texts.extend_from_slice(text);
        let owner = Owner {
            at,
            start: start as u32,
            end: self.texts.len() as u32,
            seen: Seen::Quiet,
            field,
        };
        self.owners[Self::place(at)] = owner;
        Some(owner)
    }

    /// Notes what is known of a text, if it is still kept.
    pub(super) fn note(&mut self, at: u64, seen: Seen) {
        let owner = &mut self.owners[Self::place(at)];
        if owner.at == at {
            owner.seen = seen;
        }
    }

    /// Makes room if there was none, and says whether all was forgotten for that. Nobody may hold on to texts then.
    pub(super) fn make_room(&mut self) -> bool {
        let is_full = std::mem::take(&mut self.is_full);
        if is_full {
            self.owners.fill(Owner::default());
            self.texts.clear();
        }
        is_full
    }
}

// Places of texts are held in 32 bits.
const _: () = assert!(KEPT < u32::MAX as usize);
