//! When services were down: from the record of a death or stop to the one that says that they are back.
//!
//! In: what became of services ([`Life`]), log by log. Out: for each service its [`Down`]s, in the order of time. Several records
//! may tell of the same death (the program's last words, its supervisor); a death is counted once. A service is called still down only
//! where the logs would show its return: it said before that it starts, and its own log does not go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::detect::collect::Detected;
use crate::detect::life::{Life, Turn};
use crate::input::Source;
use crate::record::TimeQuality;

/// Records of different pages within this time tell of the same death, in nanoseconds.
const SAME_DEATH: i64 = 10_000_000_000;

/// A return must last so long, in nanoseconds.
const SETTLED: i64 = 3_000_000_000;

/// A program's log may go on for so long behind its death, in nanoseconds.
const LAST_WORDS: i64 = 5_000_000_000;

/// A time in which a service did not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// It was stopped on purpose, rather than died.
    pub on_purpose: bool,
    /// How many times it died in it: more than once where restarts failed.
    pub deaths: u64,
    /// The record of the first death, or of the stop.
    pub from: Life,
    /// The last record of a death or stop in it.
    pub last: Life,
    /// The record that says that it is back.
    pub back: Option<Life>,
    /// What is known of its end.
    pub end: End,
    /// The signatures whose records told of the last death or stop.
    told_by: Vec<usize>,
}

/// How a downtime ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A record says that it was back.
    Back,
    /// It was not back when the logs ended.
    StillDown,
    /// The logs do not say.
    Unknown,
}

impl Down {
    /// From its beginning to its end, in nanoseconds, if both are stated.
    pub fn length(&self) -> Option<i64> {
        let to = stated(self.back.as_ref()?)?;
        Some((to - stated(&self.from)?).max(0))
    }
}

/// The time that the line states.
fn stated(life: &Life) -> Option<i64> {
    let time = life.sighting.time;
    let is_stated = matches!(
        time.quality,
        TimeQuality::Written | TimeQuality::ZoneAssumed | TimeQuality::YearAssumed
    );
    time.at.filter(|_| is_stated)
}

/// A service that was down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name, as the logs write it.
    pub name: String,
    /// Its host, where several hosts run it.
    pub host: Option<String>,
    /// The system that its logs belong to.
    pub system: usize,
    /// When it was down, in the order of time.
    pub downs: Vec<Down>,
    /// Whether some log holds more of its turns than are kept.
    pub is_cut: bool,
}

impl Service {
    /// How many times it died.
    pub fn deaths(&self) -> u64 {
        self.downs.iter().map(|down| down.deaths).sum()
    }
}

/// All services that were down, in the order of systems and names.
pub fn services(detected: &Detected, sources: &[Arc<Source>], systems: &[usize]) -> Vec<Service> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Life>> = BTreeMap::new();
    for life in &detected.lives.0 {
        let name = life.service.strip_suffix(".service").unwrap_or(&life.service);
        let system = systems[life.sighting.source];
        groups.entry((system, name)).or_default().push(life);
    }
    let mut services = Vec::new();
    for ((system, name), lives) in groups {
        let hosts: BTreeSet<Option<&str>> = lives.iter().map(|life| life.host.as_deref()).collect();
        let several = hosts.iter().flatten().count() > 1;
        for host in if several { hosts } else { BTreeSet::from([None]) } {
            let mut own = lives.clone();
            own.retain(|life| !several || life.host.as_deref() == host);
            let downs = downs(&own, &|from| {
                goes_on(name, from, system, detected, sources, systems)
            });
            let is_cut = own
                .iter()
                .any(|life| is_cut(detected, sources, life.sighting.source));
            if !downs.is_empty() {
                services.push(Service {
                    name: name.to_owned(),
                    host: host.map(str::to_owned),
                    system,
                    downs,
                    is_cut,
                });
            }
        }
    }
    services
}

fn is_cut(detected: &Detected, sources: &[Arc<Source>], source: usize) -> bool {
    let own = |began: &usize| {
        *began == source || (sources[source].set.is_some() && sources[*began].set == sources[source].set)
    };
    detected.lives.1.iter().any(own)
}

