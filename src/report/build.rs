//! Builds the report from the analysis.
//!
//! In: [`Analysis`], [`Detected`], sources. Out: a [`Report`]. Everything that comes from a log passes
//! through [`visible`] here; sentences hold log text only in code spans or if it is plain.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assumed::{self, Assumptions};
use super::claim::{Citations, Claims, Said};
use super::fill::{fill, is_plain};
use super::impact::Counting;
use super::model::{
    CapturedValue, Edge, Evidence, Finding, Generated, Incident, NotRead, PointsTo, Report, SCHEMA_VERSION,
    Sealed, SourceSummary, Stats, TimeRange, Window,
};
use super::visible::visible;
use super::{losses, questions, reasons, recovered, skew, statements, story, timeline};
use crate::analysis::assess::assess;
use crate::analysis::pairing::Paired;
use crate::analysis::skew::Skew;
use crate::analysis::{Analysis, Found};
use crate::analysis::{downtime, period, recovery, wrapping};
use crate::detect::collect::{Detected, SourceFacts};
use crate::detect::tally::{ExcerptLine, Occurrence, Place, Tally};
use crate::input::Source;
use crate::input::block::LINE_LIMIT;
use crate::record::time::range::Range;
use crate::record::time::{Zone, format_utc};
use crate::signature::Signature;
use crate::signature::capture::Kind;

/// Longest line of an excerpt, in characters.
const EXCERPT_WIDTH: usize = 400;

/// Longest captured value, in characters.
pub(super) const CAPTURE_WIDTH: usize = 120;

/// Values of one capture that are reported.
const MOST_CAPTURES: usize = 12;

/// What the report says about its own making.
#[derive(Debug, Clone)]
pub struct Making {
    /// When, in UTC nanoseconds.
    pub now: i64,
    /// On which host.
    pub host: String,
    /// Zone for lines that state none.
    pub zone: Zone,
    /// What was looked at of the logs.
    pub range: Range,
    /// How the clocks of the logs stand to each other.
    pub skew: Skew,
    /// Logs without times that others give times to.
    pub paired: Vec<Paired>,
    /// Rotated logs that were read in the order of their times, against their names.
    pub reordered: Vec<String>,
    /// Number of signatures looked for.
    pub signatures: usize,
    /// How many of them every line was looked at for.
    pub slow_signatures: usize,
    /// Whether it was stopped before everything was read.
    pub interrupted: bool,
    /// Whether the timeline is shown whole.
    pub full_timeline: bool,
}

