//! One incident in the section "Root cause".
//!
//! In: the report. Out: verdict, excerpt, reasons, what was changed just before, and the links, also drawn.

use serde::Serialize;

use super::Excerpt;
use crate::render::mermaid;
use crate::render::sentences::Sentences;
use crate::report::model::Report;
use crate::report::told::key_finding;

/// One incident.
#[derive(Serialize)]
pub(super) struct IncidentView<'a> {
    /// Its own heading, where there are several; raw, for `line`.
    heading: Option<String>,
    named: bool,
    verdict: Option<String>,
    excerpt: Option<Excerpt<'a>>,
    reasons: Vec<String>,
    triggers: Vec<String>,
    /// The cascade as a Mermaid flowchart.
    diagram: Option<String>,
    effects: Vec<String>,
}

impl<'a> IncidentView<'a> {
    pub(super) fn new(report: &'a Report, said: &Sentences<'_>, number: usize) -> IncidentView<'a> {
        let incident = &report.incidents[number];
        let at = format!("/incidents/{number}");
        let title = said.text(&format!("{at}/title")).unwrap_or("not named");
        let key = key_finding(report, incident);
        let excerpt = key.and_then(|key| {
            let number = report.findings.iter().position(|other| other.id == key.id)?;
            let first = key.evidence.first()?;
            let at = format!("/findings/{number}/evidence/0");
            Some(Excerpt::new(said, &at, first))
        });
        let each = |list: &str, field: &str, count: usize| -> Vec<String> {
            let places = (0..count).map(|number| format!("{at}/{list}/{number}{field}"));
            places.filter_map(|place| said.line(&place)).collect()
        };
        IncidentView {
            heading: (report.incidents.len() > 1).then(|| format!("{}: {title}", incident.id)),
            named: incident.root_cause.is_some(),
            verdict: said.line(&format!("{at}/verdict")),
            excerpt,
            reasons: each("reasons", "", incident.reasons.len()),
            triggers: each("triggers", "/text", incident.triggers.len()),
            diagram: mermaid::flowchart(report, incident),
            effects: each("edges", "", incident.edges.len()),
        }
    }
}
