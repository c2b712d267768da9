//! What the logs leave open: starts of which nobody can say whether their end is missing.
//!
//! In: what `missing` conditions could not decide. Out: [`OpenQuestion`]s. They are no findings and never a cause.

use super::build::{captures_of, evidence, name};
use super::claim::{Citations, Claims, Said};
use super::model::{Evidence, OpenQuestion, OpenState};
use super::words::duration;
use crate::detect::collect::Detected;
use crate::detect::over_time::Doubt;
use crate::detect::tally::Tally;
use crate::render::escape::span;
use crate::signature::{Library, Signature};

/// The rule that leaves an end open.
const RULE: &str = "open-end";

/// Builds the questions, in the order of their signatures.
pub(super) fn questions(
    detected: &Detected,
    library: &Library,
    citations: &mut Citations<'_>,
    claims: &mut Claims,
) -> Vec<OpenQuestion> {
    let mut open: Vec<_> = detected.open.iter().collect();
    open.sort_by_key(|((signature, doubt), _)| (&library.signatures()[*signature].id, *doubt));
    let mut questions = Vec::new();
    for (number, ((signature, doubt), tally)) in open.into_iter().enumerate() {
        let signature = &library.signatures()[*signature];
        let evidence: Vec<Evidence> = tally
            .samples
            .iter()
            .map(|sample| evidence(sample, citations))
            .collect();
        let rests_on = evidence.iter().map(|evidence| &evidence.id);
        let said = Said::inferred(text(signature, *doubt, tally, &evidence), RULE, rests_on);
        questions.push(OpenQuestion {
            id: format!("Q{}", number + 1),
            signature: signature.id.clone(),
            title: signature.text().title.clone(),
            state: match doubt {
                Doubt::StillPossible => OpenState::StillPossible,
                _ => OpenState::CannotTell,
            },
            because: because(*doubt, signature),
            answer: answer(*doubt).to_owned(),
            text: claims.say(format!("/open_questions/{number}/text"), said),
            count: tally.count,
            captures: captures_of(signature, tally),
            evidence,
        });
    }
    questions
}

/// Sentences for signatures whose records across logs were too many to be compared.
pub(super) fn cut_short(detected: &Detected, library: &Library) -> Vec<Said> {
    let said = |(signature, until): (&usize, &i64)| {
        let text = format!(
            "{} has more records in these logs than can be compared with each other: those from {} on were left out.",
            span(&library.signatures()[*signature].id),
            crate::record::time::format_utc(*until)
        );
        Said::observed(text, ["S*"])
    };
    detected.cut_short.iter().map(said).collect()
}

fn text(signature: &Signature, doubt: Doubt, tally: &Tally, evidence: &[Evidence]) -> String {
    let place = evidence.first().map(|first| match first.matched_line {
        0 => format!("{} at byte {}", first.source, first.offset),
        line => format!("{}:{line}", first.source),
    });
    let keys = signature
        .condition
        .missing
        .as_ref()
        .and_then(|missing| missing.key.as_ref());
    let key = keys.and_then(|keys| {
        let captures = &tally.first().captures;
        let (_, value) = captures.iter().find(|(known, _)| keys.0.contains(known))?;
        Some(format!(", {}", span(&name(value))))
    });
    let many = match tally.count {
        1 => "not decided for 1 record".to_owned(),
        count => format!("not decided for {count} records, the first"),
    };
    format!(
        "**{}?** {many} ({}{}): {}. {}",
        signature.text().title,
        span(&place.unwrap_or_default()),
        key.unwrap_or_default(),
        because(doubt, signature),
        answer(doubt)
    )
}

fn because(doubt: Doubt, signature: &Signature) -> String {
    match doubt {
        Doubt::StillPossible => {
            let within = signature.condition.missing.as_ref().map(|missing| missing.within);
            let seconds = within.map_or(0, |within| within.0.as_secs());
            format!(
                "the log ends before the deadline of {}, so the end may still come",
                duration(seconds)
            )
        }
        Doubt::Undated => "it has no time of its own, so nothing shows that a deadline passed".to_owned(),
        Doubt::Dropped => "the log says that messages were left out behind it".to_owned(),
        Doubt::NotRead => "a part of the log behind it was not read, or is gone".to_owned(),
        Doubt::TooMany => "more of them were open at a time than are followed".to_owned(),
        Doubt::Gap => "the log, which is else regular, has nothing for a while behind it: it was cut there, or everything stood still".to_owned(),
        Doubt::NeverSeen => "no log that was read shows such an end for any other either".to_owned(),
    }
}

fn answer(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::StillPossible => "A later copy of the log tells.",
        Doubt::Undated => "A log with times tells.",
        Doubt::Dropped => "Ask the program itself for its state; the log cannot tell.",
        Doubt::NotRead => "A complete copy of the log tells.",
        Doubt::TooMany => "Scan a shorter span of the logs.",
        Doubt::Gap => "A copy of the log that nothing was cut from tells.",
        Doubt::NeverSeen => "Scan it together with the log that holds the ends.",
    }
}
