//! Every record of a log, as one signature sees it.
//!
//! In: a signature's conditions and blocks of logs. Out: for each condition on single records how many satisfy it, the
//! first of them, the nearest of the others, the record that was asked for, and the [`Event`]s for a condition over time.

use serde::Serialize;

use super::near::Grams;
use super::part::{Condition, Part, Verdict};
use crate::detect::compile::{Detector, Slot, slots};
use crate::detect::cre;
use crate::detect::examine::{self, is_handled};
use crate::detect::matcher::{Caught, Matcher};
use crate::detect::named::is_only_named;
use crate::detect::over_time::Event;
use crate::detect::tallies::Subject;
use crate::input::block::Block;
use crate::record::Record;
use crate::record::reader::RecordReader;
use crate::record::time::range::Range as TimeRange;
use crate::record::time::{Clock, format_utc};
use crate::report::visible::visible;
use crate::scan::gate::Text;
use crate::scan::required;
use crate::signature::Role;
use crate::signature::condition::Test;

/// Nothing below this is called near.
pub(in crate::detect) const NEAR: f64 = 0.3;

/// Most records for which a condition over time is followed.
pub(in crate::detect) const MOST_EVENTS: usize = 100_000;

/// Most lines of a record that are shown, and their longest, in characters.
const SHOWN: (usize, usize) = (6, 300);

/// One condition on single records of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Which: `the record`, `each counted record`, `step 2`, `the start`, ...
    pub what: String,
    /// The condition in the page's words.
    pub condition: Condition,
    /// Texts of which the scan looks for one before it looks at a record; none if every line is tried.
    pub literals: Vec<Text>,
}

/// A record as a condition sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Name of the log.
    pub source: String,
    /// Its first line, from 1.
    pub line: u64,
    /// Its first byte.
    pub offset: u64,
    /// When, as far as known.
    pub time: Option<String>,
    /// Its text, made visible and shortened.
    pub text: String,
    /// How near it comes, from 0 to 1; 1 if the condition holds.
    pub near: f64,
    /// What the condition comes to on it.
    pub verdict: Verdict,
    /// Signatures that hold on it and take it from this one.
    pub taken_by: Vec<String>,
    /// Signatures that hold on it, too, and that this one takes it from.
    pub takes_from: Vec<String>,
    /// Why it counts as handled, or not at all, if it does.
    pub note: Option<String>,
}

/// What was seen of one condition on single records.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Seen {
    /// Which, as in [`Asked::what`].
    pub what: String,
    /// How many records satisfy it.
    pub hold: u64,
    /// How many of them were taken by other signatures.
    pub taken: u64,
    /// The first that satisfies it.
    pub first: Option<Candidate>,
    /// The first that was taken.
    pub first_taken: Option<Candidate>,
    /// The nearest of those that do not satisfy it, if one comes near.
    pub nearest: Option<Candidate>,
    /// What it comes to on the records that were asked for.
    pub asked: Vec<Candidate>,
}

/// Which records are looked at.
#[derive(Debug, Clone, Default)]
pub struct Focus {
    /// Only those that were asked for.
    pub only: bool,
    /// Bytes of logs, by the logs' names; the records that hold them are asked for.
    pub places: Vec<(String, u64)>,
}

/// What is asked of logs about one signature that is no CRE rule.
#[derive(Debug)]
pub(super) struct Question {
    signature: usize,
    slots: Vec<Wanted>,
}

/// One condition on single records.
#[derive(Debug)]
struct Wanted {
    slot: Slot,
    test: Test,
    part: Part,
    matcher: Matcher,
}

/// What was seen in a block, or in the blocks so far.
#[derive(Debug, Default)]
pub(in crate::detect) struct Looked {
    /// Lines in it.
    pub(in crate::detect) lines: u64,
    pub(in crate::detect) records: u64,
    pub(in crate::detect) seen: Vec<Seen>,
    pub(in crate::detect) events: Vec<Event>,
    /// The same of CRE rules.
    pub(in crate::detect) entries: Vec<cre::Event>,
    /// Records that satisfy a condition and are not among the events, since those were too many.
    pub(in crate::detect) more: u64,
}

