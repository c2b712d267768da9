//! The postmortem draft as Markdown.
//!
//! In: the [`Report`], and perhaps a user's template. Out: one Markdown document. The
//! wording of lists, captions and facts is made here ([`View`]); the layout is the
//! template's; what is safe to write is decided in [`escape`](super::escape).
//!
//! Templates get all fields of the report under their own names, and the values of
//! [`View`] under `view`. All `String`s made for the view are finished Markdown unless
//! their field says otherwise.

use serde::Serialize;

use super::RenderError;
use super::escape::{line, plain, span};
use super::template::{Engine, words};
use crate::record::TimeQuality;
use crate::report::model::{
    CapturedValue, Confidence, Edge, Evidence, FailedRequests, Finding, Impact, Incident, NotRead, Report,
    SourceSummary, TimelineRow,
};
use crate::signature::{Role, Severity};

/// Name of the embedded template; a user's template may extend or include it.
pub const EMBEDDED_TEMPLATE: &str = "postmortem.md.tera";

/// Stands for the name of a user's template in errors, see [`RenderError::in_template`].
pub const GIVEN_TEMPLATE: &str = "the given template";

/// Greatest length of a report in bytes; step summaries of CI systems end at 1 MiB.
pub const BUDGET: usize = 900 * 1024;

/// How many values of one capture, or services, are listed in a line.
const LISTED: usize = 5;

/// Renders `report` with the embedded template, or with `template`, in at most [`BUDGET`] bytes.
pub fn render(report: &Report, template: Option<&str>) -> Result<String, RenderError> {
    render_within(report, template, BUDGET)
}

/// Renders `report` in at most `budget` bytes where that can be done by leaving out
/// excerpts of findings, the last ones first, and then the last rows of tables. The
/// report says how many are left out.
pub fn render_within(report: &Report, template: Option<&str>, budget: usize) -> Result<String, RenderError> {
    let mut templates = vec![(
        EMBEDDED_TEMPLATE,
        include_str!("../../templates/postmortem.md.tera"),
    )];
    templates.extend(template.map(|text| (GIVEN_TEMPLATE, text)));
    let name = if template.is_some() {
        GIVEN_TEMPLATE
    } else {
        EMBEDDED_TEMPLATE
    };
    let engine = Engine::new(&templates)?;
    let mut limits = Limits::all(report);
    loop {
        let text = engine.render(name, report, &View::new(report, limits))?;
        if text.len() <= budget || !limits.tighten() {
            return Ok(text);
        }
    }
}

/// How much of what may be left out is written.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Excerpts in all findings together.
    excerpts: usize,
    /// Rows in each table.
    rows: usize,
}

