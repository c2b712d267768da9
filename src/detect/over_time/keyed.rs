//! States by key, so many and no more.

use std::collections::BTreeMap;

/// Most keys that one condition follows at a time.
pub(super) const MOST_KEYS: usize = 10_000;

/// States by key. When there are too many, the one that began first gives way.
#[derive(Debug)]
pub(super) struct Keyed<T> {
    by_key: BTreeMap<String, (u64, T)>,
    by_age: BTreeMap<u64, String>,
    next: u64,
    /// With so many keys it is worth looking for those that can be forgotten.
    expire_at: usize,
}

impl<T> Default for Keyed<T> {
    fn default() -> Keyed<T> {
        Keyed {
            by_key: BTreeMap::new(),
            by_age: BTreeMap::new(),
            next: 0,
            expire_at: 0,
        }
    }
}

impl<T: Default> Keyed<T> {
    /// The state of `key`, a new one if need be, and the state that gave way to it.
    pub(super) fn entry(&mut self, key: &str) -> (&mut T, Option<T>) {
        let mut gone = None;
        if !self.by_key.contains_key(key) {
            if self.by_key.len() >= MOST_KEYS
                && let Some((_, oldest)) = self.by_age.pop_first()
            {
                gone = self.by_key.remove(&oldest).map(|(_, state)| state);
            }
            self.by_age.insert(self.next, key.to_owned());
        }
        let number = self.next;
        let (own, state) = self
            .by_key
            .entry(key.to_owned())
            .or_insert_with(|| (number, T::default()));
        if *own == number {
            self.next += 1;
        }
        (state, gone)
    }
}

/// So many keys are followed before any is forgotten for its age.
const FEW_KEYS: usize = 1_000;

impl<T> Keyed<T> {
    /// Forgets keys whose state can no longer matter, if there are many; so the costs are shared by those who make many.
    pub(super) fn expire(&mut self, matters: impl Fn(&T) -> bool) {
        if self.by_key.len() < self.expire_at.max(FEW_KEYS) {
            return;
        }
        self.by_key.retain(|_, (_, state)| matters(state));
        let by_key = &self.by_key;
        self.by_age.retain(|_, key| by_key.contains_key(key));
        self.expire_at = 2 * self.by_key.len();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.by_key.get_mut(key).map(|(_, state)| state)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<T> {
        let (age, state) = self.by_key.remove(key)?;
        self.by_age.remove(&age);
        Some(state)
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.by_key.keys().cloned().collect()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.by_key.values_mut().map(|(_, state)| state)
    }

    /// The states in the order of their keys.
    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.by_key.into_values().map(|(_, state)| state)
    }
}
