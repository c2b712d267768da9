//! The library, compiled: what the scan looks for, and what decides on a record.
//!
//! In: a [`Library`]. Out: a [`Detector`], shared by all threads, or the [`PageError`] of the first page whose
//! condition cannot be run.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use toml::Spanned;

use super::cre;
use super::fields;
use super::keyed;
use super::life::Turn;
use super::matcher::{Caught, Matcher};
use super::over_time;
use super::requests;
use super::torn::{self, FIRST_PROBE};
use crate::error::Error;
use crate::scan::beside;
use crate::scan::filter::{Filter, ProbeId, Wanted};
use crate::scan::gate::{self, Gate};
use crate::scan::pattern::{self, Pattern};
use crate::scan::required;
use crate::signature::condition::{Keys, Match, OF_SILENT_LOG, Test};
use crate::signature::diagnostic::PageError;
use crate::signature::select::NamePattern;
use crate::signature::{Library, Role, Signature};

/// The probe that reads every record that may be a failed request.
pub(super) const REQUESTS_PROBE: ProbeId = 0;

/// One condition on a record, and whose it is.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    /// Number of the signature in the library.
    pub(super) signature: usize,
    /// Its part in a condition over time.
    pub(super) slot: Slot,
    test: &'a Test,
    /// Made when it is first needed.
    matcher: OnceLock<Matcher>,
    /// What its record has in its raw bytes, if it is a single line as it was written. Made when it is
    /// first needed.
    raw: OnceLock<Option<Pattern>>,
    /// The same for a line of any record.
    line: Option<String>,
    /// A hit of its gate in such a line says all of that already.
    proven: bool,
    /// It asks for what few records are asked for, see [`fields::asks_for_facts`].
    pub(super) asks_for_facts: bool,
}

impl Probe<'_> {
    pub(super) fn matcher(&self) -> &Matcher {
        self.matcher.get_or_init(|| Matcher::new(self.test))
    }

    fn raw(&self) -> Option<&Pattern> {
        let make = || {
            raw_pattern(self.test, gate::raw_pattern)
                .as_deref()
                .map(Pattern::new)
        };
        self.raw.get_or_init(make).as_ref()
    }
}

/// What a record that satisfies a probe means for its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// The signature was found.
    Found,
    /// One record to count.
    Counted,
    /// The step of a sequence, from 0.
    Step(usize),
    /// What must not stand between the steps of a sequence.
    Between,
    /// The start whose end is expected.
    After,
    /// The expected end.
    Expected,
}

/// What a record says about the log in which it stands, by the tag of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// `log-loss`: messages are left out before it.
    Loss,
    /// `stop`: something was stopped on purpose.
    Stop,
}

impl Signal {
    fn of(signature: &Signature) -> Option<Signal> {
        signature.tags.iter().find_map(|tag| match tag.as_str() {
            "log-loss" => Some(Signal::Loss),
            "stop" => Some(Signal::Stop),
            _ => None,
        })
    }
}

/// Everything that a run looks for.
#[derive(Debug)]
pub struct Detector<'a> {
    pub(super) library: &'a Library,
    pub(super) filter: Arc<Filter>,
    pub(super) probes: Vec<Probe<'a>>,
    /// What no gate literal leads to.
    pub(super) slow: SlowLane,
    /// What records of each signature say about the log itself.
    pub(super) signals: Vec<Option<Signal>>,
    /// What records of each signature say of the service that they are about.
    pub(super) turns: Vec<Option<Turn>>,
    /// For each signature those whose failures its records end.
    pub(super) recovers: Vec<Vec<usize>>,
    /// What finds the lines that several logs may have. Made when it is first needed, since a log that is scanned alone
    /// is not compared.
    keyed: OnceLock<Filter>,
    /// For each signature the more generic ones that it drops in its records.
    pub(super) drops: Vec<Vec<usize>>,
    /// A page asks for logs that fall silent.
    pub(super) asks_for_silent_logs: bool,
    /// The CRE rules in it.
    pub(super) rules: cre::Rules,
}

/// Most conditions without a gate literal: each costs time on every line.
const MOST_SLOW: usize = 64;

/// Conditions that require no literal text, so that every line is looked at for them.
#[derive(Debug, Default)]
pub(super) struct SlowLane {
    pub(super) probes: Vec<ProbeId>,
    /// What a line as it was written has if one of them holds on it, if that is known.
    line: Option<Pattern>,
}

impl SlowLane {
    fn new(probes: Vec<ProbeId>, lines: Option<Vec<String>>) -> SlowLane {
        let joined = |lines: Vec<String>| Pattern::new(&any_of(&lines));
        SlowLane {
            line: lines.filter(|lines| !lines.is_empty()).map(joined),
            probes,
        }
    }

