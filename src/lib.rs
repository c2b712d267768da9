//! `incident` reads the logs of an outage and drafts the postmortem.
//!
//! One run, in the order of the rooms:
//!
//! ```text
//! paths ─input→ Block ─scan→ gate hits ─record→ Record ─detect→ Tally ─analysis→ Incident ─report→ Report ─render→ md, json
//!                        ▲                         ▲
//!                        └── signature: Library ───┘
//! ```
//!
//! 1. [`input`] finds the logs and cuts them into blocks.
//! 2. [`detect::examine`] takes a block on any thread: [`scan`] finds places worth a look, [`record`] reads
//!    the events there, and the conditions of the [`signature`] library are tried on them.
//! 3. [`detect::collect`] joins the results in order and decides the conditions over time.
//! 4. [`analysis`] links findings to causes and effects; `recount` reads the access logs of an incident again and counts all
//!    requests about its time.
//! 5. [`report`] makes of that what a reader sees, and [`render`] writes it.
//!
//! [`scan_logs`] is that run; `pipeline` does 2 on many threads. It is a function of its [`Options`] and of the
//! logs; it writes nothing.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use analysis::analyse;
use analysis::pairing::{self, Pairing};
use analysis::period::systems;
use analysis::silent;
use analysis::skew::{self, Skew};
use detect::collect::Collector;
use detect::compile::Detector;
use detect::examine::{self, Examined, examine};
use detect::placed::Clocks;
use error::Error;
use input::block::{BLOCK_SIZE, Block};
use input::sought::Sought;
use input::stream::{End, Fed, Feed, Reading, Trouble};
use input::walk::{self, Walking};
use input::{Source, Stop, last_boot};
use inspect::Inspection;
use inspect::walk::{Inspected, Rows, inspect};
use pipeline::{Defect, Worked};
use rayon::{ThreadPool, ThreadPoolBuilder};
use record::time::range::{Range, Since};
use record::time::{Zone, format_utc};
use recount::{First, recount};
use report::build::{Making, build};
use report::model::{NotRead, Report};
use signature::Library;
use signature::diagnostic::PageError;

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod detect;
pub mod digest;
pub mod error;
pub mod explain;
pub mod input;
pub mod inspect;
mod pipeline;
pub mod record;
mod recount;
pub mod render;
pub mod report;
pub mod scan;
pub mod signature;
pub mod verify;

/// What a run depends on, apart from the logs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Files, folders, and `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// Number of threads, 1 or more.
    pub threads: usize,
    /// Size of a block in bytes. The result does not depend on it.
    pub block_size: usize,
    /// Whether big files may be mapped.
    pub map_files: bool,
    /// Globs of what is left out below folders.
    pub exclude: Vec<String>,
    /// Whether symbolic links below folders are followed.
    pub follow: bool,
    /// Zone for lines that state none.
    pub zone: Zone,
    /// What is earlier is left out.
    pub since: Option<Since>,
    /// What is later is left out; UTC nanoseconds.
    pub until: Option<i64>,
    /// Whether the times of logs whose clocks differ are moved to agree.
    pub correct_skew: bool,
    /// The time of the run in UTC nanoseconds.
    pub now: i64,
    /// The host that the report names as its maker's.
    pub host: String,
    /// Whether the timeline is shown whole.
    pub full_timeline: bool,
    /// Ends the reading early; what was read by then is reported.
    pub stop: Stop,
}

impl Options {
    /// Options for `paths` with everything else at its default.
    pub fn new(paths: Vec<PathBuf>, now: i64) -> Options {
        Options {
            paths,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            block_size: BLOCK_SIZE,
            map_files: true,
            exclude: Vec::new(),
            follow: false,
            zone: Zone::Utc,
            since: None,
            until: None,
            correct_skew: true,
            now,
            host: String::new(),
            full_timeline: false,
            stop: Stop::default(),
        }
    }
}

/// How far a run has come.
pub trait Progress: Sync {
    /// `bytes` more bytes of `source` have been scanned.
    fn scanned(&self, source: &str, bytes: u64);

    /// The results of `logs` whole logs are joined, with this many findings so far.
    fn joined(&self, logs: u64, findings: usize);
}

/// No one is watching.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn scanned(&self, _: &str, _: u64) {}

    fn joined(&self, _: u64, _: usize) {}
}

/// How many gate literals of `library` stand in the logs: the scan without what follows from it, for measuring.
///
/// # Errors
///
/// As [`scan_logs`].
pub fn gate_places(options: &Options, library: &Library) -> Result<u64, Error> {
    let (sought, tell) = Sought::later();
    let Ready { pool, feed, .. } = ready_to_seek(options, sought)?;
    let detector = pool.install(|| Detector::new(library))?;
    tell.tell(detector.gates());
    let mut places = 0;
    pipeline::run(
        &pool,
        feed,
        |block| examine::gate_places(&detector, block) as u64,
        |fed| {
            if let Fed::Block(Ok(more)) = fed {
                places += more;
            }
        },
    );
    Ok(places)
}

