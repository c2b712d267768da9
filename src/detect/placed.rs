//! Undated records that are placed in time by what other logs say about places near them.
//!
//! In: [`Anchor`]s, places of a log whose times are known from elsewhere. Out: the bounds of any stretch of that log. A log
//! grows at its end, so what stands between two anchors was written between them.

use std::collections::BTreeMap;

use crate::record::{Time, TimeQuality};

/// What logs say about each other's times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clocks {
    /// How far the clock of each source is ahead, in nanoseconds.
    pub shifts: Vec<i64>,
    /// Places in sources without times.
    pub places: BTreeMap<usize, Places>,
}

/// Bounds that are further apart tell no order, in nanoseconds.
const WIDEST: i64 = 60_000_000_000;

/// A line whose time another log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Where it begins in its source, in bytes.
    pub offset: u64,
    /// It was written at this time at the earliest, in UTC nanoseconds; `i64::MIN` if that is not known.
    pub from: i64,
    /// It was written at this time at the latest, in UTC nanoseconds.
    pub to: i64,
}

/// The anchors of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// In the order of the source. `from` is the latest of those up to here, `to` the earliest from here on.
    anchors: Vec<Anchor>,
}

impl Places {
    /// Of these anchors, in any order.
    pub fn new(mut anchors: Vec<Anchor>) -> Places {
        anchors.sort_by_key(|anchor| (anchor.offset, anchor.from, anchor.to));
        let mut from = i64::MIN;
        for anchor in &mut anchors {
            from = from.max(anchor.from);
            anchor.from = from;
        }
        let mut to = i64::MAX;
        for anchor in anchors.iter_mut().rev() {
            to = to.min(anchor.to);
            anchor.to = to;
        }
        Places { anchors }
    }

    /// Whether anything between two anchors can be placed.
    pub fn tell(&self) -> bool {
        let near = |two: &[Anchor]| two[0].from > i64::MIN && two[1].to.saturating_sub(two[0].from) <= WIDEST;
        self.anchors.windows(2).any(near)
    }

    /// When the bytes from `start` up to `end` were written, if that is known to the minute.
    pub fn time(&self, start: u64, end: u64) -> Time {
        let above = self.anchors.partition_point(|anchor| anchor.offset < end);
        let below = self.anchors.partition_point(|anchor| anchor.offset < start);
        let from = above.checked_sub(1).map(|above| self.anchors[above].from);
        let from = from.filter(|from| *from > i64::MIN);
        let to = self.anchors.get(below).map(|anchor| anchor.to);
        let near = from
            .zip(to)
            .filter(|(from, to)| to.saturating_sub(*from) <= WIDEST);
        match near {
            // What is written at the same time may stand in any order.
            Some((one, other)) => Time {
                at: Some(one.min(other)),
                until: Some(one.max(other)),
                quality: TimeQuality::Paired,
            },
            None => Time {
                at: None,
                until: None,
                quality: TimeQuality::Unknown,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_lies_between_the_anchors_round_it() {
        let anchor = |offset, from, to| Anchor { offset, from, to };
        let places = Places::new(vec![
            anchor(500, 50, 53),
            anchor(100, 10, 13),
            anchor(300, 30, 33),
        ]);
        let time = |start, end| {
            let time = places.time(start, end);
            (time.at, time.until, time.quality)
        };
        assert_eq!(time(200, 250), (Some(10), Some(33), TimeQuality::Paired));
        // The anchor's own record, however long it is.
        assert_eq!(time(300, 450), (Some(30), Some(33), TimeQuality::Paired));
        assert_eq!(time(290, 450), (Some(30), Some(33), TimeQuality::Paired));
        for (start, end) in [(0, 50), (600, 700)] {
            assert_eq!(time(start, end), (None, None, TimeQuality::Unknown));
        }
        assert_eq!(Places::default().time(0, 9).quality, TimeQuality::Unknown);
        let wide = Places::new(vec![anchor(100, 0, 3), anchor(900, WIDEST, WIDEST + 3)]);
        assert_eq!(wide.time(200, 300).quality, TimeQuality::Unknown);
        assert_eq!(wide.time(100, 300).quality, TimeQuality::Paired);
    }
}
