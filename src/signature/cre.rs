//! CRE rules: failures that others have described in YAML, as `preq` reads them.
//!
//! In: a YAML file. Out: one [`Signature`] for each of its rules, or the [`PageError`] of a rule that cannot be
//! run. These types hold what a rule asks for; `detect::cre` runs it. What is read how is told in `docs/cre.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

mod page;
mod pattern;
mod read;
mod yaml;

use super::condition::Match;
use super::diagnostic::PageError;
use super::{Role, Severity, Signature};
pub use pattern::as_regex;

/// What a rule asks for.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `CRE-2025-0119`.
    pub id: String,
    /// The outermost condition.
    pub condition: Condition,
    /// The rule's YAML.
    pub written: String,
    /// Its first line in the file, from 1.
    pub line: usize,
}

impl Rule {
    /// An error in the rule, which stands in `file`, at the first place of `text`.
    pub fn error_at(&self, file: &str, text: &str, message: &str, label: &str) -> PageError {
        // With the lines above it, so that the number of the line is that of the file.
        let source = "\n".repeat(self.line.saturating_sub(1)) + &self.written;
        let at = source.find(text).unwrap_or(self.line.saturating_sub(1));
        PageError::new(file, &source, at..at + text.len(), message, label)
    }
}

/// How the terms of a condition belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All within the window, in any order.
    Set,
    /// All within the window, in the order of the list.
    Sequence,
}

/// A `set` or a `sequence`.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Which of the two.
    pub kind: Kind,
    /// From the first to the last entry, both ends included, in nanoseconds; 0 for a single entry.
    pub window: i64,
    /// What must come.
    pub terms: Vec<Positive>,
    /// What must not come.
    pub negates: Vec<Negate>,
    /// Names of values that must be equal in all entries.
    pub correlations: Vec<String>,
}

/// Something that must come so many times.
#[derive(Debug, Clone)]
pub struct Positive {
    /// What.
    pub what: What,
    /// How many times, 1 or more.
    pub count: usize,
}

/// A term of a condition.
#[derive(Debug, Clone)]
pub enum What {
    /// An entry.
    Entry(Term),
    /// The entries of another condition.
    Nested(Box<Condition>),
}

/// What one entry must be like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// It has this text, case-sensitive.
    Value(String),
    /// This pattern is found in it: Go's syntax.
    Regex(String),
    /// It is one JSON value, for which this program gives a value that is neither null nor false.
    Jq(String),
}

/// An entry that must not come, and where.
#[derive(Debug, Clone)]
pub struct Negate {
    /// What.
    pub term: Term,
    /// How much longer than the match the forbidden time is, in nanoseconds.
    pub window: i64,
    /// How much later than the anchor it begins (earlier, if negative), in nanoseconds.
    pub slide: i64,
    /// The entry of the match with which it begins, from 0.
    pub anchor: usize,
    /// The window alone is its length, however long the match is.
    pub absolute: bool,
}

/// What a file has: rules that can be run, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Rules {
    /// Those that can be run, as signatures `cre/ID`.
    pub signatures: Vec<Signature>,
    /// What is wrong with the others.
    pub bad: Vec<PageError>,
}

/// Reads the rules of a file. An error says that the file is none of CRE rules.
pub fn parse(file: &str, text: &str) -> Result<Rules, PageError> {
    read::read(&Source { file, text })
}

/// A file, for messages.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, place: Range<usize>, message: impl Into<String>, label: &str) -> PageError {
        PageError::new(self.file, self.text, place, message, label)
    }
}

/// What a rule says to a person.
#[derive(Debug, Default)]
struct About {
    id: String,
    severity: Option<Severity>,
    title: String,
    description: String,
    cause: String,
    impact: String,
    mitigation: String,
    references: Vec<String>,
    tags: Vec<String>,
    applications: Vec<String>,
}

/// The signature that a rule makes. It declares no effects, so it is never called the cause of anything: what a rule
/// found is reported as a symptom, with the rule's own words about its cause.
fn signature(source: &Source<'_>, about: About, condition: Condition, place: Range<usize>) -> Signature {
    let start = source.text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let written = source.text[start..place.end].trim_end();
    let page = page::markdown(&about, written);
    Signature {
        id: format!("cre/{}", about.id),
        file: source.file.to_owned(),
        severity: about.severity.unwrap_or(Severity::Medium),
        role: Role::Symptom,
        tags: about.tags,
        leads_to: Vec::new(),
        late: None,
        supersedes: Vec::new(),
        seen_on: about.applications,
        aliases: Vec::new(),
        condition: Match::default(),
        recovery: None,
        cre: Some(Arc::new(Rule {
            id: about.id,
            condition,
            written: written.to_owned(),
            line: 1 + source.text[..start].matches('\n').count(),
        })),
        toml_at: 0,
        meaning_of: BTreeMap::new(),
        page: Cow::Owned(page),
        text: OnceLock::new(),
        version: OnceLock::new(),
    }
}

impl Condition {
    /// All terms of entries in it and in what is nested, the negated ones too.
    pub fn each_term<'a>(&'a self, add: &mut dyn FnMut(&'a Term)) {
        for positive in &self.terms {
            match &positive.what {
                What::Entry(term) => add(term),
                What::Nested(condition) => condition.each_term(add),
            }
        }
        self.negates.iter().for_each(|negate| add(&negate.term));
    }

    /// Whether each entry that satisfies its only term is a match, whatever the others are.
    pub fn is_single(&self) -> bool {
        let entry =
            matches!(self.terms.as_slice(), [one] if one.count == 1 && matches!(one.what, What::Entry(_)));
        entry && self.negates.is_empty()
    }
}

impl Term {
    /// The name of its key in a rule.
    pub fn key(&self) -> &'static str {
        match self {
            Term::Value(_) => "value",
            Term::Regex(_) => "regex",
            Term::Jq(_) => "jq",
        }
    }

    /// What is looked for, as it was written.
    pub fn text(&self) -> &str {
        match self {
            Term::Value(text) | Term::Regex(text) | Term::Jq(text) => text,
        }
    }
}