/// The number of a log's line that holds `offset`, and the record there.
struct At<'r> {
    block: &'r Block,
    line: u64,
    record: &'r Record,
}

impl Question {
    pub(super) fn new(detector: &Detector<'_>, signature: usize) -> Question {
        let slots = slots(&detector.signature(signature).condition).into_iter();
        Question {
            signature,
            slots: slots
                .map(|(slot, test)| Wanted {
                    slot,
                    part: Part::of(test),
                    matcher: Matcher::new(test),
                    test: test.clone(),
                })
                .collect(),
        }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        let asked = self.slots.iter().map(|wanted| Asked {
            what: name(wanted.slot),
            condition: wanted.part.written(),
            literals: required::of_test(&wanted.test)
                .map(|gate| gate.literals)
                .unwrap_or_default(),
        });
        asked.collect()
    }

    /// Whether a record must satisfy the condition of this number.
    pub(super) fn needs(&self, number: usize) -> bool {
        !matches!(self.slots[number].slot, Slot::Expected | Slot::Between)
    }

    /// Looks at the records that begin in the body of `block`.
    pub(super) fn look(
        &self,
        detector: &Detector<'_>,
        block: &Block,
        clock: &Clock,
        range: &TimeRange,
        focus: &Focus,
    ) -> Looked {
        let (text, body) = (block.text(), block.body());
        let places: Vec<usize> = focus.in_block(block);
        let mut looked = Looked::new(self.slots.iter().map(|wanted| name(wanted.slot)));
        if focus.only && places.is_empty() {
            looked.lines = bytecount::count(text.bytes(body), b'\n') as u64;
            return looked;
        }
        let mut reader = RecordReader::new(block, clock, block.about.service.as_deref());
        let mut grams = Grams::new();
        // Where the nearest stands, and how near it comes, for each condition.
        let mut nearest: Vec<(f64, usize, u64)> = vec![(0.0, 0, 0); self.slots.len()];
        let (mut at, mut line) = (body.start, 1);
        while at < body.end {
            let extent = reader.extent_at(at);
            if extent.start == at && at < extent.end {
                let asked = places
                    .iter()
                    .any(|place| (extent.start..=extent.end).contains(place));
                if asked || !focus.only {
                    let record = reader.read(extent);
                    let here = At {
                        block,
                        line,
                        record: &record,
                    };
                    looked.records += 1;
                    grams.set(&texts(&record));
                    for (number, wanted) in self.slots.iter().enumerate() {
                        let near = wanted.part.near(&grams, &record);
                        if near >= 1.0 || asked {
                            self.note(detector, number, near, asked, range, &grams, &here, &mut looked);
                        }
                        if near < 1.0 && near > nearest[number].0 && !focus.only {
                            nearest[number] = (near, at, line);
                        }
                    }
                }
            }
            let next = reader.next_line(at, extent);
            line += bytecount::count(text.bytes(at..next.min(body.end)), b'\n') as u64;
            at = next;
        }
        looked.lines = line - 1;
        let mut reader = RecordReader::new(block, clock, block.about.service.as_deref());
        for (number, (near, at, line)) in nearest.into_iter().enumerate() {
            if near >= NEAR {
                let extent = reader.extent_at(at);
                let record = reader.read(extent);
                let here = At {
                    block,
                    line,
                    record: &record,
                };
                grams.set(&texts(&record));
                looked.seen[number].nearest =
                    Some(self.candidate(detector, number, near, range, &grams, &here));
            }
        }
        looked
    }

