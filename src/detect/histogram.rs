//! When something happened, and how often, in a bounded size.
//!
//! In: times. Out: counts by steps of ten seconds (or longer ones, when there are too many), and
//! [`Episode`]s: stretches without a long pause. The result does not depend on the order or
//! grouping in which times are added.

use std::collections::BTreeMap;

/// Most steps that are kept; the step is doubled when there are more.
const MOST_STEPS: usize = 1_024;

/// Shortest step, in nanoseconds.
const SHORTEST: i64 = 10_000_000_000;

/// The same for places, in bytes.
const SHORTEST_PLACE: i64 = 256;

/// A pause longer than this ends an episode, in nanoseconds.
const PAUSE: i64 = 60_000_000_000;

/// In nanoseconds.
const MINUTE: i64 = 60_000_000_000;

/// What happened within one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    count: u64,
    first: i64,
    last: i64,
}

/// A stretch without a long pause. UTC nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// The first time in it.
    pub first: i64,
    /// The last time in it.
    pub last: i64,
    /// How many times it happened.
    pub count: u64,
}

/// Counts by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    width: i64,
    steps: BTreeMap<i64, Step>,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::of_width(SHORTEST)
    }
}

impl Histogram {
    /// One that begins with steps of a second, for short pauses. It is merged with its like only.
    pub fn by_seconds() -> Histogram {
        Histogram::of_width(1_000_000_000)
    }

    /// Of places in a log, in bytes, instead of times.
    pub(super) fn of_places() -> Histogram {
        Histogram::of_width(SHORTEST_PLACE)
    }

    fn of_width(width: i64) -> Histogram {
        Histogram {
            width,
            steps: BTreeMap::new(),
        }
    }

    /// What is at places that become times: `time_of` is given a place.
    pub(super) fn placed(&self, time_of: impl Fn(i64) -> Option<i64>) -> Histogram {
        let mut placed = Histogram::default();
        for step in self.steps.values() {
            let (first, last) = (time_of(step.first), time_of(step.last));
            if let Some((first, last)) = first.zip(last) {
                placed.add_step(Step {
                    count: step.count,
                    first,
                    last,
                });
            }
        }
        placed
    }

    /// Adds one time.
    pub fn add(&mut self, time: i64) {
        self.add_step(Step {
            count: 1,
            first: time,
            last: time,
        });
        self.shrink();
    }

    /// Adds all times of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        self.widen(other.width);
        for step in other.steps.values() {
            self.add_step(*step);
        }
        self.shrink();
    }

    /// The same, moved back by nanoseconds.
    pub(super) fn shifted(&self, by: i64) -> Histogram {
        let mut shifted = Histogram::of_width(self.width);
        for step in self.steps.values() {
            shifted.add_step(Step {
                count: step.count,
                first: step.first.saturating_sub(by),
                last: step.last.saturating_sub(by),
            });
        }
        shifted
    }

    fn add_step(&mut self, step: Step) {
        self.steps
            .entry(step.first.div_euclid(self.width))
            .and_modify(|known| {
                known.count += step.count;
                known.first = known.first.min(step.first);
                known.last = known.last.max(step.last);
            })
            .or_insert(step);
    }

    fn widen(&mut self, width: i64) {
        if width > self.width {
            self.width = width;
            for step in std::mem::take(&mut self.steps).into_values() {
                self.add_step(step);
            }
        }
    }

    fn shrink(&mut self) {
        while self.steps.len() > MOST_STEPS {
            self.widen(self.width.saturating_mul(2));
        }
    }

    /// The longest pause between two steps from `from` to `to`, in nanoseconds.
    pub fn longest_pause(&self, from: i64, to: i64) -> Option<i64> {
        let within = self.steps.values();
        let within: Vec<&Step> = within
            .filter(|step| step.last >= from && step.first <= to)
            .collect();
        let pauses = within.windows(2).map(|pair| pair[1].first - pair[0].last);
        pauses.max()
    }

    /// The last time up to `time`; to a step, where steps are longer than a second.
    pub fn last_until(&self, time: i64) -> Option<i64> {
        let steps = self.steps.values().rev();
        let mut up_to = steps.filter(|step| step.first <= time);
        up_to.next().map(|step| step.last.min(time))
    }

    /// How often before `time`, and what came from then on. A step that holds `time` counts as before.
    pub fn around(&self, time: i64) -> (u64, Episode) {
        let before = self.steps.values().filter(|step| step.first < time);
        let mut since = Episode {
            first: i64::MAX,
            last: i64::MIN,
            count: 0,
        };
        for step in self.steps.values().filter(|step| step.first >= time) {
            since.first = since.first.min(step.first);
            since.last = since.last.max(step.last);
            since.count += step.count;
        }
        (before.map(|step| step.count).sum(), since)
    }

    /// The minute of the clock with the most (of equal ones the first), with its first and last time in it; a step, where
    /// steps are no whole parts of a minute. Nothing if all is within one.
    pub fn peak(&self) -> Option<Episode> {
        let width = if MINUTE % self.width == 0 {
            MINUTE
        } else {
            self.width
        };
        let mut minutes: BTreeMap<i64, Episode> = BTreeMap::new();
        for step in self.steps.values() {
            let minute = minutes.entry(step.first.div_euclid(width)).or_insert(Episode {
                first: step.first,
                last: step.last,
                count: 0,
            });
            minute.count += step.count;
            minute.last = minute.last.max(step.last);
        }
        let all = minutes.len();
        let highest = minutes.into_values().rev().max_by_key(|minute| minute.count);
        highest.filter(|_| all > 1)
    }

    /// Whether [`peak`](Histogram::peak) is one of a minute.
    pub fn by_minutes(&self) -> bool {
        MINUTE % self.width == 0
    }

    /// Stretches without a pause longer than a minute (or than a step), in the order of time.
    pub fn episodes(&self) -> Vec<Episode> {
        let mut episodes: Vec<Episode> = Vec::new();
        let pause = PAUSE.max(self.width);
        for step in self.steps.values() {
            match episodes.last_mut() {
                Some(episode) if step.first - episode.last <= pause => {
                    episode.last = episode.last.max(step.last);
                    episode.count += step.count;
                }
                _ => episodes.push(Episode {
                    first: step.first,
                    last: step.last,
                    count: step.count,
                }),
            }
        }
        episodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pause_ends_an_episode() {
        let mut histogram = Histogram::default();
        for second in [0, 10, 59, 200, 230] {
            histogram.add(second * 1_000_000_000);
        }
        let episodes = histogram.episodes();
        assert_eq!(episodes.len(), 2);
        assert_eq!((episodes[0].count, episodes[1].count), (3, 2));
        assert_eq!(episodes[1].first, 200_000_000_000);
    }

    proptest! {
        #[test]
        fn grouping_does_not_matter(times in prop::collection::vec(0_i64..40_000_000, 0..3_000), cut in 0_usize..3_000) {
            let cut = cut.min(times.len());
            let of = |times: &[i64]| {
                let mut histogram = Histogram::default();
                times.iter().for_each(|second| histogram.add(second * 1_000_000_000));
                histogram
            };
            let mut joined = of(&times[cut..]);
            joined.merge(&of(&times[..cut]));
            prop_assert_eq!(joined, of(&times));
        }
    }
}
