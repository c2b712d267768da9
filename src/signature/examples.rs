//! Runs a page's examples as tests.
//!
//! In: a library, compiled. Out: for each example that does not do what it says, an error at its
//! place. Every example goes through the real pipeline with the whole library, so that a
//! more specific signature that takes a record away is noticed too.

use super::diagnostic::PageError;
use super::{Example, Signature};
use crate::detect::compile::Detector;
use crate::detect::detect_text;
use crate::detect::tally::Tally;
use crate::error::Error;

/// What was run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Examples that did what they say.
    pub passed: usize,
    /// Those that did not.
    pub failed: Vec<PageError>,
}

/// Runs the examples of the signatures that `wanted` accepts.
pub fn run(detector: &Detector<'_>, wanted: impl Fn(&Signature) -> bool) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    for (number, signature) in detector.library().signatures().iter().enumerate() {
        if !wanted(signature) {
            continue;
        }
        for example in &signature.text().examples {
            match run_one(detector, number, signature, example) {
                Ok(()) => outcome.passed += 1,
                Err((message, label)) => outcome.failed.push(at(signature, example, &message, label)),
            }
        }
    }
    Ok(outcome)
}

fn run_one(
    detector: &Detector<'_>,
    number: usize,
    signature: &Signature,
    example: &Example,
) -> Result<(), (String, &'static str)> {
    let detected = detect_text(detector, &example.text);
    let found: Vec<&str> = detected
        .tallies
        .iter()
        .map(|(subject, _)| detector.library().signatures()[subject.signature].id.as_str())
        .collect();
    let instead = if found.is_empty() {
        "nothing was found".to_owned()
    } else {
        format!("found: {}", found.join(", "))
    };
    let mut tallies = detected.tallies.of_signature(number).peekable();
    if tallies.peek().is_none() {
        return if example.matches {
            let message = format!("{} was not found in its own example; {instead}", signature.id);
            Err((message, "in this example"))
        } else {
            Ok(())
        };
    }
    if !example.matches {
        let message = format!("{} was found where it must not be", signature.id);
        return Err((message, "in this example"));
    }
    let tallies: Vec<&Tally> = tallies.collect();
    for (name, wanted) in &example.captures {
        let frequent = |tally: &&'_ Tally| {
            let counts = tally.captures.get(name)?;
            counts
                .by_frequency()
                .first()
                .map(|(value, _)| (*value).to_owned())
        };
        let values: Vec<Option<String>> = tallies.iter().map(frequent).collect();
        let first = values.first().cloned().flatten();
        if !values.contains(wanted) {
            let show = |value: Option<&str>| value.map_or("nothing".to_owned(), |value| format!("'{value}'"));
            let message = format!(
                "'{name}' should capture {} and captured {}",
                show(wanted.as_deref()),
                show(first.as_deref())
            );
            return Err((message, "in this example"));
        }
    }
    Ok(())
}

fn at(signature: &Signature, example: &Example, message: &str, label: &str) -> PageError {
    let start: usize = signature
        .page
        .split_inclusive('\n')
        .take(example.line - 1)
        .map(str::len)
        .sum();
    let length = signature.page[start..].find('\n').unwrap_or(0);
    PageError::new(
        &signature.file,
        &signature.page,
        start..start + length,
        message,
        label,
    )
}
