//! Why a rule holds in logs, or does not.
//!
//! In: a rule, and blocks of logs. Out: for each of its terms how many entries satisfy it and the nearest of the others,
//! and what its condition lacked: it is run again with less asked for, and what comes true then says what was missing.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::entries::{Entries, Format};
use super::examine::{stated_time, values};
use super::log::{Group, Seen as Entry, matches};
use super::term::Matcher;
use super::{Event, Plan, Program, gate_of};
use crate::detect::compile::Detector;
use crate::detect::examine::occurrence;
use crate::detect::explain::look::{Asked, Candidate, Focus, Looked, MOST_EVENTS, NEAR, shown};
use crate::detect::explain::near::{Grams, Wanted, differs_from_pattern, differs_from_text, share};
use crate::detect::explain::over_time::{Account, Logs};
use crate::detect::explain::part::{ALMOST, Condition as Written, Verdict};
use crate::detect::explain::words::span;
use crate::detect::matcher::Caught;
use crate::input::block::Block;
use crate::record::Record;
use crate::record::reader::RecordReader;
use crate::record::time::range::Range as TimeRange;
use crate::record::time::{Clock, Zone, format_utc};
use crate::report::visible::visible;
use crate::signature::cre::{Condition, Kind, Rule, Term, What, as_regex};

/// A window that everything lies in, in nanoseconds.
const EVER: i64 = i64::MAX / 8;

/// Takes something from what a condition asks for.
type AskLess = fn(&mut Condition);

/// What is asked of logs about one rule.
#[derive(Debug)]
pub(in crate::detect) struct RuleQuestion {
    rule: Arc<Rule>,
    /// Its number among the rules.
    program: usize,
    terms: Vec<Asks>,
    numbers: BTreeMap<Term, usize>,
}

#[derive(Debug)]
struct Asks {
    term: Term,
    matcher: Matcher,
    wanted: Wanted,
    what: String,
}

/// What terms are tried on.
struct Tried<'t> {
    text: &'t [u8],
    at: Option<i64>,
    /// Where it begins in the window.
    start: usize,
    line: u64,
}

/// A block and what reads it.
struct Reading<'b> {
    block: &'b Block,
    reader: RecordReader<'b>,
    range: &'b TimeRange,
    program: &'b Program,
    places: Vec<usize>,
    only: bool,
    grams: Grams,
}

impl RuleQuestion {
    /// About `rule`, which is signature `number` of the library.
    pub(in crate::detect) fn new(detector: &Detector<'_>, rule: &Arc<Rule>, number: usize) -> RuleQuestion {
        let programs = &detector.rules.rules;
        let mut question = RuleQuestion {
            rule: Arc::clone(rule),
            program: programs.partition_point(|program| program.signature < number),
            terms: Vec::new(),
            numbers: BTreeMap::new(),
        };
        rule.condition.each_term(&mut |term| {
            let number = question.terms.len();
            if question.numbers.contains_key(term) {
                return;
            }
            question.numbers.insert(term.clone(), number);
            question.terms.push(Asks {
                term: term.clone(),
                matcher: Matcher::new(term),
                wanted: match term {
                    Term::Value(text) => Wanted::of_text(text),
                    Term::Regex(pattern) => Wanted::of_pattern(&as_regex(pattern)),
                    Term::Jq(_) => Wanted::All(Vec::new()),
                },
                what: format!("term {}", number + 1),
            });
        });
        question
    }

    pub(in crate::detect) fn asked(&self) -> Vec<Asked> {
        let asked = self.terms.iter().map(|asks| Asked {
            what: asks.what.clone(),
            condition: Written {
                condition: label(&asks.term),
                parts: Vec::new(),
            },
            literals: gate_of(&asks.term).map(|gate| gate.literals).unwrap_or_default(),
        });
        asked.collect()
    }

    /// Whether an entry must satisfy the term of this number.
    pub(in crate::detect) fn needs(&self, number: usize) -> bool {
        let mut needed = false;
        each_positive(&self.rule.condition, &mut |term| {
            needed |= *term == self.terms[number].term;
        });
        needed
    }

