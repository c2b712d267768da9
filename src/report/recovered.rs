//! Whether each incident was over, in words.
//!
//! In: what the analysis knows of its end. Out: the report's [`Recovery`], and what it rests on.

use super::build::name;
use super::claim::{Citations, Said};
use super::counted::{Recovery, RecoveryState};
use super::impact::Counting;
use super::story::RECOVERY;
use super::words::{duration, number, time};
use crate::analysis::recovery::{self, Because, State};
use crate::record::time::format_utc;
use crate::render::escape::span;

/// A nanosecond in seconds.
const NANO: f64 = 1e-9;

/// What is known of an incident's end, and what that rests on. `id` is the incident's.
pub(super) fn recovery(
    counting: &Counting<'_>,
    known: &recovery::Recovery,
    id: &str,
    citations: &mut Citations<'_>,
) -> (Recovery, Said) {
    let mut premises = vec![id.to_owned()];
    let shown: Vec<String> = known
        .because
        .iter()
        .map(|because| words(counting, because, citations, &mut premises))
        .collect();
    let shown = shown.join("; ");
    let last = known.last.map(format_utc);
    let took = known
        .took
        .map(|took| (took as f64 * NANO * 1000.0).round() / 1000.0);
    let sign = last.as_deref().map_or_else(
        || "it is not dated".to_owned(),
        |last| format!("its last sign is of {}", utc(last)),
    );
    let (state, said) = match known.state {
        State::Recovered => {
            let took = took.map(|took| format!(", {} after the first", super::losses::seconds(took)));
            let text = format!(
                "Over before the logs end: {sign}{}. Since then {shown}.",
                took.unwrap_or_default()
            );
            (RecoveryState::Recovered, Said::inferred(text, RECOVERY, premises))
        }
        State::NotRecovered => {
            let text = format!("Not recovered when the logs end ({sign}): {shown}.");
            (
                RecoveryState::NotRecovered,
                Said::inferred(text, RECOVERY, premises),
            )
        }
        State::NotKnown => {
            let text = format!("Whether it was over before the logs end, they do not show; {sign}.");
            (RecoveryState::NotKnown, Said::inferred(text, RECOVERY, premises))
        }
    };
    let said = match counting.analysis.incidents.len() {
        1 => said,
        _ => Said {
            text: format!("{id}: {}", said.text),
            ..said
        },
    };
    let recovery = Recovery {
        state,
        at: last,
        seconds: took.filter(|_| state == RecoveryState::Recovered),
        text: said.text.clone(),
    };
    (recovery, said)
}

/// One thing that speaks for it; what it rests on is added to the premises.
fn words(
    counting: &Counting<'_>,
    because: &Because,
    citations: &mut Citations<'_>,
    premises: &mut Vec<String>,
) -> String {
    let mut cite = |places: &[crate::detect::tally::Place]| {
        premises.extend(places.iter().map(|place| citations.cite(place)));
    };
    match because {
        Because::Answered { log, since } => {
            cite(since.ends.as_ref().map_or(&[], |ends| ends));
            let failed = match since.classes.failed() {
                0 => "none".to_owned(),
                failed => number(failed),
            };
            let all = number(since.classes.total());
            format!(
                "{all} requests are in {}, {failed} of which failed",
                span(&counting.log(log))
            )
        }
        Because::Failing { log, during } => {
            cite(during.ends.as_ref().map_or(&[], |ends| ends));
            let (failed, all) = (during.classes.failed(), during.classes.total());
            format!(
                "requests in {} fail to its end ({} of {})",
                span(&counting.log(log)),
                number(failed),
                number(all)
            )
        }
        Because::Back { service, place, at } => {
            cite(&[*place]);
            let at = format_utc(*at);
            format!("{} was ready again at {}", span(&name(service)), utc(&at))
        }
        Because::Down { service, place } => {
            cite(&[*place]);
            format!("{} died and is not back", span(&name(service)))
        }
        Because::GoesOn { found, log, quiet } => {
            let finding = &counting.findings[*found].id;
            premises.push(finding.clone());
            premises.push(format!("S{}", log + 1));
            let quiet = duration((quiet / 1_000_000_000).unsigned_abs());
            format!(
                "{} goes on for {quiet} without {finding}",
                span(&citations.name(*log))
            )
        }
        Because::Ongoing { found } => {
            let finding = &counting.findings[*found].id;
            premises.push(finding.clone());
            format!("{finding} is seen up to the end of all logs")
        }
    }
}

fn utc(rfc3339: &str) -> String {
    format!("{} UTC", time(rfc3339))
}
