//! Why a finding is called the root cause, or why none is: the sentences about one incident.
//!
//! In: the analysis. Out: sentences with what they rest on, the verdict on each candidate, and the changes just before.

use super::claim::{Citations, Claims, Said};
use super::model::{Candidate, Finding, TriggerCandidate, Verdict};
use super::story::{DECLARED_LINK, FIRST_SEEN};
use super::told::is_first;
use super::words::{clock, duration};
use crate::analysis::cause::{reach, same_record};
use crate::analysis::{Analysis, Incident, Link, Order};
use crate::record::time::format_utc;
use crate::render::escape::span;
use crate::signature::{Role, Signature};

/// Shared keys that a sentence names.
const MOST_KEYS: usize = 4;

/// The rule by which a change is shown beside an incident.
const JUST_BEFORE: &str = "just-before";

/// Everything that is said about why an incident has the root cause that it has.
pub(super) fn reasons(analysis: &Analysis<'_>, incident: &Incident, findings: &[Finding]) -> Vec<Said> {
    let mut reasons = Vec::new();
    match incident.root {
        Some(root) => {
            explained(analysis, incident, root, findings, &mut reasons);
            shared(incident, root, findings, &mut reasons);
        }
        None => reasons.push(unexplained(incident, findings)),
    }
    reasons
}

fn id(findings: &[Finding], number: usize) -> String {
    findings[number].id.clone()
}

fn ids(findings: &[Finding], numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| id(findings, number)).collect()
}

/// Why no cause is named.
fn unexplained(incident: &Incident, findings: &[Finding]) -> Said {
    let members = ids(findings, incident.members.iter().copied());
    let equal = equal_candidates(incident);
    if !equal.is_empty() {
        let text = format!(
            "{} explain the same findings equally well; neither order, closeness in time nor a shared key speaks for one of them.",
            ids(findings, equal).join(" and ")
        );
        return Said::inferred(text, FIRST_SEEN, members);
    }
    let first = &findings[incident.members.first().copied().unwrap_or_default()];
    let own: Vec<&Finding> = incident.members.iter().map(|member| &findings[*member]).collect();
    let claim = match is_first(&own) {
        true => "was seen first",
        false => "explains most of the others",
    };
    let text = format!(
        "None of these findings is a cause by itself; {} ({}) {claim} and is unexplained.",
        first.id, first.title
    );
    Said::inferred(text, FIRST_SEEN, members)
}

/// The candidates of which none is the root, since their claims are equal.
fn equal_candidates(incident: &Incident) -> Vec<usize> {
    let first = incident.candidates.first().copied();
    incident
        .rival
        .map_or_else(Vec::new, |rival| first.into_iter().chain([rival]).collect())
}

/// What the root explains, and what not.
fn explained(
    analysis: &Analysis<'_>,
    incident: &Incident,
    root: usize,
    findings: &[Finding],
    reasons: &mut Vec<Said>,
) {
    let own = &findings[root];
    let explained = reach(&incident.links, root);
    let same = |member: &usize| same_record(&analysis.found[root], &analysis.found[*member]);
    let others = incident.members.iter().copied().filter(|member| *member != root);
    let (sides, others): (Vec<usize>, Vec<usize>) =
        others.partition(|member| same(member) && !explained.contains(member));
    // Of a cause that was considered this is said below.
    let sides = sides
        .into_iter()
        .filter(|side| !incident.candidates.contains(side));
    for side in ids(findings, sides) {
        let text = format!(
            "{side} begins with the same record as {}: it is another side of the same event.",
            own.id
        );
        reasons.push(Said::inferred(text, "same-record", [&own.id, &side]));
    }
    let members = ids(findings, incident.members.iter().copied());
    if others.is_empty() {
        let text = format!("{} stands alone: no other failure is linked to it.", own.id);
        reasons.push(Said::inferred(text, "no-link", [&own.id]));
        return;
    }
    let told = ids(findings, explained.iter().copied());
    if explained.is_empty() {
        let text = format!(
            "{} explains none of the other findings by a declared link.",
            own.id
        );
        reasons.push(Said::inferred(text, "no-link", members.clone()));
    } else {
        let dated = incident
            .links
            .iter()
            .any(|link| link.from == root && link.order != Order::Undated);
        let order = if dated {
            "the order of the records agrees"
        } else {
            "its records are not dated, so their order could not be checked"
        };
        let text = format!(
            "{} explains {} of {} other findings ({}): its signature `{}` declares that it leads to them, and {order}.",
            own.id,
            explained.len(),
            others.len(),
            told.join(", "),
            own.signature
        );
        let premises = [own.id.clone()].into_iter().chain(told);
        reasons.push(Said::inferred(text, DECLARED_LINK, premises));
    }
    let left = ids(
        findings,
        others.into_iter().filter(|member| !explained.contains(member)),
    );
    if !left.is_empty() {
        let text = format!("It does not explain {}.", left.join(", "));
        reasons.push(Said::inferred(text, "no-link", members));
    }
}