    /// The condition in words; nothing if each entry that satisfies the only term is a match.
    pub(in crate::detect) fn written(&self) -> Option<String> {
        (!self.rule.condition.is_single()).then(|| self.written_of(&self.rule.condition))
    }

    fn written_of(&self, condition: &Condition) -> String {
        let number =
            |term: &Term| format!("term {}", 1 + self.numbers.get(term).copied().unwrap_or_default());
        let each = condition.terms.iter().map(|positive| {
            let what = match &positive.what {
                What::Entry(term) => number(term),
                What::Nested(nested) => format!("({})", self.written_of(nested)),
            };
            match positive.count {
                1 => what,
                count => format!("{count} times {what}"),
            }
        });
        let (kind, joint) = match condition.kind {
            Kind::Set => ("set", " and "),
            Kind::Sequence => ("sequence", ", then "),
        };
        let mut written = format!("{kind}: {}", each.collect::<Vec<_>>().join(joint));
        if condition.window > 0 {
            written.push_str(&format!(" within {}", span(condition.window)));
        }
        if !condition.negates.is_empty() {
            let negates: Vec<String> = condition
                .negates
                .iter()
                .map(|negate| number(&negate.term))
                .collect();
            written.push_str(&format!(", without {}", negates.join(", ")));
        }
        if !condition.correlations.is_empty() {
            written.push_str(&format!(", for each {}", condition.correlations.join(" and ")));
        }
        written
    }

    /// Looks at the entries that begin in the body of `block`.
    pub(in crate::detect) fn look(
        &self,
        detector: &Detector<'_>,
        block: &Block,
        clock: &Clock,
        range: &TimeRange,
        focus: &Focus,
    ) -> Looked {
        let (text, body) = (block.text(), block.body());
        let mut looked = Looked::new(self.terms.iter().map(|asks| asks.what.clone()));
        let mut reading = Reading {
            block,
            reader: RecordReader::new(block, clock, block.about.service.as_deref()),
            range,
            program: detector.rules.program(self.program),
            places: focus.in_block(block),
            only: focus.only,
            grams: Grams::new(),
        };
        let plain = Clock::new(Zone::Utc, clock.reference);
        let head = block.head();
        let format = Format::of(&head, &detector.rules.stamps, &plain);
        let mut entries = format.map(|format| Entries::new(block.text(), format, &plain));
        let (mut at, mut line) = (body.start, 1);
        while at < body.end {
            let mut end = at;
            if let Some(entries) = &mut entries {
                if let Some(entry) = entries.at(at).filter(|entry| entry.place.start == at) {
                    end = entry.place.end;
                    let tried = Tried {
                        text: &entry.text,
                        at: entry.at,
                        start: at,
                        line,
                    };
                    self.take(&mut reading, &tried, end, None, &mut looked);
                }
            } else {
                let extent = reading.reader.extent_at(at);
                if extent.start == at && at < extent.end {
                    end = if extent.interrupted { at } else { extent.end };
                    let record = reading.reader.read(extent);
                    let tried = Tried {
                        text: record.text.as_bytes(),
                        at: stated_time(&record),
                        start: at,
                        line,
                    };
                    self.take(&mut reading, &tried, extent.end, Some(&record), &mut looked);
                }
            }
            let next = text
                .first_newline(end..text.len())
                .map_or(text.len(), |end| end + 1);
            line += bytecount::count(text.bytes(at..next.min(body.end)), b'\n') as u64;
            at = next;
        }
        looked.lines = line - 1;
        looked
    }

