//! Checks a report against the logs: which of its claims still hold.
//!
//! In: a report (JSON, or Markdown that carries its claims), and where the logs stand. Out: a [`Verdict`]. Only the cited
//! bytes are compared, and the ends of each log; what a report shows of them does not matter.
//!
//! A log that was rotated or compressed since is looked for among the files beside it whose names are those of its pieces, and known by
//! its content. Pieces may be called otherwise by then, but not stand in another order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::input::rotation::beside::{beside, by_age, live_of};
use crate::report::claim::{Basis, Claim};
use crate::report::model::{Cited, SCHEMA_VERSION, Sealed};
use reread::{Digests, Stretch, file_of, place_of, reread};

pub(crate) mod reread;

/// What stands before the claims in a Markdown report; they are the JSON up to the end of the comment.
pub const MARK: &str = "<!-- incident-claims ";

/// The parts of a report that can be checked.
#[derive(Debug, Deserialize)]
pub struct Checkable {
    schema_version: u32,
    sources: Vec<Log>,
    cited: Vec<Cited>,
    claims: Vec<Claim>,
    findings: Vec<Shown>,
    incidents: Vec<Joined>,
}

#[derive(Debug, Deserialize)]
struct Log {
    id: String,
    name: String,
    head: Option<Sealed>,
    tail: Option<Sealed>,
}

#[derive(Debug, Deserialize)]
struct Shown {
    id: String,
    evidence: Vec<Id>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Joined {
    id: String,
    findings: Vec<String>,
}

impl Checkable {
    /// Reads a report.
    ///
    /// # Errors
    ///
    /// In words, if `text` is no report that carries its claims.
    pub fn read(text: &str) -> Result<Checkable, String> {
        let json = match text.rfind(MARK) {
            Some(at) if !text.trim_start().starts_with('{') => {
                let behind = &text[at + MARK.len()..];
                behind.split_once("-->").map_or(behind, |(json, _)| json)
            }
            _ => text,
        };
        if !json.trim_start().starts_with('{') {
            return Err(
                "it is neither a JSON report nor a Markdown report that carries its claims at its end".into(),
            );
        }
        let report: Checkable = serde_json::from_str(json)
            .map_err(|error| format!("it is not a report with claims, or it was cut or changed: {error}"))?;
        if report.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "it has version {} of the report's shape, and this program reads version {SCHEMA_VERSION}",
                report.schema_version
            ));
        }
        Ok(report)
    }
}

/// Where the logs stand.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The folder below which they stand.
    pub root: Option<PathBuf>,
    /// What was standard input.
    pub stdin: Option<PathBuf>,
}

/// How a report stands to the logs.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Claims that do not hold, each with the reasons.
    pub failed: Vec<(Claim, Vec<String>)>,
    /// Claims that rest on what cannot be read again.
    pub unchecked: Vec<Claim>,
    /// How many claims hold.
    pub held: usize,
    /// How many stretches were read again.
    pub reread: usize,
    /// Logs that stand elsewhere now.
    pub moved: Vec<(String, PathBuf)>,
}

/// Why something does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// It does not; why.
    Wrong(String),
    /// It cannot be read again.
    NotAgain,
}

/// Checks the report.
///
/// # Errors
///
/// If nothing can be read at all, as where no thread can be started.
pub fn verify(report: &Checkable, places: &Places) -> Result<Verdict, Error> {
    let mut checks = Checks::new(report, places)?;
    checks.order();
    let mut verdict = Verdict {
        reread: checks.reread,
        ..Verdict::default()
    };
    for (log, found) in report.sources.iter().zip(&checks.found) {
        if let Some(found) = found
            && found.elsewhere
        {
            verdict.moved.push((log.name.clone(), found.file.clone()));
        }
    }
    for claim in &report.claims {
        let mut troubles: Vec<Trouble> = Vec::new();
        for premise in premises(&claim.basis) {
            for trouble in checks.of(premise) {
                if !troubles.contains(&trouble) {
                    troubles.push(trouble);
                }
            }
        }
        let reasons: Vec<String> = troubles
            .iter()
            .filter_map(|trouble| match trouble {
                Trouble::Wrong(reason) => Some(reason.clone()),
                Trouble::NotAgain => None,
            })
            .collect();
        if !reasons.is_empty() {
            verdict.failed.push((claim.clone(), reasons));
        } else if !troubles.is_empty() {
            verdict.unchecked.push(claim.clone());
        } else {
            verdict.held += 1;
        }
    }
    Ok(verdict)
}