    /// Whether the record that has this line is worth reading.
    pub(super) fn wants(&self, line: &[u8]) -> bool {
        let pattern = self.line.as_ref().and_then(Pattern::get);
        pattern.is_none_or(|pattern| pattern.is_match(line) || !beside::is_as_written(line))
    }
}

/// A pattern for one of several.
fn any_of(patterns: &[String]) -> String {
    format!("(?:{})", patterns.join(")|(?:"))
}

impl<'a> Detector<'a> {
    /// Compiles `library`, with the threads of the pool that this is called in.
    pub fn new(library: &'a Library) -> Result<Detector<'a>, Error> {
        // Most of the time goes into syntax trees, each by itself.
        let compiled: Vec<Vec<(Probe<'_>, Option<Gate>)>> = (0..library.signatures().len())
            .into_par_iter()
            .map(|number| compile(library, number))
            .collect();
        let mut probes: Vec<Probe<'_>> = Vec::new();
        let mut slow = Vec::new();
        let mut gates: Vec<Wanted> = requests::gates()
            .map(|literal| Wanted::alone(literal, REQUESTS_PROBE))
            .chain(torn::gates())
            .collect();
        for (probe, gate) in compiled.into_iter().flatten() {
            let id = ProbeId::try_from(probes.len()).map_or(ProbeId::MAX, |number| FIRST_PROBE + number);
            match gate {
                Some(gate) => gates.extend(required::wanted(gate, id)),
                None if slow.len() == MOST_SLOW => {
                    return Err(too_slow(&library.signatures()[probe.signature]));
                }
                None => slow.push(id),
            }
            probes.push(probe);
        }
        let first = ProbeId::try_from(probes.len()).map_or(ProbeId::MAX, |number| FIRST_PROBE + number);
        let rules = cre::Rules::new(library, first);
        gates.extend(rules.wanted());
        let mut detector = Detector {
            keyed: OnceLock::new(),
            library,
            rules,
            filter: Arc::new(Filter::new(gates)),
            probes,
            slow: SlowLane::default(),
            signals: library.signatures().iter().map(Signal::of).collect(),
            turns: library.signatures().iter().map(Turn::of).collect(),
            recovers: recovers(library),
            asks_for_silent_logs: library
                .signatures()
                .iter()
                .any(|signature| signature.condition.silent_log.is_some()),
            drops: drops(library),
        };
        let line = |id: &ProbeId| detector.probe(*id)?.line.clone();
        let lines = slow.iter().map(line).collect();
        detector.slow = SlowLane::new(slow, lines);
        Ok(detector)
    }

    /// How many signatures have a condition that every line is looked at for.
    pub fn slow_signatures(&self) -> usize {
        let slow = self.slow.probes.iter().filter_map(|probe| self.probe(*probe));
        slow.map(|probe| probe.signature).collect::<BTreeSet<_>>().len() + self.rules.slow_rules()
    }

    /// What leads to a closer look.
    pub fn gates(&self) -> Arc<Filter> {
        Arc::clone(&self.filter)
    }

    /// What it was compiled from.
    pub fn library(&self) -> &'a Library {
        self.library
    }

    pub(super) fn keyed(&self) -> &Filter {
        self.keyed.get_or_init(keyed::gates)
    }

    pub(super) fn probe(&self, id: ProbeId) -> Option<&Probe<'a>> {
        self.probes.get(id.checked_sub(FIRST_PROBE)? as usize)
    }

    /// The probes of those hits in a record that are worth reading it. `whole` says whether line ends
    /// stand on both sides of it.
    pub(super) fn worth_reading(&self, raw: &[u8], whole: bool, hits: &[(usize, ProbeId)]) -> Vec<ProbeId> {
        let mut probes: Vec<ProbeId> = hits.iter().map(|(_, probe)| *probe).collect();
        probes.sort_unstable();
        probes.dedup();
        let was_looked_at = whole && raw.len() <= beside::REACH;
        let is_open = |probe: &ProbeId| {
            let probe = self.probe(*probe);
            probe.is_some_and(|probe| !(probe.proven && was_looked_at))
        };
        if probes.iter().any(is_open) && beside::is_as_written(raw) {
            let pattern = |probe: &ProbeId| self.probe(*probe)?.raw()?.get();
            probes.retain(|probe| {
                !is_open(probe) || pattern(probe).is_none_or(|pattern| pattern.is_match(raw))
            });
        }
        probes
    }

    /// Whether the value of one of a record's less usual facts is asked for by one of these probes.
    pub(super) fn ask_for_facts(&self, probes: &[ProbeId]) -> bool {
        let asks = |probe: &ProbeId| self.probe(*probe).is_some_and(|probe| probe.asks_for_facts);
        probes.iter().any(asks)
    }

