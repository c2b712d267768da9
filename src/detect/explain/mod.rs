//! Why a signature was found in logs, or was not.
//!
//! In: a signature of the library, every record of logs (a scan looks at few of them), and what the same library
//! detected there. Out: an [`Answer`]: which of its conditions held where, the nearest record where one did not, what took
//! its records from it, and what a condition over time lacked.
//!
//! [`look`] reads records, [`part`] takes conditions apart, [`near`] measures how far a text is from them,
//! [`over_time`] asks conditions over time for less ([`absent`] those on what never came), and [`words`] says them.

use serde::Serialize;

mod absent;
pub(in crate::detect) mod look;
pub(in crate::detect) mod near;
pub(in crate::detect) mod over_time;
pub(in crate::detect) mod part;
pub mod words;

use super::collect::Detected;
use super::compile::Detector;
use super::cre::explain::RuleQuestion;
use super::detect_text;
use super::over_time::Doubt;
use super::tally::Tally;
use crate::input::block::Block;
use crate::record::time::range::Range;
use crate::record::time::{Clock, Zone};
use crate::report::visible::visible;
use crate::signature::{Role, Signature};
pub use look::{Asked, Candidate, Focus, Seen};
use look::{Looked, Question};
use over_time::Logs;
pub use part::{Condition, Verdict};

/// Why a signature was found in logs, or was not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// How many records of it a scan finds.
    pub found: u64,
    /// How many of these are handled.
    pub handled: u64,
    /// Starts of which a scan cannot say whether their end is missing.
    pub open: u64,
    /// How many records the logs have.
    pub records: u64,
    /// The answer in sentences.
    pub because: Vec<String>,
    /// What stands in the way, the first thing first; empty if it was found.
    pub missed: Vec<Missed>,
    /// What was seen of each condition on single records.
    pub seen: Vec<Seen>,
}

/// A condition that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Which records it is about, as in [`Asked::what`]; or the name of a part of a condition over time.
    pub what: String,
    /// The condition, in the page's words.
    pub condition: String,
    /// Where the nearest record differs from it.
    pub differs: Option<String>,
}

/// A question about one signature.
#[derive(Debug)]
pub struct Explaining<'a> {
    detector: &'a Detector<'a>,
    number: usize,
    question: Asking,
}

#[derive(Debug)]
enum Asking {
    Page(Question),
    Rule(RuleQuestion),
}

/// What was seen in one block.
#[derive(Debug)]
pub struct SeenInBlock(Looked);

/// What was seen in all logs so far.
#[derive(Debug, Default)]
pub struct SeenInLogs {
    looked: Looked,
    /// Names of the sources, by number.
    names: Vec<String>,
}

impl SeenInLogs {
    /// The next source begins.
    pub fn begin(&mut self, name: &str) {
        self.names.push(visible(name.as_bytes(), None));
        self.looked.begin();
    }

    /// Takes what was seen in the next block of the source.
    pub fn take(&mut self, seen: SeenInBlock) {
        self.looked.merge(seen.0);
    }

    /// Moves the times of sources back by their shifts, in nanoseconds, as those of what was detected.
    pub fn shift(&mut self, shifts: &[i64]) {
        self.looked.shift(shifts);
    }

    /// What the conditions come to on the records that were asked for.
    pub fn asked(self) -> Vec<Seen> {
        self.looked.seen
    }
}

