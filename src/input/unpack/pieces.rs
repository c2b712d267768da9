//! Which members of an archive are pieces of one log.
//!
//! In: its members as they are met. Out: the [`Pieces`], and what to say where those cannot be read in their order.

use super::{Member, Walk};
use crate::input::rotation::members::{Pieces, pieces};
use crate::input::stream::Trouble;

/// So many members of an archive are looked at, with so many bytes of names.
const MEMBERS: usize = 10_000;
const NAMES: usize = 1 << 20;

/// So many logs are named.
const NAMED: usize = 3;

/// The members that were met.
#[derive(Debug, Default)]
pub(super) struct Seen {
    members: Vec<(String, Option<i64>)>,
    bytes: usize,
}

impl Seen {
    /// The next member.
    pub(super) fn add(&mut self, member: &Member) {
        self.bytes += member.name.len();
        if self.members.len() < MEMBERS && self.bytes <= NAMES {
            self.members.push((member.name.clone(), member.modified));
        } else {
            // Who knows a part only may take it for the whole.
            self.members = Vec::new();
            self.bytes = NAMES;
        }
    }

    /// Those that are pieces, by their places among all that were added.
    pub(super) fn pieces(&self) -> Vec<Pieces> {
        pieces(&self.members)
    }

    /// Says that pieces were read as they came.
    pub(super) fn say(&self, walk: &mut Walk<'_>, archive: &Member) {
        let found = self.pieces();
        let named: Vec<&str> = found
            .iter()
            .take(NAMED)
            .map(|pieces| pieces.live.as_str())
            .collect();
        if named.is_empty() {
            return;
        }
        let more = match found.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let reason = format!(
            "pieces of rotated logs ({}{more}) were read in the order in which they are packed, each as a log of its own; what \
             goes on from one piece to the next was not looked for: unpack the archive and scan the folder",
            named.join(", ")
        );
        let trouble = Trouble {
            offset: None,
            reason,
            bytes: None,
            lost: false,
        };
        walk.not_read(archive, trouble);
    }
}