/// Whether the service's own log goes on long after this.
fn goes_on(
    name: &str,
    from: &Life,
    system: usize,
    detected: &Detected,
    sources: &[Arc<Source>],
    systems: &[usize],
) -> bool {
    let Some(at) = from.sighting.time.at else {
        return true;
    };
    sources.iter().enumerate().any(|(number, source)| {
        let own = systems[number] == system && source.service.as_deref() == Some(name);
        let last = detected.sources[number].last_time;
        own && last.is_some_and(|last| last > at + LAST_WORDS)
    })
}

/// The downtimes in the turns of one service.
fn downs(lives: &[&Life], goes_on: &dyn Fn(&Life) -> bool) -> Vec<Down> {
    let mut lives = lives.to_vec();
    lives.sort_by(|a, b| a.sighting.order(&b.sighting));
    let has = |turn: Turn| lives.iter().any(|life| life.turn == turn);
    let returns = match has(Turn::Ready) {
        true => Turn::Ready,
        false => Turn::Started,
    };
    let is_supervised = lives.iter().any(|life| life.turn == returns && life.by_other);
    let mut state = Course {
        is_supervised,
        ..Course::default()
    };
    for life in &lives {
        match life.turn {
            Turn::Died | Turn::Stopped => state.ends(life),
            turn if turn == returns => state.returns(life),
            _ => state.is_starting = true,
        }
    }
    state.settle(None);
    let mut downs = state.downs;
    if let Some(down) = downs.last_mut().filter(|down| down.end != End::Back)
        && (has(Turn::Ready) || has(Turn::Started))
        && !goes_on(&down.last)
    {
        down.end = End::StillDown;
    }
    downs
}

/// A service on its way through its turns.
#[derive(Default)]
struct Course {
    /// Its supervisor says when it is back.
    is_supervised: bool,
    downs: Vec<Down>,
    /// Since its last death or stop it was started, and is not back yet.
    is_starting: bool,
    /// The first record since then that says that it is back, and the time of the last one that counts for that.
    back: Option<(Life, Option<i64>)>,
}

impl Course {
    /// A return that does not last is none: programs listen before they find that they cannot start. Where a supervisor
    /// watches, only what it calls running counts, from the program's own word on.
    fn settle(&mut self, died: Option<i64>) {
        let Some((back, counts)) = self.back.take() else {
            return;
        };
        let least = match self.is_supervised {
            true => SETTLED / 6,
            false => SETTLED,
        };
        let lasts = counts.is_some_and(|at| died.is_none_or(|died| died - at >= least));
        if let Some(down) = self.downs.last_mut().filter(|_| lasts) {
            down.back = Some(back);
            down.end = End::Back;
        }
    }

    fn returns(&mut self, life: &Life) {
        if self.downs.last().is_none_or(|down| down.end == End::Back) {
            return;
        }
        let counts = life
            .sighting
            .time
            .at
            .filter(|_| life.by_other || !self.is_supervised);
        match &mut self.back {
            Some((_, known)) => *known = known.or(counts),
            None => self.back = Some((life.clone(), counts)),
        }
        self.is_starting = true;
    }

    fn ends(&mut self, life: &Life) {
        self.settle(life.sighting.time.at);
        let died = life.turn == Turn::Died;
        let starting = std::mem::take(&mut self.is_starting);
        match self.downs.last_mut().filter(|down| down.end != End::Back) {
            Some(down) if died && starting => {
                down.deaths += 1;
                down.last = life.clone();
                down.told_by = vec![life.signature];
            }
            Some(down) if starting || is_same(down, life) => {
                // Orderly last words of what died, or a supervisor's word about it.
                down.told_by.push(life.signature);
                if !died || down.deaths > 0 || !down.on_purpose {
                    down.last = life.clone();
                }
            }
            _ => self.downs.push(Down {
                on_purpose: !died,
                deaths: u64::from(died),
                from: life.clone(),
                last: life.clone(),
                back: None,
                end: End::Unknown,
                told_by: vec![life.signature],
            }),
        }
    }
}

