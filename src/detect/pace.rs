//! When a log was written, as far as sampled.
//!
//! In: the times of some of its lines. Out: its pauses, and whether it went on in a stretch of time, for what is concluded from
//! silence.

use super::over_time::LogTimes;

/// Times of some lines of a log, in their order in it.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// Number of the source with which the log began.
    pub began: usize,
    /// Number of its last source: another one only if the log was rotated.
    pub last: usize,
    /// UTC nanoseconds: of its first and last dated line, and of lines at fixed places between them.
    pub times: Vec<i64>,
    /// Something of it was lost, or not read.
    pub lost: bool,
    /// Whether its first and its last dated line are among these.
    pub(super) ends: (bool, bool),
}

impl Pace {
    /// What conditions over time were told of the log.
    pub(super) fn log_times(&self) -> LogTimes<'_> {
        let (first, last) = self.ends;
        let inner = usize::from(first)..self.times.len() - usize::from(last);
        LogTimes {
            first: self.times.first().copied().filter(|_| first),
            last: self.times.last().copied().filter(|_| last),
            samples: &self.times[inner],
        }
    }

    /// The pauses between its times, in nanoseconds; nothing if they are not in order.
    pub fn pauses(&self) -> Option<Vec<i64>> {
        let pairs = self.times.windows(2);
        let pauses = pairs.map(|pair| pair[1].saturating_sub(pair[0]));
        pauses.map(|pause| (pause >= 0).then_some(pause)).collect()
    }

    /// Whether it was written in each third of the time from `from` to `until`.
    pub fn goes_on(&self, from: i64, until: i64) -> bool {
        let third = until.saturating_sub(from) / 3;
        third > 0
            && (0..3).all(|part| {
                let start = from + part * third;
                let within = |time: &i64| (start..=start + third + 2).contains(time);
                self.times.iter().any(within)
            })
    }
}
