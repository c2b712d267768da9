//! What came when: one set or sequence on its entries in the order of time.
//!
//! In: items (entries, or matches of a nested condition) with the slots and negated terms that each satisfies. Out: the
//! matches. Windows and forbidden times include both ends.
//!
//! A match takes the oldest items that fit; what is left over waits for the next one. A match with negated terms is
//! decided when no further item can rule it out.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Kind, Negate, Plan};

/// Most items that wait in one slot.
const MOST_WAITING: usize = 10_000;

/// Something that satisfies a slot.
#[derive(Debug)]
pub(super) struct Item<T> {
    /// When, in nanoseconds.
    pub(super) at: i64,
    /// Its number in the order in which items came.
    pub(super) order: u64,
    pub(super) what: Rc<T>,
}

impl<T> Item<T> {
    /// Items of the same time keep the order in which they came.
    fn key(&self) -> (i64, u64) {
        (self.at, self.order)
    }
}

impl<T> Clone for Item<T> {
    fn clone(&self) -> Item<T> {
        Item {
            at: self.at,
            order: self.order,
            what: Rc::clone(&self.what),
        }
    }
}

/// The state of one condition.
#[derive(Debug)]
pub(super) struct Machine<'p, T> {
    plan: &'p Plan,
    slots: Vec<VecDeque<Item<T>>>,
    /// Of a sequence, how many slots from the first on have what they need.
    filled: usize,
    /// For each negated term when it came.
    negated: Vec<VecDeque<i64>>,
}

/// A match: of each slot what it needs, in their order.
pub(super) type Found<T> = Vec<Item<T>>;

