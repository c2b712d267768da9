//! Rules with a condition over time, on one log after the other.
//!
//! In: the [`Event`]s of a log in their order. Out: the occurrences for which a rule's condition came true. Events that are
//! out of order are put in order first, as far as they wait. Rules with nested conditions, whose parts
//! may be in different logs, are decided when all logs have been read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::machine::{Found, Item, Machine};
use super::{Event, Plan, Rules, Wants};
use crate::detect::tally::Occurrence;

/// Events of a rule that wait to be put in order.
const WAITING: usize = 1024;

/// Most keys that a rule with correlations follows at a time in one log.
const MOST_KEYS: usize = 1000;

/// Most events of a rule with nested conditions.
const MOST_NESTED: usize = 100_000;

/// An entry that satisfies terms.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) at: i64,
    /// Number of the log.
    log: usize,
    pub(super) terms: Vec<usize>,
    values: BTreeMap<String, String>,
    /// Taken when it is part of a match for the first time: a record is counted once.
    pub(super) occurrence: RefCell<Option<Occurrence>>,
}

impl Seen {
    /// An entry of log `log`, for the condition `plan`.
    pub(super) fn new(event: Event, log: usize, plan: &Plan) -> Seen {
        // Other logs may state other zones.
        let known = event.occurrence.sighting.time.at.filter(|_| plan.is_nested());
        Seen {
            at: known.unwrap_or(event.at),
            log,
            terms: event.terms,
            values: event.values,
            occurrence: RefCell::new(Some(event.occurrence)),
        }
    }

    /// Its values for these names; nothing if it lacks one.
    fn key(&self, names: &[String]) -> Option<Vec<String>> {
        names.iter().map(|name| self.values.get(name).cloned()).collect()
    }
}

/// The entries of a match.
pub(super) type Group = Vec<Rc<Seen>>;

/// All rules with a condition over time.
#[derive(Debug, Default)]
pub(in crate::detect) struct Logs<'r> {
    /// Of the log that is read, the rules that have seen an event in it.
    open: BTreeMap<usize, Log<'r>>,
    /// Events of rules with nested conditions, by rule.
    nested: BTreeMap<usize, Vec<Rc<Seen>>>,
    /// Number of the log that is read.
    log: usize,
    /// Events that came too late to be put in order, or were too many.
    left_out: u64,
}

impl<'r> Logs<'r> {
    /// Takes the next event of the log that is read.
    pub(in crate::detect) fn take(
        &mut self,
        rules: &'r Rules,
        event: Event,
        fired: &mut Vec<(usize, Occurrence)>,
    ) {
        let rule = event.rule;
        let plan = &rules.program(rule).condition;
        let seen = Seen::new(event, self.log, plan);
        if plan.is_nested() {
            let events = self.nested.entry(rule).or_default();
            if events.len() < MOST_NESTED {
                events.push(Rc::new(seen));
            } else {
                self.left_out += 1;
            }
            return;
        }
        let log = self.open.entry(rule).or_insert_with(|| Log::new(plan));
        let mut groups = Vec::new();
        self.left_out += u64::from(!log.take(Rc::new(seen), &mut groups));
        add(rule, groups, fired);
    }

    /// The log that was read has ended.
    pub(in crate::detect) fn end_log(&mut self, fired: &mut Vec<(usize, Occurrence)>) {
        for (rule, log) in std::mem::take(&mut self.open) {
            let mut groups = Vec::new();
            log.end(&mut groups);
            add(rule, groups, fired);
        }
        self.log += 1;
    }

    /// Moves the times of what waits for other logs back by the shift of its source, in nanoseconds.
    pub(in crate::detect) fn shift(&mut self, shifts: &[i64]) {
        for seen in self.nested.values_mut().flatten().filter_map(Rc::get_mut) {
            if let Some(occurrence) = seen.occurrence.get_mut() {
                let by = shifts.get(occurrence.sighting.source).copied().unwrap_or(0);
                occurrence.shift(by);
                seen.at = seen.at.saturating_sub(by);
            }
        }
    }

    /// All logs have ended.
    pub(in crate::detect) fn end(&mut self, rules: &Rules, fired: &mut Vec<(usize, Occurrence)>) {
        for (rule, mut events) in std::mem::take(&mut self.nested) {
            // Sources are numbered in their order, so this order depends on nothing else.
            events.sort_by_key(|seen| seen.at);
            add(rule, matches(&rules.program(rule).condition, &events), fired);
        }
    }

    /// How many events no rule over time could use.
    pub(in crate::detect) fn left_out(&self) -> u64 {
        self.left_out
    }
}

fn add(rule: usize, groups: Vec<Group>, fired: &mut Vec<(usize, Occurrence)>) {
    let occurrences = groups.iter().flatten().filter_map(|seen| seen.occurrence.take());
    fired.extend(occurrences.map(|occurrence| (rule, occurrence)));
}

/// One rule without nested conditions in one log.
#[derive(Debug)]
struct Log<'p> {
    waiting: BTreeMap<(i64, u64), Rc<Seen>>,
    taken: u64,
    /// The time of the last event that no longer waits.
    passed: i64,
    machines: Machines<'p>,
}