impl Limits {
    fn all(report: &Report) -> Limits {
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
    fn tighten(&mut self) -> bool {
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
struct View<'a> {
    /// The report's title; raw, for `line`.
    title: &'a str,
    severity: &'static str,
    window: String,
    cause: String,
    impact: ImpactView<'a>,
    incidents: Vec<IncidentView<'a>>,
    timeline: TimelineView<'a>,
    findings: Vec<FindingView<'a>>,
    also_seen: Vec<SeenView<'a>>,
    also_seen_more: usize,
    unknown: usize,
    searched: String,
    source_count: String,
    signature_count: String,
    sources: &'a [SourceSummary],
    sources_more: usize,
    not_read: &'a [NotRead],
    not_read_more: usize,
}

impl<'a> View<'a> {
    fn new(report: &'a Report, limits: Limits) -> View<'a> {
        let also: Vec<&Finding> = report.findings.iter().filter(|f| !in_full(f)).collect();
        let worst = report.incidents.iter().map(|i| i.severity).max();
        let title = match report.title.trim() {
            "" if report.findings.is_empty() => "no known failure was found in these logs",
            "" => "untitled",
            title => title,
        };
        View {
            title,
            severity: worst.map_or("none (no incident recognised)", severity),
            window: window(report),
            cause: cause(report),
            impact: ImpactView::new(&report.impact, limits),
            incidents: report
                .incidents
                .iter()
                .map(|i| IncidentView::new(report, i))
                .collect(),
            timeline: TimelineView::new(&report.timeline, limits),
            findings: findings(report, limits),
            also_seen: also.iter().take(limits.rows).map(|f| SeenView::new(f)).collect(),
            also_seen_more: also.len().saturating_sub(limits.rows),
            unknown: report.unknown.len(),
            searched: searched(report),
            source_count: counted(report.stats.sources, "source", "sources"),
            signature_count: signatures(report),
            sources: head(&report.sources, limits.rows),
            sources_more: report.sources.len().saturating_sub(limits.rows),
            not_read: head(&report.not_read, limits.rows),
            not_read_more: report.not_read.len().saturating_sub(limits.rows),
        }
    }
}

/// What the section "Impact" says.
#[derive(Serialize)]
struct ImpactView<'a> {
    nothing: bool,
    facts: Vec<String>,
    requests: &'a [FailedRequests],
    more: u64,
}

impl<'a> ImpactView<'a> {
    fn new(impact: &'a Impact, limits: Limits) -> ImpactView<'a> {
        let shown = head(&impact.requests, limits.rows);
        let hidden = (impact.requests.len() - shown.len()) as u64;
        ImpactView {
            nothing: impact.requests.is_empty()
                && impact.failed_requests == 0
                && impact.restarts.is_empty()
                && impact.services.is_empty()
                && impact.duration_seconds.is_none(),
            facts: impact_facts(impact),
            requests: shown,
            more: impact.requests_left_out + hidden,
        }
    }
}

/// One incident in the section "Root cause".
#[derive(Serialize)]
struct IncidentView<'a> {
    /// Its own heading, where there are several; raw, for `line`.
    heading: Option<String>,
    named: bool,
    verdict: String,
    excerpt: Option<Excerpt<'a>>,
    reasons: &'a [String],
    effects: Vec<String>,
    others: Option<String>,
}

impl<'a> IncidentView<'a> {
    fn new(report: &'a Report, incident: &'a Incident) -> IncidentView<'a> {
        let key = key_finding(report, incident);
        let title = key.map_or("findings without a title", |f| f.title.as_str());
        IncidentView {
            heading: (report.incidents.len() > 1).then(|| format!("{}: {title}", incident.id)),
            named: incident.root_cause.is_some(),
            verdict: verdict(incident, key),
            excerpt: key.and_then(|f| f.evidence.first()).map(Excerpt::new),
            reasons: &incident.reasons,
            effects: incident.edges.iter().map(|e| effect(report, e)).collect(),
            others: others(report, incident),
        }
    }
}

/// A piece of evidence with its caption.
#[derive(Serialize)]
struct Excerpt<'a> {
    caption: String,
    /// Raw, for `fence`.
    text: &'a str,
    lines: &'a [i64],
}

impl<'a> Excerpt<'a> {
    fn new(evidence: &'a Evidence) -> Excerpt<'a> {
        let mut facts = vec![
            span(&format!("{}:{}", evidence.source, evidence.line)),
            when(
                evidence.time.as_deref(),
                evidence.until.as_deref(),
                evidence.time_quality,
                false,
            ),
        ];
        facts.extend(evidence.level.map(|level| format!("level {}", level_word(level))));
        facts.extend(
            evidence
                .service
                .as_deref()
                .map(|s| format!("service {}", span(s))),
        );
        if evidence.matched_line != evidence.line {
            facts.push(format!("matched at line {}", evidence.matched_line));
        }
        Excerpt {
            caption: facts.join(", "),
            text: &evidence.text,
            lines: &evidence.line_numbers,
        }
    }
}

/// The rows of the timeline.
#[derive(Serialize)]
struct TimelineView<'a> {
    /// The date, if all rows share it.
    date: Option<String>,
    rows: Vec<TimelineRowView<'a>>,
    more: usize,
}

#[derive(Serialize)]
struct TimelineRowView<'a> {
    time: String,
    /// Source and line; raw, for `cell`.
    place: String,
    /// Our own Markdown, for `row`.
    what: &'a str,
    /// Raw, for `cell`.
    text: &'a str,
}

impl<'a> TimelineView<'a> {
    fn new(rows: &'a [TimelineRow], limits: Limits) -> TimelineView<'a> {
        let date = shared_date(rows);
        let view = |row: &'a TimelineRow| TimelineRowView {
            time: when(
                row.time.as_deref(),
                row.until.as_deref(),
                row.time_quality,
                date.is_some(),
            ),
            place: format!("{}:{}", row.source, row.line),
            what: &row.what,
            text: &row.text,
        };
        TimelineView {
            rows: head(rows, limits.rows).iter().map(view).collect(),
            more: rows.len().saturating_sub(limits.rows),
            date: date.map(str::to_owned),
        }
    }
}

