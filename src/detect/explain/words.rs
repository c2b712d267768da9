//! Conditions over time and what is in doubt about them, in words.

use crate::detect::over_time::Doubt;
use crate::signature::condition::{Across, Count, Keys, Match, Rate, Silence, SilentLog, Span};

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
    if let Some(SilentLog {
        at_least,
        times,
        longer_than,
    }) = &condition.silent_log
    {
        return Some(format!(
            "silent-log: a log with at least {at_least} regular pauses ends, and others of its system go on for {times} times the longest of them and {}",
            nanos(*longer_than)
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

/// `a and b`.
pub(super) fn names(keys: Option<&Keys>) -> String {
    keys.map(|Keys(names)| names.join(" and ")).unwrap_or_default()
}

/// Why a start without an end says nothing.
pub(super) fn doubt_in_words(doubt: Doubt) -> &'static str {
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
pub fn span(nanos: i64) -> String {
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
