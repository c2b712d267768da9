//! How often something happened in each minute, in a bounded size.
//!
//! In: times, or counts with their times. Out: exact counts by minutes (or by longer steps, when there are too many). The
//! result does not depend on the order or grouping in which they are added.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Most steps that are kept (half a day of minutes without a pause); the step is doubled when there are more.
const MOST_STEPS: usize = 720;

/// A minute, in nanoseconds.
pub(super) const MINUTE: i64 = 60_000_000_000;

/// Counts by minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minutes<C = u64> {
    /// Minutes in a step.
    width: i64,
    /// Number of a step since 1970 to its count.
    steps: BTreeMap<i64, C>,
    /// Nanoseconds by which the clock was ahead that made the minutes. Steps stay those of that clock.
    ahead: i64,
}

impl<C> Default for Minutes<C> {
    fn default() -> Minutes<C> {
        Minutes {
            width: 1,
            steps: BTreeMap::new(),
            ahead: 0,
        }
    }
}

impl<C: Default + for<'a> AddAssign<&'a C>> Minutes<C> {
    /// Adds what happened at one time, in UTC nanoseconds.
    pub fn add(&mut self, time: i64, count: &C) {
        let step = time.div_euclid(MINUTE).div_euclid(self.width);
        *self.steps.entry(step).or_default() += count;
        self.shrink();
    }

    /// Adds all times of another, which has not been moved (nor this one).
    pub fn merge(&mut self, other: &Minutes<C>) {
        while self.width < other.width {
            self.double();
        }
        let factor = self.width / other.width;
        for (step, count) in &other.steps {
            *self.steps.entry(step.div_euclid(factor)).or_default() += count;
        }
        self.shrink();
    }

    /// Moves all steps back, by nanoseconds: what was counted together stays together.
    pub(super) fn shift(&mut self, by: i64) {
        self.ahead = self.ahead.saturating_add(by);
    }

    fn shrink(&mut self) {
        while self.steps.len() > MOST_STEPS {
            self.double();
        }
    }

    fn double(&mut self) {
        self.width *= 2;
        for (step, count) in std::mem::take(&mut self.steps) {
            *self.steps.entry(step.div_euclid(2)).or_default() += &count;
        }
    }

    /// Length of a step, in minutes.
    pub fn width(&self) -> u64 {
        self.width.unsigned_abs()
    }

    /// Length of a step, in nanoseconds.
    pub fn step(&self) -> i64 {
        self.width.saturating_mul(MINUTE)
    }

    /// The steps in which something happened, in the order of time: when each begins (UTC nanoseconds), and its count.
    pub fn steps(&self) -> impl Iterator<Item = (i64, &C)> {
        let begin = |step: &i64| step.saturating_mul(self.step()).saturating_sub(self.ahead);
        self.steps.iter().map(move |(step, count)| (begin(step), count))
    }

    /// The step with the highest count, the first of several.
    pub fn peak_by(&self, height: impl Fn(&C) -> u64) -> Option<(i64, &C)> {
        self.steps()
            .max_by_key(|(begin, count)| (height(count), std::cmp::Reverse(*begin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_of_equal_minutes_is_the_peak() {
        let mut minutes = Minutes::default();
        for second in [59, 60, 119, 180, 239] {
            minutes.add(second * 1_000_000_000, &1_u64);
        }
        assert_eq!(minutes.peak_by(|count| *count), Some((MINUTE, &2)));
        assert_eq!(minutes.steps().map(|(_, count)| count).sum::<u64>(), 5);
        minutes.shift(1_500_000_000);
        assert_eq!(
            minutes.steps().next(),
            Some((-1_500_000_000, &1)),
            "a minute of a clock that was ahead stays one"
        );
    }

    proptest! {
        #[test]
        fn grouping_does_not_matter(times in prop::collection::vec(-400_000_i64..400_000, 0..3_000), cut in 0_usize..3_000) {
            let cut = cut.min(times.len());
            let of = |times: &[i64]| {
                let mut minutes = Minutes::default();
                times.iter().for_each(|second| minutes.add(second * 1_000_000_000, &1_u64));
                minutes
            };
            let mut joined = of(&times[cut..]);
            joined.merge(&of(&times[..cut]));
            prop_assert_eq!(joined, of(&times));
        }
    }
}
