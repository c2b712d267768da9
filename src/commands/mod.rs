//! The subcommands: from flags to the pipeline and back to an exit code.
//!
//! One file a subcommand; none has logic of its own.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::cli::{Cli, Command, Selection};
use crate::error::Error;
use crate::signature::Library;
use crate::signature::library::Selected;
use crate::signature::select::NamePattern;
use logs::{exit, fail_on_nothing, options, stop_on_signals};

mod explain;
mod inspect;
mod logs;
mod progress;
mod scan;
mod signatures;
mod verify;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, and `--fail-on` was met; or pages did not pass; or claims do not hold.
    Failed,
    /// Done, but something could not be read in full.
    Incomplete,
    /// Interrupted; the report is complete for what was read by then.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Incomplete => 3,
            Exit::Interrupted => 130,
        }
    }
}

/// Runs what the command line asks for.
pub fn run(cli: &Cli) -> Result<Exit, Error> {
    match &cli.command {
        Command::Scan(flags) => scan::run(flags),
        Command::Inspect(flags) => inspect::run(flags),
        Command::Verify(flags) => verify::run(flags),
        Command::Explain(flags) => explain::run(flags),
        Command::Signatures { action } => signatures::run(action),
    }
}

/// The library that a selection means.
fn library(selection: &Selection) -> Result<Library, Error> {
    let patterns = |texts: &[String]| -> Result<Vec<NamePattern>, Error> {
        texts
            .iter()
            .map(|text| NamePattern::of_ids(text).map_err(Error::Usage))
            .collect()
    };
    let selected = Selected {
        select: patterns(&selection.select)?,
        ignore: patterns(&selection.ignore)?,
    };
    let mut library = extended(&selection.signatures, &selected)?;
    library.narrow(&selected)?;
    Ok(library)
}

/// What is selected of the built-in library, and the pages and rules of these files and folders.
fn extended(paths: &[PathBuf], selected: &Selected) -> Result<Library, Error> {
    let mut library = Library::embedded_in(selected)?;
    for path in paths {
        let bad = library.add_path(path)?;
        if !bad.is_empty() {
            return Err(Error::Pages(bad));
        }
    }
    Ok(library)
}

/// The content of a file; of standard input for `-`.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    bytes.map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Writes to standard output. A reader that went away is a clean end.
fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::output(error)),
        _ => Ok(()),
    }
}