/// Whether `life` tells of the death or stop that `down` began with (or went on with).
fn is_same(down: &Down, life: &Life) -> bool {
    let near = match (down.last.sighting.time.at, life.sighting.time.at) {
        (Some(one), Some(other)) => other - one <= SAME_DEATH,
        _ => true,
    };
    // A stop takes time, and is told in several steps.
    let in_steps = down.on_purpose || life.turn == Turn::Stopped;
    in_steps || (near && !down.told_by.contains(&life.signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::tally::{Place, Sighting};
    use crate::digest::Digest;
    use crate::record::Time;

    fn life(second: i64, turn: Turn, signature: usize) -> Life {
        let time = Time {
            at: Some(second * 1_000_000_000),
            until: None,
            quality: TimeQuality::Written,
        };
        Life {
            turn,
            signature,
            service: "shop".to_owned(),
            host: None,
            by_other: false,
            sighting: Sighting {
                time,
                source: 0,
                offset: second.unsigned_abs(),
                line: 1,
            },
            place: Place {
                source: 0,
                offset: second.unsigned_abs(),
                bytes: 1,
                line: 1,
                digest: Digest::default(),
            },
        }
    }

    /// Deaths, seconds and end of each downtime.
    fn told(lives: &[Life], goes_on: bool) -> Vec<(u64, Option<i64>, End)> {
        let lives: Vec<&Life> = lives.iter().collect();
        let seconds = |down: &Down| down.length().map(|length| length / 1_000_000_000);
        downs(&lives, &|_| goes_on)
            .iter()
            .map(|down| (down.deaths, seconds(down), down.end))
            .collect()
    }

    #[test]
    fn a_death_that_two_programs_tell_of_is_one() {
        use Turn::*;
        let lives = [
            life(0, Ready, 1),
            life(10, Died, 7),
            life(11, Died, 8),
            life(12, Started, 2),
            life(14, Ready, 1),
        ];
        assert_eq!(told(&lives, true), [(1, Some(4), End::Back)]);
    }

    #[test]
    fn failed_restarts_are_deaths_within_one_downtime() {
        use Turn::*;
        let lives = [
            life(0, Ready, 1),
            life(10, Died, 8),
            life(12, Started, 2),
            life(13, Died, 8),
            life(15, Started, 2),
            life(16, Died, 7),
            life(17, Died, 8),
        ];
        assert_eq!(told(&lives, false), [(3, None, End::StillDown)]);
        assert_eq!(told(&lives, true), [(3, None, End::Unknown)]);
    }

    #[test]
    fn a_return_counts_if_it_lasts() {
        use Turn::*;
        let supervisor = |second: i64, turn: Turn| Life {
            by_other: true,
            ..life(second, turn, 9)
        };
        // It listens, cannot start, and dies when its supervisor is about to call it running.
        let loops = [
            life(0, Ready, 1),
            supervisor(2, Ready),
            supervisor(10, Died),
            supervisor(11, Started),
            life(12, Ready, 1),
            supervisor(14, Ready),
            supervisor(14, Died),
            supervisor(15, Started),
            life(16, Ready, 1),
            supervisor(18, Ready),
            supervisor(21, Died),
        ];
        assert_eq!(
            told(&loops, false),
            [(2, Some(6), End::Back), (1, None, End::StillDown)]
        );
        let alone = [
            life(0, Ready, 1),
            life(10, Died, 8),
            life(12, Ready, 1),
            life(14, Died, 8),
            life(16, Ready, 1),
        ];
        assert_eq!(told(&alone, true), [(2, Some(6), End::Back)]);
    }

    #[test]
    fn a_return_that_nobody_logs_is_not_known() {
        use Turn::*;
        assert_eq!(
            told(&[life(10, Died, 7), life(500, Died, 7)], false),
            [(1, None, End::Unknown), (1, None, End::Unknown)]
        );
        // Where starts are logged, but not that it is ready, a start ends the downtime.
        let lives = [life(0, Started, 2), life(10, Died, 7), life(12, Started, 2)];
        assert_eq!(told(&lives, true), [(1, Some(2), End::Back)]);
    }

    #[test]
    fn an_orderly_stop_is_no_death() {
        use Turn::*;
        let lives = [
            life(0, Ready, 1),
            life(10, Stopped, 3),
            life(12, Stopped, 3),
            life(20, Started, 2),
            life(21, Ready, 1),
            life(30, Stopped, 3),
        ];
        assert_eq!(
            told(&lives, false),
            [(0, Some(11), End::Back), (0, None, End::StillDown)]
        );
    }
}
