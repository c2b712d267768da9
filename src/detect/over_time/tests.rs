//! Properties of conditions over time that hold for any events.

use super::*;
use crate::record::Time;
use crate::record::time::SECOND;
use crate::signature::condition::Match;
use proptest::prelude::*;

/// An event of a signature: which slot, which key, which log, at which second, and its place in the log.
fn event(slot: Slot, key: &str, log: usize, second: i64, offset: u64) -> Event {
    Event {
        subject: Subject::of(0, false),
        slot,
        key: Some(key.to_owned()),
        log,
        occurrence: Occurrence {
            sighting: Sighting {
                time: Time {
                    at: Some(second * SECOND),
                    until: None,
                    quality: TimeQuality::Written,
                },
                source: log,
                offset,
                line: offset + 1,
            },
            bytes: 1,
            digest: crate::digest::Digest::default(),
            matched_line: offset + 1,
            level: None,
            service: None,
            host: None,
            about: None,
            captures: Vec::new(),
            keys: Vec::new(),
            column: None,
            excerpt: Vec::new(),
        },
    }
}

/// Log and offset.
type Spot = (usize, u64);

fn condition(toml: &str) -> Match {
    toml::from_str(toml).unwrap()
}

/// Where the records stand for which a condition holds, by log and offset, and the open starts.
fn decided(condition: &Match, events: Vec<Event>, last: i64) -> (Vec<Spot>, Vec<(Doubt, Spot)>) {
    decided_with(condition, events, |_| LogTimes {
        first: Some(0),
        last: Some(last * SECOND),
        samples: &[],
    })
}

/// The same for logs with these times.
fn decided_with<'t>(
    condition: &Match,
    events: Vec<Event>,
    times: impl Fn(usize) -> LogTimes<'t>,
) -> (Vec<Spot>, Vec<(Doubt, Spot)>) {
    let mut state = OverTime::new(condition).unwrap();
    let mut out = Outcome::default();
    for event in events {
        let log = times(event.log);
        state.take(event, log, &mut out);
    }
    state.end(&times, &mut out);
    let place = |occurrence: &Occurrence| (occurrence.sighting.source, occurrence.sighting.offset);
    let mut fired: Vec<_> = out.fired.iter().map(place).collect();
    fired.sort_unstable();
    let mut open: Vec<_> = out
        .open
        .iter()
        .map(|(doubt, start)| (*doubt, place(start)))
        .collect();
    open.sort_unstable();
    (fired, open)
}

/// A condition that is counted for each key forgets the keys whose windows are over, and none whose windows are open.
#[test]
fn keys_are_forgotten_when_their_windows_are_over() {
    let condition =
        condition("contains = \"c\"\ncount = { at-least = 3, within = \"1m\", key = \"client\" }");
    let Some(OverTime::Count(mut state)) = OverTime::new(&condition) else {
        panic!("a count");
    };
    let mut out = Outcome::default();
    let mut most = 0;
    for second in 0..50_000_i64 {
        // A new client each second, and one that comes every half minute.
        let offset = second as u64 * 2;
        state.take(
            event(Slot::Counted, &format!("k{second}"), 0, second, offset),
            &mut out,
        );
        if second % 30 == 0 {
            state.take(event(Slot::Counted, "again", 0, second, offset + 1), &mut out);
        }
        most = most.max(state.keys());
    }
    assert!(most <= 1_001, "{most} keys were followed");
    assert_eq!(out.fired.len(), 1_667);
}

/// Only a pause out of all proportion is a gap.
#[test]
fn a_gap_is_told_from_a_pause() {
    let has_gap = |samples: &[i64], from: i64| {
        let times = LogTimes {
            first: None,
            last: None,
            samples,
        };
        super::has_gap(times, from)
    };
    let at = |seconds: Vec<i64>| {
        seconds
            .into_iter()
            .map(|second| second * SECOND)
            .collect::<Vec<_>>()
    };
    let steady = |from: i64, number: i64, step: i64| (0..number).map(move |one| from + one * step);
    let cut = at(steady(0, 30, 10).chain(steady(900, 30, 10)).collect());
    assert!(has_gap(&cut, 100 * SECOND) && has_gap(&cut, 290 * SECOND));
    assert!(!has_gap(&cut, 900 * SECOND), "behind the gap nothing is lost");
    assert!(!has_gap(&at(steady(0, 60, 10).collect()), 0));
    // Bursts every five minutes are its pace.
    let bursts = (0..20).flat_map(|burst| steady(burst * 300, 5, 2)).collect();
    assert!(!has_gap(&at(bursts), 0));
    // Samples that lie further apart from some place on are none.
    assert!(!has_gap(
        &at(steady(0, 30, 10).chain(steady(460, 30, 160)).collect()),
        0
    ));
    // Of a short log nobody knows the pace.
    assert!(!has_gap(&at(vec![0, 1, 2, 3, 4, 900, 901, 902, 903]), 0));
}

