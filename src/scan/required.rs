//! What the raw bytes must have wherever a condition holds: its gate.
//!
//! In: a condition as written. Out: its [`Gate`], or nothing where none is required: the page is then refused, or its
//! condition tried on every line. The gates of the patterns in the shipped pages are prepared when the program
//! is built, since syntax trees take most of the time that the library would need to be ready.

use std::sync::Arc;

use serde::de::value::Error;

use super::filter::{ProbeId, Wanted};
use super::gate::{self, Beside, Gate, Text};
use crate::signature::condition::{FieldTest, OWN_FIELDS, Test};
use crate::signature::prepared::{number, text};

/// Gates of patterns, made by `build.rs`, in the order of the patterns.
struct Prepared {
    /// Where each begins in `bytes`.
    starts: &'static [u32],
    /// For each the pattern, how many literals its gate has (none if it has no gate), and for each of those the literal, the signs
    /// of [`beside`], the byte that stands before it if there is one, how many sets of texts there are, and for each how many
    /// texts, and these. Numbers and texts are written as in [`prepared`](crate::signature::prepared).
    bytes: &'static [u8],
}

static PREPARED: Prepared = include!(concat!(env!("OUT_DIR"), "/prepared_gates.rs"));

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
    match PREPARED.find(pattern) {
        Some(mut rest) => prepared(pattern, &mut rest).ok()?,
        None => gate::of_regex(pattern),
    }
}

impl Prepared {
    fn at(&self, start: u32) -> &'static [u8] {
        self.bytes.get(start as usize..).unwrap_or_default()
    }

    /// What stands behind the pattern, if it is there.
    fn find(&self, pattern: &str) -> Option<&'static [u8]> {
        let known = |start: &u32| text(&mut self.at(*start)).unwrap_or_default();
        let at = self
            .starts
            .binary_search_by(|start| known(start).cmp(pattern))
            .ok()?;
        let mut rest = self.at(*self.starts.get(at)?);
        text(&mut rest).ok()?;
        Some(rest)
    }
}

fn prepared(pattern: &str, rest: &mut &'static [u8]) -> Result<Option<Gate>, Error> {
    let count = number(rest)?;
    let pattern = Arc::from(pattern);
    let mut gate = Gate {
        literals: Vec::with_capacity(count),
        beside: Vec::with_capacity(count),
    };
    for _ in 0..count {
        gate.literals.push(Text::Borrowed(text(rest)?));
        gate.beside.push(beside(&pattern, rest)?);
    }
    Ok((count > 0).then_some(gate))
}

fn beside(pattern: &Arc<str>, rest: &mut &'static [u8]) -> Result<Beside, Error> {
    let signs = number(rest)?;
    let is_set = |bit: u32| signs >> bit & 1 == 1;
    let before = is_set(3).then(|| number(rest)).transpose()?;
    let mut beside = Beside {
        exact: is_set(0),
        number: is_set(1),
        pattern: is_set(2).then(|| Arc::clone(pattern)),
        before: before.map(|byte| byte as u8),
        sets: Vec::new(),
    };
    for _ in 0..number(rest)? {
        let texts = 0..number(rest)?;
        let set: Result<_, Error> = texts.map(|_| text(rest).map(Text::Borrowed)).collect();
        beside.sets.push(set?);
    }
    Ok(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_is_what_would_be_found_out() {
        assert!(PREPARED.starts.len() > 100, "{}", PREPARED.starts.len());
        for start in PREPARED.starts {
            let pattern = text(&mut PREPARED.at(*start)).unwrap();
            assert!(PREPARED.find(pattern).is_some(), "{pattern}");
            assert_eq!(of_regex(pattern), gate::of_regex(pattern), "{pattern}");
        }
    }
}