/// A finding that is told in full. The texts of its page are raw, for `page` and `step`.
#[derive(Serialize)]
struct FindingView<'a> {
    id: &'a str,
    signature: &'a str,
    title: &'a str,
    severity: &'static str,
    role: &'static str,
    facts: String,
    meaning: &'a str,
    evidence: Vec<Excerpt<'a>>,
    more: usize,
    cause: &'a str,
    impact: &'a str,
    fix: &'a [String],
    verify: &'a [String],
    prevent: &'a [String],
    references: &'a [String],
    /// Which finding to mend instead, if this one follows from it.
    explained: Option<String>,
}

/// A row of the section "Also seen".
#[derive(Serialize)]
struct SeenView<'a> {
    id: &'a str,
    title: &'a str,
    severity: &'static str,
    role: &'static str,
    count: u64,
    first: String,
    last: String,
    /// Source and line; raw, for `cell`.
    place: String,
}

impl<'a> SeenView<'a> {
    fn new(finding: &'a Finding) -> SeenView<'a> {
        SeenView {
            id: &finding.id,
            title: &finding.title,
            severity: severity(finding.severity),
            role: role(finding.role),
            count: finding.count,
            first: when(finding.first_seen.as_deref(), None, finding.time_quality, false),
            last: finding
                .last_seen
                .as_deref()
                .map_or_else(|| "no time".to_owned(), words::time),
            place: finding
                .evidence
                .first()
                .map_or_else(|| "no excerpt".to_owned(), |e| format!("{}:{}", e.source, e.line)),
        }
    }
}

/// Findings of these roles are told in full, the others in a table.
fn in_full(finding: &Finding) -> bool {
    matches!(finding.role, Role::Cause | Role::Symptom)
}

fn findings(report: &Report, limits: Limits) -> Vec<FindingView<'_>> {
    let mut left = limits.excerpts;
    let mut out = Vec::new();
    for finding in told(report) {
        let explained = explained_by(report, finding);
        let shown = head(&finding.evidence, left);
        left -= shown.len();
        out.push(FindingView {
            id: &finding.id,
            signature: &finding.signature,
            title: &finding.title,
            severity: severity(finding.severity),
            role: role(finding.role),
            facts: facts(finding),
            meaning: &finding.meaning,
            evidence: shown.iter().map(Excerpt::new).collect(),
            more: finding.evidence.len() - shown.len(),
            cause: &finding.cause,
            impact: &finding.impact,
            // What follows from another finding is mended there.
            fix: if explained.is_some() { &[] } else { &finding.fix },
            verify: &finding.verify,
            prevent: if explained.is_some() {
                &[]
            } else {
                &finding.prevent
            },
            references: if explained.is_some() {
                &[]
            } else {
                &finding.references
            },
            explained: explained.map(|root| format!("Mend {} first.", named(root))),
        });
    }
    out
}

/// The findings that are told in full: root causes first, then causes, then symptoms, each in the
/// order in which they were first seen.
fn told(report: &Report) -> Vec<&Finding> {
    let is_root = |finding: &Finding| {
        report
            .incidents
            .iter()
            .position(|i| i.root_cause.as_ref() == Some(&finding.id))
    };
    let mut told: Vec<&Finding> = report.findings.iter().filter(|f| in_full(f)).collect();
    told.sort_by_key(|finding| (is_root(finding).unwrap_or(usize::MAX), finding.role));
    told
}