/// Builds the report.
pub fn build(
    analysis: &Analysis<'_>,
    detected: &Detected,
    sources: &[Arc<Source>],
    mut not_read: Vec<NotRead>,
    making: &Making,
) -> Report {
    let names: Vec<String> = sources.iter().map(|source| name(&source.name)).collect();
    let logs = logs(sources);
    for (number, note) in not_read.iter_mut().enumerate() {
        note.id = format!("N{}", number + 1);
    }
    let mut claims = Claims::default();
    let mut citations = Citations::new(&names);
    let findings = findings(analysis, &logs, &making.skew, &mut citations);
    let systems = period::systems(sources);
    let services = downtime::services(detected, sources, &systems);
    let placed = making.paired.iter();
    let placed = placed.flat_map(|paired| paired.with.iter().map(|with| (paired.source, *with)));
    let same: Vec<(usize, usize)> = making.skew.same.iter().copied().chain(placed).collect();
    let counting = Counting {
        analysis,
        detected,
        findings: &findings,
        logs: &logs,
        services: &services,
        same: &same,
    };
    let ends = recovery::recoveries(analysis, detected, sources, &systems, &services);
    let incidents = incidents(&counting, &ends, &mut citations, &mut claims);
    let mut told = timeline::Timeline::new(&counting, &ends, sources, &mut citations, making);
    let timeline = told.state(&mut claims);
    let impact = counting.impact(&mut citations);
    let window = window(detected, &making.zone);
    let open_questions = questions::questions(detected, analysis.library, &mut citations, &mut claims);
    let mut assumptions = assumptions(detected, sources, &names, &logs, making);
    assumptions.extend(questions::cut_short(detected, analysis.library));
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        generated: Generated {
            by: "incident",
            version: env!("CARGO_PKG_VERSION"),
            at: format_utc(making.now),
            host: name(&making.host),
            signatures: making.signatures,
        },
        interrupted: making.interrupted,
        title: String::new(),
        sources: summaries(detected, sources),
        window,
        range: range(detected, sources, &making.range),
        skew: skew::rows(&making.skew, &logs, detected),
        summary: Vec::new(),
        incidents,
        findings,
        impact,
        timeline,
        timeline_left_out: told.left_out,
        timeline_note: told.note,
        unknown: Vec::new(),
        open_questions,
        not_read,
        assumptions: claims.say_all("/assumptions", assumptions),
        next_actions: Vec::new(),
        blanks: Vec::new(),
        stats: Stats {
            bytes: detected.sources.iter().map(|source| source.bytes).sum(),
            index_bytes: sources.iter().map(|source| source.plan.looked_at).sum(),
            sources: sources.len() as u64,
            lines: detected.sources.iter().map(|source| source.lines).sum(),
            records: detected.records,
            slow_signatures: making.slow_signatures as u64,
        },
        cited: citations.finish(),
        claims: Vec::new(),
    };
    let restarts: Vec<String> = analysis
        .found
        .iter()
        .zip(&report.findings)
        .filter(|(found, _)| found.signature.tags.iter().any(|tag| tag == "restart"))
        .map(|(_, finding)| finding.id.clone())
        .collect();
    speak(&mut report, &restarts, &mut claims);
    report.claims = claims.finish();
    report
}

/// Says what follows from the report's own data.
pub(crate) fn speak(report: &mut Report, restarts: &[String], claims: &mut Claims) {
    story::tell(report, restarts, claims);
    losses::tell(report, claims);
    statements::state(report, claims);
}

/// A name from outside (file, host, service), made visible.
pub(super) fn name(text: &str) -> String {
    visible(text.as_bytes(), Some(EXCERPT_WIDTH))
}

/// The name of the log that each source is, or is a piece of.
fn logs(sources: &[Arc<Source>]) -> Vec<String> {
    let log = |source: &Arc<Source>| name(source.set.as_deref().unwrap_or(&source.name));
    sources.iter().map(log).collect()
}

fn summaries(detected: &Detected, sources: &[Arc<Source>]) -> Vec<SourceSummary> {
    let sealed = |place: Place| Sealed {
        offset: place.offset,
        bytes: place.bytes,
        sha256: place.digest.to_string(),
    };
    let summary = |(number, (facts, source)): (usize, (&SourceFacts, &Arc<Source>))| SourceSummary {
        id: source_id(number),
        name: name(&source.name),
        set: source.set.as_deref().map(name),
        format: facts.format.map_or("empty", |format| format.name()),
        bytes: facts.bytes,
        read_from: source.plan.from,
        bytes_left_out: source.plan.left_out,
        lines: facts.lines,
        first_time: facts.first_time.map(format_utc),
        last_time: facts.last_time.map(format_utc),
        head: facts.head.map(sealed),
        tail: facts.tail.map(sealed),
    };
    let read = detected.sources.iter().zip(sources);
    read.enumerate().map(summary).collect()
}

/// `I1` for the worst incident.
pub(super) fn incident_id(number: usize) -> String {
    format!("I{}", number + 1)
}

/// `S1` for the first source.
pub(super) fn source_id(number: usize) -> String {
    format!("S{}", number + 1)
}

