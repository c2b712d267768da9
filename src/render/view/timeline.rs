//! The rows of the timeline.
//!
//! In: the report. Out: cells; the date once, if all rows share it.

use serde::Serialize;

use super::names::Names;
use super::{Limits, head};
use crate::render::sentences::Sentences;
use crate::report::model::{Report, TimelineRow};
use crate::report::words::{self, moved, when};

/// The rows of the timeline.
#[derive(Serialize)]
pub(super) struct TimelineView<'a> {
    /// The date, if all rows share it.
    date: Option<String>,
    rows: Vec<TimelineRowView<'a>>,
    more: usize,
    /// What the report itself leaves out.
    note: Option<String>,
}

#[derive(Serialize)]
struct TimelineRowView<'a> {
    time: String,
    /// Source and line; raw, for `cell`.
    place: String,
    what: String,
    /// Raw, for `cell`.
    text: &'a str,
}

impl<'a> TimelineView<'a> {
    pub(super) fn new(
        report: &'a Report,
        said: &Sentences<'_>,
        names: &Names<'_>,
        limits: Limits,
    ) -> TimelineView<'a> {
        let rows = &report.timeline;
        let date = shared_date(rows);
        let view = |(number, row): (usize, &'a TimelineRow)| TimelineRowView {
            time: moved(
                when(
                    row.time.as_deref(),
                    row.until.as_deref(),
                    row.time_quality,
                    date.is_some(),
                ),
                row.moved_seconds,
            ),
            place: names.place(&row.source, row.line),
            what: said.row(&format!("/timeline/{number}/what")).unwrap_or_default(),
            text: &row.text,
        };
        TimelineView {
            rows: head(rows, limits.rows).iter().enumerate().map(view).collect(),
            more: rows.len().saturating_sub(limits.rows),
            note: said.line("/timeline_note"),
            date: date.map(str::to_owned),
        }
    }
}

/// The date that all dated rows share.
fn shared_date(rows: &[TimelineRow]) -> Option<&str> {
    let mut times = rows.iter().flat_map(|r| [&r.time, &r.until]).flatten();
    let date = words::parts(times.next()?)?.0;
    times
        .all(|time| words::parts(time).is_some_and(|(other, _)| other == date))
        .then_some(date)
}
