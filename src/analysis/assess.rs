//! How bad a finding is and how sure, by stated rules (`docs/detection.md`).
//!
//! In: a finding. Out: an [`Assessment`]: severity, confidence, and the rules that gave them, in words.

use serde::Serialize;

use super::Found;
use crate::detect::{compile, cre};
use crate::record::{Level, TimeQuality};
use crate::report::model::Confidence;
use crate::signature::{Role, Severity, Signature};

/// A literal of so many bytes is hardly written by chance.
const TELLING: usize = 11;

/// What the rules say about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// How bad.
    pub severity: Severity,
    /// How sure it is that the records mean what the page says.
    pub confidence: Confidence,
    /// The rules that applied, each in a sentence.
    pub rules: Vec<String>,
}

/// Assesses a finding.
pub fn assess(found: &Found<'_>) -> Assessment {
    let mut rules = Vec::new();
    let severity = severity(found, &mut rules);
    let mut steps = 0;
    let mut lower = |by: u32, rule: String| {
        steps += by;
        rules.push(rule);
    };
    for (by, rule) in of_page(found.signature) {
        lower(by, rule);
    }
    let condition = &found.signature.condition;
    let over_time = condition.sequence.is_some() || condition.count.is_some() || condition.rate.is_some();
    let dated = |quality| {
        !matches!(
            quality,
            TimeQuality::Unknown | TimeQuality::After | TimeQuality::Before
        )
    };
    if over_time
        && !found
            .tally
            .samples
            .iter()
            .all(|sample| dated(sample.sighting.time.quality))
    {
        lower(
            1,
            "confidence one step lower: some records have no time, so their window was not checked"
                .to_owned(),
        );
    }
    let calm = |level: Option<Level>| level.is_some_and(|level| level <= Level::Info);
    let all_calm = found.tally.samples.iter().all(|sample| calm(sample.level));
    if found.role == Role::Cause && all_calm && !over_time && condition.missing.is_none() {
        lower(
            1,
            "confidence one step lower: the program itself logs it as information".to_owned(),
        );
    }
    let confidence = match steps {
        0 => Confidence::High,
        1 => Confidence::Medium,
        _ => Confidence::Low,
    };
    if steps == 0 {
        rules.push(
            "confidence high: every required text is specific and the whole condition was seen".to_owned(),
        );
    }
    Assessment {
        severity,
        confidence,
        rules,
    }
}

/// The rules that hold for every finding of a page, each with the steps that it takes.
pub fn of_page(signature: &Signature) -> Vec<(u32, String)> {
    let mut rules = Vec::new();
    if signature.condition.silent_log.is_some() {
        return vec![(
            2,
            "confidence low: it is concluded from what is not in the logs, and nothing says why there is no more"
                .to_owned(),
        )];
    }
    match shortest_literal(signature) {
        None => rules.push((2, "confidence low: a condition requires no literal text".to_owned())),
        Some(length) if length < TELLING => rules.push((
            1,
            format!(
                "confidence one step lower: the shortest text that it requires has {length} bytes, fewer than {TELLING}"
            ),
        )),
        Some(_) => {}
    }
    let condition = &signature.condition;
    if condition.missing.is_some() || condition.silence.is_some() {
        rules.push((
            1,
            "confidence one step lower: it is concluded from what is not in the logs".to_owned(),
        ));
    }
    rules
}

fn severity(found: &Found<'_>, rules: &mut Vec<String>) -> Severity {
    let (page, own) = (found.signature.severity, found.severity());
    rules.push(match own == page {
        true => format!("severity {}: the page's", own.name()),
        false => format!(
            "severity {}: the page's is {}, but it was handled",
            own.name(),
            page.name()
        ),
    });
    own
}

/// The length of the shortest literal of which a match must have one, over all conditions of the page; nothing if
/// one of them requires none.
fn shortest_literal(signature: &Signature) -> Option<usize> {
    if let Some(rule) = &signature.cre {
        let mut shortest = Some(usize::MAX);
        rule.condition.each_term(&mut |term| {
            let literals = cre::gate_of(term).map(|gate| gate.literals).unwrap_or_default();
            shortest = shortest
                .and_then(|known| Some(known.min(literals.iter().map(|literal| literal.len()).min()?)));
        });
        return shortest;
    }
    let conditions = compile::check(signature).ok()?;
    if !conditions.slow.is_empty() {
        return None;
    }
    let literals = conditions.gates.iter().flat_map(|gate| &gate.literals);
    literals.map(|literal| literal.len()).min()
}