/// The root cause that explains a symptom.
fn explained_by<'a>(report: &'a Report, finding: &Finding) -> Option<&'a Finding> {
    let incident = report
        .incidents
        .iter()
        .find(|i| i.findings.contains(&finding.id))?;
    let root = incident.root_cause.as_deref()?;
    if finding.role != Role::Symptom {
        return None;
    }
    // Follows the edges back to the root.
    let mut reached = vec![root];
    let mut at = 0;
    while let Some(from) = reached.get(at).copied() {
        let next = incident.edges.iter().filter(|edge| edge.from == from);
        for edge in next {
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

/// The line of facts below a finding's heading.
fn facts(finding: &Finding) -> String {
    let first = when(finding.first_seen.as_deref(), None, finding.time_quality, false);
    let mut facts = vec![counted(finding.count, "record", "records")];
    match finding.last_seen.as_deref().map(words::time) {
        Some(last) if last != first => facts.push(format!("first {first}, last {last} UTC")),
        _ if first == "no time" => facts.push(first),
        _ => facts.push(format!("{first} UTC")),
    }
    if !finding.services.is_empty() {
        facts.push(format!("written by {}", spans(&finding.services)));
    }
    facts.extend(values(finding));
    facts.push(format!("signature {}", span(&finding.signature)));
    facts.join("; ")
}

/// Captured values, each name with its most frequent ones.
fn values(finding: &Finding) -> Vec<String> {
    let one = |value: &CapturedValue| {
        let mut text = span(&value.value);
        if let Some(meaning) = &value.meaning {
            text.push_str(&format!(": {}", line(meaning)));
        }
        if finding.count > 1 {
            text.push_str(&format!(" ({})", counted(value.count, "record", "records")));
        }
        text
    };
    let several = |(name, values): (&String, &Vec<CapturedValue>)| {
        let shown: Vec<String> = values.iter().take(LISTED).map(one).collect();
        format!("{} {}{}", span(name), shown.join(", "), and_more(values.len()))
    };
    finding
        .captures
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(several)
        .collect()
}

/// A finding's title in bold with its most frequent captured values.
fn titled(finding: &Finding) -> String {
    let mut inside = vec![finding.id.clone()];
    for (name, values) in &finding.captures {
        if let Some(value) = values.first() {
            inside.push(format!("{} {}", span(name), span(&value.value)));
        }
    }
    format!("**{}** ({})", line(&finding.title), inside.join(", "))
}

/// The root cause in words, for the status lines.
fn cause(report: &Report) -> String {
    if report.incidents.is_empty() {
        return "none; no cause or symptom was recognised".to_owned();
    }
    let one = |incident: &Incident| {
        let words = match (key_finding(report, incident), &incident.root_cause) {
            (Some(finding), Some(_)) => {
                format!(
                    "{}, {} confidence",
                    titled(finding),
                    confidence(incident.confidence).0
                )
            }
            (Some(finding), None) => {
                format!("not shown by these logs; first came {}", titled(finding))
            }
            (None, _) => "not shown by these logs".to_owned(),
        };
        if report.incidents.len() > 1 {
            format!("{}: {words}", incident.id)
        } else {
            words
        }
    };
    report.incidents.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What the section "Root cause" says first.
fn verdict(incident: &Incident, key: Option<&Finding>) -> String {
    let Some(finding) = key else {
        return "The logs do not show a cause.".to_owned();
    };
    let at = when(finding.first_seen.as_deref(), None, finding.time_quality, false);
    let at = if at == "no time" {
        "at an unknown time".to_owned()
    } else {
        format!("at {at} UTC")
    };
    if incident.root_cause.is_some() {
        let (level, why) = confidence(incident.confidence);
        format!("{}, first {at}. Confidence: {level} ({why}).", titled(finding))
    } else {
        format!(
            "The logs do not show a cause. First, and unexplained, came {} {at}.",
            titled(finding)
        )
    }
}

fn effect(report: &Report, edge: &Edge) -> String {
    let name = |id: &str| find(report, id).map_or_else(|| span(id), named);
    let because = match edge.because.trim() {
        "" => String::new(),
        because => format!(": {}", plain(because)),
    };
    format!("{} led to {}{because}", name(&edge.from), name(&edge.to))
}

fn named(finding: &Finding) -> String {
    format!("{} ({})", finding.id, line(&finding.title))
}

/// Findings of an incident that no edge explains.
fn others(report: &Report, incident: &Incident) -> Option<String> {
    let key = key_finding(report, incident).map(|f| f.id.as_str());
    let apart: Vec<String> = incident
        .findings
        .iter()
        .filter(|id| Some(id.as_str()) != key && !incident.edges.iter().any(|e| e.to == **id))
        .filter_map(|id| find(report, id))
        .map(named)
        .collect();
    (!apart.is_empty()).then(|| format!("Not explained by it: {}.", apart.join("; ")))
}

/// The root cause, or else the finding that came first.
fn key_finding<'a>(report: &'a Report, incident: &Incident) -> Option<&'a Finding> {
    let id = incident.root_cause.as_ref().or(incident.findings.first())?;
    find(report, id)
}

fn find<'a>(report: &'a Report, id: &str) -> Option<&'a Finding> {
    report.findings.iter().find(|f| f.id == id)
}

fn impact_facts(impact: &Impact) -> Vec<String> {
    let mut facts = Vec::new();
    facts.push(match (&impact.failed_requests_source, impact.failed_requests) {
        (_, 0) if impact.requests.is_empty() => "No failed requests are in these logs.".to_owned(),
        (Some(source), failed) => {
            format!(
                "Failed requests: {}, counted in {}.",
                words::number(failed),
                span(source)
            )
        }
        (None, failed) => format!(
            "Failed requests: {}, counted in the source that saw most of them.",
            words::number(failed)
        ),
    });
    for (service, restarts) in &impact.restarts {
        facts.push(format!(
            "Restarts and unexpected exits of {}: {}, counted in all sources.",
            span(service),
            words::number(*restarts)
        ));
    }
    if !impact.services.is_empty() {
        facts.push(format!(
            "Services that wrote causes or symptoms: {}.",
            spans(&impact.services)
        ));
    }
    facts.extend(impact.duration_seconds.map(|seconds| {
        format!(
            "From the first to the last record of a cause or symptom, in all sources: {}.",
            words::duration(seconds)
        )
    }));
    facts
}

