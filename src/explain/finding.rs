//! Explains a finding of a report.
//!
//! In: a JSON report, the number of one of its findings, and the logs that it cites, if they are still there. Out: a [`Finding`]: which
//! conditions of its page hold at the cited lines, what it takes its records from, the rules that gave its severity and
//! confidence, and what it is linked to.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Page, page};
use crate::detect::compile::Detector;
use crate::detect::explain::{Candidate, Explaining, Focus, SeenInLogs};
use crate::error::Error;
use crate::input::block::Block;
use crate::input::stream::Fed;
use crate::record::time::range::Range;
use crate::record::time::{Clock, Zone};
use crate::report::model::{Edge, SCHEMA_VERSION};
use crate::signature::Library;
use crate::verify::reread::{Stretch, feed_of, file_of, reread};

/// Ids that are suggested for one that is none.
const SUGGESTED: usize = 3;

/// A finding as the report has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Cited {
    id: String,
    signature: String,
    signature_version: String,
    title: String,
    severity: String,
    role: String,
    count: u64,
    first_seen: Option<String>,
    last_seen: Option<String>,
    assessment: Assessed,
    evidence: Vec<Evidence>,
    /// Put in when the incidents are read.
    #[serde(skip)]
    links: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Assessed {
    confidence: String,
    rules: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Evidence {
    id: String,
    source: String,
    line: u64,
    offset: u64,
    bytes: u64,
    sha256: String,
    service: Option<String>,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Report {
    schema_version: u32,
    findings: Vec<serde_json::Value>,
    incidents: Vec<Incident>,
}

#[derive(Debug, Deserialize)]
struct Incident {
    id: String,
    root_cause: Option<String>,
    findings: Vec<String>,
    edges: Vec<Edge>,
    reasons: Vec<String>,
}

impl Cited {
    /// Reads finding `id` of a JSON report.
    ///
    /// # Errors
    ///
    /// In words, if it is no such report or has no such finding.
    pub fn read(text: &str, id: &str) -> Result<Cited, String> {
        if !text.trim_start().starts_with('{') {
            return Err("it is not a JSON report; write one with `incident scan -o report.json`".to_owned());
        }
        let report: Report = serde_json::from_str(text).map_err(|error| {
            format!("it is not a report of `incident scan`, or it was cut or changed: {error}")
        })?;
        if report.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "it has version {} of the report's shape, and this program reads version {SCHEMA_VERSION}",
                report.schema_version
            ));
        }
        let own = report.findings.iter().find(|finding| finding["id"] == id);
        let Some(own) = own else {
            let ids = report
                .findings
                .iter()
                .filter_map(|finding| finding["id"].as_str());
            let ids: Vec<&str> = ids.collect();
            return Err(match ids.as_slice() {
                [] => "it has no findings".to_owned(),
                [only] => format!("it has no finding {id}, only {only}"),
                [first, .., last] => format!("it has no finding {id}; its findings are {first} to {last}"),
            });
        };
        let mut cited: Cited = serde_json::from_value(own.clone())
            .map_err(|error| format!("its finding {id} cannot be read: {error}"))?;
        cited.links = links(&report, id);
        Ok(cited)
    }
}

/// What the report says of a finding's place among the others.
fn links(report: &Report, id: &str) -> Vec<String> {
    let title = |id: &str| {
        let found = report.findings.iter().find(|finding| finding["id"] == id);
        let title = found
            .and_then(|finding| finding["title"].as_str())
            .unwrap_or_default();
        format!("{id} ({title})")
    };
    let mut links = Vec::new();
    for incident in report
        .incidents
        .iter()
        .filter(|incident| incident.findings.iter().any(|own| own == id))
    {
        links.push(match &incident.root_cause {
            Some(root) if root == id => format!(
                "it is the root cause of incident {}: {}",
                incident.id,
                incident.reasons.join(" ")
            ),
            Some(root) => format!(
                "it belongs to incident {}, whose root cause is {}",
                incident.id,
                title(root)
            ),
            None => format!(
                "it belongs to incident {}, of which no root cause is known",
                incident.id
            ),
        });
        for edge in &incident.edges {
            let (led_to, because) = (edge.led_to(), &edge.because);
            if edge.to == id {
                links.push(format!("{} {led_to} it: {because}", title(&edge.from)));
            } else if edge.from == id {
                links.push(format!("it {led_to} {}: {because}", title(&edge.to)));
            }
        }
    }
    links
}

