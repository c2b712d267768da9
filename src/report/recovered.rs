//! Whether each incident was over, in words.
//!
//! In: what the analysis knows of its end. Out: the report's [`Recovery`], and what it rests on.

use super::build::{incident_id, name};
use super::claim::{Citations, Said};
use super::counted::{Recovery, RecoveryState};
use super::impact::Counting;
use super::story::RECOVERY;
use super::words::{self, AT_THE_LATEST, duration, time};
use crate::analysis::recovery::{self, Because, State};
use crate::record::time::format_utc;
use crate::render::escape::span;

/// A nanosecond in seconds.
const NANO: f64 = 1e-9;

/// What is known of the end of the incident with this number, and what that rests on.
pub(super) fn recovery(
    counting: &Counting<'_>,
    known: &recovery::Recovery,
    number: usize,
    citations: &mut Citations<'_>,
) -> (Recovery, Said) {
    let id = incident_id(number);
    let mut premises = vec![id.clone()];
    let shown: Vec<String> = known
        .because
        .iter()
        .map(|because| in_words(counting, because, citations, &mut premises))
        .collect();
    let shown = shown.join("; ");
    let last = known.last.map(format_utc);
    let took = known
        .took
        .map(|took| (took as f64 * NANO * 1000.0).round() / 1000.0);
    let sign = last.as_deref().map_or_else(
        || "it is not dated".to_owned(),
        |last| {
            format!(
                "its last sign is of {}{}",
                utc(last),
                latest(counting, known, number)
            )
        },
    );
    let (state, said) = match known.state {
        State::Recovered => {
            let took = took.filter(|took| *took > 0.0);
            let took = took.map(|took| format!(", {} after the first", super::losses::seconds(took)));
            let text = format!(
                "Over before the logs end: {sign}{}. What shows it: {shown}.",
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
    // The summary is about the worst one.
    let said = match number {
        0 => said,
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

/// That the last sign stands between two times, of which the later one is given.
fn latest(counting: &Counting<'_>, known: &recovery::Recovery, number: usize) -> &'static str {
    let members = counting.analysis.incidents[number].members.iter();
    let mut times = members.map(|member| counting.analysis.found[*member].tally.last.sighting.time);
    match times.any(|time| time.until.is_some() && time.until == known.last && time.at != known.last) {
        true => AT_THE_LATEST,
        false => "",
    }
}

/// One thing that speaks for it; what it rests on is added to the premises.
fn in_words(
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
            let (failed, all) = (since.classes.failed(), since.classes.total());
            let failed = match failed {
                0 => "none".to_owned(),
                failed => words::number(failed),
            };
            format!(
                "{failed} of the {} requests since then in {} failed",
                words::number(all),
                span(&counting.log(log))
            )
        }
        Because::Failing { log, during } => {
            cite(during.ends.as_ref().map_or(&[], |ends| ends));
            let (failed, all) = (during.classes.failed(), during.classes.total());
            format!(
                "requests in {} fail to its end ({} of {})",
                span(&counting.log(log)),
                words::number(failed),
                words::number(all)
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
