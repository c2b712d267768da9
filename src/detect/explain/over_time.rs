//! Why a condition over time came true, or did not.
//!
//! In: the [`Event`]s of a signature and its condition. Out: sentences. What is missing is found by asking less: the same
//! condition is run again with a longer window, without its key, with fewer steps, and what comes true then says what
//! was missing. So the answers are those of the machine that decides in a scan.

use std::collections::BTreeMap;
use std::time::Duration;

use super::absent::{of_missing, of_silence};
use super::words::{names, span};
use crate::detect::compile::Slot;
use crate::detect::over_time::{Doubt, Event, LogTimes, Outcome, OverTime, is_across};
use crate::detect::pace::Pace;
use crate::detect::tally::{Occurrence, Tally};
use crate::signature::condition::{Count, Match, Rate, Sequence, Span};

/// A window that everything lies in.
const EVER: Span = Span(Duration::from_secs(u32::MAX as u64));

/// What is known of the logs.
pub(in crate::detect) struct Logs<'l> {
    /// Names of the sources, by number.
    pub(in crate::detect) names: &'l [String],
    /// When each log was written, in the order of their sources.
    pub(in crate::detect) paces: &'l [Pace],
}

/// What was missing, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::detect) struct Account {
    /// The part of the condition that does not hold: `count`, `within`, `key`, `step 2`, `not-between`, ...
    pub(in crate::detect) failed: Vec<String>,
    /// In sentences.
    pub(in crate::detect) told: Vec<String>,
}

impl Account {
    pub(super) fn holds(told: String) -> Account {
        Account {
            failed: Vec::new(),
            told: vec![told],
        }
    }

    pub(super) fn lacks(what: impl Into<String>, told: String) -> Account {
        Account {
            failed: vec![what.into()],
            told: vec![told],
        }
    }
}

impl Logs<'_> {
    /// The log that `source` is a piece of.
    fn pace(&self, source: usize) -> Option<&Pace> {
        let at = self.paces.partition_point(|pace| pace.last < source);
        self.paces.get(at)
    }

    /// The number of the log that `source` is a piece of.
    pub(in crate::detect) fn number(&self, source: usize) -> usize {
        self.pace(source).map_or(source, |pace| pace.began)
    }

    pub(super) fn times(&self, log: usize) -> LogTimes<'_> {
        self.pace(log).map(Pace::log_times).unwrap_or_default()
    }

    /// `at log:12`.
    pub(in crate::detect) fn place(&self, occurrence: &Occurrence) -> String {
        let sighting = &occurrence.sighting;
        let name = self.names.get(sighting.source).map_or("?", String::as_str);
        format!("at {name}:{}", sighting.line)
    }

    /// The place of the first of these.
    fn first(&self, fired: &[Occurrence]) -> String {
        fired.first().map(|first| self.place(first)).unwrap_or_default()
    }
}

/// Why the condition came true for these events or did not; nothing for a condition on single records.
pub(in crate::detect) fn account(
    condition: &Match,
    events: &[Event],
    open: &[(Doubt, &Tally)],
    logs: &Logs<'_>,
) -> Option<Account> {
    let mut events = events.to_vec();
    if is_across(condition) {
        events.retain(|event| event.occurrence.sighting.time.at.is_some());
        events.sort_by_key(|event| event.occurrence.sighting.time.at);
    }
    let case = Case {
        condition,
        events: &events,
        logs,
    };
    Some(if let Some(count) = &condition.count {
        of_count(count, &case)
    } else if let Some(rate) = &condition.rate {
        of_rate(rate, &case)
    } else if let Some(silence) = &condition.silence {
        of_silence(silence, &case)
    } else if let Some(sequence) = &condition.sequence {
        of_sequence(sequence, &case)
    } else {
        of_missing(condition.missing.as_ref()?, &case, open)
    })
}

/// A condition, and the records that satisfy a part of it.
pub(super) struct Case<'c> {
    condition: &'c Match,
    pub(super) events: &'c [Event],
    pub(super) logs: &'c Logs<'c>,
}

impl Case<'_> {
    /// What the condition comes to: within each log, or over all.
    pub(super) fn outcome(&self) -> Outcome {
        let mut by_log: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
        for event in self.events {
            let log = if is_across(self.condition) { 0 } else { event.log };
            by_log.entry(log).or_default().push(event);
        }
        let mut out = Outcome::default();
        for events in by_log.into_values() {
            let Some(mut state) = OverTime::new(self.condition) else {
                continue;
            };
            for event in events {
                let times = LogTimes {
                    samples: &[],
                    ..self.logs.times(event.log)
                };
                state.take(event.clone(), times, &mut out);
            }
            state.end(&|log| self.logs.times(log), &mut out);
        }
        out
    }

    /// The records for which it comes true if it is changed so.
    fn fired(&self, change: impl FnOnce(&mut Match)) -> Vec<Occurrence> {
        self.fired_of(self.events, change)
    }

    /// The same for other events.
    fn fired_of(&self, events: &[Event], change: impl FnOnce(&mut Match)) -> Vec<Occurrence> {
        let mut condition = self.condition.clone();
        change(&mut condition);
        let changed = Case {
            condition: &condition,
            events,
            logs: self.logs,
        };
        changed.outcome().fired
    }
}

/// The events without their keys: all belong together.
fn without_keys(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    events
        .iter_mut()
        .for_each(|event| event.key = Some(String::new()));
    events
}

