//! What the Markdown template writes beyond the report's own fields: wordings, orders, captions.
//!
//! In: the [`Report`]. Out: a [`View`]. All `String`s made here are finished Markdown unless
//! their field says otherwise.

use serde::Serialize;

use super::escape::{line, plain, span};
use super::template::words;
use crate::record::TimeQuality;
use crate::report::model::{
    CapturedValue, Confidence, Edge, Evidence, FailedRequests, Finding, Impact, Incident, NotRead, Report,
    SourceSummary, TimelineRow,
};
use crate::signature::{Role, Severity};

/// How many rows of failed requests are shown; the JSON report has more.
const REQUEST_ROWS: usize = 12;

/// How many incidents the status line names.
const NAMED_INCIDENTS: usize = 2;

/// How many values of one capture, or services, are listed in a line.
const LISTED: usize = 5;

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
    /// The claims for `incident verify`.
    carried: String,
}

impl<'a> View<'a> {
    pub(super) fn new(report: &'a Report, limits: Limits, carried: String) -> View<'a> {
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
            carried,
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
        let shown = head(&impact.requests, limits.rows.min(REQUEST_ROWS));
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
    /// The cascade as a Mermaid flowchart.
    diagram: Option<String>,
    triggers: Vec<&'a str>,
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
            diagram: super::mermaid::flowchart(report, incident),
            triggers: incident
                .triggers
                .iter()
                .map(|trigger| trigger.text.as_str())
                .collect(),
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
            moved(
                when(
                    evidence.time.as_deref(),
                    evidence.until.as_deref(),
                    evidence.time_quality,
                    false,
                ),
                evidence.moved_seconds,
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
            time: moved(
                when(
                    row.time.as_deref(),
                    row.until.as_deref(),
                    row.time_quality,
                    date.is_some(),
                ),
                row.moved_seconds,
            ),
            place: match row.line {
                0 => row.source.clone(),
                line => format!("{}:{line}", row.source),
            },
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
    /// Captions of further long excerpts: the first one shows what they look like.
    elsewhere: Vec<String>,
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
            evidence: shown
                .iter()
                .enumerate()
                .filter(|(number, evidence)| *number == 0 || is_short(evidence))
                .map(|(_, evidence)| Excerpt::new(evidence))
                .collect(),
            elsewhere: shown
                .iter()
                .skip(1)
                .filter(|evidence| !is_short(evidence))
                .map(|evidence| Excerpt::new(evidence).caption)
                .collect(),
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

/// Whether an excerpt is short enough to be shown beside another.
fn is_short(evidence: &Evidence) -> bool {
    evidence.line_numbers.len() <= 3
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
    let mut words: Vec<String> = report.incidents.iter().take(NAMED_INCIDENTS).map(one).collect();
    let more = report.incidents.len() - words.len();
    if more > 0 {
        words.push(format!("{more} more below"));
    }
    words.join("; ")
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
    let worst = report.incidents.first();
    let started = worst.and_then(|incident| incident.started.as_deref());
    let ended = worst.and_then(|incident| incident.ended.as_deref());
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
pub(super) fn when(
    time: Option<&str>,
    until: Option<&str>,
    quality: TimeQuality,
    clock_only: bool,
) -> String {
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
        (Some(time), _, TimeQuality::Before) => format!("≈ before {}", show(time)),
        (Some(time), _, TimeQuality::After) => format!("≈ after {}", show(time)),
        (Some(from), Some(to), TimeQuality::Between) if from != to => {
            format!("≈ {} to {}", show(from), later(from, to))
        }
        (Some(time), _, TimeQuality::Between) => format!("≈ {}", show(time)),
        (Some(time), _, _) => show(time),
        (None, Some(until), _) => format!("before {}", show(until)),
    }
}

/// A time, with a mark if it is not the one that the log states: its clock differs.
fn moved(time: String, seconds: f64) -> String {
    if seconds == 0.0 {
        time
    } else {
        format!("{time} ⇄")
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