    /// Notes a record that satisfies condition `number`, or was asked for.
    #[allow(clippy::too_many_arguments, reason = "each is a part of one place in a log")]
    fn note(
        &self,
        detector: &Detector<'_>,
        number: usize,
        near: f64,
        asked: bool,
        range: &TimeRange,
        grams: &Grams,
        here: &At<'_>,
        looked: &mut Looked,
    ) {
        let seen = &mut looked.seen[number];
        let candidate = || self.candidate(detector, number, near, range, grams, here);
        if asked {
            seen.asked.push(candidate());
        }
        if near < 1.0 || self.is_only_named(detector, number, here.record) {
            return;
        }
        seen.hold += 1;
        if seen.first.is_none() {
            seen.first = Some(candidate());
        }
        if !range.covers(&here.record.time) {
            return;
        }
        if !self.taken_by(detector, here.record).is_empty() {
            seen.taken += 1;
            if seen.first_taken.is_none() {
                seen.first_taken = Some(candidate());
            }
            return;
        }
        if looked.events.len() < MOST_EVENTS {
            looked.events.push(self.event(detector, number, here));
        } else {
            looked.more += 1;
        }
    }

    fn is_only_named(&self, detector: &Detector<'_>, number: usize, record: &Record) -> bool {
        let mut caught = Caught::default();
        self.slots[number].matcher.holds(record, &mut caught);
        detector.is_trouble(self.signature) && is_only_named(record, caught.line)
    }

    fn event(&self, detector: &Detector<'_>, number: usize, here: &At<'_>) -> Event {
        let wanted = &self.slots[number];
        let mut caught = Caught::default();
        wanted.matcher.holds(here.record, &mut caught);
        let occurrence = examine::occurrence(here.block, here.record, here.line, caught);
        Event {
            subject: Subject::of(self.signature, is_handled(here.record)),
            slot: wanted.slot,
            key: examine::key(detector, here.record, self.signature, &occurrence),
            occurrence,
            log: 0,
        }
    }

    fn candidate(
        &self,
        detector: &Detector<'_>,
        number: usize,
        near: f64,
        range: &TimeRange,
        grams: &Grams,
        here: &At<'_>,
    ) -> Candidate {
        let record = here.record;
        let holds = near >= 1.0;
        let of_holding = |ids: fn(&Question, &Detector<'_>, &Record) -> Vec<String>| match holds {
            true => ids(self, detector, record),
            false => Vec::new(),
        };
        let note = if !range.covers(&record.time) {
            Some("it lies outside of --since and --until".to_owned())
        } else if holds && is_handled(record) {
            Some(
                "it is a stack trace that the program logs as a warning or less, so it is handled".to_owned(),
            )
        } else if holds && self.is_only_named(detector, number, record) {
            Some("it is the name of a test that passed, or of a commit".to_owned())
        } else {
            None
        };
        Candidate {
            source: visible(here.block.about.name.as_bytes(), None),
            line: here.line,
            offset: record.offset,
            time: record.time.at.map(format_utc),
            text: shown(&record.text),
            near,
            verdict: self.slots[number].part.verdict(grams, record),
            taken_by: of_holding(Question::taken_by),
            takes_from: of_holding(Question::takes_from),
            note,
        }
    }

    /// The signatures that hold on a record, and drop this one there.
    fn taken_by(&self, detector: &Detector<'_>, record: &Record) -> Vec<String> {
        let wraps = detector.signature(self.signature).role == Role::Boilerplate;
        holding(detector, record, |other| {
            let drops = detector.drops[other].contains(&self.signature);
            other != self.signature && (drops || (wraps && detector.is_telling(other)))
        })
    }

    /// The signatures that this one drops in a record, where they hold.
    fn takes_from(&self, detector: &Detector<'_>, record: &Record) -> Vec<String> {
        let dropped = &detector.drops[self.signature];
        holding(detector, record, |other| dropped.contains(&other))
    }
}

/// Ids of those of the wanted signatures that are found by a record alone, and hold on this one.
fn holding(detector: &Detector<'_>, record: &Record, wanted: impl Fn(usize) -> bool) -> Vec<String> {
    let probes = detector.probes.iter();
    let probes = probes.filter(|probe| probe.slot == Slot::Found && wanted(probe.signature));
    let holding = probes.filter(|probe| probe.matcher().holds(record, &mut Caught::default()));
    let mut ids: Vec<String> = holding
        .map(|probe| detector.signature(probe.signature).id.clone())
        .collect();
    ids.dedup();
    ids
}

