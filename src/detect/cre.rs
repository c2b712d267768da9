//! CRE rules, compiled: what the scan looks for, and what decides on entries.
//!
//! In: the rules of a library. Out: [`Rules`], shared by all threads. [`entries`] reads what the reference
//! engine takes for one entry, [`term`] tries terms on it, [`machine`] decides what came when, and [`log`] does that for
//! one log after the other.

use std::collections::BTreeMap;

use super::tally::Occurrence;
use crate::scan::filter::{ProbeId, Wanted};
use crate::scan::gate::{self, Beside, Gate, Text};
use crate::scan::required;
use crate::signature::Library;
use crate::signature::cre::{Condition, Kind, Term, What};

pub(super) mod entries;
pub(super) mod examine;
pub(super) mod explain;
pub(super) mod log;
mod machine;
mod stamps;
mod term;

use stamps::Stamps;
use term::Matcher;
pub use term::check;

/// Shortest literal that the scan looks for, in bytes; terms with less are tried on every entry.
const SHORTEST_LITERAL: usize = 3;

/// The rules of a library.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// The probe of the first term; the others follow it.
    first: ProbeId,
    terms: Vec<Compiled>,
    rules: Vec<Program>,
    /// Numbers of terms that no literal leads to.
    slow: Vec<usize>,
    stamps: Stamps,
}

/// A term, compiled. Rules may share it.
#[derive(Debug)]
struct Compiled {
    term: Term,
    matcher: Matcher,
    /// Numbers of the rules that have it.
    rules: Vec<usize>,
}

/// A rule, compiled.
#[derive(Debug)]
pub(super) struct Program {
    /// Number of the signature in the library.
    pub(super) signature: usize,
    pub(super) condition: Plan,
    /// Each entry that satisfies its only term is a match.
    single: bool,
}

/// A condition whose terms are numbers.
#[derive(Debug)]
pub(super) struct Plan {
    kind: Kind,
    /// In nanoseconds.
    window: i64,
    slots: Vec<Slot>,
    negates: Vec<Negate>,
    /// Names of values that must be equal.
    correlations: Vec<String>,
}

#[derive(Debug)]
struct Slot {
    what: Wants,
    need: usize,
}

#[derive(Debug)]
enum Wants {
    /// An entry that satisfies the term of this number.
    Term(usize),
    Nested(Plan),
}

/// See [`crate::signature::cre::Negate`].
#[derive(Debug)]
struct Negate {
    term: usize,
    window: i64,
    slide: i64,
    anchor: usize,
    absolute: bool,
}

/// An entry that satisfies a term of a rule with a condition over time.
#[derive(Debug)]
pub(super) struct Event {
    /// Number of the rule.
    pub(super) rule: usize,
    /// When, by the format of its source, in UTC nanoseconds.
    pub(super) at: i64,
    /// Numbers of the terms that it satisfies.
    pub(super) terms: Vec<usize>,
    /// Its values for the rule's correlations, by name.
    pub(super) values: BTreeMap<String, String>,
    pub(super) occurrence: Occurrence,
}

impl Rules {
    /// Compiles the rules of `library`; their probes are numbered from `first` on.
    pub(super) fn new(library: &Library, first: ProbeId) -> Rules {
        let mut rules = Rules {
            first,
            ..Rules::default()
        };
        let mut numbers: BTreeMap<Term, usize> = BTreeMap::new();
        for (signature, rule) in library.signatures().iter().enumerate() {
            let Some(rule) = &rule.cre else { continue };
            rule.condition
                .each_term(&mut |term| rules.add_term(term, &mut numbers));
            rules.rules.push(Program {
                signature,
                single: rule.condition.is_single(),
                condition: Plan::new(&rule.condition, &numbers),
            });
        }
        let slow = |number: &usize| gate_of(&rules.terms[*number].term).is_none();
        rules.slow = (0..rules.terms.len()).filter(slow).collect();
        rules
    }

    /// Adds a term of the rule that comes next.
    fn add_term(&mut self, term: &Term, numbers: &mut BTreeMap<Term, usize>) {
        let number = *numbers.entry(term.clone()).or_insert(self.terms.len());
        if number == self.terms.len() {
            self.terms.push(Compiled {
                term: term.clone(),
                matcher: Matcher::new(term),
                rules: Vec::new(),
            });
        }
        let users = &mut self.terms[number].rules;
        if users.last() != Some(&self.rules.len()) {
            users.push(self.rules.len());
        }
    }

