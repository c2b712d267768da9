//! Explains a signature: what it asks for, and why it was found in logs or was not.
//!
//! In: a signature of a library and, if they are given, logs. Out: an [`Explanation`]. The logs are scanned as any others with the
//! whole library, so that the answer is that of a scan; beside that every record is looked at. [`finding`] does the same for
//! the records that a report cites.

use memchr::memchr_iter;
use serde::Serialize;

use crate::analysis::assess::{Assessment, assess, of_page};
use crate::analysis::{analyse, silent};
use crate::detect::collect::Collector;
use crate::detect::compile::Detector;
use crate::detect::examine::examine;
use crate::detect::explain::{Answer, Asked, Explaining, Focus, SeenInLogs};
use crate::detect::placed::Clocks;
use crate::error::Error;
use crate::input::block::Block;
use crate::input::stream::Fed;
use crate::pipeline;
use crate::report::model::NotRead;
use crate::signature::{Library, Role, Severity, Signature};
use crate::{Joined, Options, Progress, Ready, is_alone, ready};

pub mod finding;

/// What a signature asks for, and what logs have of it.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The page.
    pub page: Page,
    /// Its conditions on single records.
    pub conditions: Vec<Asked>,
    /// Its condition over time, in words, if it has one.
    pub over_time: Option<String>,
    /// The rules that the severity and confidence of any finding of it follow from.
    pub rules: Vec<String>,
    /// What the logs have of it, if some were given.
    pub logs: Option<InLogs>,
}

/// What there is to say about a page.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// `net/address-in-use`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Its part in a story.
    pub role: Role,
    /// The beginning of the SHA-256 of its text.
    pub version: String,
    /// Where it was read.
    pub file: String,
    /// Signatures whose records it takes where it holds, too.
    pub supersedes: Vec<String>,
    /// Signatures that take its records.
    pub superseded_by: Vec<String>,
    /// What it can bring about, as the page names it.
    pub leads_to: Vec<String>,
    /// Signatures whose records show that the failure was overcome.
    pub recovered_by: Vec<String>,
}

/// What logs have of a signature.
#[derive(Debug, Clone, Serialize)]
pub struct InLogs {
    /// The logs, by name.
    pub sources: Vec<String>,
    /// The line that was asked about, from 1.
    pub line: Option<u64>,
    /// Why it was found, or was not.
    pub answer: Answer,
    /// Severity and confidence of each finding of it.
    pub assessments: Vec<Assessment>,
    /// What was not read.
    pub not_read: Vec<NotRead>,
}

/// Explains signature `number` of the library.
pub fn explain_page(library: &Library, number: usize) -> Result<Explanation, Error> {
    let detector = Detector::new(library)?;
    Ok(of_page_alone(&Explaining::new(&detector, number)))
}

fn of_page_alone(explaining: &Explaining<'_>) -> Explanation {
    Explanation {
        page: page(explaining),
        conditions: explaining.asked(),
        over_time: explaining.over_time(),
        rules: rules(explaining.signature()),
        logs: None,
    }
}

fn page(explaining: &Explaining<'_>) -> Page {
    let signature = explaining.signature();
    let (supersedes, superseded_by) = explaining.supersedes();
    Page {
        id: signature.id.clone(),
        title: signature.text().title.clone(),
        severity: signature.severity,
        role: signature.role,
        version: signature.version().to_owned(),
        file: signature.file.clone(),
        supersedes,
        superseded_by,
        leads_to: signature.leads_to.iter().map(ToString::to_string).collect(),
        recovered_by: signature
            .recovery
            .iter()
            .flat_map(|recovery| recovery.by.clone())
            .collect(),
    }
}

/// The rules that hold for every finding of a page.
fn rules(signature: &Signature) -> Vec<String> {
    let mut rules = vec![format!(
        "severity {}: the page's; low at most where it was handled",
        signature.severity.name()
    )];
    let of_page = of_page(signature);
    let steps: u32 = of_page.iter().map(|(steps, _)| steps).sum();
    if steps == 0 {
        rules.push("confidence high, unless the records give a reason for less".to_owned());
    }
    rules.extend(of_page.into_iter().map(|(_, rule)| rule));
    rules
}