const SEQUENCE: &str = "[sequence]\nwithin = \"10s\"\nkey = \"id\"\nsteps = [ { contains = \"a\" }, { contains = \"b\" }, { contains = \"c\" } ]\nnot-between = { contains = \"n\" }";

/// Whether some three records make the sequence, tried one by one.
fn some_three(events: &[(usize, bool, i64)]) -> bool {
    let step = |at: usize, wanted: usize| events[at].0 == wanted && !events[at].1;
    let all = 0..events.len();
    all.clone().any(|a| {
        step(a, 0)
            && (a + 1..events.len()).any(|b| {
                step(b, 1)
                    && (b + 1..events.len()).any(|c| {
                        step(c, 2) && events[c].2 - events[a].2 <= 10 && !(a + 1..c).any(|n| events[n].1)
                    })
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// No sequence is overlooked, and none is seen that is not there.
    #[test]
    fn a_sequence_is_found_if_there_is_one(steps in prop::collection::vec((0_usize..3, prop::bool::weighted(0.15), 0_i64..5), 0..14)) {
        let mut second = 0;
        let timed: Vec<(usize, bool, i64)> = steps.into_iter().map(|(step, between, pause)| {
            second += pause;
            (step, between, second)
        }).collect();
        let events = timed.iter().enumerate().map(|(offset, (step, between, second))| {
            let slot = if *between { Slot::Between } else { Slot::Step(*step) };
            event(slot, "k", 0, *second, offset as u64)
        }).collect();
        let (fired, _) = decided(&condition(SEQUENCE), events, 1_000);
        prop_assert_eq!(!fired.is_empty(), some_three(&timed));
        let mut apart = fired.clone();
        apart.dedup();
        prop_assert_eq!(apart.len(), fired.len(), "a record stands in one sequence");
    }

    /// A log that is cut anywhere never turns an end that comes in time, or at all before the cut, into a missing one.
    #[test]
    fn cutting_a_log_never_yields_missing(
        jobs in prop::collection::vec((0_i64..500, prop::option::weighted(0.8, 0_i64..=60)), 0..20),
        cut in 0_i64..700,
    ) {
        let missing = condition("[missing]\nwithin = \"60s\"\nkey = \"id\"\nafter = { contains = \"s\" }\nexpect = { contains = \"e\" }");
        let mut lines: Vec<(i64, usize, bool)> = Vec::new();
        for (job, (start, length)) in jobs.iter().enumerate() {
            lines.push((*start, job, false));
            lines.extend(length.map(|length| (start + length, job, true)));
        }
        lines.sort_by_key(|(second, job, end)| (*second, *end, *job));
        let events = |until: i64| lines.iter().enumerate().filter(|(_, line)| line.0 <= until).map(|(offset, (second, job, end))| {
            let slot = if *end { Slot::Expected } else { Slot::After };
            event(slot, &job.to_string(), 0, *second, offset as u64)
        }).collect::<Vec<_>>();
        let (whole, _) = decided(&missing, events(1_000), 1_000);
        let (early, open) = decided(&missing, events(cut), cut);
        for place in &early {
            prop_assert!(whole.contains(place), "missing only because the log was cut");
        }
        // Nothing is lost: what is missing in the whole is missing, open, or not yet started.
        for place in &whole {
            let started = lines[place.1 as usize].0 <= cut;
            let is_open = open.iter().any(|(doubt, start)| *doubt == Doubt::StillPossible && start == place);
            prop_assert!(!started || early.contains(place) || is_open);
        }
    }

    /// A stretch that is cut out of the middle of a log with a pace never turns an end into a missing one, in one log and across
    /// two: it shows as a gap.
    #[test]
    fn cutting_a_stretch_out_never_yields_missing(
        jobs in prop::collection::vec((0_i64..800, prop::option::weighted(0.8, 0_i64..=60)), 0..20),
        cut in 1_i64..990,
        length in 30_i64..400,
        pace in 1_i64..=3,
        across in any::<bool>(),
    ) {
        let place = if across { "across = \"sources\"\n" } else { "" };
        let missing = condition(&format!("[missing]\nwithin = \"60s\"\nkey = \"id\"\n{place}after = {{ contains = \"s\" }}\nexpect = {{ contains = \"e\" }}"));
        let ends_in = usize::from(across);
        let mut lines: Vec<(i64, usize, bool)> = Vec::new();
        for (job, (start, length)) in jobs.iter().enumerate() {
            lines.push((*start, job, false));
            lines.extend(length.map(|length| (start + length, job, true)));
        }
        lines.sort_by_key(|(second, job, end)| (*second, *end, *job));
        let all: Vec<i64> = (0..=1_000 / pace).map(|line| line * pace * SECOND).collect();
        let is_cut = |second: i64| second > cut && second < cut + length.max(8 * pace + 1);
        let kept: Vec<i64> = all.iter().copied().filter(|time| !is_cut(time / SECOND)).collect();
        // The log with the ends is cut.
        let decide = |cut: bool| {
            let events = lines.iter().enumerate().filter(|(_, (second, _, end))| {
                !(cut && is_cut(*second) && (*end || !across))
            });
            let events = events.map(|(offset, (second, job, end))| {
                let (slot, log) = if *end { (Slot::Expected, ends_in) } else { (Slot::After, 0) };
                event(slot, &job.to_string(), log, *second, offset as u64)
            });
            let samples = |log: usize| if cut && log == ends_in { &kept } else { &all };
            decided_with(&missing, events.collect(), |log| LogTimes {
                first: samples(log).first().copied(),
                last: samples(log).last().copied(),
                samples: samples(log),
            })
        };
        let ((whole, _), (less, _)) = (decide(false), decide(true));
        for place in &less {
            prop_assert!(whole.contains(place), "missing only because the log was cut");
        }
    }

    /// Across logs, records of equal times have no order, so their order changes nothing; nor do the logs' numbers.
    #[test]
    fn equal_times_across_logs_have_no_order(
        records in prop::collection::vec((0_usize..4, 0_usize..3, 0_i64..6), 0..14),
        seed in any::<u64>(),
    ) {
        for toml in [
            SEQUENCE.replace("key = \"id\"", "across = \"sources\""),
            "[missing]\nwithin = \"2s\"\nacross = \"sources\"\nafter = { contains = \"s\" }\nexpect = { contains = \"e\" }".to_owned(),
            "contains = \"c\"\ncount = { at-least = 3, within = \"2s\", across = \"sources\" }".to_owned(),
        ] {
            let condition = condition(&toml);
            let slot = |number: usize| match (&condition.sequence, &condition.missing) {
                (Some(_), _) if number < 3 => Slot::Step(number),
                (Some(_), _) => Slot::Between,
                (_, Some(_)) if number.is_multiple_of(2) => Slot::After,
                (_, Some(_)) => Slot::Expected,
                _ => Slot::Counted,
            };
            let make = |renumber: fn(usize) -> usize, shuffle: u64| {
                let mut events: Vec<Event> = records.iter().enumerate().map(|(offset, (number, log, second))| {
                    event(slot(*number), "", renumber(*log), *second, offset as u64)
                }).collect();
                events.sort_by_key(|event| {
                    let sighting = &event.occurrence.sighting;
                    // Logs in another order, each in its own.
                    (sighting.time.at, (event.log as u64).wrapping_mul(shuffle | 1) % 7, event.log, sighting.offset)
                });
                let (fired, open) = decided(&condition, events, 1_000);
                (fired.len(), open.len())
            };
            let plain = make(|log| log, 0);
            prop_assert_eq!(plain, make(|log| 2 - log, 0), "{}", toml);
            prop_assert_eq!(plain, make(|log| log, seed), "{}", toml);
        }
    }
}