fn shared(incident: &Incident, root: usize, findings: &[Finding], reasons: &mut Vec<Said>) {
    let own = &findings[root].id;
    for link in incident
        .links
        .iter()
        .filter(|link| link.from == root && !link.shared.is_empty())
    {
        let other = &findings[link.to].id;
        let text = format!("{own} and {other} are both about {}.", keys(link));
        reasons.push(Said::inferred(text, "shared-key", [own, other]));
    }
}

/// The keys of a link in words.
fn keys(link: &Link) -> String {
    // What they are about comes before who wrote them.
    let general = |key: &&String| key.starts_with("pid ") || key.starts_with("service ");
    let (last, first): (Vec<&String>, Vec<&String>) = link.shared.iter().partition(general);
    let keys: Vec<String> = first
        .into_iter()
        .chain(last)
        .take(MOST_KEYS)
        .map(|key| span(key))
        .collect();
    match link.shared.len() - keys.len() {
        0 => keys.join(", "),
        more => format!("{} and {more} more", keys.join(", ")),
    }
}

/// What is no candidate, since the program itself went on; said once for all incidents.
pub(super) fn handled(analysis: &Analysis<'_>, findings: &[Finding]) -> Option<Said> {
    let handled = (0..findings.len()).filter(|number| analysis.found[*number].role == Role::Handled);
    let handled = ids(findings, handled);
    let first = handled.first()?;
    let text = match handled.len() {
        1 => format!("{first} was handled by the program and is not a cause."),
        _ => format!(
            "{} were handled by the program and are no causes.",
            handled.join(", ")
        ),
    };
    Some(Said::inferred(text, "handled", handled))
}

/// The verdict on each cause that was considered, for the model; the sentences about those that are not the root go to
/// `reasons`.
pub(super) fn candidates(
    analysis: &Analysis<'_>,
    incident: &Incident,
    findings: &[Finding],
    reasons: &mut Vec<Said>,
) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let equal = equal_candidates(incident);
    for number in &incident.candidates {
        let explains = ids(findings, reach(&incident.links, *number));
        let verdict = match incident.root {
            Some(root) if root == *number => Verdict::RootCause,
            Some(root) => verdict(analysis, incident, root, *number),
            None if equal.contains(number) => Verdict::EquallyGood,
            None => Verdict::ExplainsLess,
        };
        let own = &findings[*number];
        if let (Some(root), false) = (incident.root, verdict == Verdict::RootCause) {
            let text = format!(
                "{} ({}) was considered: {}.",
                own.id,
                own.title,
                in_words(verdict, &explains)
            );
            reasons.push(Said::inferred(text, "ruled-out", [&findings[root].id, &own.id]));
        }
        candidates.push(Candidate {
            finding: own.id.clone(),
            verdict,
            explains,
        });
    }
    candidates
}

