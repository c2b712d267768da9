//! Inputs: paths and standard input to blocks of bytes.
//!
//! In: what the person named. Out: [`Source`]s in the order of their names and ages, and for each
//! its [`Block`](block::Block)s, cut at line ends, in order. What cannot be read becomes a
//! [`NotRead`] value; it never ends the run. This is the only room that opens logs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::report::model::NotRead;

pub mod block;
mod ci_archive;
mod left_out;
mod map;
mod not_logs;
mod rotation;
mod service;
pub mod stream;
mod unpack;
pub mod walk;

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