/// Scans the logs and makes the report.
pub fn scan_logs(options: &Options, library: &Library, progress: &dyn Progress) -> Result<Report, Error> {
    let (sought, tell) = Sought::later();
    let Ready {
        pool,
        feed,
        range,
        listed,
        not_read,
        reordered,
    } = ready_to_seek(options, sought)?;
    let detector = pool.install(|| Detector::new(library))?;
    tell.tell(detector.gates());
    let work = |block: &Block| -> Examined {
        let source = &block.about;
        let clock = source.clock(options.zone, options.now);
        let examined = examine(&detector, block, &clock, &range, is_alone(&listed, source));
        progress.scanned(&source.name, block.body().len() as u64);
        examined
    };
    let mut joined = Joined::new(Collector::new(&detector, range), not_read);
    pipeline::run(&pool, feed, work, |fed| joined.take(fed, progress));
    let Joined {
        collector,
        sources,
        mut not_read,
        ..
    } = joined;
    let mut skew = Skew::default();
    let mut pairing = Pairing::default();
    let mut detected = collector.finish(|detected| {
        skew = skew::compare(detected, &sources);
        if !options.correct_skew {
            skew = std::mem::take(&mut skew).only_said();
        }
        pairing = pairing::pair(detected, &sources, &skew.shifts);
        Clocks {
            shifts: skew.shifts.clone(),
            places: std::mem::take(&mut pairing.places),
        }
    });
    if !options.stop.is_asked() {
        silent::add(&mut detected, library, &sources, &range);
    }
    not_read.extend(library.left_out().iter().map(rule_left_out));
    not_read.extend(entries_left_out(detected.entries_left_out));

    not_read.sort_by(|a, b| a.source.cmp(&b.source));
    let analysis = analyse(&detected, library, &sources);
    let first = First {
        listed: &listed,
        sources: &sources,
        systems: &systems(&sources),
        shifts: &skew.shifts,
    };
    recount(
        &pool,
        reading(options, range),
        &first,
        &analysis.periods,
        &mut detected,
    );
    let making = Making {
        now: options.now,
        host: options.host.clone(),
        zone: options.zone,
        range,
        skew,
        paired: pairing.logs,
        reordered: reordered.iter().map(ToString::to_string).collect(),
        signatures: library.signatures().len(),
        slow_signatures: detector.slow_signatures(),
        interrupted: options.stop.is_asked(),
        full_timeline: options.full_timeline,
    };
    Ok(build(&analysis, &detected, &sources, not_read, &making))
}

/// Whether `source` is all that is read. What an archive holds has other names.
fn is_alone(listed: &[Arc<Source>], source: &Source) -> bool {
    matches!(listed, [only] if only.name == source.name)
}

/// A CRE rule that cannot be run: what it would have found may be missing.
fn rule_left_out(error: &PageError) -> NotRead {
    NotRead {
        id: String::new(),
        source: format!("{}:{}", error.file, error.line),
        reason: format!("left out: {}", error.message),
        offset: 0,
        bytes: None,
        lost: true,
    }
}

fn entries_left_out(count: u64) -> Option<NotRead> {
    (count > 0).then(|| NotRead {
        id: String::new(),
        source: "CRE rules".to_owned(),
        reason: format!(
            "{count} entries were left out of rules that look for several: too far out of order, or too many at a time"
        ),
        offset: 0,
        bytes: None,
        lost: true,
    })
}

/// Logs that were found, and what reads them.
struct Ready {
    pool: ThreadPool,
    feed: Feed,
    /// What is looked at of them.
    range: Range,
    /// What was found to read.
    listed: Vec<Arc<Source>>,
    not_read: Vec<NotRead>,
    /// Rotated logs that are read in the order of their times, against their names.
    reordered: Vec<Arc<str>>,
}

/// Finds the logs and starts to read them.
fn ready(options: &Options) -> Result<Ready, Error> {
    ready_to_seek(options, Sought::default())
}

/// The same for a run to which only records with what is `sought` matter.
fn ready_to_seek(options: &Options, sought: Sought) -> Result<Ready, Error> {
    let walking = Walking {
        exclude: &options.exclude,
        follow: options.follow,
        clock: &|source| source.clock(options.zone, options.now),
        stop: &options.stop,
    };
    let inputs = walk::find(&options.paths, &walking)?;
    let range = range(options, &inputs.sources)?;
    let pool = thread_pool(options.threads)?;
    let listed: Vec<Arc<Source>> = inputs.sources.into_iter().map(Arc::new).collect();
    let reading = Reading {
        sought,
        ..reading(options, range)
    };
    let feed = Feed::new(listed.clone(), reading).map_err(|error| no_threads(options.threads, &error))?;
    Ok(Ready {
        pool,
        feed,
        range,
        listed,
        not_read: inputs.not_read,
        reordered: inputs.reordered,
    })
}

