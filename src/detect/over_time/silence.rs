//! `silence`: records that came regularly and then no more, for each key.
//!
//! The longest pause so far is the measure, so that what was never regular is never silent.

use super::keyed::Keyed;
use super::{Event, LogTimes, Outcome};
use crate::detect::tally::Occurrence;
use crate::signature::condition::Silence;

/// Into so many parts the silence is divided; the log must have gone on in each.
const PARTS: i64 = 4;

#[derive(Debug)]
pub(in crate::detect) struct SilenceState {
    at_least: u64,
    times: i64,
    longer_than: i64,
    log: usize,
    by_key: Keyed<Regular>,
}

#[derive(Debug, Default)]
struct Regular {
    count: u64,
    last: Option<Occurrence>,
    longest: i64,
}

impl SilenceState {
    pub(super) fn new(silence: &Silence) -> SilenceState {
        SilenceState {
            at_least: u64::from(silence.at_least),
            times: i64::from(silence.times),
            longer_than: silence.longer_than.nanos(),
            log: 0,
            by_key: Keyed::default(),
        }
    }

    pub(super) fn take(&mut self, event: Event) {
        let Some(time) = event.occurrence.sighting.time.at else {
            return;
        };
        self.log = event.log;
        let (regular, _) = self.by_key.entry(event.key.as_deref().unwrap_or_default());
        let before = regular.last.as_ref().and_then(|last| last.sighting.time.at);
        let pause = before.map_or(0, |before| time.saturating_sub(before));
        regular.count += 1;
        regular.longest = regular.longest.max(pause);
        regular.last = Some(event.occurrence);
    }

    /// What was regular so far need not go on.
    pub(super) fn forget(&mut self) {
        self.by_key = Keyed::default();
    }

    pub(super) fn end<'t>(self, logs: &dyn Fn(usize) -> LogTimes<'t>, out: &mut Outcome) {
        let log = logs(self.log);
        for regular in self.by_key.into_values() {
            let Some(last) = regular.last else { continue };
            let Some(at) = last.sighting.time.at else { continue };
            let pause = regular.longest.saturating_mul(self.times).max(self.longer_than);
            if regular.count >= self.at_least && went_on(log.samples, at, pause) {
                out.fired.push(last);
            }
        }
    }
}

/// Whether there are lines in each part of the time from `from` on, and behind it.
pub(in crate::detect) fn went_on(samples: &[i64], from: i64, nanos: i64) -> bool {
    let part = nanos / PARTS;
    let in_part = |number: i64| {
        let begin = from.saturating_add(part.saturating_mul(number));
        let end = begin.saturating_add(part);
        samples
            .iter()
            .any(|time| *time > begin && (*time <= end || number == PARTS))
    };
    nanos > 0 && (0..=PARTS).all(in_part)
}