impl<'p, T> Machine<'p, T> {
    pub(super) fn new(plan: &'p Plan) -> Machine<'p, T> {
        Machine {
            plan,
            slots: plan.slots.iter().map(|_| VecDeque::new()).collect(),
            filled: 0,
            negated: plan.negates.iter().map(|_| VecDeque::new()).collect(),
        }
    }

    /// Takes the next item; `slots` and `negates` are the numbers of those that it satisfies.
    pub(super) fn take(
        &mut self,
        item: &Item<T>,
        slots: &[usize],
        negates: &[usize],
        found: &mut Vec<Found<T>>,
    ) {
        // What waited for longer than the forbidden time is decided before anything becomes too old.
        self.decide(item.at, found);
        self.forget(item.at);
        match self.plan.kind {
            Kind::Set => slots.iter().for_each(|slot| self.push(*slot, item)),
            Kind::Sequence => self.advance(item, slots),
        }
        let earlier = self.plan.negates.iter().any(|negate| negate.slide < 0);
        if earlier || self.slots.iter().any(|slot| !slot.is_empty()) {
            for negate in negates {
                self.negated[*negate].push_back(item.at);
            }
        }
        self.decide(item.at, found);
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self, found: &mut Vec<Found<T>>) {
        self.decide(i64::MAX, found);
    }

    fn push(&mut self, slot: usize, item: &Item<T>) {
        let slot = &mut self.slots[slot];
        if slot.len() == MOST_WAITING {
            slot.pop_front();
        }
        slot.push_back(item.clone());
    }

    /// An item goes one step further at most, and may replace what filled an earlier slot.
    fn advance(&mut self, item: &Item<T>, slots: &[usize]) {
        let filled = self.filled;
        for slot in slots.iter().filter(|slot| **slot < filled) {
            self.push(*slot, item);
        }
        if slots.contains(&filled) {
            self.push(filled, item);
            if self.slots[filled].len() >= self.plan.slots[filled].need {
                self.filled += 1;
            }
        }
    }

    /// Drops what no match can have any more.
    fn forget(&mut self, now: i64) {
        let window = self.plan.window;
        let longest = |negate: &Negate| window + negate.window + negate.slide;
        let keep = self.plan.negates.iter().map(longest).fold(window, i64::max);
        let oldest = now.saturating_sub(keep);
        let kept = match self.plan.kind {
            Kind::Set => self.slots.len(),
            Kind::Sequence => 1,
        };
        for slot in &mut self.slots[..kept] {
            while slot.front().is_some_and(|item| item.at < oldest) {
                slot.pop_front();
            }
        }
        self.repair();
        let slide = self
            .plan
            .negates
            .iter()
            .map(|negate| negate.slide)
            .fold(0, i64::min);
        for negated in &mut self.negated {
            while negated
                .front()
                .is_some_and(|at| *at < oldest.saturating_add(slide))
                || negated.len() > MOST_WAITING
            {
                negated.pop_front();
            }
        }
    }

    /// Of a sequence: drops what is not behind what it must be behind, and counts the slots that are filled.
    fn repair(&mut self) {
        if self.plan.kind == Kind::Set {
            return;
        }
        self.filled = 0;
        let mut behind = None;
        let mut open = true;
        for (slot, plan) in self.slots.iter_mut().zip(&self.plan.slots) {
            if !open {
                slot.clear();
                continue;
            }
            while behind.is_some_and(|behind| slot.front().is_some_and(|item| item.key() <= behind)) {
                slot.pop_front();
            }
            match slot.get(plan.need - 1) {
                Some(last) => {
                    behind = Some(last.key());
                    self.filled += 1;
                }
                None => open = false,
            }
        }
    }

    /// Finds the matches for which everything up to `now`, which is not over, decides.
    fn decide(&mut self, now: i64, found: &mut Vec<Found<T>>) {
        while let Some(chosen) = self.oldest() {
            let mut in_time: Vec<usize> = (0..chosen.len()).collect();
            in_time.sort_by_key(|at| chosen[*at].1.key());
            let at = |position: usize| chosen[in_time[position]].1.at;
            let (first, last) = (at(0), at(chosen.len() - 1));
            if last - first > self.plan.window {
                self.drop_item(chosen[in_time[0]].0, chosen[in_time[0]].1.order);
                continue;
            }
            match self.verdict(first, last, now, |anchor| at(anchor.min(chosen.len() - 1))) {
                Verdict::Open => return,
                Verdict::RuledOut(anchor) => {
                    let (slot, item) = &chosen[in_time[anchor.min(chosen.len() - 1)]];
                    self.drop_item(*slot, item.order);
                }
                Verdict::Match => {
                    for (slot, plan) in self.slots.iter_mut().zip(&self.plan.slots) {
                        slot.drain(..plan.need);
                    }
                    self.repair();
                    found.push(chosen.into_iter().map(|(_, item)| item).collect());
                }
            }
        }
    }

    /// Of each slot as many of the oldest items as it needs, with the slot's number; nothing if one has too few.
    fn oldest(&self) -> Option<Vec<(usize, Item<T>)>> {
        let full = |(slot, plan): (&VecDeque<Item<T>>, &super::Slot)| slot.len() >= plan.need;
        if !self.slots.iter().zip(&self.plan.slots).all(full) {
            return None;
        }
        let needed = self.slots.iter().zip(&self.plan.slots).enumerate();
        let items = needed.flat_map(|(number, (slot, plan))| {
            slot.iter()
                .take(plan.need)
                .map(move |item| (number, item.clone()))
        });
        Some(items.collect())
    }

    fn verdict(&self, first: i64, last: i64, now: i64, anchor_at: impl Fn(usize) -> i64) -> Verdict {
        let mut open = false;
        for (negate, came) in self.plan.negates.iter().zip(&self.negated) {
            let length = negate.window + if negate.absolute { 0 } else { last - first };
            let start = anchor_at(negate.anchor).saturating_add(negate.slide);
            let stop = start.saturating_add(length.max(0));
            if came.iter().any(|at| (start..=stop).contains(at)) {
                return Verdict::RuledOut(negate.anchor);
            }
            open |= stop >= now;
        }
        if open { Verdict::Open } else { Verdict::Match }
    }

    fn drop_item(&mut self, slot: usize, order: u64) {
        let slot = &mut self.slots[slot];
        if let Some(at) = slot.iter().position(|item| item.order == order) {
            slot.remove(at);
        }
        self.repair();
    }
}

enum Verdict {
    Match,
    /// A negated term came; the match's item of this number, in the order of time, is dropped.
    RuledOut(usize),
    /// One may still come.
    Open,
}
