//! What a reader sees of clocks that differ.
//!
//! In: a [`Skew`]. Out: rows of the report, sentences (Markdown), and by how much a source was moved.

use super::model::SkewRow;
use crate::analysis::skew::estimate::{Estimate, Refused};
use crate::analysis::skew::{Compared, Skew, Verdict};
use crate::detect::collect::Detected;
use crate::render::escape::span;

/// Rows without an answer that are reported.
const MOST_UNKNOWN: usize = 32;

/// By how many seconds the times of a source were moved.
pub(super) fn moved(skew: &Skew, source: usize) -> f64 {
    seconds(-skew.shifts.get(source).copied().unwrap_or(0))
}

/// A row for each log that was compared, and for some that could not be.
pub(super) fn rows(skew: &Skew, logs: &[String], detected: &Detected) -> Vec<SkewRow> {
    let mut unknown = 0;
    let shown = skew.compared.iter().filter(|compared| {
        unknown += usize::from(matches!(compared.verdict, Verdict::Unknown(_)));
        unknown <= MOST_UNKNOWN || !matches!(compared.verdict, Verdict::Unknown(_))
    });
    shown.map(|compared| row(compared, logs, detected)).collect()
}

fn row(compared: &Compared, logs: &[String], detected: &Detected) -> SkewRow {
    let (verdict, estimate, zone, reason) = match compared.verdict {
        Verdict::Agrees(estimate) => ("agrees", Some(estimate), None, how(estimate)),
        Verdict::Differs { estimate, zone } => {
            let zone = zone.then(|| zones(compared, estimate, detected));
            ("differs", Some(estimate), zone, how(estimate))
        }
        Verdict::Unknown(why) => ("unknown", None, None, why_not(why)),
    };
    let reason = match compared.beside {
        Some(beside) => format!("{}, which the same program writes: {reason}", span(&logs[beside])),
        None => reason,
    };
    SkewRow {
        source: logs[compared.source].clone(),
        against: compared.against.map(|against| logs[against].clone()),
        verdict,
        offset_seconds: estimate.map(|estimate| seconds(estimate.offset)),
        uncertainty_seconds: estimate.map(|estimate| seconds(estimate.uncertainty)),
        pairs: estimate.map_or(0, |estimate| estimate.pairs as u64),
        zone,
        applied: compared.applied,
        reason,
    }
}

/// A sentence for each clock that differs, and the two sources that it is about.
pub(super) fn sentences(skew: &Skew, logs: &[String], detected: &Detected) -> Vec<(String, [usize; 2])> {
    let sentence = |compared: &Compared| {
        let (Verdict::Differs { estimate, zone }, Some(against)) = (compared.verdict, compared.against)
        else {
            return None;
        };
        let like = if zone {
            format!(", which looks like {}", zones(compared, estimate, detected))
        } else {
            String::new()
        };
        let done = if compared.applied {
            "its times are shown by the other clock (marked `⇄`; `--no-skew-correction` leaves them)"
        } else {
            "its times are left as they are (`--no-skew-correction`)"
        };
        let from = match compared.beside {
            Some(beside) => format!(
                "as that of {}, which the same program writes",
                span(&logs[beside])
            ),
            None => format!("from {} events in both", estimate.pairs),
        };
        let text = format!(
            "The clock of {} is {} s {} that of {} (± {} s, {from}){like}: {done}.",
            span(&logs[compared.source]),
            seconds(estimate.offset.abs()),
            if estimate.offset > 0 { "ahead of" } else { "behind" },
            span(&logs[against]),
            seconds(estimate.uncertainty),
        );
        Some((text, [compared.source, against]))
    };
    skew.compared.iter().filter_map(sentence).collect()
}

fn how(estimate: Estimate) -> String {
    format!(
        "{} events (requests, process starts) are in both logs",
        estimate.pairs
    )
}

fn why_not(why: Option<Refused>) -> String {
    match why {
        None => "it has no requests or process starts that another log may have too".to_owned(),
        Some(Refused::Few(0)) => "it shares no request or process start with another log".to_owned(),
        Some(Refused::Few(pairs)) => {
            format!("it shares only {pairs} requests or process starts with another log")
        }
        Some(Refused::Ambiguous) => {
            "the requests that it shares with another log fit together in more than one way, or in none"
                .to_owned()
        }
    }
}

/// `UTC+05:30 against UTC`, from the log's side; `5 h 30 min` where neither is known to be UTC.
fn zones(compared: &Compared, estimate: Estimate, detected: &Detected) -> String {
    let assumed = |source: usize| {
        detected
            .sources
            .get(source)
            .is_some_and(|facts| facts.assumed.zone || facts.assumed.year)
    };
    let (hours, minutes) = (
        estimate.offset.abs() / 3_600_000_000_000,
        estimate.offset.abs() / 60_000_000_000 % 60,
    );
    let minutes = if minutes > 0 {
        format!(":{minutes:02}")
    } else {
        String::new()
    };
    let sign = if estimate.offset > 0 { '+' } else { '-' };
    let cause = if assumed(compared.source) {
        " (the zone that was assumed for it is not its own: see `--timezone`)"
    } else {
        ""
    };
    format!("UTC{sign}{hours}{minutes} against UTC{cause}")
}

/// Seconds, to the millisecond.
fn seconds(nanos: i64) -> f64 {
    (nanos as f64 / 1e6).round() / 1e3
}
