//! Why a condition over time came true, or did not.
//!
//! In: the [`Event`]s of a signature and its condition. Out: sentences. What is missing is found by asking less: the same
//! condition is run again with a longer window, without its key, with fewer steps, and what comes true then says what
//! was missing. So the answers are those of the machine that decides in a scan.

use std::collections::BTreeMap;
use std::time::Duration;

use super::place_of;
use crate::detect::compile::Slot;
use crate::detect::over_time::{Doubt, Event, LogTimes, Outcome, OverTime, is_across};
use crate::detect::tally::{Occurrence, Tally};
use crate::signature::condition::{Across, Count, Keys, Match, Missing, Rate, Sequence, Silence, Span};

/// Most starts of `missing` that are told one by one.
const MOST_STARTS: usize = 5;

/// A window that everything lies in.
const EVER: Span = Span(Duration::from_secs(u32::MAX as u64));

/// What is known of the logs.
pub(in crate::detect) struct Logs<'l> {
    /// Names of the sources, by number.
    pub(in crate::detect) names: &'l [String],
    /// First and last dated line of each log, in UTC nanoseconds, by the number of its first source.
    pub(in crate::detect) times: &'l BTreeMap<usize, (Option<i64>, Option<i64>)>,
    /// Times of some lines of each log.
    pub(in crate::detect) samples: &'l BTreeMap<usize, Vec<i64>>,
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
    fn failed(&mut self, what: impl Into<String>, told: String) {
        self.failed.push(what.into());
        self.told.push(told);
    }
}

impl Logs<'_> {
    fn times(&self, log: usize) -> LogTimes<'_> {
        let (first, last) = self.times.get(&log).copied().unwrap_or_default();
        LogTimes {
            first,
            last,
            samples: self.samples.get(&log).map_or(&[], Vec::as_slice),
        }
    }

    pub(in crate::detect) fn place(&self, occurrence: &Occurrence) -> String {
        place_of(self.names, occurrence)
    }
}

/// The condition over time in the page's words; nothing for a condition on single records.
pub(in crate::detect) fn written(condition: &Match) -> Option<String> {
    let key = |keys: &Option<Keys>| match keys {
        Some(Keys(names)) => format!(", for each {}", names.join(" and ")),
        None => String::new(),
    };
    let across = |across: Across| match across {
        Across::Sources => ", over all logs",
        Across::Log => ", in one log",
    };
    let nanos = |given: Span| span(given.nanos());
    if let Some(Count {
        at_least,
        within,
        key: keys,
        across: over,
    }) = &condition.count
    {
        return Some(format!(
            "count: at least {at_least} such records within {}{}{}",
            nanos(*within),
            key(keys),
            across(*over)
        ));
    }
    if let Some(Rate {
        within,
        times,
        at_least,
        key: keys,
    }) = &condition.rate
    {
        return Some(format!(
            "rate: at least {at_least} such records within {}, and {times} times as many as before{}",
            nanos(*within),
            key(keys)
        ));
    }
    if let Some(Silence {
        at_least,
        times,
        longer_than,
        key: keys,
    }) = &condition.silence
    {
        return Some(format!(
            "silence: at least {at_least} such records, then none for {times} times their longest pause and {}, while the log goes on{}",
            nanos(*longer_than),
            key(keys)
        ));
    }
    if let Some(sequence) = &condition.sequence {
        let between = if sequence.not_between.is_empty() {
            ""
        } else {
            ", and nothing that must not stand between"
        };
        return Some(format!(
            "sequence: {} steps in this order within {}{between}{}{}",
            sequence.steps.len(),
            nanos(sequence.within),
            key(&sequence.key),
            across(sequence.across)
        ));
    }
    let missing = condition.missing.as_ref()?;
    Some(format!(
        "missing: a start, and no end within {} although the log goes on{}{}",
        nanos(missing.within),
        key(&missing.key),
        across(missing.across)
    ))
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
    let mut account = Account::default();
    let run = |condition: &Match, events: &[Event]| outcome(condition, events, logs);
    if let Some(count) = &condition.count {
        of_count(count, condition, &events, &run, logs, &mut account);
    } else if let Some(rate) = &condition.rate {
        of_rate(rate, condition, &events, &run, logs, &mut account);
    } else if let Some(silence) = &condition.silence {
        of_silence(silence, condition, &events, &run, logs, &mut account);
    } else if let Some(sequence) = &condition.sequence {
        of_sequence(sequence, condition, &events, &run, logs, &mut account);
    } else {
        of_missing(
            condition.missing.as_ref()?,
            condition,
            &events,
            &run,
            open,
            logs,
            &mut account,
        );
    }
    Some(account)
}

