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
//! 4. [`analysis`] links findings to causes and effects.
//! 5. [`report`] makes of that what a reader sees, and [`render`] writes it.
//!
//! [`scan_logs`] is that run; `pipeline` does 2 on many threads. It is a function of its [`Options`] and of the
//! logs; it writes nothing.

use std::path::PathBuf;

use analysis::analyse;
use detect::collect::Collector;
use detect::compile::Detector;
use detect::examine::{Examined, examine};
use error::Error;
use input::Source;
use input::block::{BLOCK_SIZE, Block};
use input::stream::Feed;
use input::walk::{self, Walking};
use pipeline::Done;
use record::time::{Clock, Zone};
use report::build::{Making, build};
use report::model::{NotRead, Report};
use signature::Library;

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod detect;
pub mod error;
pub mod input;
mod pipeline;
pub mod record;
pub mod render;
pub mod report;
pub mod scan;
pub mod signature;

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
    /// The time of the run in UTC nanoseconds.
    pub now: i64,
    /// The host that the report names as its maker's.
    pub host: String,
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
            now,
            host: String::new(),
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

/// Scans the logs and makes the report.
pub fn scan_logs(options: &Options, library: &Library, progress: &dyn Progress) -> Result<Report, Error> {
    let walking = Walking {
        exclude: &options.exclude,
        follow: options.follow,
        clock: &|source| clock(source, options),
    };
    let mut inputs = walk::find(&options.paths, &walking)?;
    let detector = Detector::new(library)?;
    let clocks: Vec<Clock> = inputs
        .sources
        .iter()
        .map(|source| clock(source, options))
        .collect();
    let mut collector = Collector::new(&detector, inputs.sources.len());

    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(|error| Error::Usage(format!("{} threads cannot be started: {error}", options.threads)))?;
    let work = |block: &Block| -> Examined {
        let source = &inputs.sources[block.source];
        let examined = examine(&detector, block, &clocks[block.source], source.service.as_deref());
        progress.scanned(&source.name, block.body().len() as u64);
        examined
    };
    let feed = Feed::new(&inputs.sources, options.block_size, options.map_files);
    let mut not_read = Vec::new();
    let mut logs = 0;
    pipeline::run(&pool, feed, work, |done| match done {
        Done::Block(source, examined) => {
            collector.enter(source, inputs.sources[source].set.as_ref());
            collector.take(source, examined);
        }
        Done::End(source, bytes, trouble) => {
            collector.enter(source, inputs.sources[source].set.as_ref());
            collector.end(source, bytes);
            logs += 1;
            progress.joined(logs, collector.findings());
            not_read.extend(trouble.map(|trouble| NotRead {
                source: inputs.sources[source].name.clone(),
                reason: trouble.reason,
                offset: bytes,
                bytes: trouble.bytes,
                lost: trouble.lost,
            }));
        }
    });
    let detected = collector.finish();

    inputs.not_read.append(&mut not_read);
    inputs.not_read.sort_by(|a, b| a.source.cmp(&b.source));
    let analysis = analyse(&detected, library);
    let making = Making {
        now: options.now,
        host: options.host.clone(),
        zone: options.zone,
        reordered: inputs.reordered.iter().map(ToString::to_string).collect(),
        signatures: library.signatures().len(),
    };
    Ok(build(
        &analysis,
        &detected,
        &inputs.sources,
        inputs.not_read,
        &making,
    ))
}

/// How times without zone or year are read in `source`.
fn clock(source: &Source, options: &Options) -> Clock {
    let latest = source.modified.unwrap_or(options.now).min(options.now);
    Clock {
        zone: options.zone,
        reference: latest,
    }
}
