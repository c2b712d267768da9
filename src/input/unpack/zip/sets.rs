//! Members of a zip archive that are pieces of one log.
//!
//! In: which they are, and the archive's directory. Out: where each of them stands, oldest first, so that they can be read in that order.

use std::collections::BTreeMap;

use rawzip::{FileReader, ZipArchive, ZipArchiveEntryWayfinder, ZipFileHeaderRecord};

use super::{Header, from_directory, is_empty};
use crate::input::rotation::members::Pieces;

/// A member, where it stands in the archive, and what it is.
pub(super) type Placed = (Header, ZipArchiveEntryWayfinder, Kind);

/// What a member is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    File,
    Link,
    /// A folder or an empty file.
    Nothing,
}

impl Kind {
    pub(super) fn of(entry: &ZipFileHeaderRecord<'_>) -> Kind {
        if entry.mode().is_symlink() {
            Kind::Link
        } else if entry.is_dir() || is_empty(entry) {
            Kind::Nothing
        } else {
            Kind::File
        }
    }
}

/// Members that are pieces of one log, which are read together.
#[derive(Default)]
pub(super) struct Sets {
    /// The set of each such member.
    set_of: BTreeMap<usize, usize>,
    /// The pieces of each set, until they are taken.
    pieces: Vec<Vec<Placed>>,
}

impl Sets {
    pub(super) fn find(found: &[Pieces], archive: &ZipArchive<FileReader>, buffer: &mut [u8]) -> Sets {
        let mut sets = Sets::default();
        for (set, pieces) in found.iter().enumerate() {
            sets.set_of
                .extend(pieces.members.iter().map(|number| (*number, set)));
        }
        let mut placed: BTreeMap<usize, Placed> = BTreeMap::new();
        let mut entries = archive.entries(buffer);
        let mut number = 0;
        while !found.is_empty()
            && let Ok(Some(entry)) = entries.next_entry()
        {
            if let Some(set) = sets.set_of.get(&number) {
                let mut header = from_directory(&entry);
                header.member.set = Some(found[*set].live.clone());
                placed.insert(number, (header, entry.wayfinder(), Kind::of(&entry)));
            }
            number += 1;
        }
        let in_order = |pieces: &Pieces| {
            let members = pieces.members.iter();
            members.filter_map(|number| placed.remove(number)).collect()
        };
        sets.pieces = found.iter().map(in_order).collect();
        sets
    }

    /// The pieces of the set that the member with this number is of, at the first of them; afterwards none. Nothing if it is no piece.
    pub(super) fn take(&mut self, number: usize) -> Option<Vec<Placed>> {
        let set = self.set_of.get(&number)?;
        self.pieces.get_mut(*set).map(std::mem::take)
    }
}
