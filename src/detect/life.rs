//! When services started, were ready, stopped or died, in the order of each log.
//!
//! In: records of pages with the tags `start`, `ready`, `stop` and `restart`. Out: [`Life`] events, the first
//! [`MOST_EVENTS`] of each log; a log with more is named. Unlike the few samples of a tally they are all there, so that
//! the time between them can be summed up.

use super::tally::{Occurrence, Place, Sighting, move_line};
use crate::signature::Signature;

/// Events that are kept of a log.
pub(super) const MOST_EVENTS: usize = 5_000;

/// What became of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It died (or gave up), or somebody saw that.
    Died,
    /// It was stopped on purpose.
    Stopped,
    /// It was started.
    Started,
    /// It said that it is ready.
    Ready,
}

impl Turn {
    /// What records of this page say of the service that they are about. The host's own boots and shutdowns are no
    /// service's.
    pub(super) fn of(signature: &Signature) -> Option<Turn> {
        let has = |tag: &str| signature.tags.iter().any(|own| own == tag);
        // One worker of several is not the service.
        if has("boot") || has("shutdown") || signature.id.contains("worker") {
            return None;
        }
        [
            ("restart", Turn::Died),
            ("stop", Turn::Stopped),
            ("start", Turn::Started),
            ("ready", Turn::Ready),
        ]
        .into_iter()
        .find(|(tag, _)| has(tag))
        .map(|(_, turn)| turn)
    }
}

/// One turn in the life of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// What happened.
    pub turn: Turn,
    /// Number of the signature in the library.
    pub signature: usize,
    /// To which service.
    pub service: String,
    /// On which host, where the line names it.
    pub host: Option<String>,
    /// Another program says it of the service: a supervisor.
    pub by_other: bool,
    /// Where and when.
    pub sighting: Sighting,
    /// Its bytes.
    pub place: Place,
}

impl Life {
    /// What `occurrence` says; nothing if it names no service.
    pub(super) fn of(turn: Turn, signature: usize, occurrence: &Occurrence) -> Option<Life> {
        Some(Life {
            turn,
            signature,
            service: occurrence.service.clone()?,
            host: occurrence.host.clone(),
            by_other: occurrence.about.is_some(),
            sighting: occurrence.sighting.clone(),
            place: occurrence.place(),
        })
    }

    pub(super) fn move_down(&mut self, lines_above: Option<u64>) {
        move_line(&mut self.sighting.line, lines_above);
        move_line(&mut self.place.line, lines_above);
    }

    pub(super) fn shift(&mut self, by: i64) {
        self.sighting.time.move_back(by);
    }
}