impl<'a> Explaining<'a> {
    /// A question about signature `number` of the detector's library.
    pub fn new(detector: &'a Detector<'a>, number: usize) -> Explaining<'a> {
        let question = match &detector.signature(number).cre {
            Some(rule) => Asking::Rule(RuleQuestion::new(detector, rule, number)),
            None => Asking::Page(Question::new(detector, number)),
        };
        Explaining {
            detector,
            number,
            question,
        }
    }

    /// The signature.
    pub fn signature(&self) -> &'a Signature {
        self.detector.signature(self.number)
    }

    /// Its conditions on single records.
    pub fn asked(&self) -> Vec<Asked> {
        match &self.question {
            Asking::Page(question) => question.asked(),
            Asking::Rule(question) => question.asked(),
        }
    }

    /// Its condition over time, in words, if it has one.
    pub fn over_time(&self) -> Option<String> {
        match &self.question {
            Asking::Page(_) => words::written(&self.signature().condition),
            Asking::Rule(question) => question.written(),
        }
    }

    /// Ids of the signatures that it takes records from, and of those that take records from it.
    pub fn supersedes(&self) -> (Vec<String>, Vec<String>) {
        let drops = &self.detector.drops;
        let id = |number: usize| self.detector.signature(number).id.clone();
        let below = drops[self.number].iter().map(|number| id(*number)).collect();
        let above = (0..drops.len())
            .filter(|other| drops[*other].contains(&self.number))
            .map(id);
        (below, above.collect())
    }

    /// Looks at the records that begin in the body of a block.
    pub fn look(&self, block: &Block, clock: &Clock, range: &Range, focus: &Focus) -> SeenInBlock {
        SeenInBlock(match &self.question {
            Asking::Page(question) => question.look(self.detector, block, clock, range, focus),
            Asking::Rule(question) => question.look(self.detector, block, clock, range, focus),
        })
    }

    /// The answer for logs of which all records were seen.
    pub fn answer(&self, seen: SeenInLogs, detected: &Detected) -> Answer {
        let SeenInLogs { mut looked, names } = seen;
        let logs = Logs {
            names: &names,
            paces: &detected.paces,
        };
        for event in &mut looked.events {
            event.log = logs.number(event.occurrence.sighting.source);
        }
        let own: Vec<(bool, &Tally)> = detected
            .tallies
            .iter()
            .filter(|(subject, _)| subject.signature == self.number)
            .map(|(subject, tally)| (subject.handled, tally))
            .collect();
        let count = |only_handled: bool| {
            let own = own.iter().filter(|(handled, _)| *handled || !only_handled);
            own.map(|(_, tally)| tally.count).sum::<u64>()
        };
        let open: Vec<(Doubt, &Tally)> = detected
            .open
            .iter()
            .filter(|((signature, _), _)| *signature == self.number)
            .map(|((_, doubt), tally)| (*doubt, tally))
            .collect();
        let first = own.iter().map(|(_, tally)| tally.first());
        let first = first
            .min_by(|a, b| a.sighting.order(&b.sighting))
            .map(|first| logs.place(first));
        let mut answer = Answer {
            found: count(false),
            handled: count(true),
            open: open.iter().map(|(_, tally)| tally.count).sum(),
            records: looked.records,
            because: Vec::new(),
            missed: Vec::new(),
            seen: looked.seen,
        };
        let account = match &self.question {
            Asking::Page(_) => over_time::account(&self.signature().condition, &looked.events, &open, &logs),
            Asking::Rule(question) => question.account(looked.entries, &logs),
        };
        if let Some(first) = first {
            answer
                .because
                .push(format!("{} found, the first {first}", records(answer.found)));
            self.add_handled(&mut answer, detected);
            answer
                .because
                .extend(account.into_iter().flat_map(|account| account.told));
            self.add_taken(&mut answer);
            return answer;
        }
        self.add_missed(&mut answer);
        if let Some(account) = account
            && answer.missed.is_empty()
        {
            let whole = self.over_time().unwrap_or_default();
            answer
                .missed
                .extend(account.failed.into_iter().map(|what| Missed {
                    what,
                    condition: whole.clone(),
                    differs: None,
                }));
            answer.because.extend(account.told);
        }
        self.add_taken(&mut answer);
        if looked.more > 0 {
            answer.because.push(format!(
                "{} more records satisfy its conditions; they were too many to be followed here",
                looked.more
            ));
        }
        self.add_unexplained(&mut answer);
        answer
    }

    /// Which conditions on single records no record satisfies.
    fn add_missed(&self, answer: &mut Answer) {
        let asked = self.asked();
        for (number, (asked, seen)) in asked.iter().zip(&answer.seen).enumerate() {
            // Ends that never come are what `missing` looks for, and what must not come need not.
            let needed = match &self.question {
                Asking::Page(question) => question.needs(number),
                Asking::Rule(question) => question.needs(number),
            };
            if !needed || seen.hold > 0 {
                continue;
            }
            match &seen.nearest {
                Some(nearest) => {
                    answer.because.push(format!(
                        "no record satisfies the condition of {}; the nearest is {}:{}",
                        asked.what, nearest.source, nearest.line
                    ));
                    answer
                        .missed
                        .extend(nearest.verdict.failed().into_iter().map(|verdict| Missed {
                            what: asked.what.clone(),
                            condition: verdict.condition.clone(),
                            differs: verdict.differs.clone(),
                        }));
                }
                None => {
                    answer.because.push(format!(
                        "no record satisfies the condition of {}, and none comes near it",
                        asked.what
                    ));
                    answer.missed.push(Missed {
                        what: asked.what.clone(),
                        condition: asked.condition.condition.clone(),
                        differs: None,
                    });
                }
            }
        }
    }

    fn add_taken(&self, answer: &mut Answer) {
        for seen in &answer.seen {
            let Some(first) = &seen.first_taken else { continue };
            let by = first.taken_by.join(", ");
            let wraps = self.signature().role == Role::Boilerplate;
            let why = match wraps {
                true => "a wrapper is dropped where the record shows what it wraps",
                false => "which is more specific",
            };
            answer.because.push(format!(
                "{} that satisfy the condition of {} are taken by others, the first ({}:{}) by {by}, {why}",
                records(seen.taken),
                seen.what,
                first.source,
                first.line
            ));
            if answer.found == 0 && seen.taken == seen.hold {
                answer.missed.push(Missed {
                    what: seen.what.clone(),
                    condition: format!("not superseded by {by}"),
                    differs: None,
                });
            }
        }
    }

    fn add_handled(&self, answer: &mut Answer, detected: &Detected) {
        if answer.handled > 0 {
            answer.because.push(match &self.signature().recovery {
                Some(recovery) => format!(
                    "{} are handled: success ({}) followed within {}, or the program went on behind a stack trace",
                    records(answer.handled),
                    recovery.by.join(", "),
                    words::span(recovery.within.nanos())
                ),
                None => format!(
                    "{} are handled: the program logs the stack trace as a warning or less, so it went on",
                    records(answer.handled)
                ),
            });
        }
        if let Some(recovery) = &self.signature().recovery
            && answer.handled < answer.found
        {
            let signatures = self.detector.library().signatures().iter().enumerate();
            let by = signatures.filter(|(_, known)| recovery.by.contains(&known.id));
            let count: u64 = by
                .flat_map(|(number, _)| detected.tallies.of_signature(number))
                .map(|tally| tally.count)
                .sum();
            answer.because.push(format!(
                "{} were not overcome: of the {} of {} none has the same {} within {} from the first failure of the run",
                records(answer.found - answer.handled),
                records(count),
                recovery.by.join(", "),
                recovery.key.0.join(" and "),
                words::span(recovery.within.nanos())
            ));
        }
    }

    /// What none of the above explains.
    fn add_unexplained(&self, answer: &mut Answer) {
        if !answer.missed.is_empty() || answer.open > 0 {
            return;
        }
        let outside = answer.seen.iter().filter_map(|seen| seen.first.as_ref());
        let notes: Vec<String> = outside.filter_map(|first| first.note.clone()).collect();
        answer.because.push(match notes.first() {
            Some(note) => format!("records satisfy its conditions, but of the first {note}"),
            None => "its conditions hold, but the search of a scan does not lead to these records; please report this".to_owned(),
        });
    }
}

/// Explains why a signature is found in a text, or is not; the text is one log with UTC for lines without a zone.
pub fn explain_text(explaining: &Explaining<'_>, text: &str) -> Answer {
    let clock = Clock::new(Zone::Utc, i64::MAX / 2);
    let block = Block::whole(0, text.as_bytes().to_vec());
    let mut seen = SeenInLogs::default();
    seen.begin("-");
    seen.take(explaining.look(&block, &clock, &Range::default(), &Focus::default()));
    explaining.answer(seen, &detect_text(explaining.detector, text))
}

fn records(count: u64) -> String {
    match count {
        1 => "1 record".to_owned(),
        count => format!("{count} records"),
    }
}