fn of_count(count: &Count, case: &Case<'_>) -> Account {
    let logs = case.logs;
    let (needed, within) = (count.at_least as usize, span(count.within.nanos()));
    let fired = case.outcome().fired;
    if !fired.is_empty() {
        return Account::holds(format!(
            "{} records came as often as {needed} within {within}, the first of them {}",
            fired.len(),
            logs.first(&fired)
        ));
    }
    let with = |count: Count| case.fired(|less| less.count = Some(count));
    let most = most(needed, |at_least| {
        !with(Count {
            at_least,
            ..count.clone()
        })
        .is_empty()
    });
    let longer = with(Count {
        within: EVER,
        ..count.clone()
    });
    if !longer.is_empty() {
        return Account::lacks(
            "count.within",
            format!(
                "at most {most} of the {needed} that are needed lie within {within}; without the window there are {}, the first of them {}",
                longer.len(),
                logs.first(&longer)
            ),
        );
    }
    if !case.fired_of(&without_keys(case.events), |_| {}).is_empty() {
        return Account::lacks(
            "count.key",
            format!(
                "at most {most} of the {needed} that are needed within {within} have the same {}; of all together there are enough",
                names(count.key.as_ref())
            ),
        );
    }
    Account::lacks(
        "count.at-least",
        format!("{most} of the {needed} that are needed within {within} are there"),
    )
}

/// The highest number below `needed` for which `holds`, which holds below any number for which it does.
fn most(needed: usize, holds: impl Fn(u32) -> bool) -> usize {
    let numbers: Vec<u32> = (1..u32::try_from(needed).unwrap_or(u32::MAX)).collect();
    numbers.partition_point(|number| holds(*number))
}

fn of_rate(rate: &Rate, case: &Case<'_>) -> Account {
    let (needed, within) = (rate.at_least as usize, span(rate.within.nanos()));
    let fired = case.outcome().fired;
    if !fired.is_empty() {
        return Account::holds(format!(
            "from {} on the rate is {} times what it was",
            case.logs.first(&fired),
            rate.times
        ));
    }
    let fires = |at_least: u32, times: f64| {
        let rate = Rate {
            at_least,
            times,
            ..rate.clone()
        };
        !case.fired(|less| less.rate = Some(rate)).is_empty()
    };
    let most = most(needed + 1, |at_least| fires(at_least, 0.0));
    if most < needed {
        return Account::lacks(
            "rate.at-least",
            format!(
                "at most {most} of the {needed} records that are needed lie within {within} of which the past before is known for as long"
            ),
        );
    }
    let mut lower = (1..100)
        .rev()
        .map(|percent| rate.times * f64::from(percent) / 100.0);
    let reached = lower.find(|times| fires(rate.at_least, *times));
    Account::lacks(
        "rate.times",
        format!(
            "within {within} there are at most {:.1} times as many as before, and {} times as many are needed",
            reached.unwrap_or_default(),
            rate.times
        ),
    )
}

fn of_sequence(sequence: &Sequence, case: &Case<'_>) -> Account {
    let logs = case.logs;
    let (steps, within) = (sequence.steps.len(), span(sequence.within.nanos()));
    let fired = case.outcome().fired;
    if !fired.is_empty() {
        return Account::holds(format!(
            "all {steps} steps came, the first of them {}",
            logs.first(&fired)
        ));
    }
    let free = Sequence {
        not_between: Vec::new(),
        ..sequence.clone()
    };
    let with =
        |sequence: Sequence, events: &[Event]| case.fired_of(events, |less| less.sequence = Some(sequence));
    let is_step = |event: &&Event| event.slot != Slot::Between;
    let events: Vec<Event> = case.events.iter().filter(is_step).cloned().collect();
    let without_between = with(free.clone(), &events);
    if !without_between.is_empty() {
        return Account::lacks(
            "not-between",
            format!(
                "all {steps} steps came, the first of them {}, but a record that must not stand between them does",
                logs.first(&without_between)
            ),
        );
    }
    let longer = Sequence {
        within: EVER,
        ..free.clone()
    };
    let longer = with(longer, &events);
    if !longer.is_empty() {
        let times = longer.iter().filter_map(|occurrence| occurrence.sighting.time.at);
        let (first, last) = (times.clone().min(), times.max());
        let took = first.zip(last).map_or_else(String::new, |(first, last)| {
            format!("they took {}, and ", span(last.saturating_sub(first)))
        });
        return Account::lacks(
            "sequence.within",
            format!(
                "all {steps} steps came in order, the first of them {}; {took}{within} is the window",
                logs.first(&longer)
            ),
        );
    }
    if sequence.key.is_some() {
        let keyless = with(free.clone(), &without_keys(&events));
        if !keyless.is_empty() {
            return Account::lacks(
                "sequence.key",
                format!(
                    "all {steps} steps came in order, the first of them {}, but not with the same {}",
                    logs.first(&keyless),
                    names(sequence.key.as_ref())
                ),
            );
        }
    }
    // The first steps alone, as far as they come.
    let reached = (1..steps).rev().find_map(|number| {
        let shorter = Sequence {
            steps: sequence.steps[..number].to_vec(),
            ..free.clone()
        };
        let is_first = |event: &&Event| matches!(event.slot, Slot::Step(step) if step < number);
        let events: Vec<Event> = events.iter().filter(is_first).cloned().collect();
        let fired = with(shorter, &events);
        fired.last().map(|last| (number, logs.place(last)))
    });
    let (number, behind) = reached.map_or((0, String::new()), |(number, last)| {
        (number, format!(" behind step {number} ({last})"))
    });
    let is_next = |event: &&Event| event.slot == Slot::Step(number);
    let there = match events.iter().filter(is_next).count() {
        0 => "no record satisfies it".to_owned(),
        count => format!("of the records that satisfy it, none of {count} comes in order and with the key"),
    };
    let step = format!("step {}", number + 1);
    let told = format!("{step} never came{behind}: {there}");
    Account::lacks(step, told)
}
