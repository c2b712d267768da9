//! A finding that is told in full.
//!
//! In: the report. Out: its facts, one excerpt and the places of the others, and what its page says; of a finding that
//! another one explains only what it means.

use serde::Serialize;

use super::{Excerpt, Limits, head};
use crate::render::sentences::Sentences;
use crate::report::model::{Finding, Report};
use crate::report::told::{explained_by, fixed_above, in_order, same_advice};

/// A finding that is told in full. The texts of its page are raw, for `page` and `step`.
#[derive(Serialize)]
pub(super) struct FindingView<'a> {
    id: &'a str,
    signature: &'a str,
    /// Title, severity and role; raw, for `line`.
    heading: &'a str,
    facts: Option<String>,
    meaning: Option<String>,
    evidence: Vec<Excerpt<'a>>,
    /// Captions of further excerpts, of what is told in full: the first one shows what they look like.
    elsewhere: Vec<String>,
    more: usize,
    /// The mark of what its page says.
    known: String,
    cause: &'a str,
    impact: &'a str,
    fix: &'a [String],
    verify: &'a [String],
    prevent: &'a [String],
    references: &'a [String],
    /// What it only passes on.
    points_to: Vec<String>,
    /// Which finding to mend instead, if this one follows from it.
    explained: Option<String>,
    /// Where the same advice stands already.
    same: Option<String>,
    /// The fix is listed under the next actions.
    fixed_above: bool,
}

/// All findings that are told in full, in the order in which they are told.
pub(super) fn findings<'a>(report: &'a Report, said: &Sentences<'a>, limits: Limits) -> Vec<FindingView<'a>> {
    let mut left = limits.excerpts;
    let mut out = Vec::new();
    for finding in in_order(report) {
        let shown = left.min(finding.evidence.len());
        left -= shown;
        out.push(view(report, said, finding, shown));
    }
    out
}

fn view<'a>(report: &'a Report, said: &Sentences<'a>, finding: &'a Finding, shown: usize) -> FindingView<'a> {
    let number = report.findings.iter().position(|other| other.id == finding.id);
    let at = format!("/findings/{}", number.unwrap_or_default());
    let mut excerpts: Vec<Excerpt<'a>> = head(&finding.evidence, shown)
        .iter()
        .enumerate()
        .map(|(number, evidence)| Excerpt::new(said, &format!("{at}/evidence/{number}"), evidence))
        .collect();
    let elsewhere = excerpts.split_off(excerpts.len().min(1));
    // What follows from another finding is mended there.
    let brief = explained_by(report, finding).is_some();
    let again = brief || same_advice(report, finding).is_some();
    let text = |text: &'a str, hidden: bool| if hidden { "" } else { text };
    let list = |list: &'a [String], hidden: bool| if hidden { &[][..] } else { list };
    let fixed_above = fixed_above(report, finding);
    FindingView {
        id: &finding.id,
        signature: &finding.signature,
        heading: said.text(&format!("{at}/heading")).unwrap_or_default(),
        facts: said.line(&format!("{at}/count")),
        meaning: said.item(&format!("{at}/meaning"), 0),
        evidence: excerpts,
        elsewhere: elsewhere
            .into_iter()
            .filter(|_| !brief)
            .map(|excerpt| excerpt.caption)
            .collect(),
        more: finding.evidence.len() - shown,
        known: said.mark(&format!("{at}/meaning")),
        cause: text(&finding.cause, again),
        impact: text(&finding.impact, again),
        fix: list(&finding.fix, again || fixed_above),
        verify: list(&finding.verify, again),
        prevent: list(&finding.prevent, again),
        references: list(&finding.references, again),
        points_to: said.lines(&format!("{at}/points_to")),
        explained: said.line(&format!("{at}/explained")),
        same: said.line(&format!("{at}/same")),
        fixed_above: fixed_above && !again,
    }
}