fn range(detected: &Detected, sources: &[Arc<Source>], range: &Range) -> Option<TimeRange> {
    (!range.is_all()).then(|| TimeRange {
        since: range.since.map(format_utc),
        until: range.until.map(format_utc),
        bytes_left_out: sources.iter().map(|source| source.plan.left_out).sum(),
        records_left_out: detected.left_out,
    })
}

fn window(detected: &Detected, zone: &Zone) -> Window {
    let first = detected
        .sources
        .iter()
        .filter_map(|source| source.first_time)
        .min();
    let last = detected
        .sources
        .iter()
        .filter_map(|source| source.last_time)
        .max();
    Window {
        from: first.map(format_utc),
        to: last.map(format_utc),
        assumed_zone: zone.to_string(),
    }
}

fn assumptions(
    detected: &Detected,
    sources: &[Arc<Source>],
    names: &[String],
    logs: &[String],
    making: &Making,
) -> Vec<Said> {
    use crate::render::escape::span;
    let reordered = |set: &String| {
        let pieces = (0..logs.len()).filter(|piece| logs[*piece] == name(set));
        let text = format!(
            "The pieces of {} are in the order of their first times; their names suggest another.",
            span(&name(set))
        );
        Said::inferred(text, "order-by-times", pieces.map(source_id))
    };
    let mut assumptions: Vec<Said> = making.reordered.iter().map(reordered).collect();
    for (text, of) in skew::sentences(&making.skew, logs, detected) {
        assumptions.push(Said::inferred(text, "skew", of.into_iter().map(source_id)));
    }
    for paired in &making.paired {
        let of = [paired.source].into_iter().chain(paired.with.iter().copied());
        assumptions.push(Said::inferred(
            assumed::of_pairing(paired, logs),
            "pairing",
            of.map(source_id),
        ));
    }
    let range = assumed::of_range(&making.range, detected.left_out, sources);
    assumptions.extend(range.map(|text| Said::inferred(text, "range", ["S*"])));
    for (number, log) in logs.iter().enumerate() {
        // The pieces of a log have one sentence together.
        if number > 0 && logs[number - 1] == *log {
            continue;
        }
        let pieces = (number..logs.len()).take_while(|piece| logs[*piece] == *log);
        let pieces: Vec<&SourceFacts> = pieces.map(|piece| &detected.sources[piece]).collect();
        let ids = || (number..number + pieces.len()).map(source_id);
        let assumed = pieces.iter().map(|facts| Assumptions {
            zone: facts.assumed.zone,
            year: facts.assumed.year,
            messages_left_out: facts.assumed.messages_left_out,
            read: facts.bytes > 0,
            dated: facts.dated || making.paired.iter().any(|paired| paired.source == number),
        });
        let assumed = assumed.reduce(Assumptions::and).unwrap_or_default();
        let sentences = assumed::sentences(log, assumed, &making.zone);
        assumptions.extend(
            sentences
                .into_iter()
                .map(|text| Said::inferred(text, "assumed", ids())),
        );
        for ((source, name), id) in sources[number..].iter().zip(&names[number..]).zip(ids()) {
            let sentences = assumed::of_plan(name, &source.plan, &making.zone);
            assumptions.extend(
                sentences
                    .into_iter()
                    .map(|text| Said::inferred(text, "assumed", [id.clone()])),
            );
        }
        for ((facts, name), id) in pieces.iter().zip(&names[number..]).zip(ids()) {
            if let Some(offset) = facts.overlong_line {
                let text = format!(
                    "{} has a line longer than {} KiB at byte {offset}: it was read in pieces of that length, and a \
                     text that crosses two pieces can be missed.",
                    span(name),
                    LINE_LIMIT / 1024
                );
                assumptions.push(Said::observed(text, [id]));
            }
        }
    }
    assumptions
}