    /// Tries all terms on an entry.
    fn take(
        &self,
        reading: &mut Reading<'_>,
        tried: &Tried<'_>,
        end: usize,
        record: Option<&Record>,
        looked: &mut Looked,
    ) {
        let asked = reading
            .places
            .iter()
            .any(|place| (tried.start..=end).contains(place));
        if reading.only && !asked {
            return;
        }
        looked.records += 1;
        let text = String::from_utf8_lossy(tried.text);
        reading.grams.set(&[&text]);
        let mut terms = Vec::new();
        let mut nears = Vec::new();
        for (number, asks) in self.terms.iter().enumerate() {
            let near = asks.near(&reading.grams, tried.text);
            if near >= 1.0 {
                terms.push(number);
            }
            nears.push(near);
        }
        let worth = |number: usize| {
            let seen = &looked.seen[number];
            let first = nears[number] >= 1.0 && seen.first.is_none();
            let nearest = seen.nearest.as_ref().map_or(NEAR, |known| known.near);
            asked || first || (nears[number] < 1.0 && nears[number] > nearest)
        };
        let shown: Vec<usize> = (0..self.terms.len()).filter(|number| worth(*number)).collect();
        for number in &terms {
            looked.seen[*number].hold += 1;
        }
        if shown.is_empty() && terms.is_empty() {
            return;
        }
        let read;
        let record = match record {
            Some(record) => record,
            None => {
                let extent = reading.reader.extent_at(tried.start);
                read = reading.reader.read(extent);
                &read
            }
        };
        for number in shown {
            let candidate = self.candidate(number, nears[number], reading, tried, record, &text);
            let seen = &mut looked.seen[number];
            if asked {
                seen.asked.push(candidate.clone());
            }
            if nears[number] < 1.0 {
                if nears[number] >= NEAR && !reading.only {
                    seen.nearest = Some(candidate);
                }
            } else if seen.first.is_none() {
                seen.first = Some(candidate);
            }
        }
        if terms.is_empty() || !reading.range.covers(&record.time) {
            return;
        }
        if looked.entries.len() >= MOST_EVENTS {
            looked.more += 1;
            return;
        }
        let occurrence = occurrence(reading.block, record, tried.line, Caught::default());
        if let Some(at) = tried.at {
            looked.entries.push(Event {
                rule: self.program,
                at,
                terms,
                values: values(reading.program, record),
                occurrence,
            });
        }
    }

    fn candidate(
        &self,
        number: usize,
        near: f64,
        reading: &Reading<'_>,
        tried: &Tried<'_>,
        record: &Record,
        text: &str,
    ) -> Candidate {
        let asks = &self.terms[number];
        let note = match (
            reading.range.covers(&record.time),
            tried.at,
            self.rule.condition.is_single(),
        ) {
            (false, ..) => Some("it lies outside of --since and --until".to_owned()),
            (true, None, false) => Some("it states no time, so it takes part in no window".to_owned()),
            _ => None,
        };
        Candidate {
            source: visible(reading.block.about.name.as_bytes(), None),
            line: tried.line,
            offset: reading.block.window_at() + tried.start as u64,
            time: record.time.at.map(format_utc),
            text: shown(text),
            near,
            verdict: Verdict {
                condition: label(&asks.term),
                holds: near >= 1.0,
                differs: (near < 1.0).then(|| asks.differs(text)),
                parts: Vec::new(),
            },
            taken_by: Vec::new(),
            takes_from: Vec::new(),
            note,
        }
    }

