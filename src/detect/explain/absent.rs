//! Why an absence was found, or was not: an end that never came, or records that stopped.

use std::collections::BTreeMap;

use super::over_time::{Account, Case};
use super::words::{doubt_in_words, names, span};
use crate::detect::compile::Slot;
use crate::detect::over_time::{Doubt, Event};
use crate::detect::tally::{Occurrence, Tally};
use crate::signature::condition::{Missing, Silence};

/// Most starts of `missing` that are told one by one.
const MOST_STARTS: usize = 5;

/// Records that may be regular: those of a log with a key.
type Regular<'e> = (usize, Option<&'e str>);

pub(super) fn of_silence(silence: &Silence, case: &Case<'_>) -> Account {
    let logs = case.logs;
    let fired = case.outcome().fired;
    if !fired.is_empty() {
        let told = fired
            .iter()
            .map(|last| format!("it was silent behind {}", logs.place(last)));
        return Account {
            failed: Vec::new(),
            told: told.collect(),
        };
    }
    let mut by_key: BTreeMap<Regular<'_>, Vec<(i64, &Event)>> = BTreeMap::new();
    for event in case.events {
        if let Some(at) = event.occurrence.sighting.time.at {
            let key = (event.log, event.key.as_deref());
            by_key.entry(key).or_default().push((at, event));
        }
    }
    let with_last = by_key.into_iter().filter_map(|((log, _), events)| {
        let last = *events.last()?;
        Some((log, events, last))
    });
    let Some((log, events, (last, last_event))) = with_last.max_by_key(|(_, events, _)| events.len()) else {
        return Account::lacks(
            "silence.at-least",
            format!(
                "none of the {} records that are needed is there",
                silence.at_least
            ),
        );
    };
    if events.len() < silence.at_least as usize {
        return Account::lacks(
            "silence.at-least",
            format!(
                "{} of the {} records that are needed are there",
                events.len(),
                silence.at_least
            ),
        );
    }
    let pauses = events.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0));
    let longest = pauses.max().unwrap_or(0);
    let pause = longest
        .saturating_mul(i64::from(silence.times))
        .max(silence.longer_than.nanos());
    let place = logs.place(&last_event.occurrence);
    let behind = logs.times(log).last.map_or(0, |end| end.saturating_sub(last));
    if behind <= pause {
        return Account::lacks(
            "silence.longer-than",
            format!(
                "the last one is {place}, and the log ends {} later; silence would be {} (their longest pause was {})",
                span(behind),
                span(pause),
                span(longest)
            ),
        );
    }
    Account::lacks(
        "silence",
        format!(
            "the last one is {place}; behind it the log does not go on in each part of the {} that would be silence, or something was stopped or lost there",
            span(pause)
        ),
    )
}

pub(super) fn of_missing(missing: &Missing, case: &Case<'_>, open: &[(Doubt, &Tally)]) -> Account {
    let (logs, events) = (case.logs, case.events);
    let outcome = case.outcome();
    // What was lost is known to the scan alone, which keeps some of the starts.
    let doubted = open
        .iter()
        .flat_map(|(doubt, tally)| tally.samples.iter().map(move |start| (*doubt, start.clone())));
    let doubted: Vec<(Doubt, Occurrence)> = doubted.chain(outcome.open.iter().cloned()).collect();
    let starts: Vec<&Event> = events.iter().filter(|event| event.slot == Slot::After).collect();
    let within = span(missing.within.nanos());
    if starts.is_empty() {
        return Account::lacks("the start", "no record is a start".to_owned());
    }
    let same = |occurrence: &Occurrence, event: &Event| {
        let (a, b) = (&occurrence.sighting, &event.occurrence.sighting);
        (a.source, a.offset) == (b.source, b.offset)
    };
    let mut told: Vec<(u8, String)> = Vec::new();
    for start in &starts {
        let place = logs.place(&start.occurrence);
        told.push(if start.key.is_none() {
            let names = names(missing.key.as_ref());
            (2, format!("the start {place} has no {names}, so nothing tells which end is its own"))
        } else if let Some((doubt, _)) = doubted.iter().find(|(_, open)| same(open, start)) {
            let why = doubt_in_words(*doubt);
            (1, format!("the start {place} has no end, but that says nothing: {why}"))
        } else if outcome.fired.iter().any(|fired| same(fired, start)) {
            (0, format!("the start {place} has no end, and the log goes on for more than {within} behind it: missing"))
        } else {
            let ends = events.iter().filter(|end| end.slot == Slot::Expected && end.key == start.key);
            let begun = start.occurrence.sighting.time.at;
            let later = |end: &&Event| end.occurrence.sighting.time.at >= begun;
            match ends.clone().find(later).or_else(|| ends.clone().next()) {
                Some(end) => (3, format!("the start {place} has its end, {}", logs.place(&end.occurrence))),
                None => (4, format!("the start {place} is not the first with its key")),
            }
        });
    }
    // What is missing or open comes first.
    told.sort_by_key(|(rank, _)| *rank);
    let more = told.len().saturating_sub(MOST_STARTS);
    let first = told.into_iter().take(MOST_STARTS).map(|(_, sentence)| sentence);
    let mut account = Account {
        failed: Vec::new(),
        told: first.collect(),
    };
    if more > 0 {
        account.told.push(format!("… {more} more starts"));
    }
    if outcome.fired.is_empty() || !open.is_empty() {
        account.failed.push(match doubted.is_empty() {
            true => "the expected end".to_owned(),
            false => "missing.within".to_owned(),
        });
    }
    account
}
