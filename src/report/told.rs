//! Which findings are told in full, in which order, and what is said of one in the words of another.
//!
//! In: the report's data. Out: choices that sentences and layout share.

use super::model::{Finding, Incident, Report};
use crate::signature::Role;

/// Fix steps of the worst incident's root cause that are listed under the next actions.
const MOST_STEPS: usize = 8;

/// The finding with this id.
pub(crate) fn find<'a>(report: &'a Report, id: &str) -> Option<&'a Finding> {
    report.findings.iter().find(|finding| finding.id == id)
}

/// The root cause, or else the finding that came first.
pub(crate) fn key_finding<'a>(report: &'a Report, incident: &Incident) -> Option<&'a Finding> {
    let id = incident.root_cause.as_ref().or(incident.findings.first())?;
    find(report, id)
}

/// How the leading finding of an incident without a root is introduced: it may explain others that were seen before it.
pub(crate) fn leads(report: &Report, incident: &Incident) -> &'static str {
    let own: Vec<&Finding> = incident
        .findings
        .iter()
        .filter_map(|id| find(report, id))
        .collect();
    match is_first(&own) {
        true => "first came",
        false => "what explains most of it is",
    }
}

/// Whether the first of them was seen before all others.
pub(crate) fn is_first(findings: &[&Finding]) -> bool {
    let first = findings.first().and_then(|first| first.first_seen.as_ref());
    let mut others = findings.iter().filter_map(|finding| finding.first_seen.as_ref());
    first.is_none_or(|first| others.all(|other| other >= first))
}

/// Findings of these roles are told in full, the others in a table.
pub(crate) fn in_full(finding: &Finding) -> bool {
    matches!(finding.role, Role::Cause | Role::Symptom)
}

/// The findings that are told in full: root causes first, then causes, then symptoms, each in the
/// order in which they were first seen.
pub(crate) fn in_order(report: &Report) -> Vec<&Finding> {
    let is_root = |finding: &Finding| {
        let mut incidents = report.incidents.iter();
        incidents.position(|incident| incident.root_cause.as_ref() == Some(&finding.id))
    };
    let mut told: Vec<&Finding> = report.findings.iter().filter(|f| in_full(f)).collect();
    told.sort_by_key(|finding| (is_root(finding).unwrap_or(usize::MAX), finding.role));
    told
}

/// The root cause that explains a symptom.
pub(crate) fn explained_by<'a>(report: &'a Report, finding: &Finding) -> Option<&'a Finding> {
    let mut incidents = report.incidents.iter();
    let incident = incidents.find(|incident| incident.findings.contains(&finding.id))?;
    let root = incident.root_cause.as_deref()?;
    if finding.role != Role::Symptom {
        return None;
    }
    // Follows the edges back to the root.
    let mut reached = vec![root];
    let mut at = 0;
    while let Some(from) = reached.get(at).copied() {
        for edge in incident.edges.iter().filter(|edge| edge.from == from) {
            if !reached.contains(&edge.to.as_str()) {
                reached.push(&edge.to);
            }
        }
        at += 1;
    }
    reached
        .contains(&finding.id.as_str())
        .then(|| find(report, root))
        .flatten()
}

/// The finding told before this one for which its page says the same.
pub(crate) fn same_advice<'a>(report: &'a Report, finding: &Finding) -> Option<&'a Finding> {
    let told = in_order(report);
    let mut before = told.into_iter().take_while(|other| other.id != finding.id);
    before.find(|other| {
        other.signature == finding.signature
            && other.cause == finding.cause
            && other.fix == finding.fix
            && explained_by(report, other).is_none()
    })
}

/// The root cause whose fix is listed under the next actions, and the steps that are.
pub(crate) fn steps_to_take(report: &Report) -> Option<(&Finding, &[String])> {
    let root = report.incidents.first()?.root_cause.as_deref()?;
    let root = find(report, root)?;
    Some((root, &root.fix[..root.fix.len().min(MOST_STEPS)]))
}

/// Whether all steps of this finding's fix are listed under the next actions.
pub(crate) fn fixed_above(report: &Report, finding: &Finding) -> bool {
    steps_to_take(report).is_some_and(|(root, steps)| root.id == finding.id && steps.len() == root.fix.len())
}