fn premises(basis: &Basis) -> &[String] {
    match basis {
        Basis::Observed { evidence: ids, .. }
        | Basis::Known { premises: ids, .. }
        | Basis::Inferred { premises: ids, .. } => ids,
        Basis::Blank => &[],
    }
}

/// Where a log was found.
#[derive(Debug, Clone)]
struct Found {
    file: PathBuf,
    /// Not under the name that it had.
    elsewhere: bool,
}

/// What was found wrong, by id.
struct Checks<'a> {
    report: &'a Checkable,
    root: Option<&'a Path>,
    /// By the number of the source.
    found: Vec<Option<Found>>,
    /// By the id of cited bytes, or a source.
    wrong: BTreeMap<&'a str, Trouble>,
    reread: usize,
}

/// What the report says of a stretch of a log.
struct Said<'a> {
    id: &'a str,
    stretch: Stretch,
    sha256: &'a str,
    /// Where it stands, in words.
    place: String,
}

impl<'a> Checks<'a> {
    fn new(report: &'a Checkable, places: &'a Places) -> Result<Checks<'a>, Error> {
        let mut checks = Checks {
            report,
            root: places.root.as_deref(),
            found: vec![None; report.sources.len()],
            wrong: BTreeMap::new(),
            reread: 0,
        };
        let said: Vec<Vec<Said<'a>>> = report.sources.iter().map(|log| said_of(report, log)).collect();
        // An archive is read once for all of its members.
        let mut files: BTreeMap<(String, PathBuf), Vec<usize>> = BTreeMap::new();
        for (number, log) in report.sources.iter().enumerate() {
            let file = match (log.name.as_str(), &places.stdin) {
                ("-", Some(stdin)) => Some(("-".to_owned(), stdin.clone())),
                ("-", None) => {
                    let ids = said[number].iter().map(|said| (said.id, Trouble::NotAgain));
                    checks.wrong.extend(ids);
                    continue;
                }
                (name, _) => file_of(name, checks.root),
            };
            match file {
                Some(file) => files.entry(file).or_default().push(number),
                None => checks.look_elsewhere(number, &said[number], None)?,
            }
        }
        for ((name, file), numbers) in files {
            let wanted = numbers.iter().map(|number| {
                let stretches = said[*number].iter().map(|said| said.stretch).collect();
                (report.sources[*number].name.as_str(), stretches)
            });
            let read = reread(&name, &file, &wanted.collect())?;
            for number in numbers {
                let digests = read.get(&report.sources[number].name);
                if digests.is_some_and(|digests| said[number].iter().all(|said| holds(said, digests))) {
                    checks.reread += said[number].len();
                    checks.found[number] = Some(Found {
                        file: file.clone(),
                        elsewhere: false,
                    });
                } else {
                    checks.look_elsewhere(number, &said[number], digests)?;
                }
            }
        }
        Ok(checks)
    }

    /// Looks for a log among the files beside the one that it was read from. `digests` is what stands there now.
    fn look_elsewhere(
        &mut self,
        number: usize,
        said: &[Said<'a>],
        digests: Option<&Digests>,
    ) -> Result<(), Error> {
        let log = &self.report.sources[number];
        let own = place_of(&log.name, self.root);
        let wanted = BTreeMap::from([(
            log.name.as_str(),
            said.iter().map(|said| said.stretch).collect::<Vec<_>>(),
        )]);
        // Nothing tells an empty log from another one.
        let candidates = if said.iter().any(|said| said.stretch.1 > 0) {
            beside(&own)
        } else {
            Vec::new()
        };
        for file in candidates {
            let read = reread(&log.name, &file, &wanted)?;
            if read
                .get(&log.name)
                .is_some_and(|digests| said.iter().all(|said| holds(said, digests)))
            {
                self.reread += said.len();
                self.found[number] = Some(Found {
                    file,
                    elsewhere: true,
                });
                return Ok(());
            }
        }
        self.reread += digests.map_or(0, BTreeMap::len);
        for said in said {
            let reason = match digests {
                None => format!(
                    "{}: there is no such log any more, nor a piece of it beside",
                    log.name
                ),
                Some(digests) if holds(said, digests) => continue,
                Some(digests) if digests.contains_key(&said.stretch) => {
                    format!("{}: other bytes stand there", said.place)
                }
                Some(_) => format!("{}: the log ends before that", said.place),
            };
            self.wrong.entry(said.id).or_insert(Trouble::Wrong(reason));
        }
        if digests.is_none() {
            self.wrong.entry(&log.id).or_insert(Trouble::Wrong(format!(
                "{}: there is no such log any more, nor a piece of it beside",
                log.name
            )));
        }
        Ok(())
    }

    /// Pieces of one log that were found under other names must still be in their order.
    fn order(&mut self) {
        let report = self.report;
        for (b, log_b) in report.sources.iter().enumerate() {
            for (a, log_a) in report.sources[..b].iter().enumerate() {
                let (Some(found_a), Some(found_b)) = (&self.found[a], &self.found[b]) else {
                    continue;
                };
                let moved = found_a.elsewhere || found_b.elsewhere;
                let (path_a, path_b) = (Path::new(&log_a.name), Path::new(&log_b.name));
                if !moved || live_of(path_a) != live_of(path_b) {
                    continue;
                }
                let now = match found_a.file == found_b.file {
                    true => Ordering::Equal,
                    false => by_age(&found_a.file, &found_b.file),
                };
                if by_age(path_a, path_b) == now {
                    continue;
                }
                let reason = format!(
                    "{} and {}: these pieces of a log have changed places",
                    log_a.name, log_b.name
                );
                for log in [log_a, log_b] {
                    let cited = report.cited.iter().filter(|cited| cited.source == log.name);
                    for id in cited.map(|cited| cited.id.as_str()).chain([log.id.as_str()]) {
                        self.wrong.insert(id, Trouble::Wrong(reason.clone()));
                    }
                }
            }
        }
    }

    /// What is wrong with what an id names.
    fn of(&self, id: &str) -> Vec<Trouble> {
        let report = self.report;
        let leaf = |id: &str| self.wrong.get(id).cloned();
        let finding = |id: &str| {
            let shown = report.findings.iter().find(|finding| finding.id == id);
            shown.map(|finding| {
                finding
                    .evidence
                    .iter()
                    .filter_map(|shown| leaf(&shown.id))
                    .collect()
            })
        };
        let known: Option<Vec<Trouble>> = match id.as_bytes().first() {
            Some(b'E') => {
                let cited = report.cited.iter().find(|cited| cited.id == id);
                cited.map(|_| leaf(id).into_iter().collect())
            }
            Some(b'S') if id == "S*" => Some(report.sources.iter().filter_map(|log| leaf(&log.id)).collect()),
            Some(b'S') => {
                let log = report.sources.iter().find(|log| log.id == id);
                log.map(|_| leaf(id).into_iter().collect())
            }
            Some(b'F') => finding(id),
            Some(b'I') => {
                let incident = report.incidents.iter().find(|incident| incident.id == id);
                incident.map(|incident| {
                    incident
                        .findings
                        .iter()
                        .filter_map(|id| finding(id))
                        .flatten()
                        .collect()
                })
            }
            // What was not read then need not be read now.
            Some(b'N') => Some(Vec::new()),
            _ => None,
        };
        known.unwrap_or_else(|| vec![Trouble::Wrong(format!("{id}: the report has no such thing"))])
    }
}