fn searched(report: &Report) -> String {
    let stats = &report.stats;
    let outcome = if report.findings.is_empty() {
        "None was found. A failure that no signature describes, or that these logs do not hold, \
         would not be listed here."
    } else {
        "No cause and no symptom was found; what was found is listed below."
    };
    format!(
        "{} were looked for in {}: {} lines, {}. {outcome}",
        signatures(report),
        counted(stats.sources, "source", "sources"),
        words::number(stats.lines),
        words::size(stats.bytes),
    )
}

fn signatures(report: &Report) -> String {
    counted(report.generated.signatures as u64, "signature", "signatures")
}

/// The time of the incidents, or of the logs where there are none.
fn window(report: &Report) -> String {
    let started = report.incidents.iter().filter_map(|i| i.started.as_deref()).min();
    let ended = report.incidents.iter().filter_map(|i| i.ended.as_deref()).max();
    let both = |from: &str, to: &str| match (words::parts(from), words::parts(to)) {
        (Some((day, from)), Some((same, to))) if day == same => format!("{day} {from} to {to} UTC"),
        _ => format!("{} to {} UTC", words::time(from), words::time(to)),
    };
    match (started, ended, &report.window.from, &report.window.to) {
        (Some(from), Some(to), _, _) => both(from, to),
        (None, None, Some(from), Some(to)) if report.incidents.is_empty() => {
            format!("none; the logs cover {}", both(from, to))
        }
        _ => "not known; the logs state no times for it".to_owned(),
    }
}

/// A time in words: `≈ A to B` between dated neighbours, `no time` where nothing is known.
/// Without dates if `clock_only`, which needs [`shared_date`].
fn when(time: Option<&str>, until: Option<&str>, quality: TimeQuality, clock_only: bool) -> String {
    let show = |time: &str| match words::parts(time) {
        Some((_, clock)) if clock_only => clock.to_owned(),
        _ => words::time(time),
    };
    let later = |from: &str, to: &str| match (words::parts(from), words::parts(to)) {
        (Some((day, _)), Some((same, clock))) if day == same => clock.to_owned(),
        _ => show(to),
    };
    match (time, until, quality) {
        (None, None, _) | (_, _, TimeQuality::Unknown) => "no time".to_owned(),
        (Some(from), Some(to), TimeQuality::Between) if from != to => {
            format!("≈ {} to {}", show(from), later(from, to))
        }
        (Some(time), _, TimeQuality::Between) => format!("≈ {}", show(time)),
        (Some(time), _, _) => show(time),
        (None, Some(until), _) => format!("before {}", show(until)),
    }
}

/// The date that all dated rows share.
fn shared_date(rows: &[TimelineRow]) -> Option<&str> {
    let mut times = rows.iter().flat_map(|r| [&r.time, &r.until]).flatten();
    let date = words::parts(times.next()?)?.0;
    times
        .all(|time| words::parts(time).is_some_and(|(other, _)| other == date))
        .then_some(date)
}

/// `1 record`, `1,200 records`.
fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", words::number(n), if n == 1 { one } else { many })
}

fn spans(texts: &[String]) -> String {
    let shown: Vec<String> = texts.iter().take(LISTED).map(|text| span(text)).collect();
    format!("{}{}", shown.join(", "), and_more(texts.len()))
}

fn and_more(all: usize) -> String {
    if all > LISTED {
        format!(" and {} more", all - LISTED)
    } else {
        String::new()
    }
}

fn head<T>(items: &[T], limit: usize) -> &[T] {
    &items[..items.len().min(limit)]
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Cause => "cause",
        Role::Symptom => "symptom",
        Role::Handled => "handled",
        Role::Boilerplate => "boilerplate",
        Role::Lifecycle => "lifecycle",
    }
}

fn level_word(level: crate::record::Level) -> &'static str {
    use crate::record::Level;
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Notice => "notice",
        Level::Warning => "warning",
        Level::Error => "error",
        Level::Critical => "critical",
    }
}

