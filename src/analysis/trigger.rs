//! What was changed just before an incident.
//!
//! In: incidents, and the lifecycle records. Out: for each incident the deploys, restarts, orderly stops and changes of
//! configuration of its system in the ten minutes before its first record. Time alone makes no cause of them.

use std::collections::BTreeSet;

use super::{Found, Incident, Trigger};
use crate::detect::collect::Detected;
use crate::detect::tally::Occurrence;
use crate::signature::{Library, Role, Signature};

/// How long before an incident a change may lie, in nanoseconds.
const REACH: i64 = 600_000_000_000;

/// How much later than the first record of an incident it may seem to be, in nanoseconds.
const SLACK: i64 = 2_000_000_000;

/// A start so soon after the beginning of its log is that of the log itself, in nanoseconds.
const FIRST_START: i64 = 10_000_000_000;

/// Most triggers of one incident.
const MOST_TRIGGERS: usize = 5;

/// Pages whose records change something have one of these tags.
const CHANGES: &[&str] = &["start", "stop", "boot", "shutdown", "deploy", "change", "reload"];

/// Pages whose records are changes that somebody made; others may as well be effects.
const PLANNED: &[&str] = &["deploy", "change", "reload"];

/// Adds the triggers to `incidents`.
pub(super) fn add(
    found: &[Found<'_>],
    incidents: &mut [Incident],
    detected: &Detected,
    library: &Library,
    systems: &[usize],
) {
    let changes = changes(found, detected, library);
    let system = |occurrence: &Occurrence| {
        systems
            .get(occurrence.sighting.source)
            .copied()
            .unwrap_or_default()
    };
    for incident in incidents {
        let members = || incident.members.iter().map(|member| &found[*member]);
        let (Some(started), Some(own)) = (incident.started, members().next().map(|member| member.system))
        else {
            continue;
        };
        let mut triggers: Vec<Trigger> = changes
            .iter()
            .filter(|(_, occurrence, _)| system(occurrence) == own)
            .filter_map(|change| {
                let before = started - change.1.sighting.time.at?;
                // What starts or stops after the beginning is an effect.
                let least = if change.2 { -SLACK } else { 0 };
                (least..=REACH).contains(&before).then(|| Trigger {
                    found: change.0,
                    occurrence: change.1.clone(),
                    before,
                    planned: change.2,
                })
            })
            .collect();
        triggers.sort_by(|a, b| {
            let order = a.occurrence.sighting.order(&b.occurrence.sighting);
            let near = a.before.abs().cmp(&b.before.abs());
            b.planned
                .cmp(&a.planned)
                .then(near)
                .then(order)
                .then(a.found.cmp(&b.found))
        });
        let mut seen = BTreeSet::new();
        triggers.retain(|trigger| seen.insert((trigger.found, trigger.occurrence.service.clone())));
        triggers.truncate(MOST_TRIGGERS);
        incident.triggers = triggers;
    }
}

/// All kept lifecycle records that change something, with their findings and whether somebody planned them.
fn changes(found: &[Found<'_>], detected: &Detected, library: &Library) -> Vec<(usize, Occurrence, bool)> {
    let mut changes: Vec<(usize, Occurrence, bool)> = Vec::new();
    for (subject, tally) in detected.tallies.iter() {
        let signature = &library.signatures()[subject.signature];
        let changes_something = signature.tags.iter().any(|tag| CHANGES.contains(&tag.as_str()));
        if signature.role != Role::Lifecycle || !changes_something {
            continue;
        }
        let Some(number) = found.iter().position(|found| found.signature.id == signature.id) else {
            continue;
        };
        for occurrence in tally.samples.iter().chain([&tally.last]) {
            if !is_first_start(signature, occurrence, detected)
                && !changes
                    .iter()
                    .any(|(_, known, _)| known.sighting == occurrence.sighting)
            {
                let planned = signature.tags.iter().any(|tag| PLANNED.contains(&tag.as_str()));
                changes.push((number, occurrence.clone(), planned));
            }
        }
    }
    changes
}

/// Whether a program starts at the beginning of its log: that changed nothing that the log shows.
fn is_first_start(signature: &Signature, occurrence: &Occurrence, detected: &Detected) -> bool {
    let began = detected
        .sources
        .get(occurrence.sighting.source)
        .and_then(|source| source.first_time);
    let soon = |(at, began): (i64, i64)| at - began <= FIRST_START;
    signature.tags.iter().any(|tag| tag == "start" || tag == "boot")
        && occurrence.sighting.time.at.zip(began).is_none_or(soon)
}