/// What a condition comes to: within each log, or over all.
fn outcome(condition: &Match, events: &[Event], logs: &Logs<'_>) -> Outcome {
    let mut by_log: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    for event in events {
        let log = if is_across(condition) { 0 } else { event.log };
        by_log.entry(log).or_default().push(event.clone());
    }
    let mut out = Outcome::default();
    for events in by_log.into_values() {
        let Some(mut state) = OverTime::new(condition) else {
            continue;
        };
        for event in events {
            let times = logs.times(event.log);
            state.take(
                event,
                LogTimes {
                    samples: &[],
                    ..times
                },
                &mut out,
            );
        }
        state.end(&|log| logs.times(log), &mut out);
    }
    out
}

type Run<'r> = &'r dyn Fn(&Match, &[Event]) -> Outcome;

/// The events without their keys: all belong together.
fn without_keys(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    events
        .iter_mut()
        .for_each(|event| event.key = Some(String::new()));
    events
}

fn of_count(
    count: &Count,
    condition: &Match,
    events: &[Event],
    run: Run<'_>,
    logs: &Logs<'_>,
    account: &mut Account,
) {
    let fires = |count: Count, events: &[Event]| {
        let condition = Match {
            count: Some(count),
            ..condition.clone()
        };
        run(&condition, events).fired
    };
    let fired = fires(count.clone(), events);
    let (needed, within) = (count.at_least as usize, span(count.within.nanos()));
    if let Some(first) = fired.first() {
        account.told.push(format!(
            "{} records came as often as {needed} within {within}, the first of them {}",
            fired.len(),
            logs.place(first)
        ));
        return;
    }
    let most = most(needed, |number| {
        !fires(
            Count {
                at_least: number,
                ..count.clone()
            },
            events,
        )
        .is_empty()
    });
    let longer = fires(
        Count {
            within: EVER,
            ..count.clone()
        },
        events,
    );
    let keyless = fires(count.clone(), &without_keys(events));
    if !longer.is_empty() {
        let first = longer.first().map(|first| logs.place(first)).unwrap_or_default();
        account.failed("count.within", format!(
            "at most {most} of the {needed} that are needed lie within {within}; without the window there are {}, the first of them {first}",
            longer.len()
        ));
    } else if !keyless.is_empty() {
        account.failed("count.key", format!(
            "at most {most} of the {needed} that are needed within {within} have the same {}; of all together there are enough",
            names(count.key.as_ref())
        ));
    } else {
        account.failed(
            "count.at-least",
            format!("{most} of the {needed} that are needed within {within} are there"),
        );
    }
}

/// The highest number below `needed` for which `holds`, which holds below any number for which it does.
fn most(needed: usize, holds: impl Fn(u32) -> bool) -> usize {
    let numbers: Vec<u32> = (1..u32::try_from(needed).unwrap_or(u32::MAX)).collect();
    numbers.partition_point(|number| holds(*number))
}

fn names(keys: Option<&Keys>) -> String {
    keys.map(|Keys(names)| names.join(" and ")).unwrap_or_default()
}

fn of_rate(
    rate: &Rate,
    condition: &Match,
    events: &[Event],
    run: Run<'_>,
    logs: &Logs<'_>,
    account: &mut Account,
) {
    let fires = |rate: Rate| {
        let condition = Match {
            rate: Some(rate),
            ..condition.clone()
        };
        run(&condition, events).fired
    };
    let (needed, within) = (rate.at_least as usize, span(rate.within.nanos()));
    let fired = fires(rate.clone());
    if let Some(first) = fired.first() {
        account.told.push(format!(
            "from {} on the rate is {} times what it was",
            logs.place(first),
            rate.times
        ));
        return;
    }
    let most = most(needed + 1, |number| {
        !fires(Rate {
            at_least: number,
            times: 0.0,
            ..rate.clone()
        })
        .is_empty()
    });
    if most < needed {
        account.failed("rate.at-least", format!(
            "at most {most} of the {needed} records that are needed lie within {within} of which the past before is known for as long"
        ));
    } else {
        let lower = (1..100)
            .rev()
            .map(|percent| rate.times * f64::from(percent) / 100.0);
        let reached = lower.into_iter().find(|times| {
            !fires(Rate {
                times: *times,
                ..rate.clone()
            })
            .is_empty()
        });
        account.failed("rate.times", format!(
            "within {within} there are at most {:.1} times as many as before, and {} times as many are needed",
            reached.unwrap_or_default(),
            rate.times
        ));
    }
}