fn findings(
    analysis: &Analysis<'_>,
    logs: &[String],
    skew: &Skew,
    citations: &mut Citations<'_>,
) -> Vec<Finding> {
    let number = |(number, found): (usize, &Found<'_>)| {
        // A section may be meant for "together with another signature in the same log".
        let together = |id: &str| analysis.found_together(found, id, logs);
        finding(number, found, skew, citations, together)
    };
    let mut findings: Vec<Finding> = analysis.found.iter().enumerate().map(number).collect();
    for wrap in wrapping::wraps(analysis) {
        let pointed = PointsTo {
            finding: findings[wrap.wrapped].id.clone(),
            shared: wrap.shared,
            seconds_before: wrap.before.map(|before| before as f64 / 1e9),
        };
        findings[wrap.wrapper].points_to.push(pointed);
    }
    findings
}

fn finding(
    number: usize,
    found: &Found<'_>,
    skew: &Skew,
    citations: &mut Citations<'_>,
    together: impl Fn(&str) -> bool,
) -> Finding {
    let Found { signature, tally, .. } = found;
    let frequent = tally.services.by_frequency();
    let service = frequent.first().map(|(service, _)| *service);
    let most = |name: &str| {
        let mut values = tally.values_of(name).into_iter();
        let fitting = values.find(|(value, _)| Kind::of(name).accepts(value));
        fitting.map(|(value, _)| value)
    };
    let fill = |text: &str| fill(text, most, service);
    let body = |name: &str| {
        signature
            .section(name, &together)
            .map(|section| fill(&section.body))
            .unwrap_or_default()
    };
    let items = |name: &str| match signature.section(name, &together) {
        Some(section) if section.items.is_empty() => vec![fill(&section.body)],
        Some(section) => section.items.iter().map(|item| fill(item)).collect(),
        None => Vec::new(),
    };
    let text = signature.text();
    let first = tally.first();
    Finding {
        id: format!("F{}", number + 1),
        signature: signature.id.clone(),
        signature_version: signature.version().to_owned(),
        title: text.title.clone(),
        meaning: fill(&text.meaning),
        severity: found.severity(),
        role: found.role,
        assessment: assess(found),
        count: tally.count,
        first_seen: first.sighting.time.at.map(format_utc),
        last_seen: tally.last.sighting.time.at.map(format_utc),
        time_quality: first.sighting.time.quality,
        services: tally
            .services
            .by_frequency()
            .iter()
            .map(|(value, _)| name(value))
            .collect(),
        captures: captures_of(signature, tally),
        points_to: Vec::new(),
        evidence: found
            .kept()
            .into_iter()
            .map(|sample| Evidence {
                moved_seconds: skew::moved(skew, sample.sighting.source),
                ..evidence(sample, citations)
            })
            .collect(),
        cause: body("Cause"),
        impact: body("Impact"),
        fix: items("Fix"),
        verify: items("Verify"),
        prevent: items("Prevent"),
        references: items("References"),
    }
}

/// What the patterns captured, made visible.
pub(super) fn captures_of(signature: &Signature, tally: &Tally) -> BTreeMap<String, Vec<CapturedValue>> {
    let values = |name: &String| {
        let meanings = signature.meaning_of.get(name);
        let values = tally.values_of(name).into_iter().take(MOST_CAPTURES);
        let values = values.map(|(value, count)| CapturedValue {
            value: visible(value.as_bytes(), Some(CAPTURE_WIDTH)),
            count,
            meaning: meanings.and_then(|meanings| meanings.get(value)).cloned(),
            kind: Kind::of(name),
            fits: Kind::of(name).accepts(value),
        });
        (name.clone(), values.collect())
    };
    tally.captures.keys().map(values).collect()
}