    /// What the filter has to look for.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Wanted> {
        let gates = self.terms.iter().enumerate();
        gates
            .filter_map(|(number, compiled)| Some((self.probe(number), gate_of(&compiled.term)?)))
            .flat_map(|(probe, gate)| required::wanted(gate, probe))
    }

    fn probe(&self, number: usize) -> ProbeId {
        ProbeId::try_from(number).map_or(ProbeId::MAX, |number| self.first.saturating_add(number))
    }

    /// Whether a probe is a term's.
    pub(super) fn owns(&self, probe: ProbeId) -> bool {
        !self.terms.is_empty() && probe >= self.first
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Number of the signature that a rule is.
    pub(super) fn program(&self, rule: usize) -> &Program {
        &self.rules[rule]
    }

    /// How many rules have a term that every entry is looked at for.
    pub(super) fn slow_rules(&self) -> usize {
        let slow = |rule: &usize| {
            self.slow
                .iter()
                .any(|term| self.terms[*term].rules.contains(rule))
        };
        (0..self.rules.len()).filter(slow).count()
    }
}

/// The terms of a rule that no literal of three bytes leads to.
pub fn slow_terms(condition: &Condition) -> Vec<&Term> {
    let mut slow = Vec::new();
    condition.each_term(&mut |term| {
        if gate_of(term).is_none() && !slow.contains(&term) {
            slow.push(term);
        }
    });
    slow
}

/// What stands in every entry that satisfies a term, if that is long enough to be looked for. What else the line
/// must have is not asked for: the undated lines below are part of the entry.
pub fn gate_of(term: &Term) -> Option<Gate> {
    let mut gate = match term {
        Term::Value(text) => gate::of_literal(text)?,
        Term::Regex(pattern) => gate::of_regex(&crate::signature::cre::as_regex(pattern))?,
        Term::Jq(program) => of_jq(program)?,
    };
    for beside in &mut gate.beside {
        *beside = Beside {
            exact: beside.exact,
            ..Beside::default()
        };
    }
    let long = |literal: &Text| literal.len() >= SHORTEST_LITERAL;
    gate.literals.iter().all(long).then_some(gate)
}

/// The gate of a jq program that is a comparison, or several joined by `and`: of the texts that fields must be equal to,
/// the longest. Nothing for any other program.
fn of_jq(program: &str) -> Option<Gate> {
    const COMPARISON: &str = r#"^\.[\w.]+\s*(?:==\s*"([^"\\]*)"|(?:==|<=?|>=?)\s*(?:[\d.]+|true))$"#;
    let comparison = regex::Regex::new(COMPARISON).ok()?;
    let program = program.trim();
    let selected = program
        .strip_prefix("select(")
        .and_then(|inner| inner.strip_suffix(')'));
    let mut texts = Vec::new();
    for part in selected.unwrap_or(program).split(" and ") {
        let found = comparison.captures(part.trim())?;
        texts.extend(found.get(1).map(|text| text.as_str()));
    }
    let longest = texts.into_iter().max_by_key(|text| text.len())?;
    gate::of_literal(longest)
}

impl Plan {
    fn new(condition: &Condition, numbers: &BTreeMap<Term, usize>) -> Plan {
        // Each term has been numbered.
        let number = |term: &Term| numbers.get(term).copied().unwrap_or(usize::MAX);
        let slots = condition.terms.iter().map(|positive| Slot {
            what: match &positive.what {
                What::Entry(term) => Wants::Term(number(term)),
                What::Nested(nested) => Wants::Nested(Plan::new(nested, numbers)),
            },
            need: positive.count,
        });
        let negates = condition.negates.iter().map(|negate| Negate {
            term: number(&negate.term),
            window: negate.window,
            slide: negate.slide,
            anchor: negate.anchor,
            absolute: negate.absolute,
        });
        Plan {
            kind: condition.kind,
            window: condition.window,
            slots: slots.collect(),
            negates: negates.collect(),
            correlations: condition.correlations.clone(),
        }
    }

    /// Names of all values that entries are told apart by, here and in what is nested.
    fn all_correlations(&self) -> Vec<&String> {
        let nested = self.nested().flat_map(Plan::all_correlations);
        self.correlations.iter().chain(nested).collect()
    }

    /// Whether parts of it are conditions.
    fn is_nested(&self) -> bool {
        self.nested().next().is_some()
    }

    fn nested(&self) -> impl Iterator<Item = &Plan> {
        self.slots.iter().filter_map(|slot| match &slot.what {
            Wants::Nested(plan) => Some(plan),
            Wants::Term(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(program: &str) -> Vec<Text> {
        of_jq(program).map(|gate| gate.literals).unwrap_or_default()
    }

    #[test]
    fn a_jq_program_requires_a_text_if_it_only_compares() {
        assert_eq!(literals(r#".level == "fatal" and .code == 77"#), ["fatal"]);
        assert_eq!(
            literals(r#"select(.event.reason == "FailedMount")"#),
            ["FailedMount"]
        );
        for other in [
            r#".level == "fatal" or .code == 77"#,
            r#".level == "fatal" | not"#,
            r#".level == "a and b" and .x"#,
            r#".level != "fatal""#,
            r#".a == "x" // true"#,
            ".code == 77",
        ] {
            assert_eq!(literals(other), Vec::<String>::new(), "{other}");
        }
    }
}
