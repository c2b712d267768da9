//! Inputs: paths and standard input to blocks of bytes.
//!
//! In: what the person named. Out: [`Source`]s in the order of their names and ages, and for each
//! its [`Block`](block::Block)s, cut at line ends, in order. What cannot be read becomes a
//! [`NotRead`] value; it never ends the run. This is the only room that opens logs.
//!
//! [`walk`] finds the files, `producer` threads open them by content and cut them, [`stream`] puts what they
//! make into order.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::record::time::{Clock, Zone};
use crate::report::model::NotRead;

pub mod block;
mod boot;
mod buffer;
mod ci_archive;
mod cutter;
mod journal;
mod left_out;
pub mod live;
mod map;
mod members;
mod not_logs;
mod open;
mod patient;
pub mod plan;
mod producer;
pub(crate) mod rotation;
mod service;
mod sniff;
pub mod sought;
pub mod stream;
mod system;
mod unpack;
pub mod walk;
pub mod window;

pub use boot::last_boot;
use plan::Plan;

/// Where a source's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// One log.
#[derive(Debug, Clone)]
pub struct Source {
    /// As it was named or found; `-` for standard input.
    pub name: String,
    /// Where the bytes come from.
    pub origin: Origin,
    /// The service that the file's name suggests (`api` for `api.err.log`), if any.
    pub service: Option<String>,
    /// The file's modification time in UTC nanoseconds, if known.
    pub modified: Option<i64>,
    /// The rotation set that this is a piece of, by the path of its live log (which need not exist). The pieces
    /// of a set stand one after the other, oldest first.
    pub set: Option<Arc<str>>,
    /// What a look at its times said before it was read.
    pub plan: Plan,
}

impl Source {
    /// Standard input, or text that is already in memory.
    pub fn stdin() -> Source {
        Source {
            name: "-".to_owned(),
            origin: Origin::Stdin,
            service: None,
            modified: None,
            set: None,
            plan: Plan::default(),
        }
    }

    /// The file that it is (or lies in), if that can be read again: pipes cannot.
    pub fn file_on_disk(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) if path.is_file() => Some(path),
            Origin::File(_) | Origin::Stdin => None,
        }
    }

    /// How its times without zone or year are read in `zone`, by somebody who reads it at `now`.
    pub fn clock(&self, zone: Zone, now: i64) -> Clock {
        Clock::new(zone, self.modified.unwrap_or(now).min(now))
    }
}

/// Asks a run to stop reading. What was read by then is still reported.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// The flag that a signal handler may set.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Stop.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the walk found.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Logs to read, sorted by name; pieces of a set stand together, where the set's name belongs.
    pub sources: Vec<Source>,
    /// Sets whose pieces are in the order of their times, since their names suggest another.
    pub reordered: Vec<Arc<str>>,
    /// What was found and will not be read.
    pub not_read: Vec<NotRead>,
}
