//! What the raw bytes must have wherever a condition holds: its gate.
//!
//! In: a condition as written. Out: its [`Gate`], or nothing where none is required: the page is then refused, or its
//! condition tried on every line. The gates of the patterns in the shipped pages are prepared when the program
//! is built, since syntax trees take most of the time that the library would need to be ready.

use super::filter::{ProbeId, Wanted};
use super::gate::{self, Beside, Gate};
use crate::signature::condition::{FieldTest, OWN_FIELDS, Test};

/// A pattern, and for each literal of its gate what stands beside it; no literals where there is no gate.
type Prepared = (&'static str, &'static [PreparedLiteral]);

/// The literal, whether its capitals count, what stands before it, whether that is a digit, whether the pattern lies in one line,
/// and the sets of texts.
type PreparedLiteral = (
    &'static str,
    bool,
    Option<u8>,
    bool,
    bool,
    &'static [&'static [&'static str]],
);

/// In the order of the patterns.
static PREPARED: &[Prepared] = include!(concat!(env!("OUT_DIR"), "/prepared_gates.rs"));

/// The gate of a condition on one record.
pub fn of_test(test: &Test) -> Option<Gate> {
    let contains = test
        .contains
        .iter()
        .filter_map(|text| Gate::of_literal(text.as_ref().as_bytes()));
    let regex = test.regex.iter().filter_map(|regex| of_regex(regex.as_ref()));
    let any = (!test.any.is_empty())
        .then(|| Gate::union(test.any.iter().map(of_test)))
        .flatten();
    let all = test.all.iter().filter_map(of_test);
    let fields = test.fields.iter().flat_map(|(name, test)| of_field(name, test));
    contains
        .chain(regex)
        .chain(any)
        .chain(all)
        .chain(fields)
        .reduce(Gate::better)
}

/// What must stand in a record whose field is as it should be: the key's last name, unless other formats give
/// the field without it, and a text that its value must be.
fn of_field(name: &str, test: &FieldTest) -> Vec<Gate> {
    /// Made by the record from something else than its text.
    const DERIVED: &[&str] = &["service", "host", "pid", "upstream", "status", "level"];
    if *test == FieldTest::Exists(false) {
        return Vec::new();
    }
    let key = name.rsplit('.').next().unwrap_or(name);
    let key = Some(key).filter(|_| !OWN_FIELDS.contains(&name));
    let texts = test.texts().filter(|_| !DERIVED.contains(&name));
    let values =
        texts.and_then(|texts| Gate::union(texts.iter().map(|text| Gate::of_literal(text.as_bytes()))));
    key.and_then(|key| Gate::of_literal(key.as_bytes()))
        .into_iter()
        .chain(values)
        .collect()
}

/// What the filter has to look for.
pub fn wanted(gate: Gate, probe: ProbeId) -> impl Iterator<Item = Wanted> {
    let literals = gate.literals.into_iter().zip(gate.beside);
    literals.map(move |(literal, beside)| Wanted {
        literal,
        beside,
        probe,
    })
}

/// As [`gate::of_regex`], from what was prepared if it was.
pub(super) fn of_regex(pattern: &str) -> Option<Gate> {
    match PREPARED.binary_search_by(|(known, _)| (*known).cmp(pattern)) {
        Ok(at) => PREPARED
            .get(at)
            .filter(|(_, literals)| !literals.is_empty())
            .map(|(pattern, literals)| prepared(pattern, literals)),
        Err(_) => gate::of_regex(pattern),
    }
}

fn prepared(pattern: &str, literals: &[PreparedLiteral]) -> Gate {
    let set = |set: &&[&str]| set.iter().map(|text| (*text).to_owned()).collect();
    let beside = |(_, exact, before, number, one_line, sets): &PreparedLiteral| Beside {
        exact: *exact,
        before: *before,
        number: *number,
        sets: sets.iter().map(set).collect(),
        pattern: one_line.then(|| pattern.to_owned()),
    };
    Gate {
        literals: literals
            .iter()
            .map(|(literal, ..)| (*literal).to_owned())
            .collect(),
        beside: literals.iter().map(beside).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_is_what_would_be_found_out() {
        assert!(PREPARED.len() > 100, "{}", PREPARED.len());
        for (pattern, _) in PREPARED {
            assert_eq!(of_regex(pattern), gate::of_regex(pattern), "{pattern}");
        }
    }
}
