//! The timeline: what happened, in the order of time, folded to what a person can read.
//!
//! In: the analysis. Out: rows. A cause or symptom gives a row for its first record and one for its last; a
//! lifecycle event gives a row for each kept record; handled trouble gives one row; wrappers none.

use super::claim::Citations;
use super::model::{Finding, TimelineRow};
use super::skew;
use super::visible::visible;
use crate::analysis::Analysis;
use crate::analysis::skew::Skew;
use crate::detect::tally::{ExcerptLine, Occurrence};
use crate::record::time::format_utc;
use crate::signature::Role;

/// About how many rows a person reads.
const MOST_ROWS: usize = 30;

/// Width of a row's text, in characters.
const TEXT_WIDTH: usize = 120;

/// The rows.
pub(super) fn rows(
    analysis: &Analysis<'_>,
    findings: &[Finding],
    citations: &mut Citations<'_>,
    skew: &Skew,
) -> Vec<TimelineRow> {
    let mut events: Vec<(u8, &Occurrence, &Finding, String)> = Vec::new();
    for (found, finding) in analysis.found.iter().zip(findings) {
        let tally = &found.tally;
        let first = tally.first();
        let many = tally.last.sighting != first.sighting;
        let title = &finding.title;
        match found.role {
            Role::Cause | Role::Symptom => {
                let times = if many {
                    format!(", first of {}", tally.count)
                } else {
                    String::new()
                };
                events.push((0, first, finding, format!("{title}{times}")));
                if many {
                    events.push((
                        2,
                        &tally.last,
                        finding,
                        format!("{title}, last of {}", tally.count),
                    ));
                }
            }
            Role::Lifecycle => {
                events.push((1, first, finding, title.clone()));
                let later = tally.samples.iter().skip(1);
                // Changes are worth a row each; starts and stops are not.
                if finding.signature == "lifecycle/deploy" || finding.signature == "lifecycle/config-reload" {
                    events.extend(later.map(|sample| (3, sample, finding, title.clone())));
                }
                if many && !tally.samples.contains(&tally.last) {
                    events.push((
                        2,
                        &tally.last,
                        finding,
                        format!("{title}, last of {}", tally.count),
                    ));
                }
            }
            Role::Handled => events.push((4, first, finding, format!("{title} (handled)"))),
            Role::Boilerplate => {}
        }
    }
    // The less telling rows go first when there are too many.
    events.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.sighting.order(&b.1.sighting)));
    events.truncate(MOST_ROWS);
    events.sort_by(|a, b| a.1.sighting.order(&b.1.sighting).then(a.3.cmp(&b.3)));
    let mut row = |(_, occurrence, finding, what): (u8, &Occurrence, &Finding, String)| TimelineRow {
        time: occurrence.sighting.time.at.map(format_utc),
        until: occurrence.sighting.time.until.map(format_utc),
        time_quality: occurrence.sighting.time.quality,
        source: citations.name(occurrence.sighting.source),
        line: occurrence.matched_line,
        moved_seconds: skew::moved(skew, occurrence.sighting.source),
        what,
        text: matched_text(occurrence),
        finding: Some(finding.id.clone()),
        evidence: Some(citations.cite(&occurrence.place())),
    };
    events.into_iter().map(&mut row).collect()
}

/// The line of the excerpt that matched.
fn matched_text(occurrence: &Occurrence) -> String {
    let own = occurrence.excerpt.iter().find_map(|line| match line {
        ExcerptLine::Line(number, bytes) if *number == occurrence.matched_line => Some(bytes),
        _ => None,
    });
    own.map(|bytes| visible(bytes.trim_ascii(), Some(TEXT_WIDTH)))
        .unwrap_or_default()
}