    pub(super) fn signature(&self, number: usize) -> &'a Signature {
        &self.library.signatures()[number]
    }

    /// Whether the order of a signature's records counts, also where each is found by itself.
    pub(super) fn is_followed(&self, number: usize) -> bool {
        self.signals[number].is_some()
            || !self.recovers[number].is_empty()
            || self.signature(number).recovery.is_some()
    }

    /// Whether a signature is part of what goes wrong, rather than of what goes on.
    pub(super) fn is_trouble(&self, number: usize) -> bool {
        matches!(self.signature(number).role, Role::Cause | Role::Symptom)
    }

    /// Whether a wrapper that holds on a record of a signature, too, says less than that.
    pub(super) fn is_telling(&self, number: usize) -> bool {
        self.is_trouble(number) || self.signature(number).role == Role::Handled
    }

    /// Removes from the signatures that hold on one record those that others explain away.
    pub(super) fn suppress(&self, holding: &mut Vec<(usize, Slot, Caught)>) {
        if holding.len() < 2 {
            return;
        }
        let single = |slot: Slot| slot == Slot::Found;
        let dropped: Vec<usize> = holding
            .iter()
            .filter(|(_, slot, _)| single(*slot))
            .flat_map(|(number, _, _)| self.drops[*number].iter().copied())
            .collect();
        holding.retain(|(number, _, _)| !dropped.contains(number));
        if holding
            .iter()
            .any(|(number, slot, _)| single(*slot) && self.is_telling(*number))
        {
            holding.retain(|(number, _, _)| self.signature(*number).role != Role::Boilerplate);
        }
    }
}

/// The probes of a signature with their gates.
fn compile(library: &Library, number: usize) -> Vec<(Probe<'_>, Option<Gate>)> {
    let signature = &library.signatures()[number];
    if signature.cre.is_some() {
        return Vec::new();
    }
    let keys = over_time::key_of(&signature.condition);
    let keyed = keys.is_some_and(|Keys(names)| names.iter().any(|name| fields::is_fact(name)));
    let probe = |(slot, test)| {
        let gate = required::of_test(test);
        let probe = Probe {
            signature: number,
            slot,
            test,
            matcher: OnceLock::new(),
            asks_for_facts: keyed || fields::asks_for_facts(test),
            proven: gate.as_ref().is_some_and(|gate| is_proven_by(test, gate)),
            raw: OnceLock::new(),
            // Others are found by their gate.
            line: gate
                .is_none()
                .then(|| raw_pattern(test, gate::line_pattern))
                .flatten(),
        };
        (probe, gate)
    };
    slots(&signature.condition).into_iter().map(probe).collect()
}

/// Whether a hit of `gate` in a line that is its record's text says all that [`raw_pattern`] would.
fn is_proven_by(test: &Test, gate: &Gate) -> bool {
    let mut texts = Vec::new();
    let mut gates = gate.literals.iter().zip(&gate.beside);
    is_one_choice(test, &mut texts)
        && gates.all(|(literal, beside)| beside.pattern.is_some() || texts.contains(&literal.as_ref()))
}

/// Whether one text or pattern of several, each by itself, is all that a test asks of the text. The texts are added to `texts`.
fn is_one_choice<'t>(test: &'t Test, texts: &mut Vec<&'t str>) -> bool {
    let text = test.contains.as_ref().map(|text| text.as_ref().as_str());
    let parts =
        usize::from(text.is_some()) + usize::from(test.regex.is_some()) + usize::from(!test.any.is_empty());
    texts.extend(text);
    parts == 1
        && test.all.is_empty()
        && test.fields.is_empty()
        && test.any.iter().all(|test| is_one_choice(test, texts))
}

fn too_slow(signature: &Signature) -> Error {
    Error::Page(Box::new(page_error(
        signature,
        0..0,
        &format!("more than {MOST_SLOW} conditions require no literal text; each is tried on every line"),
        "give this signature a literal of 4 bytes or more that every match contains",
    )))
}

/// The conditions on single records that a signature's condition is made of.
pub(super) fn slots(condition: &Match) -> Vec<(Slot, &Test)> {
    if let Some(sequence) = &condition.sequence {
        let steps = sequence.steps.iter().enumerate();
        let steps = steps.map(|(step, test)| (Slot::Step(step), test));
        let between = sequence.not_between.iter();
        return steps.chain(between.map(|test| (Slot::Between, test))).collect();
    }
    if condition.silent_log.is_some() {
        return Vec::new();
    }
    if let Some(missing) = &condition.missing {
        return vec![(Slot::After, &missing.after), (Slot::Expected, &missing.expect)];
    }
    let over_time = condition.count.is_some() || condition.rate.is_some() || condition.silence.is_some();
    let slot = if over_time { Slot::Counted } else { Slot::Found };
    vec![(slot, &condition.test)]
}

