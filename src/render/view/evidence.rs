//! Evidence: excerpts with their captions, and the list that the marks lead to.
//!
//! In: the report. Out: excerpts; a row for each source with all that is cited of it.

use serde::Serialize;

use crate::render::sentences::Sentences;
use crate::report::model::{Cited, Evidence, Report};

/// A piece of evidence with its caption.
#[derive(Serialize)]
pub(super) struct Excerpt<'a> {
    pub(super) caption: String,
    /// Raw, for `fence`.
    text: &'a str,
    lines: &'a [i64],
}

impl<'a> Excerpt<'a> {
    /// The piece of evidence that stands at `at`.
    pub(super) fn new(said: &Sentences<'_>, at: &str, evidence: &'a Evidence) -> Excerpt<'a> {
        Excerpt {
            caption: said.line(at).unwrap_or_default(),
            text: &evidence.text,
            lines: &evidence.line_numbers,
        }
    }
}

/// What is cited of one source.
#[derive(Serialize)]
pub(super) struct Proof<'a> {
    /// Raw, for `cell`.
    source: &'a str,
    /// Ids and line numbers.
    records: String,
}

/// A row for each source from which something is cited, in the order of the sources.
pub(super) fn proofs(report: &Report) -> Vec<Proof<'_>> {
    let row = |source: &'_ str| {
        let own = report.cited.iter().filter(|cited| cited.source == source);
        let place = |cited: &Cited| match cited.line {
            0 => format!("{} at byte {}", cited.id, cited.offset),
            line => format!("{}:{line}", cited.id),
        };
        let own: Vec<String> = own.map(place).collect();
        own.join(", ")
    };
    let sources = report.sources.iter();
    let mut seen = std::collections::BTreeSet::new();
    let sources = sources.filter(|source| seen.insert(source.name.as_str()));
    let rows = sources.map(|source| Proof {
        source: &source.name,
        records: row(&source.name),
    });
    rows.filter(|row| !row.records.is_empty()).collect()
}