/// What a reader sees of one occurrence.
pub(super) fn evidence(occurrence: &Occurrence, citations: &mut Citations<'_>) -> Evidence {
    let time = occurrence.sighting.time;
    let mut lines = Vec::new();
    let mut numbers = Vec::new();
    for line in &occurrence.excerpt {
        match line {
            ExcerptLine::Line(number, bytes) => {
                lines.push(visible(bytes, Some(EXCERPT_WIDTH)));
                numbers.push(i64::try_from(*number).unwrap_or(i64::MAX));
            }
            ExcerptLine::Gap(left_out) => {
                lines.push(format!("[{left_out} lines left out]"));
                numbers.push(-1);
            }
        }
    }
    Evidence {
        id: citations.cite(&occurrence.place()),
        source: citations.name(occurrence.sighting.source),
        line: occurrence.sighting.line,
        offset: occurrence.sighting.offset,
        bytes: occurrence.bytes,
        sha256: occurrence.digest.to_string(),
        matched_line: occurrence.matched_line,
        time: time.at.map(format_utc),
        until: time.until.map(format_utc),
        time_quality: time.quality,
        moved_seconds: 0.0,
        level: occurrence.level,
        service: occurrence.service.as_deref().map(name),
        text: lines.join("\n"),
        line_numbers: numbers,
    }
}

fn incidents(
    counting: &Counting<'_>,
    ends: &[recovery::Recovery],
    citations: &mut Citations<'_>,
    claims: &mut Claims,
) -> Vec<Incident> {
    let (analysis, findings) = (counting.analysis, counting.findings);
    let build = |(number, incident): (usize, &crate::analysis::Incident)| {
        let tallies = || {
            incident
                .members
                .iter()
                .map(|member| &analysis.found[*member].tally)
        };
        let ended = tallies()
            .filter_map(|tally| tally.last.sighting.time.until.or(tally.last.sighting.time.at))
            .max();
        let at = format!("/incidents/{number}");
        let mut reasons = reasons::reasons(analysis, incident, findings);
        let candidates = reasons::candidates(analysis, incident, findings, &mut reasons);
        if number == 0 {
            reasons.extend(reasons::handled(analysis, findings));
        }
        let triggers = reasons::triggers(&at, incident, findings, citations, claims);
        let mut edges = Vec::new();
        for link in &incident.links {
            let signature = analysis.found[link.from].signature;
            edges.push(Edge {
                from: findings[link.from].id.clone(),
                to: findings[link.to].id.clone(),
                because: reasons::because(link, signature),
                shared: link.shared.iter().map(|key| name(key)).collect(),
                dated: link.order != crate::analysis::Order::Undated,
            });
        }
        let (recovery, said) = recovered::recovery(counting, &ends[number], number, citations);
        claims.say(format!("{at}/recovery/text"), said);
        Incident {
            id: incident_id(number),
            root_cause: incident.root.map(|root| findings[root].id.clone()),
            confidence: incident.confidence,
            reasons: claims.say_all(&format!("{at}/reasons"), reasons),
            findings: incident
                .members
                .iter()
                .map(|member| findings[*member].id.clone())
                .collect(),
            edges,
            candidates,
            triggers,
            started: incident.started.map(format_utc),
            ended: ended.map(format_utc),
            severity: incident.severity,
            recovery,
        }
    };
    analysis.incidents.iter().enumerate().map(build).collect()
}

/// The most telling captured value, for a sentence: one that most records have, else one beside others.
pub(super) fn told_capture(finding: &Finding) -> Option<String> {
    const TELLING: &[&str] = &[
        "port",
        "module",
        "column",
        "table",
        "unit",
        "service",
        "container",
        "exit_code",
        "client",
        "upstream",
        "job",
        "name",
        "attribute",
        "database",
        "user",
        "host",
        "path",
    ];
    let plain = || {
        let usual = TELLING
            .iter()
            .filter_map(|name| Some((name, finding.usual(name)?)));
        usual.filter(|(_, (value, _))| is_plain(value))
    };
    let (name, (value, most)) = plain().find(|(_, (_, most))| *most).or_else(|| plain().next())?;
    Some(format!(
        "{} `{value}`{}",
        name.replace('_', " "),
        super::words::others(most)
    ))
}