/// What the report says of the stretches of one log.
fn said_of<'a>(report: &'a Checkable, log: &'a Log) -> Vec<Said<'a>> {
    let ends = [(&log.head, "first"), (&log.tail, "last")];
    let ends = ends.into_iter().filter_map(|(sealed, which)| {
        let sealed = sealed.as_ref()?;
        Some(Said {
            id: &log.id,
            stretch: (sealed.offset, sealed.bytes),
            sha256: &sealed.sha256,
            place: format!("{}, its {which} {} bytes", log.name, sealed.bytes),
        })
    });
    let cited = report.cited.iter().filter(|cited| cited.source == log.name);
    let cited = cited.map(|cited| Said {
        id: &cited.id,
        stretch: (cited.offset, cited.bytes),
        sha256: &cited.sha256,
        place: format!(
            "{} {}{}, bytes {} to {}",
            cited.id,
            cited.source,
            if cited.line > 0 {
                format!(":{}", cited.line)
            } else {
                String::new()
            },
            cited.offset,
            cited.offset.saturating_add(cited.bytes)
        ),
    });
    ends.chain(cited).collect()
}

fn holds(said: &Said<'_>, digests: &Digests) -> bool {
    digests
        .get(&said.stretch)
        .is_some_and(|digest| digest.to_string() == said.sha256)
}
