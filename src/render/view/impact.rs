//! The section "Impact".
//!
//! In: the report. Out: the sentences about losses and recovery, and the rows of failed requests.

use serde::Serialize;

use super::Limits;
use super::names::Names;
use crate::render::escape::cell;
use crate::render::sentences::Sentences;
use crate::report::model::{FailedRequests, Report};
use crate::report::words::number;

/// How many rows of failed requests are shown; the JSON report has more.
const REQUEST_ROWS: usize = 12;

/// Of how many further incidents it is said whether they were over.
const TOLD_INCIDENTS: usize = 3;

/// What the section "Impact" says.
#[derive(Serialize)]
pub(super) struct ImpactView<'a> {
    facts: Vec<String>,
    requests: Vec<Row<'a>>,
    more: u64,
}

/// A row of failed requests.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    row: &'a FailedRequests,
    /// Where they were counted, and where the same requests are, too.
    logs: String,
}

impl<'a> Row<'a> {
    fn new(row: &'a FailedRequests, names: &Names<'_>) -> Row<'a> {
        let also = row.also_in.iter().map(|also| {
            let count = match also.count == row.count {
                true => String::new(),
                false => format!(" ({})", number(also.count)),
            };
            format!(", also in {}{count}", cell(&names.short(&also.source), None))
        });
        Row {
            row,
            logs: cell(&names.short(&row.source), None) + &also.collect::<String>(),
        }
    }
}

impl<'a> ImpactView<'a> {
    pub(super) fn new(
        report: &'a Report,
        said: &Sentences<'_>,
        names: &Names<'_>,
        limits: Limits,
    ) -> ImpactView<'a> {
        let impact = &report.impact;
        let rows = impact.requests.iter().filter(|row| row.repeats.is_none());
        let mut shown: Vec<Row<'a>> = rows.map(|row| Row::new(row, names)).collect();
        let all = shown.len();
        shown.truncate(limits.rows.min(REQUEST_ROWS));
        let hidden = (all - shown.len()) as u64;
        // The summary says it of the worst one.
        let others = (1..report.incidents.len()).take(TOLD_INCIDENTS);
        let recoveries = others.filter_map(|number| said.line(&format!("/incidents/{number}/recovery/text")));
        ImpactView {
            facts: said
                .lines("/impact/statements")
                .into_iter()
                .chain(recoveries)
                .collect(),
            requests: shown,
            more: impact.requests_left_out + hidden,
        }
    }
}