impl<'p> Log<'p> {
    fn new(plan: &'p Plan) -> Log<'p> {
        Log {
            waiting: BTreeMap::new(),
            taken: 0,
            passed: i64::MIN,
            machines: Machines::new(plan),
        }
    }

    /// Returns false if the event comes too late.
    fn take(&mut self, seen: Rc<Seen>, groups: &mut Vec<Group>) -> bool {
        if seen.at < self.passed {
            return false;
        }
        self.waiting.insert((seen.at, self.taken), seen);
        self.taken += 1;
        if self.waiting.len() > WAITING
            && let Some(((at, _), first)) = self.waiting.pop_first()
        {
            self.passed = at;
            self.machines.take_entry(&first, groups);
        }
        true
    }

    fn end(mut self, groups: &mut Vec<Group>) {
        for seen in std::mem::take(&mut self.waiting).into_values() {
            self.machines.take_entry(&seen, groups);
        }
        self.machines.end(groups);
    }
}

/// The machines of one condition, one for each key.
#[derive(Debug)]
struct Machines<'p> {
    plan: &'p Plan,
    by_key: BTreeMap<Vec<String>, Machine<'p, Group>>,
    order: u64,
}

impl<'p> Machines<'p> {
    fn new(plan: &'p Plan) -> Machines<'p> {
        Machines {
            plan,
            by_key: BTreeMap::new(),
            order: 0,
        }
    }

    /// Takes an entry for the slots and negated terms that it satisfies.
    fn take_entry(&mut self, seen: &Rc<Seen>, groups: &mut Vec<Group>) {
        let slots = self.plan.slots.iter().enumerate();
        let slots: Vec<usize> = slots
            .filter(|(_, slot)| matches!(slot.what, Wants::Term(term) if seen.terms.contains(&term)))
            .map(|(number, _)| number)
            .collect();
        let negates = self.plan.negates.iter().enumerate();
        let negates: Vec<usize> = negates
            .filter(|(_, negate)| seen.terms.contains(&negate.term))
            .map(|(number, _)| number)
            .collect();
        if !slots.is_empty() || !negates.is_empty() {
            self.take(seen.at, vec![Rc::clone(seen)], &slots, &negates, groups);
        }
    }

    fn take(&mut self, at: i64, group: Group, slots: &[usize], negates: &[usize], groups: &mut Vec<Group>) {
        // What lacks a value belongs to nothing.
        let Some(key) = group.first().and_then(|seen| seen.key(&self.plan.correlations)) else {
            return;
        };
        if !self.by_key.contains_key(&key) && self.by_key.len() >= MOST_KEYS {
            self.by_key.pop_first();
        }
        let machine = self.by_key.entry(key).or_insert_with(|| Machine::new(self.plan));
        let item = Item {
            at,
            order: self.order,
            what: Rc::new(group),
        };
        self.order += 1;
        let mut found = Vec::new();
        machine.take(&item, slots, negates, &mut found);
        groups.extend(found.iter().map(joined));
    }

    fn end(mut self, groups: &mut Vec<Group>) {
        for machine in self.by_key.values_mut() {
            let mut found = Vec::new();
            machine.end(&mut found);
            groups.extend(found.iter().map(joined));
        }
    }
}

fn joined(found: &Found<Group>) -> Group {
    found.iter().flat_map(|item| item.what.iter().cloned()).collect()
}

/// The matches of a condition in `events`, which are in the order of time. A nested condition comes true with its
/// last entry, and one without nested ones within one log.
pub(super) fn matches(plan: &Plan, events: &[Rc<Seen>]) -> Vec<Group> {
    let mut groups = Vec::new();
    if !plan.is_nested() {
        let mut logs: BTreeMap<usize, Machines<'_>> = BTreeMap::new();
        for seen in events {
            let machines = logs.entry(seen.log).or_insert_with(|| Machines::new(plan));
            machines.take_entry(seen, &mut groups);
        }
        logs.into_values().for_each(|machines| machines.end(&mut groups));
        return groups;
    }
    /// What comes next: an entry, or the match of a nested condition in a slot.
    enum Next {
        Entry(Rc<Seen>),
        Match(usize, Group),
    }
    let mut all: Vec<(i64, Next)> = events
        .iter()
        .map(|seen| (seen.at, Next::Entry(Rc::clone(seen))))
        .collect();
    for (number, slot) in plan.slots.iter().enumerate() {
        let Wants::Nested(nested) = &slot.what else {
            continue;
        };
        for group in matches(nested, events) {
            let last = group.iter().map(|seen| seen.at).max().unwrap_or_default();
            all.push((last, Next::Match(number, group)));
        }
    }
    all.sort_by_key(|(at, _)| *at);
    let mut machines = Machines::new(plan);
    for (at, next) in all {
        match next {
            Next::Entry(seen) => machines.take_entry(&seen, &mut groups),
            Next::Match(slot, group) => machines.take(at, group, &[slot], &[], &mut groups),
        }
    }
    machines.end(&mut groups);
    groups
}
