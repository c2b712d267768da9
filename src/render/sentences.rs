//! The report's sentences as Markdown shows them: each with a mark that says what it rests on.
//!
//! In: the report's claims. Out: text and mark, by place. A sentence that is no claim cannot be had here, so it is not written.
//!
//! | mark | the sentence is |
//! |---|---|
//! | `[E7]` | observed: what the cited record says, or what was counted from it on |
//! | `[net/address-in-use]` | known: the signature's page says it |
//! | `[inferred from E3, E7]` | concluded by a rule |
//!
//! A blank has no mark: it is a question, or says itself that nobody knows.

use std::collections::BTreeMap;

use super::escape;
use crate::report::claim::{Basis, Claim};
use crate::report::model::Report;

/// How many ids a mark names; the JSON report has all of them.
const NAMED: usize = 3;

/// The claims, by place.
pub(super) struct Sentences<'a> {
    claims: BTreeMap<&'a str, &'a Claim>,
    /// The records that show a finding, or an incident, by its id.
    shown: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Sentences<'a> {
    pub(super) fn new(report: &'a Report) -> Sentences<'a> {
        let mut shown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for finding in &report.findings {
            let first = finding.evidence.first().map(|evidence| evidence.id.as_str());
            shown.insert(&finding.id, first.into_iter().collect());
        }
        for incident in &report.incidents {
            let own = incident.findings.iter().filter_map(|id| shown.get(id.as_str()));
            let own = own.flatten().copied().collect();
            shown.insert(&incident.id, own);
        }
        Sentences {
            claims: report
                .claims
                .iter()
                .map(|claim| (claim.at.as_str(), claim))
                .collect(),
            shown,
        }
    }

    /// The sentence at this place, on one line.
    pub(super) fn line(&self, at: &str) -> Option<String> {
        let claim = self.claims.get(at)?;
        Some(marked(&escape::line(&claim.text), &self.mark(at)))
    }

    /// The sentence at this place, which may quote messages from outside.
    pub(super) fn quoting(&self, at: &str) -> Option<String> {
        let claim = self.claims.get(at)?;
        Some(marked(&escape::plain(&claim.text), &self.mark(at)))
    }

    /// The sentence at this place as the content of a list item; it may have several blocks.
    pub(super) fn item(&self, at: &str, indent: usize) -> Option<String> {
        let text = &self.claims.get(at)?.text;
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let whole = format!("{}\n{rest}", marked(first, &self.mark(at)));
        Some(escape::step(whole.trim_end(), indent))
    }

    /// The sentence at this place in a table cell.
    pub(super) fn row(&self, at: &str) -> Option<String> {
        let claim = self.claims.get(at)?;
        Some(marked(&escape::row(&claim.text), &self.mark(at)))
    }

    /// Without its mark, for a heading, or where the mark stands elsewhere; raw, for the filters of our own Markdown.
    pub(super) fn text(&self, at: &str) -> Option<&'a str> {
        self.claims.get(at).map(|claim| claim.text.as_str())
    }

    /// All lines of a list whose items stand at `at/0`, `at/1`, ...
    pub(super) fn lines(&self, at: &str) -> Vec<String> {
        (0..)
            .map_while(|number| self.line(&format!("{at}/{number}")))
            .collect()
    }

    /// The mark of the sentence at this place; empty for a blank.
    pub(super) fn mark(&self, at: &str) -> String {
        match self.claims.get(at).map(|claim| &claim.basis) {
            None | Some(Basis::Blank) => String::new(),
            Some(Basis::Observed { evidence, .. }) => format!("[{}]", self.ids(evidence)),
            Some(Basis::Known { signature, .. }) => format!("[{signature}]"),
            Some(Basis::Inferred { premises, .. }) => format!("[inferred from {}]", self.ids(premises)),
        }
    }

    /// Ids of cited records, or what else is named, the first few.
    fn ids(&self, premises: &[String]) -> String {
        let mut ids: Vec<&str> = Vec::new();
        // Where the record itself is named, that it belongs to a finding says no more.
        let cites = premises.iter().any(|premise| premise.starts_with('E'));
        let whole = |premise: &&String| !(cites && self.shown.contains_key(premise.as_str()));
        for premise in premises.iter().filter(whole) {
            let own = match self.shown.get(premise.as_str()) {
                Some(shown) if !shown.is_empty() => shown.clone(),
                _ if premise == "S*" => vec!["all logs"],
                _ => vec![premise.as_str()],
            };
            for id in own {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        let shown = ids[..ids.len().min(NAMED)].join(", ");
        match ids.len().saturating_sub(NAMED) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }
}

/// A sentence with its mark behind it.
fn marked(text: &str, mark: &str) -> String {
    if mark.is_empty() {
        text.to_owned()
    } else {
        format!("{text} {mark}")
    }
}