fn of_silence(
    silence: &Silence,
    condition: &Match,
    events: &[Event],
    run: Run<'_>,
    logs: &Logs<'_>,
    account: &mut Account,
) {
    let fired = run(condition, events).fired;
    for last in &fired {
        account
            .told
            .push(format!("it was silent behind {}", logs.place(last)));
    }
    if !fired.is_empty() {
        return;
    }
    let mut by_key: BTreeMap<(usize, Option<&str>), Vec<&Event>> = BTreeMap::new();
    for event in events
        .iter()
        .filter(|event| event.occurrence.sighting.time.at.is_some())
    {
        by_key
            .entry((event.log, event.key.as_deref()))
            .or_default()
            .push(event);
    }
    let Some(((log, _), events)) = by_key.into_iter().max_by_key(|(_, events)| events.len()) else {
        account.failed(
            "silence.at-least",
            format!(
                "none of the {} records that are needed is there",
                silence.at_least
            ),
        );
        return;
    };
    let times: Vec<i64> = events
        .iter()
        .filter_map(|event| event.occurrence.sighting.time.at)
        .collect();
    let longest = times
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .max()
        .unwrap_or(0);
    let pause = longest
        .saturating_mul(i64::from(silence.times))
        .max(silence.longer_than.nanos());
    let last = times.last().copied().unwrap_or_default();
    let place = events
        .last()
        .map(|event| logs.place(&event.occurrence))
        .unwrap_or_default();
    let behind = logs.times(log).last.map_or(0, |end| end.saturating_sub(last));
    if times.len() < silence.at_least as usize {
        account.failed(
            "silence.at-least",
            format!(
                "{} of the {} records that are needed are there",
                times.len(),
                silence.at_least
            ),
        );
    } else if behind <= pause {
        account.failed("silence.longer-than", format!(
            "the last one is {place}, and the log ends {} later; silence would be {} (their longest pause was {})",
            span(behind),
            span(pause),
            span(longest)
        ));
    } else {
        account.failed("silence", format!(
            "the last one is {place}; behind it the log does not go on in each part of the {} that would be silence, or something was stopped or lost there",
            span(pause)
        ));
    }
}