/// A finding, explained.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Its id in the report.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The page, as it is known now; none if no such page is known.
    pub page: Option<Page>,
    /// Id and version of the page when the report was made.
    pub signature: String,
    /// The version of the page when the report was made.
    pub version: String,
    /// Severity, role and confidence, as the report has them.
    pub severity: String,
    /// As the report has it.
    pub role: String,
    /// As the report has it.
    pub confidence: String,
    /// The rules that gave severity and confidence.
    pub rules: Vec<String>,
    /// Number of its records.
    pub count: u64,
    /// When the first and the last was written.
    pub seen: (Option<String>, Option<String>),
    /// Its condition over time, in words, if it has one.
    pub over_time: Option<String>,
    /// The records that the report cites.
    pub records: Vec<OfRecord>,
    /// What it is linked to, in sentences.
    pub links: Vec<String>,
}

/// A condition, and what it comes to on a record.
type Held = (String, Candidate);

/// A cited record.
#[derive(Debug, Clone, Serialize)]
pub struct OfRecord {
    /// Its id in the report.
    pub id: String,
    /// Name of the log.
    pub source: String,
    /// Its first line.
    pub line: u64,
    /// Where what follows was read: `the log`, or why not.
    pub read: String,
    /// Its conditions that hold there (or, if none does, that do not), each with the records it is about.
    pub conditions: Vec<(String, Candidate)>,
}

/// Explains a finding with the library as it is now; the logs stand below `root`.
pub fn explain(cited: &Cited, library: &Library, root: Option<&Path>) -> Result<Finding, Error> {
    let mut finding = Finding {
        id: cited.id.clone(),
        title: cited.title.clone(),
        page: None,
        signature: cited.signature.clone(),
        version: cited.signature_version.clone(),
        severity: cited.severity.clone(),
        role: cited.role.clone(),
        confidence: cited.assessment.confidence.clone(),
        rules: cited.assessment.rules.clone(),
        count: cited.count,
        seen: (cited.first_seen.clone(), cited.last_seen.clone()),
        over_time: None,
        records: Vec::new(),
        links: cited.links.clone(),
    };
    let Some(number) = library.number(&cited.signature) else {
        return Ok(finding);
    };
    let detector = Detector::new(library)?;
    let explaining = Explaining::new(&detector, number);
    finding.page = Some(page(&explaining));
    finding.over_time = explaining.over_time();
    let mut by_source: BTreeMap<&str, Vec<&Evidence>> = BTreeMap::new();
    for evidence in &cited.evidence {
        by_source.entry(&evidence.source).or_default().push(evidence);
    }
    let mut again: BTreeMap<&str, Vec<(String, Candidate)>> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, String> = BTreeMap::new();
    for (source, all) in by_source {
        let mut there = Vec::new();
        match held(source, &all, root)? {
            Ok(held) => {
                for evidence in &all {
                    match held.contains(&(evidence.offset, evidence.bytes)) {
                        true => there.push(*evidence),
                        false => drop(
                            reasons.insert(&evidence.id, "the log has something else there now".to_owned()),
                        ),
                    }
                }
                for (id, found) in in_log(&explaining, source, &there, root)? {
                    again.entry(id).or_default().push(found);
                }
            }
            Err(reason) => all
                .iter()
                .for_each(|evidence| drop(reasons.insert(&evidence.id, reason.clone()))),
        }
    }
    for evidence in &cited.evidence {
        let from_log = again
            .remove(evidence.id.as_str())
            .filter(|_| !reasons.contains_key(evidence.id.as_str()));
        let read = match (&from_log, reasons.get(evidence.id.as_str())) {
            (Some(_), _) => "the log".to_owned(),
            (None, reason) => format!(
                "the report's excerpt, since {}",
                reason.map_or("the log has no record there now", String::as_str)
            ),
        };
        finding.records.push(OfRecord {
            id: evidence.id.clone(),
            source: evidence.source.clone(),
            line: evidence.line,
            read,
            conditions: chosen(from_log.unwrap_or_else(|| in_excerpt(&explaining, evidence))),
        });
    }
    Ok(finding)
}

/// Those that hold; all, if none does.
fn chosen(conditions: Vec<(String, Candidate)>) -> Vec<(String, Candidate)> {
    let holding: Vec<_> = conditions
        .iter()
        .filter(|(_, candidate)| candidate.verdict.holds)
        .cloned()
        .collect();
    if holding.is_empty() { conditions } else { holding }
}