impl Looked {
    /// Nothing was seen of conditions with these names.
    pub(in crate::detect) fn new(names: impl Iterator<Item = String>) -> Looked {
        let seen = names.map(|what| Seen {
            what,
            ..Seen::default()
        });
        Looked {
            seen: seen.collect(),
            ..Looked::default()
        }
    }

    /// Adds what was seen in the next block.
    pub(super) fn merge(&mut self, next: Looked) {
        let above = self.lines;
        self.lines += next.lines;
        self.records += next.records;
        self.more += next.more;
        if self.seen.is_empty() {
            self.seen = Looked::new(next.seen.iter().map(|seen| seen.what.clone())).seen;
        }
        for (own, next) in self.seen.iter_mut().zip(next.seen) {
            own.merge(next, above);
        }
        for mut event in next.entries {
            if self.entries.len() < MOST_EVENTS {
                event.occurrence.move_down(Some(above));
                self.entries.push(event);
            } else {
                self.more += 1;
            }
        }
        for mut event in next.events {
            if self.events.len() < MOST_EVENTS {
                event.occurrence.move_down(Some(above));
                self.events.push(event);
            } else {
                self.more += 1;
            }
        }
    }

    /// The next log begins.
    pub(super) fn begin(&mut self) {
        self.lines = 0;
    }

    /// Moves the times of what is decided over time back by the shifts of their sources, in nanoseconds.
    pub(super) fn shift(&mut self, shifts: &[i64]) {
        let shift_of = |source: usize| shifts.get(source).copied().unwrap_or(0);
        for event in &mut self.events {
            event.occurrence.shift(shift_of(event.occurrence.sighting.source));
        }
        for entry in &mut self.entries {
            let by = shift_of(entry.occurrence.sighting.source);
            entry.occurrence.shift(by);
            entry.at = entry.at.saturating_sub(by);
        }
    }
}

impl Seen {
    fn merge(&mut self, next: Seen, above: u64) {
        let moved = |candidate: Candidate| Candidate {
            line: candidate.line + above,
            ..candidate
        };
        self.hold += next.hold;
        self.taken += next.taken;
        self.first = self.first.take().or(next.first.map(moved));
        self.first_taken = self.first_taken.take().or(next.first_taken.map(moved));
        self.asked.extend(next.asked.into_iter().map(moved));
        if let Some(nearest) = next.nearest
            && self
                .nearest
                .as_ref()
                .is_none_or(|known| known.near < nearest.near)
        {
            self.nearest = Some(moved(nearest));
        }
    }
}

impl Focus {
    /// Places in the body of a block, in its window.
    pub(in crate::detect) fn in_block(&self, block: &Block) -> Vec<usize> {
        let (at, body) = (block.window_at(), block.body());
        let own = self.places.iter().filter(|(name, _)| *name == block.about.name);
        let places = own.filter_map(|(_, offset)| usize::try_from(offset.checked_sub(at)?).ok());
        // A record begins before its lines.
        places.filter(|place| *place >= body.start).collect()
    }
}

/// What conditions are tried on.
fn texts(record: &Record) -> Vec<&str> {
    [Some(record.text.as_str()), record.as_written.as_deref()]
        .into_iter()
        .flatten()
        .collect()
}

/// The first lines of a text, made visible.
pub(in crate::detect) fn shown(text: &str) -> String {
    let (lines, width) = SHOWN;
    let all: Vec<&str> = text.lines().collect();
    let mut shown: Vec<String> = all
        .iter()
        .take(lines)
        .map(|line| visible(line.as_bytes(), Some(width)))
        .collect();
    if all.len() > lines {
        shown.push(format!("… {} more lines", all.len() - lines));
    }
    shown.join("\n")
}

fn name(slot: Slot) -> String {
    match slot {
        Slot::Found => "the record".to_owned(),
        Slot::Counted => "each counted record".to_owned(),
        Slot::Step(step) => format!("step {}", step + 1),
        Slot::After => "the start".to_owned(),
        Slot::Expected => "the expected end".to_owned(),
        Slot::Between => "what must not stand between".to_owned(),
    }
}
