//! What the Markdown template writes: which sentences stand where, with their marks.
//!
//! In: the [`Report`]. Out: a [`View`]. Nothing is worded here: sentences are claims, made in [`report`](crate::report), and come
//! through [`Sentences`]; what else there is are cells of tables. All `String`s are finished Markdown unless their field
//! says otherwise.

use serde::Serialize;

use super::sentences::Sentences;
use crate::report::model::{Finding, NotRead, Report, SourceSummary};
use crate::report::told::in_full;
use crate::report::words;
use evidence::{Excerpt, Proof, proofs};
use finding::{FindingView, findings};
use impact::ImpactView;
use incident::IncidentView;
use names::Names;
use timeline::TimelineView;

mod evidence;
mod finding;
mod impact;
mod incident;
mod names;
mod timeline;

/// How much of what may be left out is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Excerpts in all findings together.
    excerpts: usize,
    /// Rows in each table.
    rows: usize,
}

impl Limits {
    pub(super) fn all(report: &Report) -> Limits {
        let tables = [
            report.timeline.len(),
            report.sources.len(),
            report.not_read.len(),
            report.impact.requests.len(),
            report.findings.len(),
        ];
        Limits {
            excerpts: report.findings.iter().map(|f| f.evidence.len()).sum(),
            rows: tables.into_iter().max().unwrap_or(0),
        }
    }

    /// Halves what is written, excerpts first; false when there is nothing left to leave
    /// out. Tables keep a row, so that none of them looks empty.
    pub(super) fn tighten(&mut self) -> bool {
        if self.excerpts > 0 {
            self.excerpts /= 2;
            return true;
        }
        let more = self.rows > 1;
        self.rows = (self.rows / 2).max(1);
        more
    }
}

/// What the template needs beyond the report's own fields.
#[derive(Serialize)]
pub(super) struct View<'a> {
    /// The report's title; raw, for `line`.
    title: &'a str,
    /// Of the worst incident.
    severity: Option<String>,
    summary: Vec<String>,
    next_actions: Vec<String>,
    impact: ImpactView<'a>,
    incidents: Vec<IncidentView<'a>>,
    timeline: TimelineView<'a>,
    /// That no cause and no symptom was found.
    nothing_found: Option<String>,
    findings: Vec<FindingView<'a>>,
    also_seen: Vec<SeenView<'a>>,
    also_seen_more: usize,
    /// What wrappers among these pass on.
    also_point: Vec<String>,
    unknown: usize,
    questions: Vec<String>,
    blanks: Vec<String>,
    evidence: Vec<Proof<'a>>,
    searched: Option<String>,
    zone: Option<String>,
    source_count: String,
    sources: &'a [SourceSummary],
    sources_more: usize,
    assumptions: Vec<String>,
    all_read: Option<String>,
    /// What may hold log lines.
    not_read: Vec<&'a NotRead>,
    not_read_more: usize,
    /// What was left out since it is no log.
    left_out: Vec<String>,
    /// The claims for `incident verify`.
    carried: String,
}

impl<'a> View<'a> {
    pub(super) fn new(report: &'a Report, limits: Limits, carried: String) -> View<'a> {
        let said = Sentences::new(report);
        let names = Names::new(report);
        let also: Vec<(usize, &Finding)> = report
            .findings
            .iter()
            .enumerate()
            .filter(|(_, finding)| !in_full(finding))
            .collect();
        let lost: Vec<&NotRead> = report.not_read.iter().filter(|note| note.lost).collect();
        let title = match report.title.trim() {
            "" => "untitled",
            title => title,
        };
        let listed = |list: &str, field: &str| -> Vec<String> {
            let places = (0..).map(|number| format!("{list}/{number}{field}"));
            places.map_while(|place| said.item(&place, 2)).collect()
        };
        View {
            title,
            severity: said.line("/incidents/0/severity"),
            summary: joined(said.lines("/summary")),
            next_actions: listed("/next_actions", ""),
            impact: ImpactView::new(report, &said, &names, limits),
            incidents: (0..report.incidents.len())
                .map(|number| IncidentView::new(report, &said, number))
                .collect(),
            timeline: TimelineView::new(report, &said, &names, limits),
            nothing_found: said.line("/findings"),
            findings: findings(report, &said, limits),
            also_seen: also
                .iter()
                .take(limits.rows)
                .map(|(number, finding)| SeenView::new(&said, &names, *number, finding))
                .collect(),
            also_point: also
                .iter()
                .take(limits.rows)
                .flat_map(|(number, _)| said.lines(&format!("/findings/{number}/points_to")))
                .collect(),
            also_seen_more: also.len().saturating_sub(limits.rows),
            unknown: report.unknown.len(),
            questions: listed("/open_questions", "/text"),
            blanks: listed("/blanks", ""),
            evidence: proofs(report),
            searched: said.line("/stats"),
            zone: said.line("/window"),
            source_count: words::counted(report.stats.sources, "source", "sources"),
            sources: head(&report.sources, limits.rows),
            sources_more: report.sources.len().saturating_sub(limits.rows),
            assumptions: (0..)
                .map_while(|number| said.quoting(&format!("/assumptions/{number}")))
                .collect(),
            all_read: said.line("/not_read"),
            not_read: lost.iter().copied().take(limits.rows).collect(),
            not_read_more: lost.len().saturating_sub(limits.rows),
            left_out: said.lines("/stats/left_out"),
            carried,
        }
    }
}

/// Sentences joined to lines: one that begins in bold begins a line.
fn joined(sentences: Vec<String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for sentence in sentences {
        match lines.last_mut() {
            Some(line) if !sentence.starts_with("**") => {
                line.push(' ');
                line.push_str(&sentence);
            }
            _ => lines.push(sentence),
        }
    }
    lines
}

/// A row of the section "Also seen".
#[derive(Serialize)]
struct SeenView<'a> {
    id: &'a str,
    /// Title, severity and role.
    what: String,
    count: u64,
    first: String,
    last: String,
    /// Source and line; raw, for `cell`.
    place: String,
}

impl<'a> SeenView<'a> {
    fn new(said: &Sentences<'_>, names: &Names<'_>, number: usize, finding: &'a Finding) -> SeenView<'a> {
        let (first, last) = words::first_and_last(finding);
        SeenView {
            id: &finding.id,
            what: said
                .row(&format!("/findings/{number}/heading"))
                .unwrap_or_default(),
            count: finding.count,
            first,
            last,
            place: finding
                .evidence
                .first()
                .map_or_else(|| "no excerpt".to_owned(), |e| names.place(&e.source, e.line)),
        }
    }
}

fn head<T>(items: &[T], limit: usize) -> &[T] {
    &items[..items.len().min(limit)]
}
