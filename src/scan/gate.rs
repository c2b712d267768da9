//! Gate literals: a set of texts of which every match of a condition contains at least one.
//!
//! In: a condition as written. Out: its gate, or nothing where none is required (the page
//! is then refused, since it would have to be tried on every line). Regular expressions
//! are read with regex-syntax and reduced over their syntax tree.
//!
//! A gate must stand in the *raw* bytes, although conditions are tried on decoded text.
//! So bytes that JSON may write as an escape (quotes, backslashes, slashes, `<>&`,
//! control characters, everything beyond ASCII) never become part of a gate.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::signature::condition::Test;

/// Longest list of alternatives that is worth searching for one condition.
const MOST_ALTERNATIVES: usize = 96;

/// Texts of which any match contains at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// ASCII texts free of escapable bytes.
    pub literals: Vec<String>,
}

impl Gate {
    /// Length in bytes of the shortest literal: how telling the gate is.
    pub fn shortest(&self) -> usize {
        self.literals.iter().map(String::len).min().unwrap_or(0)
    }

    fn of_literal(text: &[u8]) -> Option<Gate> {
        let escapable = |byte: &u8| !(b' '..=b'~').contains(byte) || b"\"\\/<>&".contains(byte);
        let best = text.split(escapable).rev().max_by_key(|part| part.len())?;
        let literal = String::from_utf8(best.to_vec()).ok()?;
        (literal.trim().len() > 1).then(|| Gate {
            literals: vec![literal],
        })
    }

    /// The more telling of two gates that are both required.
    fn better(self, other: Gate) -> Gate {
        let rank = |gate: &Gate| (gate.shortest(), usize::MAX - gate.literals.len());
        if rank(&other) > rank(&self) { other } else { self }
    }

    fn union(gates: impl Iterator<Item = Option<Gate>>) -> Option<Gate> {
        let mut literals = Vec::new();
        for gate in gates {
            literals.extend(gate?.literals);
        }
        literals.sort();
        literals.dedup();
        (!literals.is_empty() && literals.len() <= MOST_ALTERNATIVES).then_some(Gate { literals })
    }
}

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
    let fields = test.fields.keys().filter_map(|key| {
        let name = key.rsplit('.').next().unwrap_or(key);
        Gate::of_literal(name.as_bytes())
    });
    contains
        .chain(regex)
        .chain(any)
        .chain(all)
        .chain(fields)
        .reduce(Gate::better)
}

/// The gate of a regular expression; nothing if it is not one, or requires no literal.
pub fn of_regex(pattern: &str) -> Option<Gate> {
    let hir = regex_syntax::ParserBuilder::new()
        .multi_line(true)
        .build()
        .parse(pattern)
        .ok()?;
    of_hir(&hir)
}

fn of_hir(hir: &Hir) -> Option<Gate> {
    match hir.kind() {
        HirKind::Literal(literal) => Gate::of_literal(&literal.0),
        HirKind::Class(class) => Gate::of_literal(&[single_letter(class)?]),
        HirKind::Capture(capture) => of_hir(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of_hir(&repetition.sub),
        HirKind::Alternation(branches) => Gate::union(branches.iter().map(of_hir)),
        HirKind::Concat(parts) => of_concat(parts),
        _ => None,
    }
}

/// Neighbouring literals are joined, then the most telling part is taken.
fn of_concat(parts: &[Hir]) -> Option<Gate> {
    let mut best: Option<Gate> = None;
    let mut run: Vec<u8> = Vec::new();
    let mut consider = |gate: Option<Gate>| {
        if let Some(gate) = gate {
            best = Some(match best.take() {
                Some(best) => best.better(gate),
                None => gate,
            });
        }
    };
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => run.extend_from_slice(&literal.0),
            HirKind::Class(class) if single_letter(class).is_some() => run.extend(single_letter(class)),
            // Anchors and word boundaries take no bytes.
            HirKind::Look(_) => {}
            _ => {
                consider(Gate::of_literal(&std::mem::take(&mut run)));
                consider(of_hir(part));
            }
        }
    }
    consider(Gate::of_literal(&run));
    best
}

/// The letter of a class like `[Aa]`, as `(?i)` makes them. The long s and the Kelvin sign,
/// which Unicode folds to s and k, are left out: case is folded for ASCII only.
fn single_letter(class: &Class) -> Option<u8> {
    let mut letter = None;
    let mut add = |start: u32, end: u32| {
        for code in start..=end {
            if code == 0x17F || code == 0x212A {
                continue;
            }
            let folded = u8::try_from(code).ok()?.to_ascii_lowercase();
            if !folded.is_ascii() || *letter.get_or_insert(folded) != folded {
                return None;
            }
        }
        Some(())
    };
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                if range.end() as u32 - range.start() as u32 > 1 {
                    return None;
                }
                add(range.start() as u32, range.end() as u32)?;
            }
        }
        Class::Bytes(class) => {
            for range in class.ranges() {
                if range.end() - range.start() > 1 {
                    return None;
                }
                add(range.start().into(), range.end().into())?;
            }
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(pattern: &str) -> Vec<String> {
        of_regex(pattern).map(|gate| gate.literals).unwrap_or_default()
    }

    #[test]
    fn the_most_telling_required_literal_is_chosen() {
        assert_eq!(
            literals(r"bind\(\) to \S+ failed \(98: Address already in use\)"),
            [" failed (98: Address already in use)"]
        );
        assert_eq!(literals(r"(?i)errno \d+"), ["errno "]);
        assert_eq!(literals(r"port (?P<port>\d+) is in use"), [" is in use"]);
    }

    #[test]
    fn every_alternative_must_give_one() {
        assert_eq!(literals("refused|timed out"), ["refused", "timed out"]);
        assert_eq!(literals(r"refused|\d+"), Vec::<String>::new());
        assert_eq!(literals("(?:refused)?"), Vec::<String>::new());
    }

    #[test]
    fn bytes_that_json_may_escape_are_left_out() {
        assert_eq!(literals(r#"module 'x' has "no" attribute"#), ["module 'x' has "]);
        assert_eq!(literals("passlib/handlers"), ["handlers"]);
    }
}