/// Explains signature `number` of the library in logs; with `line`, in that line of the only log.
pub fn explain_logs(
    options: &Options,
    library: &Library,
    number: usize,
    line: Option<u64>,
    progress: &dyn Progress,
) -> Result<Explanation, Error> {
    let places = line.map(|line| place_of(options, line)).transpose()?;
    let focus = Focus {
        only: false,
        places: places.into_iter().collect(),
    };
    let Ready {
        pool,
        feed,
        range,
        listed,
        not_read,
        ..
    } = ready(options)?;
    let detector = pool.install(|| Detector::new(library))?;
    let explaining = Explaining::new(&detector, number);
    let work = |block: &Block| {
        let source = &block.about;
        let clock = source.clock(options.zone, options.now);
        let examined = examine(&detector, block, &clock, &range, is_alone(&listed, source));
        let seen = explaining.look(block, &clock, &range, &focus);
        progress.scanned(&source.name, block.body().len() as u64);
        (examined, seen)
    };
    let mut joined = Joined::new(Collector::new(&detector, range), not_read);
    let mut seen = SeenInLogs::default();
    pipeline::run(&pool, feed, work, |fed| {
        if let Fed::Begin(source) = &fed {
            seen.begin(&source.name);
        }
        let examined = fed.map(|worked| {
            let (examined, in_block) = worked?;
            seen.take(in_block);
            Ok(examined)
        });
        joined.take(examined, progress);
    });
    let Joined {
        collector,
        sources,
        not_read,
        ..
    } = joined;
    let mut detected = collector.finish(|detected| {
        let shifts = crate::analysis::skew::compare(detected, &sources).shifts;
        let places = crate::analysis::pairing::pair(detected, &sources, &shifts).places;
        seen.shift(&shifts);
        Clocks { shifts, places }
    });
    if !options.stop.is_asked() {
        silent::add(&mut detected, library, &sources, &range);
    }
    let analysis = analyse(&detected, library, &sources);
    let own = analysis
        .found
        .iter()
        .filter(|found| found.signature.id == explaining.signature().id);
    Ok(Explanation {
        logs: Some(InLogs {
            sources: sources.iter().map(|source| source.name.clone()).collect(),
            line,
            assessments: own.map(assess).collect(),
            answer: explaining.answer(seen, &detected),
            not_read,
        }),
        ..of_page_alone(&explaining)
    })
}

/// The name of the only log, and where in it a line begins.
fn place_of(options: &Options, line: u64) -> Result<(String, u64), Error> {
    let path = options
        .paths
        .first()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    if line == 0 {
        return Err(Error::Usage(format!("{path}:0: lines are counted from 1")));
    }
    let mut logs: Vec<String> = Vec::new();
    let mut lines = 0;
    let mut found = None;
    for fed in ready(options)?.feed.flatten() {
        match fed {
            Fed::Begin(source) => logs.push(source.name.clone()),
            Fed::Block(block) if found.is_none() => {
                let (body, text) = (block.body(), block.text());
                let bytes = text.bytes(body.clone());
                let wanted = (line - 1).saturating_sub(lines);
                let start = match wanted {
                    0 => (!bytes.is_empty()).then_some(0),
                    wanted => memchr_iter(b'\n', bytes)
                        .nth(wanted as usize - 1)
                        .map(|end| end + 1),
                };
                // What begins where the body ends is the next one's, if there is one.
                found = start
                    .filter(|start| *start < bytes.len())
                    .map(|start| block.window_at() + (body.start + start) as u64);
                lines += bytecount::count(bytes, b'\n') as u64
                    + u64::from(block.is_last() && !bytes.ends_with(b"\n"));
            }
            _ => {}
        }
    }
    match (logs.as_slice(), found) {
        ([name], Some(offset)) => Ok((name.clone(), offset)),
        ([_], None) => Err(Error::Usage(format!(
            "{path}:{line}: the log has {lines} lines, and no line {line}"
        ))),
        ([], _) => Err(Error::Usage(format!("{path}: no log was found there"))),
        (many, _) => Err(Error::Usage(format!(
            "{path}:{line}: there are {} logs in it; name one of them, without its archive or folder",
            many.len()
        ))),
    }
}