    /// What the condition lacks.
    pub(in crate::detect) fn account(&self, events: Vec<Event>, logs: &Logs<'_>) -> Option<Account> {
        let condition = &self.rule.condition;
        if condition.is_single() {
            return None;
        }
        let plan = Plan::new(condition, &self.numbers);
        let entry = |event: Event| {
            let log = logs.number(event.occurrence.sighting.source);
            Rc::new(Entry::new(event, log, &plan))
        };
        let mut entries: Vec<Rc<Entry>> = events.into_iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.at);
        let fires = |condition: &Condition| matches(&Plan::new(condition, &self.numbers), &entries);
        let first = |groups: &[Group]| {
            let entry = groups.first().and_then(|group| group.first());
            let occurrence = entry.and_then(|entry| entry.occurrence.borrow().clone());
            occurrence
                .map(|occurrence| logs.place(&occurrence))
                .unwrap_or_default()
        };
        let mut account = Account::default();
        let groups = fires(condition);
        if !groups.is_empty() {
            let entries = groups.iter().flatten().count();
            account.told.push(format!(
                "it came true with {entries} entries, the first of them {}",
                first(&groups)
            ));
            return Some(account);
        }
        self.add_counts(condition, &entries, &mut account);
        if !account.failed.is_empty() {
            return Some(account);
        }
        self.add_relaxed(&fires, &first, &mut account);
        Some(account)
    }

    /// Terms of which too few entries are there at all.
    fn add_counts(&self, condition: &Condition, entries: &[Rc<Entry>], account: &mut Account) {
        for positive in &condition.terms {
            match &positive.what {
                What::Nested(nested) => self.add_counts(nested, entries, account),
                What::Entry(term) => {
                    let number = self.numbers.get(term).copied().unwrap_or(usize::MAX);
                    let there = entries
                        .iter()
                        .filter(|entry| entry.terms.contains(&number))
                        .count();
                    if there < positive.count {
                        account.failed.push(format!("term {}", number + 1));
                        account.told.push(format!(
                            "{there} of the {} entries that satisfy term {} are there",
                            positive.count,
                            number + 1
                        ));
                    }
                }
            }
        }
    }

    /// What comes true if less is asked for.
    fn add_relaxed(
        &self,
        fires: &dyn Fn(&Condition) -> Vec<Group>,
        first: &dyn Fn(&[Group]) -> String,
        account: &mut Account,
    ) {
        let condition = &self.rule.condition;
        let window = span(condition.window);
        for negate in 0..condition.negates.len() {
            let mut less = condition.clone();
            let number = 1 + self
                .numbers
                .get(&less.negates.remove(negate).term)
                .copied()
                .unwrap_or_default();
            let groups = fires(&less);
            if !groups.is_empty() {
                account.failed.push(format!("term {number}"));
                account.told.push(format!(
                    "all that must come came, the first of it {}, but so did term {number}, which must not",
                    first(&groups)
                ));
                return;
            }
        }
        let tries: [(&str, String, AskLess); 4] = [
            (
                "negate",
                "all that must come came, but so did what must not".to_owned(),
                |less| less.negates.clear(),
            ),
            (
                "window",
                format!("all that must come came, but not within {window}"),
                |less| less.window = EVER,
            ),
            (
                "correlations",
                "all that must come came, but not with equal values".to_owned(),
                |less| less.correlations.clear(),
            ),
            (
                "sequence",
                "all that must come came, but not in this order".to_owned(),
                |less| less.kind = Kind::Set,
            ),
        ];
        for (name, told, ask_less) in &tries {
            let groups = fires(&relaxed(condition, ask_less));
            if !groups.is_empty() {
                account.failed.push((*name).to_owned());
                account
                    .told
                    .push(format!("{told}; the first of it {}", first(&groups)));
                return;
            }
        }
        let all: AskLess = |less| {
            less.negates.clear();
            less.window = EVER;
            less.correlations.clear();
            less.kind = Kind::Set;
        };
        if !fires(&relaxed(condition, &all)).is_empty() {
            account.failed.push("window".to_owned());
            account.told.push(format!("all that must come came, but more than one of order, the window of {window}, equal values and what must not come speaks against it"));
        }
    }
}

impl Asks {
    fn near(&self, grams: &Grams, text: &[u8]) -> f64 {
        let count = self.wanted.count(grams);
        match share(count) {
            near if near < 1.0 => near,
            _ if self.matcher.holds(text) => 1.0,
            _ if count.1 == 0 => 0.0,
            _ => ALMOST,
        }
    }

    fn differs(&self, text: &str) -> String {
        match &self.term {
            Term::Value(wanted) => differs_from_text(wanted, text),
            Term::Regex(pattern) => differs_from_pattern(&as_regex(pattern), text),
            Term::Jq(_) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
                "the program gives null, false or nothing for it".to_owned()
            }
            Term::Jq(_) => "the entry is not one JSON value".to_owned(),
        }
    }
}

fn each_positive<'a>(condition: &'a Condition, add: &mut dyn FnMut(&'a Term)) {
    for positive in &condition.terms {
        match &positive.what {
            What::Entry(term) => add(term),
            What::Nested(nested) => each_positive(nested, add),
        }
    }
}

fn label(term: &Term) -> String {
    format!("{} '{}'", term.key(), term.text())
}

/// The same condition with less asked for, here and in what is nested.
fn relaxed(condition: &Condition, ask_less: &AskLess) -> Condition {
    let mut less = condition.clone();
    ask_less(&mut less);
    for positive in &mut less.terms {
        if let What::Nested(nested) = &mut positive.what {
            **nested = relaxed(nested, ask_less);
        }
    }
    less
}
