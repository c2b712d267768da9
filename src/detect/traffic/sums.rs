//! What the requests of one block add up to.
//!
//! In: requests one by one, in the order of the block. Out: [`Counted`]. Endpoints have numbers here and minutes follow each other, so
//! that a request costs no look-up by text.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Asked, Classes, Counted, Requests, Traffic};
use crate::detect::minutes::{MINUTE, Minutes};
use crate::detect::requests::endpoint_of;
use crate::detect::tally::Place;

/// Paths of which the endpoint is remembered.
const MOST_PATHS: usize = 4_096;

/// Endpoints that have numbers at a time.
const MOST_NUMBERS: usize = 1_024;

/// A service, by number.
pub(super) type Service = usize;

/// A request that was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'r, 'a> {
    pub(super) method: &'r str,
    pub(super) path: &'r str,
    /// Method and path as they stand in the log, if they do.
    pub(super) written: Option<&'a [u8]>,
    pub(super) status: u16,
}

/// The sums.
pub(super) struct Sums<'a> {
    asked: &'a Asked,
    services: HashMap<Option<String>, Service>,
    /// Their names by number.
    names: Vec<Option<String>>,
    /// By service and stretch.
    rows: Vec<Option<Row>>,
    /// Numbers of endpoints.
    endpoints: HashMap<String, usize>,
    /// Numbers of endpoints by method and path as they are written.
    paths: HashMap<&'a [u8], usize>,
    counted: Counted,
}

/// The requests of one service about one incident.
#[derive(Debug, Default)]
struct Row {
    phases: [Requests; 3],
    theirs: u64,
    minutes: Minutes<Classes>,
    /// A minute and what is not added of it.
    minute: Option<(i64, Classes)>,
    /// By number.
    by_endpoint: Vec<[Classes; 3]>,
}

impl Row {
    fn add(&mut self, phase: usize, time: i64, status: u16, endpoint: usize, place: Place) {
        let classes = Classes::of(status);
        self.phases[phase].add(classes, [place; 2], Some([time; 2]));
        let minute = time.div_euclid(MINUTE);
        match &mut self.minute {
            Some((current, sum)) if *current == minute => *sum += &classes,
            other => {
                if let Some((before, sum)) = other.replace((minute, classes)) {
                    self.minutes.add(before.saturating_mul(MINUTE), &sum);
                }
            }
        }
        if self.by_endpoint.len() <= endpoint {
            self.by_endpoint.resize(endpoint + 1, Default::default());
        }
        self.by_endpoint[endpoint][phase] += &classes;
    }
}

impl<'a> Sums<'a> {
    pub(super) fn new(asked: &'a Asked) -> Sums<'a> {
        Sums {
            asked,
            services: HashMap::new(),
            names: Vec::new(),
            rows: Vec::new(),
            endpoints: HashMap::new(),
            paths: HashMap::new(),
            counted: Counted::default(),
        }
    }

    /// The number of a service.
    pub(super) fn service(&mut self, name: Option<String>) -> Service {
        let next = self.names.len();
        match self.services.entry(name) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.names.push(new.key().clone());
                *new.insert(next)
            }
        }
    }

    /// Adds a request of `service`.
    pub(super) fn add(&mut self, service: Service, time: Option<i64>, answer: Answer<'_, 'a>, place: Place) {
        let Some(time) = time else {
            return self.add_undated(service, answer.status, place);
        };
        let asked = self.asked;
        let mut endpoint = None;
        for (number, stretch) in asked.stretches.iter().enumerate() {
            let Some(phase) = stretch.phase(time) else {
                continue;
            };
            let is_theirs = stretch.is_theirs(answer.status, time);
            let known = match endpoint {
                _ if is_theirs => 0,
                Some(known) => known,
                None => *endpoint.insert(self.endpoint(answer)),
            };
            let at = service * asked.stretches.len() + number;
            if self.rows.len() <= at {
                self.rows.resize_with(at + 1, || None);
            }
            let row = self.rows[at].get_or_insert_default();
            match is_theirs {
                true => row.theirs += u64::from(phase == 1),
                false => row.add(phase, time, answer.status, known, place),
            }
        }
    }

    fn add_undated(&mut self, service: Service, status: u16, place: Place) {
        let name = self.names[service].clone();
        let undated = self.counted.undated.entry(name).or_default();
        undated.add(Classes::of(status), [place; 2], None);
    }

    /// The number of the endpoint that was asked for.
    fn endpoint(&mut self, answer: Answer<'_, 'a>) -> usize {
        if let Some(known) = answer.written.and_then(|written| self.paths.get(written)) {
            return *known;
        }
        let endpoint = endpoint_of(answer.method, answer.path);
        let number = match self.endpoints.get(&endpoint) {
            Some(known) => *known,
            None => {
                if self.endpoints.len() >= MOST_NUMBERS {
                    self.settle();
                }
                let next = self.endpoints.len();
                self.endpoints.insert(endpoint, next);
                next
            }
        };
        if let Some(written) = answer.written {
            if self.paths.len() >= MOST_PATHS {
                self.paths.clear();
            }
            self.paths.insert(written, number);
        }
        number
    }

    /// Adds all rows to what was counted, and forgets the numbers of endpoints.
    fn settle(&mut self) {
        let mut endpoints = vec![String::new(); self.endpoints.len()];
        for (name, number) in self.endpoints.drain() {
            endpoints[number] = name;
        }
        self.paths.clear();
        let stretches = &self.asked.stretches;
        for (at, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            let Some(mut row) = row else { continue };
            let key = (
                self.names[at / stretches.len()].clone(),
                stretches[at % stretches.len()].incident,
            );
            if let Some((minute, sum)) = row.minute {
                row.minutes.add(minute.saturating_mul(MINUTE), &sum);
            }
            let traffic = self.counted.traffic.entry(key).or_default();
            traffic.merge(&Traffic {
                phases: row.phases,
                theirs: row.theirs,
                minutes: row.minutes,
                ..Traffic::default()
            });
            for (name, added) in endpoints.iter().zip(&row.by_endpoint) {
                if added.iter().any(|classes| classes.total() > 0) {
                    traffic.add_endpoint(name, added);
                }
            }
        }
    }

    /// All of it.
    pub(super) fn finish(mut self) -> Counted {
        self.settle();
        self.counted
    }
}
