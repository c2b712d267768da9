//! Trouble that ends the run, and trouble that does not.
//!
//! An [`Error`] ends the run with exit code 2. What could not be read is a
//! [`NotRead`](crate::report::model::NotRead) value that travels into the report.

use std::io;
use std::path::PathBuf;

use crate::signature::diagnostic::PageError;

/// Trouble that ends the run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or configuration asks for something that cannot be done.
    #[error("{0}")]
    Usage(String),
    /// A signature page is wrong.
    #[error("{0}")]
    Page(Box<PageError>),
    /// Several signature pages are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Pages(Vec<PageError>),
    /// A file that the run cannot do without could not be read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The report could not be written.
    #[error("{path}: the report could not be written: {source}")]
    Write {
        /// Which file; `-` for standard output.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing that was named could be read.
    #[error("nothing could be read:\n{0}")]
    NothingRead(String),
    /// The report could not be rendered.
    #[error(transparent)]
    Render(#[from] crate::render::RenderError),
}

impl Error {
    /// Standard output could not be written.
    pub fn output(source: io::Error) -> Error {
        Error::Write {
            path: PathBuf::from("standard output"),
            source,
        }
    }
}