fn of_sequence(
    sequence: &Sequence,
    condition: &Match,
    events: &[Event],
    run: Run<'_>,
    logs: &Logs<'_>,
    account: &mut Account,
) {
    let fires = |sequence: Sequence, events: &[Event]| {
        let condition = Match {
            sequence: Some(sequence),
            ..condition.clone()
        };
        run(&condition, events).fired
    };
    let (steps, within) = (sequence.steps.len(), span(sequence.within.nanos()));
    let fired = fires(sequence.clone(), events);
    if let Some(first) = fired.first() {
        account.told.push(format!(
            "all {steps} steps came, the first of them {}",
            logs.place(first)
        ));
        return;
    }
    let free = Sequence {
        not_between: Vec::new(),
        ..sequence.clone()
    };
    let free_events: Vec<Event> = events
        .iter()
        .filter(|event| event.slot != Slot::Between)
        .cloned()
        .collect();
    let first_of = |fired: &[Occurrence]| fired.first().map(|first| logs.place(first)).unwrap_or_default();
    let without_between = fires(free.clone(), &free_events);
    if !without_between.is_empty() {
        account.failed("not-between", format!(
            "all {steps} steps came, the first of them {}, but a record that must not stand between them does",
            first_of(&without_between)
        ));
        return;
    }
    let longer = fires(
        Sequence {
            within: EVER,
            ..free.clone()
        },
        &free_events,
    );
    if !longer.is_empty() {
        let times = longer.iter().filter_map(|occurrence| occurrence.sighting.time.at);
        let (first, last) = (times.clone().min(), times.max());
        let took = first.zip(last).map_or_else(String::new, |(first, last)| {
            format!("they took {}, and ", span(last.saturating_sub(first)))
        });
        account.failed(
            "sequence.within",
            format!(
                "all {steps} steps came in order, the first of them {}; {took}{within} is the window",
                first_of(&longer)
            ),
        );
        return;
    }
    let keyless = fires(free.clone(), &without_keys(&free_events));
    if sequence.key.is_some() && !keyless.is_empty() {
        account.failed(
            "sequence.key",
            format!(
                "all {steps} steps came in order, the first of them {}, but not with the same {}",
                first_of(&keyless),
                names(sequence.key.as_ref())
            ),
        );
        return;
    }
    // The first steps alone, as far as they come.
    let reached = (1..steps).rev().find_map(|number| {
        let shorter = Sequence {
            steps: sequence.steps[..number].to_vec(),
            ..free.clone()
        };
        let events: Vec<Event> = free_events
            .iter()
            .filter(|event| matches!(event.slot, Slot::Step(step) if step < number))
            .cloned()
            .collect();
        let fired = fires(shorter, &events);
        fired.last().map(|last| (number, logs.place(last)))
    });
    let (number, behind) = reached.map_or((0, String::new()), |(number, last)| {
        (number, format!(" behind step {number} ({last})"))
    });
    let elsewhere = free_events
        .iter()
        .filter(|event| event.slot == Slot::Step(number))
        .count();
    let there = match elsewhere {
        0 => "no record satisfies it".to_owned(),
        count => format!("of the records that satisfy it, none of {count} comes in order and with the key"),
    };
    account.failed(
        format!("step {}", number + 1),
        format!("step {} never came{behind}: {there}", number + 1),
    );
}

fn of_missing(
    missing: &Missing,
    condition: &Match,
    events: &[Event],
    run: Run<'_>,
    open: &[(Doubt, &Tally)],
    logs: &Logs<'_>,
    account: &mut Account,
) {
    let outcome = run(condition, events);
    // What was lost is known to the scan alone, which keeps some of the starts.
    let doubted = open
        .iter()
        .flat_map(|(doubt, tally)| tally.samples.iter().map(move |start| (*doubt, start.clone())));
    let doubted: Vec<(Doubt, Occurrence)> = doubted.chain(outcome.open.iter().cloned()).collect();
    let starts: Vec<&Event> = events.iter().filter(|event| event.slot == Slot::After).collect();
    let within = span(missing.within.nanos());
    if starts.is_empty() {
        account.failed("the start", "no record is a start".to_owned());
        return;
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
    account
        .told
        .extend(told.into_iter().take(MOST_STARTS).map(|(_, sentence)| sentence));
    if more > 0 {
        account.told.push(format!("… {more} more starts"));
    }
    if outcome.fired.is_empty() || !open.is_empty() {
        account.failed.push(match doubted.is_empty() {
            true => "the expected end".to_owned(),
            false => "missing.within".to_owned(),
        });
    }
}

fn doubt_in_words(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::StillPossible => "the log ends before the deadline, so the end is still possible",
        Doubt::Undated => "the start has no time of its own, so there is no deadline",
        Doubt::Dropped => "the log says itself that messages were left out behind it",
        Doubt::NotRead => "a part of the log behind it was not read, or is gone",
        Doubt::TooMany => "too many starts were open at a time",
        Doubt::Gap => {
            "the log, which is else regular, has a gap behind it: it was cut there, or everything stood still"
        }
        Doubt::NeverSeen => "no log that was read has ever shown such an end",
    }
}

/// A length of time as pages write it, in the two largest units that say something.
pub(in crate::detect) fn span(nanos: i64) -> String {
    let millis = nanos / 1_000_000;
    if millis.abs() < 1_000 {
        return format!("{millis}ms");
    }
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let mut left = millis;
    let mut parts = Vec::new();
    for (name, length) in units {
        let whole = left / length;
        left %= length;
        if whole > 0 && parts.len() < 2 {
            parts.push(format!("{whole}{name}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_written_as_in_pages() {
        assert_eq!(span(60_000_000_000), "1m");
        assert_eq!(span(90_500_000_000), "1m 30s");
        assert_eq!(span(500_000_000), "500ms");
        assert_eq!(span(2 * 86_400_000_000_000 + 3_600_000_000_000), "2d 1h");
    }
}