/// How logs are read.
fn reading(options: &Options, range: Range) -> Reading {
    Reading {
        block_size: options.block_size.max(1),
        map_files: options.map_files,
        threads: options.threads.max(1),
        zone: options.zone,
        now: options.now,
        range,
        stop: options.stop.clone(),
        sought: Sought::default(),
    }
}

/// The stretch of time that is asked for.
fn range(options: &Options, sources: &[Source]) -> Result<Range, Error> {
    let since = match options.since {
        None => None,
        Some(Since::At(at)) => Some(at),
        Some(Since::LastBoot) => Some(last_boot(sources).ok_or_else(|| {
            Error::Usage(
                "--since 'last boot': none of the logs is a binary systemd journal, which tells when the machine was \
                 started; name one (/var/log/journal), or give a time"
                    .to_owned(),
            )
        })?),
    };
    if let (Some(since), Some(until)) = (since, options.until)
        && since > until
    {
        return Err(Error::Usage(format!(
            "--since ({}) is later than --until ({})",
            format_utc(since),
            format_utc(until)
        )));
    }
    Ok(Range {
        since,
        until: options.until,
    })
}

/// Reads every record of the logs and says how they are read. With `rows`, a row for each record is written, in the order
/// of the logs.
///
/// # Errors
///
/// Also if a row cannot be written, which ends the reading.
pub fn inspect_logs(
    options: &Options,
    progress: &dyn Progress,
    rows: Option<(Rows, &mut dyn Write)>,
) -> Result<Inspection, Error> {
    let Ready {
        pool,
        feed,
        range,
        not_read,
        ..
    } = ready(options)?;
    let mut nowhere = io::sink();
    let (rows, out) = match rows {
        Some((rows, out)) => (Some(rows), out),
        None => (None, &mut nowhere as &mut dyn Write),
    };
    let work = |block: &Block| -> Inspected {
        let source = &block.about;
        let inspected = inspect(block, &source.clock(options.zone, options.now), rows, &range);
        progress.scanned(&source.name, block.body().len() as u64);
        inspected
    };
    let mut joined = inspect::Joined::new(not_read);
    let mut written = Ok(());
    pipeline::run(&pool, feed, work, |fed| {
        if written.is_ok() {
            written = joined.take(fed, out);
            if written.is_err() {
                options.stop.ask();
            }
        }
    });
    written.map_err(Error::output)?;
    Ok(joined.finish(options.zone, &range, options.stop.is_asked()))
}

/// What is known when results are joined, in the order of sources and blocks.
struct Joined<'a> {
    collector: Collector<'a>,
    /// The sources that have begun.
    sources: Vec<Arc<Source>>,
    not_read: Vec<NotRead>,
    logs: u64,
    /// Where the work on the current source was ended by a defect.
    defect: Option<u64>,
}

impl<'a> Joined<'a> {
    fn new(collector: Collector<'a>, not_read: Vec<NotRead>) -> Joined<'a> {
        Joined {
            collector,
            sources: Vec::new(),
            not_read,
            logs: 0,
            defect: None,
        }
    }

    fn take(&mut self, fed: Fed<Worked<Examined>>, progress: &dyn Progress) {
        match fed {
            Fed::Begin(source) => {
                self.collector.begin(source.set.as_ref());
                self.sources.push(source);
                self.defect = None;
            }
            // Lines behind a block without a result have no number.
            Fed::Block(Ok(_)) if self.defect.is_some() => {}
            Fed::Block(Ok(examined)) => self.collector.take(examined),
            Fed::Block(Err(Defect { at })) => self.defect = self.defect.or(Some(at)),
            Fed::Hole { at, .. } => self.collector.skip(at),
            Fed::End(end) => {
                self.end(end);
                self.logs += 1;
                progress.joined(self.logs, self.collector.findings());
            }
            Fed::NotRead(note) => self.not_read.push(note),
        }
    }

    fn end(&mut self, end: End) {
        let bytes = self.defect.unwrap_or(end.bytes);
        let mut troubles = end.troubles;
        if self.defect.is_some() {
            troubles = vec![Trouble {
                bytes: Some(end.bytes - bytes),
                ..Trouble::defect()
            }];
        }
        if troubles.is_empty() {
            troubles.extend(end.live.and_then(|live| live.compare_whole()));
        }
        self.collector
            .end(bytes, troubles.iter().any(|trouble| trouble.lost));
        if let Some(source) = self.sources.last() {
            let notes = troubles.into_iter().map(|trouble| trouble.of(source, bytes));
            self.not_read.extend(notes);
        }
    }
}

/// A pool of so many threads.
pub fn thread_pool(threads: usize) -> Result<ThreadPool, Error> {
    ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .build()
        .map_err(|error| no_threads(threads, &error))
}

fn no_threads(threads: usize, error: &dyn std::fmt::Display) -> Error {
    Error::Usage(format!("{threads} threads cannot be started: {error}"))
}
