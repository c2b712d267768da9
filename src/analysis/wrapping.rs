//! Wrappers, and the failures that they only pass on.
//!
//! In: findings. Out: [`Wrap`]s: for a wrapper (a page with the role `boilerplate` or the tag `wrapper`) the specific failure
//! that its records point to, where the process, the unit or the order in one log confirms it.

use super::keys::service_name;
use super::{Analysis, Found};
use crate::detect::tally::Occurrence;
use crate::signature::Role;

/// What a wrapper passes on was logged at most so long before, in nanoseconds.
const BEFORE: i64 = 60_000_000_000;

/// The same within one log, for a wrapper that only says how a step ended.
const BEFORE_STEP: i64 = 600_000_000_000;

/// How far behind the wrapper it may be dated: some logs are written in whole seconds.
const BEHIND: i64 = 2_000_000_000;

/// In a log without times it stands at most so many lines above.
const LINES: u64 = 200;

/// Most failures that one wrapper points to.
const MOST: usize = 3;

/// A wrapper and what it wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap {
    /// The wrapper, a number in [`Analysis::found`].
    pub wrapper: usize,
    /// What it wraps.
    pub wrapped: usize,
    /// What both name: `pid 42`, `service api`; nothing where the order in one log says it.
    pub shared: Option<String>,
    /// How long before, in nanoseconds, if both are dated.
    pub before: Option<i64>,
}

/// How strongly a record stands for a wrapper's; the least comes first.
type Claim = (u8, bool, u64);

/// What each wrapper points to, in the order of the wrappers.
pub fn wraps(analysis: &Analysis<'_>) -> Vec<Wrap> {
    let found = &analysis.found;
    let mut wraps: Vec<Wrap> = Vec::new();
    let wrappers = (0..found.len()).filter(|number| is_wrapper(&found[*number]));
    for wrapper in wrappers {
        let from = wraps.len();
        for record in found[wrapper].kept() {
            let claims = (0..found.len())
                .filter(|other| {
                    let other = &found[*other];
                    other.is_trouble() && !is_wrapper(other) && !brings_about(&found[wrapper], other)
                })
                .filter(|other| {
                    found[*other].system == found[wrapper].system || found[wrapper].role == Role::Boilerplate
                })
                .flat_map(|other| found[other].kept().into_iter().map(move |one| (other, one)))
                .filter_map(|(other, one)| claim(&found[wrapper], record, other, &found[other], one));
            let Some((_, wrap)) = claims.min_by_key(|(claim, wrap)| (*claim, wrap.wrapped)) else {
                continue;
            };
            let known = wraps[from..].iter().any(|other| other.wrapped == wrap.wrapped);
            if !known && wraps.len() - from < MOST {
                wraps.push(Wrap { wrapper, ..wrap });
            }
        }
    }
    wraps
}

/// Whether the end that the wrapper tells of may bring the other about: that follows from it.
fn brings_about(wrapper: &Found<'_>, other: &Found<'_>) -> bool {
    let mut effects = wrapper.signature.leads_to.iter();
    effects.any(|effect| effect.to.matches(&other.signature.id))
}

fn is_wrapper(found: &Found<'_>) -> bool {
    found.role == Role::Boilerplate || found.signature.tags.iter().any(|tag| tag == "wrapper")
}

/// What speaks for `one` as that which the wrapper's `record` passes on.
fn claim(
    wrapper: &Found<'_>,
    record: &Occurrence,
    other: usize,
    found: &Found<'_>,
    one: &Occurrence,
) -> Option<(Claim, Wrap)> {
    let (own, its) = (&record.sighting, &one.sighting);
    let one_log = own.source == its.source;
    if one_log && its.offset > own.offset {
        return None;
    }
    let before = own
        .time
        .at
        .zip(its.time.at)
        .map(|(own, its)| own.saturating_sub(its));
    let lines = own.line.saturating_sub(its.line);
    let within = |most: i64| match before {
        Some(before) => (-BEHIND..=most).contains(&before),
        None => one_log && lines <= LINES,
    };
    let unit = record.about.as_deref().map(service_name);
    let its_unit = one.about.as_deref().or(one.service.as_deref()).map(service_name);
    let pid = captured(record, "pid").filter(|pid| names_process(one, pid));
    let (rank, shared) = if let Some(pid) = pid.filter(|_| within(BEFORE_STEP)) {
        (0, Some(format!("pid {pid}")))
    } else if let Some(unit) = unit.filter(|unit| its_unit == Some(unit) && within(BEFORE)) {
        (1, Some(format!("service {unit}")))
    } else {
        let step = wrapper.role == Role::Boilerplate;
        let stranger = unit.is_some() && its_unit.is_some();
        let above = one_log && !stranger && within(if step { BEFORE_STEP } else { BEFORE });
        above.then_some((2, None))?
    };
    let distance = match (one_log, before) {
        (true, _) => lines,
        (false, Some(before)) => before.unsigned_abs(),
        (false, None) => u64::MAX,
    };
    let claim = (rank, found.role != Role::Cause, distance);
    let wrap = Wrap {
        wrapper: 0,
        wrapped: other,
        shared,
        before,
    };
    Some((claim, wrap))
}

fn captured<'o>(record: &'o Occurrence, name: &str) -> Option<&'o str> {
    let caught = record.captures.iter().find(|(known, _)| known == name);
    caught.map(|(_, value)| value.as_str())
}

/// Whether a record was written by this process, or is about it.
fn names_process(one: &Occurrence, pid: &str) -> bool {
    let writes = one.keys.iter().any(|key| key.strip_prefix("pid ") == Some(pid));
    writes || captured(one, "pid") == Some(pid)
}