/// Resolves `recovery.by`, from the success to the failures.
fn recovers(library: &Library) -> Vec<Vec<usize>> {
    let mut recovers = vec![Vec::new(); library.signatures().len()];
    for (number, signature) in library.signatures().iter().enumerate() {
        for id in signature.recovery.iter().flat_map(|recovery| &recovery.by) {
            let success = library.signatures().iter().position(|other| other.id == *id);
            if let Some(success) = success.filter(|success| *success != number) {
                recovers[success].push(number);
            }
        }
    }
    recovers
}

/// Resolves `supersedes`, through chains, to numbers.
fn drops(library: &Library) -> Vec<Vec<usize>> {
    let signatures = library.signatures();
    let direct: Vec<Vec<usize>> = signatures
        .iter()
        .enumerate()
        .map(|(own, signature)| {
            let mut named: Vec<usize> = signature
                .supersedes
                .iter()
                .flat_map(|name| library.named(name))
                .collect();
            named.retain(|other| *other != own);
            named.sort_unstable();
            named.dedup();
            named
        })
        .collect();
    (0..signatures.len())
        .map(|own| {
            let mut all = direct[own].clone();
            let mut at = 0;
            while let Some(next) = all.get(at).copied() {
                for further in &direct[next] {
                    if *further != own && !all.contains(further) {
                        all.push(*further);
                    }
                }
                at += 1;
            }
            all
        })
        .collect()
}

/// A pattern that is found in the raw bytes wherever `test` holds, if there is one; `of` gives that of a pattern.
fn raw_pattern(test: &Test, of: fn(&str) -> Option<String>) -> Option<String> {
    let regex = || of(test.regex.as_ref()?.as_ref());
    let contains = || of(&regex::escape(test.contains.as_ref()?.as_ref()));
    let all = || test.all.iter().find_map(|test| raw_pattern(test, of));
    let any = || {
        let each = test.any.iter().map(|test| raw_pattern(test, of));
        let each: Vec<String> = each.collect::<Option<_>>()?;
        (!each.is_empty()).then(|| any_of(&each))
    };
    regex().or_else(contains).or_else(all).or_else(any)
}

/// Why a condition is slow, at its place.
fn slow_error(signature: &Signature, test: &Test) -> PageError {
    page_error(
        signature,
        first_place(test).unwrap_or(0..0),
        "this condition requires no literal text, so it is tried on every line",
        "give it at least one literal of 4 bytes or more that every match contains",
    )
}

/// What the conditions of a signature come to.
#[derive(Debug, Default)]
pub struct Conditions {
    /// The gate of each condition that has one.
    pub gates: Vec<Gate>,
    /// Conditions that have none, and so are tried on every line.
    pub slow: Vec<PageError>,
    /// Names of all captures.
    pub captures: BTreeSet<String>,
}

/// Checks what is otherwise found out only when a record needs it: patterns and globs.
pub fn check(signature: &Signature) -> Result<Conditions, PageError> {
    let mut conditions = Conditions::default();
    if signature.condition.silent_log.is_some() {
        conditions.captures.extend(OF_SILENT_LOG.map(str::to_owned));
    }
    for (_, test) in slots(&signature.condition) {
        check_test(signature, test, &mut conditions.captures)?;
        match required::of_test(test) {
            Some(gate) => conditions.gates.push(gate),
            None => conditions.slow.push(slow_error(signature, test)),
        }
    }
    Ok(conditions)
}

fn check_test(signature: &Signature, test: &Test, captures: &mut BTreeSet<String>) -> Result<(), PageError> {
    if let Some(regex) = &test.regex {
        let names = pattern::check(regex.as_ref()).map_err(|reason| {
            let last = reason.lines().last().unwrap_or_default();
            page_error(
                signature,
                regex.span(),
                &format!(
                    "this pattern cannot be used: {}",
                    last.trim_start_matches("error: ")
                ),
                "in this pattern",
            )
        })?;
        captures.extend(names);
    }
    for glob in test.service.iter().chain(&test.host) {
        NamePattern::of_names(glob.as_ref())
            .map_err(|error| page_error(signature, glob.span(), &error, "in this glob"))?;
    }
    [&test.any, &test.all, &test.not]
        .into_iter()
        .flatten()
        .try_for_each(|test| check_test(signature, test, captures))
}

fn page_error(signature: &Signature, place: Range<usize>, message: &str, label: &str) -> PageError {
    let span = signature.toml_at + place.start..signature.toml_at + place.end;
    PageError::new(&signature.file, &signature.page, span, message, label)
}

fn first_place(test: &Test) -> Option<Range<usize>> {
    test.contains
        .as_ref()
        .or(test.regex.as_ref())
        .map(Spanned::span)
        .or_else(|| test.any.iter().chain(&test.all).find_map(first_place))
}
