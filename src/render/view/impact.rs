//! The section "Impact".
//!
//! In: the report. Out: the sentences about losses and recovery, and the rows of failed requests.

use serde::Serialize;

use super::{Limits, head};
use crate::render::sentences::Sentences;
use crate::report::model::{FailedRequests, Report};

/// How many rows of failed requests are shown; the JSON report has more.
const REQUEST_ROWS: usize = 12;

/// Of how many further incidents it is said whether they were over.
const TOLD_INCIDENTS: usize = 3;

/// What the section "Impact" says.
#[derive(Serialize)]
pub(super) struct ImpactView<'a> {
    facts: Vec<String>,
    requests: &'a [FailedRequests],
    more: u64,
}

impl<'a> ImpactView<'a> {
    pub(super) fn new(report: &'a Report, said: &Sentences<'_>, limits: Limits) -> ImpactView<'a> {
        let impact = &report.impact;
        let shown = head(&impact.requests, limits.rows.min(REQUEST_ROWS));
        let hidden = (impact.requests.len() - shown.len()) as u64;
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