fn confidence(confidence: Confidence) -> (&'static str, &'static str) {
    match confidence {
        Confidence::High => (
            "high",
            "a declared link, confirmed by order in time and by a shared key",
        ),
        Confidence::Medium => (
            "medium",
            "a declared link, confirmed by order in time or by a shared key; or a failure that stands alone",
        ),
        Confidence::Low => ("low", "the only candidate, or the order in time is not known"),
        Confidence::None => ("no", "no cause is named"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::Level;
    use crate::render::escape::hostile::{hostile, skeleton};
    use crate::report::model::{Generated, Stats, Window};
    use crate::report::visible::visible;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn at(clock: &str) -> Option<String> {
        Some(format!("2026-11-22T{clock}.120Z"))
    }

    fn evidence(source: &str, line: u64, text: &str) -> Evidence {
        Evidence {
            source: source.to_owned(),
            line,
            offset: 100 * line,
            bytes: text.len() as u64,
            matched_line: line + 1,
            time: at("07:26:41"),
            until: at("07:26:46"),
            time_quality: TimeQuality::Between,
            level: Some(Level::Error),
            service: Some("api".to_owned()),
            text: text.to_owned(),
            line_numbers: (line as i64..).take(text.split('\n').count()).collect(),
        }
    }

    fn finding(id: &str, title: &str, role: Role) -> Finding {
        Finding {
            id: id.to_owned(),
            signature: "net/address-in-use".to_owned(),
            title: title.to_owned(),
            meaning: "A program asked for <port> while another one had it.".to_owned(),
            severity: Severity::High,
            role,
            count: 12,
            first_seen: at("07:26:41"),
            last_seen: at("07:31:02"),
            time_quality: TimeQuality::Written,
            services: vec!["api".to_owned()],
            captures: BTreeMap::from([(
                "port".to_owned(),
                vec![CapturedValue {
                    value: "8000".to_owned(),
                    count: 12,
                    meaning: Some("the port of the API".to_owned()),
                }],
            )]),
            evidence: vec![evidence("api.log", 7, "Traceback:\nOSError: [Errno 98]")],
            cause: "Two processes want one port.\n\n### Often\n\n- an old process".to_owned(),
            impact: "The new process does not start.".to_owned(),
            fix: vec![
                "Find the owner:\n\n```sh\nss -ltnp 'sport = :8000'\n```\n\nIt prints the PID.".to_owned(),
                "Stop its unit.".to_owned(),
            ],
            verify: vec!["`curl -f localhost:8000` answers.".to_owned()],
            prevent: vec!["Let the supervisor stop the whole group.".to_owned()],
            references: vec!["<https://www.freedesktop.org/>".to_owned()],
        }
    }

    fn timeline_row(clock: Option<&str>, until: Option<&str>, quality: TimeQuality) -> TimelineRow {
        TimelineRow {
            time: clock.and_then(at),
            until: until.and_then(at),
            time_quality: quality,
            source: "api.log".to_owned(),
            line: 8,
            what: "Address | already in use, first".to_owned(),
            text: "OSError: [Errno 98]".to_owned(),
            finding: Some("F1".to_owned()),
        }
    }

    fn sample_incident() -> Incident {
        Incident {
            id: "I1".to_owned(),
            root_cause: Some("F1".to_owned()),
            confidence: Confidence::High,
            reasons: vec!["It came first, and F2 names port `8000`.".to_owned()],
            findings: vec!["F1".to_owned(), "F2".to_owned()],
            edges: vec![Edge {
                from: "F1".to_owned(),
                to: "F2".to_owned(),
                because: "the upstream is on the same port, 127.0.0.1:8000".to_owned(),
            }],
            started: at("07:26:41"),
            ended: at("07:31:02"),
            severity: Severity::High,
        }
    }

    fn sample_impact() -> Impact {
        Impact {
            requests: vec![FailedRequests {
                source: "access.log".to_owned(),
                endpoint: "GET /cart".to_owned(),
                status: 502,
                count: 1234,
                first: at("07:26:50"),
                last: at("07:31:02"),
            }],
            failed_requests: 1240,
            failed_requests_source: Some("access.log".to_owned()),
            requests_left_out: 2,
            restarts: BTreeMap::from([("api".to_owned(), 3)]),
            services: vec!["api".to_owned(), "nginx".to_owned()],
            duration_seconds: Some(261),
        }
    }

    /// A small report in which every part is filled.
    pub(in crate::render) fn sample_report() -> Report {
        Report {
            schema_version: 1,
            generated: Generated {
                by: "incident",
                version: "0.1.0",
                at: "2026-11-22T09:00:00Z".to_owned(),
                host: "web-1".to_owned(),
                signatures: 42,
            },
            title: "the API could not start: address already in use".to_owned(),
            sources: vec![SourceSummary {
                name: "api.log".to_owned(),
                format: "uvicorn",
                bytes: 1_572_864,
                lines: 20_000,
                first_time: at("07:00:00"),
                last_time: at("08:00:00"),
            }],
            window: Window {
                from: at("07:00:00"),
                to: at("08:00:00"),
                assumed_zone: "UTC".to_owned(),
            },
            summary: vec![
                "The API could not start.".to_owned(),
                "Port `8000` was taken.".to_owned(),
            ],
            incidents: vec![sample_incident()],
            findings: vec![
                finding("F1", "Address already in use", Role::Cause),
                finding("F2", "Upstream refused the connection", Role::Symptom),
                finding("F3", "passlib cannot read bcrypt's version", Role::Handled),
            ],
            impact: sample_impact(),
            timeline: vec![
                timeline_row(Some("07:26:41"), Some("07:26:46"), TimeQuality::Between),
                timeline_row(Some("07:26:50"), None, TimeQuality::Written),
                timeline_row(None, None, TimeQuality::Unknown),
            ],
            unknown: Vec::new(),
            not_read: vec![NotRead {
                source: "old.log.gz".to_owned(),
                reason: "the gzip stream ends too early; copy it again".to_owned(),
                offset: 4096,
                bytes: None,
                lost: true,
            }],
            assumptions: vec!["api.log states no zone; UTC was assumed.".to_owned()],
            next_actions: vec!["Find the owner of port `8000`.".to_owned()],
            stats: Stats {
                bytes: 1_572_864,
                sources: 1,
                lines: 20_000,
                records: 30,
            },
        }
    }

    /// The report with `text` wherever text from a log can stand.
    fn report_with(text: &str) -> Report {
        let mut report = sample_report();
        report.generated.host = text.to_owned();
        report.window.assumed_zone = text.to_owned();
        report.sources[0].name = text.to_owned();
        report.not_read[0].source = text.to_owned();
        report.impact.requests[0].source = text.to_owned();
        report.impact.requests[0].endpoint = text.to_owned();
        report.impact.failed_requests_source = Some(text.to_owned());
        report.impact.restarts = BTreeMap::from([(text.to_owned(), 3)]);
        report.impact.services = vec![text.to_owned(); 2];
        for finding in &mut report.findings {
            finding.services = vec![text.to_owned(); 2];
            for value in finding.captures.values_mut().flatten() {
                value.value = text.to_owned();
            }
            finding.evidence[0].source = text.to_owned();
            finding.evidence[0].service = Some(text.to_owned());
            finding.evidence[0].text = text.to_owned();
        }
        for row in &mut report.timeline {
            row.source = text.to_owned();
            row.text = text.to_owned();
        }
        report
    }

    fn markdown(report: &Report) -> String {
        render(report, None).unwrap()
    }

    #[test]
    fn a_whole_report() {
        insta::assert_snapshot!(markdown(&sample_report()));
    }

    #[test]
    fn without_findings_the_report_claims_nothing() {
        let mut report = sample_report();
        report.title = String::new();
        report.findings.clear();
        report.incidents.clear();
        report.timeline.clear();
        report.not_read.clear();
        report.next_actions.clear();
        report.impact = Impact {
            requests: Vec::new(),
            failed_requests: 0,
            failed_requests_source: None,
            requests_left_out: 0,
            restarts: BTreeMap::new(),
            services: Vec::new(),
            duration_seconds: None,
        };
        let text = markdown(&report);
        for expected in [
            "# Postmortem draft: no known failure was found in these logs\n",
            "- **Severity**: none (no incident recognised)\n",
            "none; the logs cover 2026-11-22 07:00:00 to 08:00:00 UTC",
            "42 signatures were looked for in 1 source: 20,000 lines, 1.5 MiB. None was found.",
            "These logs show no failed requests, no restarts and no failing services.",
            "Everything that was found was read to its end.",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in\n{text}");
        }
    }

    #[test]
    fn it_abstains_in_words() {
        let mut report = sample_report();
        report.incidents[0].root_cause = None;
        report.incidents[0].confidence = Confidence::None;
        report.incidents[0].edges.clear();
        let text = markdown(&report);
        assert!(
            text.contains("- **Root cause**: not shown by these logs; first came **Address already in use**")
        );
        assert!(text.contains("The logs do not show a cause. First, and unexplained, came **Address"));
        assert!(text.contains("Why none is named:"));
        assert!(text.contains("Not explained by it: F2 (Upstream refused the connection)."));
    }

    #[test]
    fn several_incidents_have_their_own_parts() {
        let mut report = sample_report();
        let mut second = sample_incident();
        second.id = "I2".to_owned();
        second.root_cause = Some("F2".to_owned());
        report.incidents.push(second);
        let text = markdown(&report);
        assert!(text.contains("\n### I1: Address already in use\n"));
        assert!(text.contains("\n### I2: Upstream refused the connection\n"));
    }

    #[test]
    fn times_in_words() {
        let (a, b) = (at("07:26:41"), at("07:26:46"));
        let (a, b) = (a.as_deref(), b.as_deref());
        let next_day = Some("2026-11-23T00:00:01Z");
        assert_eq!(when(a, b, TimeQuality::Between, true), "≈ 07:26:41 to 07:26:46");
        assert_eq!(
            when(a, b, TimeQuality::Between, false),
            "≈ 2026-11-22 07:26:41 to 07:26:46"
        );
        assert_eq!(
            when(a, next_day, TimeQuality::Between, false),
            "≈ 2026-11-22 07:26:41 to 2026-11-23 00:00:01"
        );
        assert_eq!(when(a, None, TimeQuality::Written, true), "07:26:41");
        assert_eq!(when(None, b, TimeQuality::Between, true), "before 07:26:46");
        assert_eq!(when(None, None, TimeQuality::Unknown, true), "no time");
    }

    #[test]
    fn dates_are_in_every_row_where_they_differ() {
        let mut report = sample_report();
        assert!(markdown(&report).contains("| ≈ 07:26:41 to 07:26:46 | `api.log:8` |"));
        report.timeline[1].time = Some("2026-11-23T00:00:01Z".to_owned());
        let text = markdown(&report);
        assert!(text.contains("| ≈ 2026-11-22 07:26:41 to 07:26:46 |"));
        assert!(!text.contains("All times are of"));
    }

    #[test]
    fn a_user_template_has_report_view_and_blocks() {
        let report = report_with("a`b");
        let text = render(
            &report,
            Some("{{ generated.host | span }} {{ view.source_count }}"),
        )
        .unwrap();
        assert_eq!(text, "``a`b`` 1 source\n");
        let child = "{% extends \"postmortem.md.tera\" %}{% block blanks %}## Ours{% endblock blanks %}";
        let text = render(&report, Some(child)).unwrap();
        assert!(text.contains("\n## Ours\n") && text.contains("\n## Timeline\n"));
        assert!(!text.contains("_who led the response?_"));
        let error = render(&report, Some("\n{{ hots | span }}")).unwrap_err();
        assert!(
            error.to_string().starts_with("the given template, line 2: "),
            "{error}"
        );
        let error = error.in_template("ours.tera").to_string();
        assert!(error.starts_with("ours.tera, line 2: "), "{error}");
    }

    #[test]
    fn a_budget_leaves_out_excerpts_last_first_and_says_so() {
        let mut report = sample_report();
        let piece = report.findings[0].evidence[0].clone();
        report.findings[0].evidence = vec![piece.clone(); 8];
        report.findings[1].evidence = vec![piece; 8];
        let whole = markdown(&report);
        let cut = render_within(&report, None, whole.len() - 1).unwrap();
        assert!(cut.len() < whole.len());
        assert!(cut.contains("\nMore excerpts, left out here: 8.\n"));
        let least = render_within(&report, None, 1).unwrap();
        assert!(least.contains("\nMore rows, left out here: 2.\n"), "{least}");
        assert!(!least.contains("No event was recognised."));
    }

    #[test]
    fn empty_names_have_a_word() {
        assert!(markdown(&report_with("")).contains("| (empty line) |"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_hostile_text_leaves_its_place(text in hostile()) {
            prop_assume!(!visible(text.as_bytes(), None).is_empty());
            let harmless = skeleton(&markdown(&report_with("harmless")), true);
            let hostile = markdown(&report_with(&text));
            prop_assert!(!hostile.chars().any(|c| c.is_control() && c != '\n'));
            prop_assert_eq!(skeleton(&hostile, true), harmless);
        }

        #[test]
        fn no_quoted_message_leaves_its_place(text in hostile()) {
            let with = |text: &str| {
                let mut report = sample_report();
                let quoted = format!("the system says: {text}");
                report.not_read[0].reason.clone_from(&quoted);
                report.incidents[0].edges[0].because.clone_from(&quoted);
                report.assumptions = vec![text.to_owned(), quoted];
                report
            };
            let harmless = skeleton(&markdown(&with("harmless")), false);
            prop_assert_eq!(skeleton(&markdown(&with(&text)), false), harmless);
        }
    }
}
