//! Failures that were overcome: a run of them that ends in success soon is handled.
//!
//! In: the failures and successes of one log in their order. Out: the failures, each with whether it was handled.

use std::collections::BTreeMap;

use super::tallies::Subject;
use super::tally::Occurrence;
use crate::signature::condition::Recovery;

/// Most failures of a run that wait for its end; a longer run is no retry.
const MOST_WAITING: usize = 200;

/// Most runs that are open at a time in one log; the failures of others are not handled.
const MOST_RUNS: usize = 200;

/// The runs of one signature in one log.
#[derive(Debug)]
pub(super) struct Runs {
    nanos: i64,
    names: Vec<String>,
    by_key: BTreeMap<Vec<String>, Run>,
}

/// Failures since the last success.
#[derive(Debug, Default)]
struct Run {
    first: Option<i64>,
    waiting: Vec<(Subject, Occurrence)>,
    /// It went on for too long.
    lasting: bool,
}

impl Runs {
    pub(super) fn new(recovery: &Recovery) -> Runs {
        Runs {
            nanos: recovery.within.nanos(),
            names: recovery.key.0.clone(),
            by_key: BTreeMap::new(),
        }
    }

    /// A failure; what is decided by it goes to `out`.
    pub(super) fn fail(
        &mut self,
        subject: Subject,
        occurrence: Occurrence,
        out: &mut Vec<(Subject, Occurrence)>,
    ) {
        let (key, time) = (self.key(&occurrence), occurrence.sighting.time.at);
        let (Some(key), Some(time)) = (key, time) else {
            out.push((subject, occurrence));
            return;
        };
        if !self.by_key.contains_key(&key) && self.by_key.len() >= MOST_RUNS {
            out.push((subject, occurrence));
            return;
        }
        let run = self.by_key.entry(key).or_default();
        let first = *run.first.get_or_insert(time);
        run.lasting |= time.saturating_sub(first) > self.nanos || run.waiting.len() >= MOST_WAITING;
        run.waiting.push((subject, occurrence));
        if run.lasting {
            out.append(&mut run.waiting);
        }
    }

    /// A success.
    pub(super) fn succeed(&mut self, success: &Occurrence, out: &mut Vec<(Subject, Occurrence)>) {
        let Some(run) = self.key(success).and_then(|key| self.by_key.remove(&key)) else {
            return;
        };
        let took = run.first.zip(success.sighting.time.at);
        let soon = took.is_some_and(|(first, now)| now.saturating_sub(first) <= self.nanos);
        let handled = soon && !run.lasting;
        out.extend(run.waiting.into_iter().map(|(subject, occurrence)| {
            let handled = subject.handled || handled;
            (Subject { handled, ..subject }, occurrence)
        }));
    }

    /// The log has ended: nothing was overcome.
    pub(super) fn end(self, out: &mut Vec<(Subject, Occurrence)>) {
        out.extend(self.by_key.into_values().flat_map(|run| run.waiting));
    }

    fn key(&self, occurrence: &Occurrence) -> Option<Vec<String>> {
        let value = |name: &String| {
            let captured = occurrence.captures.iter().find(|(known, _)| known == name);
            let service = || occurrence.service.clone().filter(|_| name == "service");
            captured.map(|(_, value)| value.clone()).or_else(service)
        };
        self.names.iter().map(value).collect()
    }
}