fn verdict(analysis: &Analysis<'_>, incident: &Incident, root: usize, other: usize) -> Verdict {
    let first = |number: usize| analysis.found[number].tally.first().sighting.time.at;
    let weight = |number: usize| reach(&incident.links, number).len();
    if reach(&incident.links, root).contains(&other) {
        Verdict::FollowsFromRoot
    } else if same_record(&analysis.found[root], &analysis.found[other]) {
        Verdict::SameEvent
    } else if weight(other) < weight(root) {
        Verdict::ExplainsLess
    } else if first(root)
        .zip(first(other))
        .is_some_and(|(root, other)| other > root)
    {
        Verdict::CameLater
    } else {
        Verdict::WeakerLink
    }
}

fn in_words(verdict: Verdict, explains: &[String]) -> String {
    match verdict {
        Verdict::RootCause => "it is the root cause".to_owned(),
        Verdict::FollowsFromRoot => "it follows from the root cause".to_owned(),
        Verdict::SameEvent => "it is another side of the same event".to_owned(),
        Verdict::ExplainsLess if explains.is_empty() => "it explains no other finding".to_owned(),
        Verdict::ExplainsLess => format!("it explains less ({})", explains.join(", ")),
        Verdict::CameLater => "it came later".to_owned(),
        Verdict::WeakerLink => {
            "no shared key, or less closeness in time, ties it to what it could explain".to_owned()
        }
        Verdict::EquallyGood => "it explains as much as another".to_owned(),
    }
}

/// The changes just before an incident.
pub(super) fn triggers(
    at: &str,
    incident: &Incident,
    findings: &[Finding],
    citations: &mut Citations<'_>,
    claims: &mut Claims,
) -> Vec<TriggerCandidate> {
    let mut triggers = Vec::new();
    for trigger in &incident.triggers {
        let finding = &findings[trigger.found];
        let occurrence = &trigger.occurrence;
        let seconds = trigger.before.max(0) / 1_000_000_000;
        let seconds = u64::try_from(seconds).unwrap_or_default();
        let when = match seconds {
            0 => "in the same second as the first record of this failure".to_owned(),
            _ => format!("{} before the first record of this failure", duration(seconds)),
        };
        let place = citations.cite(&occurrence.place());
        let what = occurrence
            .service
            .as_deref()
            .map(|service| format!(", {}", span(service)));
        let text = format!(
            "{} ({}{}), {when}.",
            finding.title,
            finding.id,
            what.unwrap_or_default()
        );
        let said = Said::inferred(text, JUST_BEFORE, [&place, &finding.id]);
        triggers.push(TriggerCandidate {
            finding: finding.id.clone(),
            source: citations.name(occurrence.sighting.source),
            line: occurrence.matched_line,
            time: occurrence.sighting.time.at.map(format_utc),
            service: occurrence.service.as_deref().map(super::build::name),
            seconds_before: seconds,
            text: claims.say(format!("{at}/triggers/{}/text", triggers.len()), said),
            evidence: place,
        });
    }
    triggers
}

/// Why one finding is said to have brought about another.
pub(super) fn because(link: &Link, cause: &Signature) -> String {
    let order = match link.order {
        Order::Undated => "the order is not dated".to_owned(),
        Order::Agrees { delay, exact, from } => {
            let apart = duration(delay.unsigned_abs() / 1_000_000_000);
            let when = match delay / 1_000_000_000 {
                _ if !exact => "the bounds of undated records agree".to_owned(),
                0 => "seen in the same second".to_owned(),
                1.. => format!("seen {apart} later"),
                -2.. => "seen at about the same time".to_owned(),
                _ => format!("seen {apart} before: the record of the cause is written late"),
            };
            match from {
                Some(from) => format!(
                    "{when}, from {} on; not its earlier records",
                    clock(&format_utc(from))
                ),
                None => when,
            }
        }
    };
    let shared = if link.shared.is_empty() {
        String::new()
    } else {
        format!("; both about {}", keys(link))
    };
    format!("declared by `{}`; {order}{shared}", cause.id)
}