/// Which cited stretches of a log are as they were; or why it cannot be read.
fn held(source: &str, all: &[&Evidence], root: Option<&Path>) -> Result<Result<Vec<Stretch>, String>, Error> {
    let Some((name, file)) = file_of(source, root) else {
        return Ok(Err(format!(
            "there is no {source} here (--root DIR tells where the logs are)"
        )));
    };
    let stretches = all
        .iter()
        .map(|evidence| (evidence.offset, evidence.bytes))
        .collect();
    let wanted = BTreeMap::from([(source, stretches)]);
    let read = reread(&name, &file, &wanted)?;
    let digests = read.get(source);
    let held = all.iter().filter(|evidence| {
        let own = digests.and_then(|digests| digests.get(&(evidence.offset, evidence.bytes)));
        own.is_some_and(|digest| digest.to_string() == evidence.sha256)
    });
    Ok(Ok(held
        .map(|evidence| (evidence.offset, evidence.bytes))
        .collect()))
}

/// What the conditions come to on the cited records of a log.
fn in_log<'e>(
    explaining: &Explaining<'_>,
    source: &str,
    all: &[&'e Evidence],
    root: Option<&Path>,
) -> Result<Vec<(&'e str, Held)>, Error> {
    let Some((name, file)) = file_of(source, root).filter(|_| !all.is_empty()) else {
        return Ok(Vec::new());
    };
    let service = all.iter().find_map(|evidence| evidence.service.clone());
    let feed = feed_of(name, file, service)?;
    let focus = Focus {
        only: true,
        places: all
            .iter()
            .map(|evidence| (source.to_owned(), evidence.offset))
            .collect(),
    };
    let clock = Clock::new(Zone::Utc, i64::MAX / 2);
    let mut seen = SeenInLogs::default();
    for fed in feed.flatten() {
        match fed {
            Fed::Begin(source) => seen.begin(&source.name),
            Fed::Block(block) => seen.take(explaining.look(&block, &clock, &Range::default(), &focus)),
            Fed::Hole { .. } | Fed::End(_) | Fed::NotRead(_) => {}
        }
    }
    let mut found = Vec::new();
    for seen in seen.asked() {
        for candidate in seen.asked {
            let own = all.iter().find(|evidence| evidence.offset == candidate.offset);
            found.extend(own.map(|evidence| (evidence.id.as_str(), (seen.what.clone(), candidate))));
        }
    }
    Ok(found)
}

/// The same for what the report shows of a record.
fn in_excerpt(explaining: &Explaining<'_>, evidence: &Evidence) -> Vec<(String, Candidate)> {
    let block = Block::whole(0, evidence.text.as_bytes().to_vec());
    let clock = Clock::new(Zone::Utc, i64::MAX / 2);
    let focus = Focus {
        only: true,
        places: vec![(block.about.name.clone(), 0)],
    };
    let mut seen = SeenInLogs::default();
    seen.begin(&evidence.source);
    seen.take(explaining.look(&block, &clock, &Range::default(), &focus));
    let mut found = Vec::new();
    for seen in seen.asked() {
        for candidate in seen.asked {
            let candidate = Candidate {
                source: evidence.source.clone(),
                line: evidence.line,
                ..candidate
            };
            found.push((seen.what.clone(), candidate));
        }
    }
    found
}

/// The names that look most like one that is not known, the nearest first.
pub fn nearest<'n>(wanted: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut all: Vec<(usize, &str)> = known
        .map(|name| {
            let words = name.rsplit('/').next().unwrap_or(name);
            let own = wanted.rsplit('/').next().unwrap_or(wanted);
            let part = !own.is_empty() && (name.contains(own) || own.contains(words));
            let distance = distance(wanted, name).min(distance(own, words) + 1);
            (if part { distance.min(2) } else { distance }, name)
        })
        .collect();
    all.sort();
    all.into_iter().take(SUGGESTED).map(|(_, name)| name).collect()
}

/// How many letters must be changed, added or left out to make one text of another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, own) in a.chars().enumerate() {
        let mut before = line;
        row[0] = line + 1;
        for (at, other) in b.iter().enumerate() {
            let changed = before + usize::from(own != *other);
            before = row[at + 1];
            row[at + 1] = changed.min(before + 1).min(row[at] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn ids_that_look_alike_are_suggested() {
        let known = [
            "net/address-in-use",
            "net/dns-failure",
            "php/fatal-error",
            "go/panic",
        ];
        assert_eq!(
            nearest("net/adress-in-use", known.into_iter())[0],
            "net/address-in-use"
        );
        assert_eq!(
            nearest("address-in-use", known.into_iter())[0],
            "net/address-in-use"
        );
        assert_eq!(nearest("panic", known.into_iter())[0], "go/panic");
    }
}
