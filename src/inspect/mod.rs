//! Inspection: how logs are read, rather than what is wrong in them.
//!
//! In: the blocks of all logs. Out: an [`Inspection`]: for each log its formats, times, levels, silences and what its
//! records state; and, where asked for, a row for each record. [`walk`] looks at every record of one block, on any
//! thread; [`Joined`] puts the results together in the order of the logs. Memory does not grow with the logs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::input::Source;
use crate::input::stream::{End, Fed, Trouble};
use crate::pipeline::{Defect, Worked};
use crate::record::time::range::Range;
use crate::record::time::{Zone, format_utc};
use crate::report::assumed::{self, Assumptions};
use crate::report::model::NotRead;
use crate::report::visible::visible;

pub mod facts;
pub mod walk;

use facts::Facts;
use walk::Inspected;

/// Version of the JSON's shape.
const SCHEMA_VERSION: u32 = 1;

/// Longest silences that are told of one log.
const MOST_GAPS: usize = 5;

/// Longest name from outside, in characters.
const NAME_WIDTH: usize = 400;

/// How the logs were read.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Counts incompatible changes of this model.
    pub schema_version: u32,
    /// Whether it was stopped before everything was read.
    pub interrupted: bool,
    /// The zone that was taken for lines that state none.
    pub assumed_zone: String,
    /// The logs, in the order in which they were read.
    pub sources: Vec<Reading>,
    /// What had to be assumed to read them (Markdown), once a log.
    pub assumptions: Vec<String>,
    /// What was found and not read, or not to its end.
    pub not_read: Vec<NotRead>,
}

/// How one log was read. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, Serialize)]
pub struct Reading {
    /// As it was named or found; `-` is standard input.
    pub name: String,
    /// The rotated log that it is a piece of, by the path of its live file.
    pub set: Option<String>,
    /// The format of most of its records; `empty` if there are none.
    pub format: &'static str,
    /// How many records have which format.
    pub formats: BTreeMap<&'static str, u64>,
    /// Bytes read.
    pub bytes: u64,
    /// Where reading began, in bytes. More than 0 only with `--since`; then rows have no numbers of lines.
    pub read_from: u64,
    /// Bytes that were not read, since they lie outside of `--since` and `--until`.
    pub bytes_left_out: u64,
    /// Lines read.
    pub lines: u64,
    /// Records read: events, however many lines they have.
    pub records: u64,
    /// The earliest time that a record states.
    pub first_time: Option<String>,
    /// The latest time that a record states.
    pub last_time: Option<String>,
    /// How many records know their time in which way.
    pub time_quality: BTreeMap<&'static str, u64>,
    /// How many records state an earlier time than the dated record above them.
    pub back_in_time: u64,
    /// How many records have which level; `none` states none.
    pub levels: BTreeMap<&'static str, u64>,
    /// Who wrote how many records.
    pub services: BTreeMap<String, u64>,
    /// How many records state which other field.
    pub fields: BTreeMap<&'static str, u64>,
    /// The longest silences: stretches without a dated record, at least a minute long and much longer than usual in
    /// this log. In the order of time.
    pub gaps: Vec<Gap>,
}

/// A stretch of time without a dated record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The last record before it.
    pub from: String,
    /// The first record after it.
    pub to: String,
    /// Its length.
    pub seconds: u64,
}

/// What is known so far, in the order of logs and blocks.
#[derive(Debug)]
pub struct Joined {
    sources: Vec<(Arc<Source>, Facts)>,
    not_read: Vec<NotRead>,
    /// Where the work on the current log was ended by a defect.
    defect: Option<u64>,
}

impl Joined {
    /// Nothing so far, but what the walk will not read.
    pub fn new(not_read: Vec<NotRead>) -> Joined {
        Joined {
            sources: Vec::new(),
            not_read,
            defect: None,
        }
    }

    /// Takes the next thing, and writes its rows.
    pub(crate) fn take(&mut self, fed: Fed<Worked<Inspected>>, out: &mut dyn Write) -> io::Result<()> {
        match fed {
            Fed::Begin(source) => {
                self.sources.push((source, Facts::default()));
                self.defect = None;
            }
            // Lines behind a block without a result have no number.
            Fed::Block(Ok(_)) if self.defect.is_some() => {}
            Fed::Block(Ok(inspected)) => {
                if let Some((source, facts)) = self.sources.last_mut() {
                    let lines_above = (source.plan.from == 0).then_some(facts.lines);
                    inspected.rows.write(&source.name, lines_above, out)?;
                    facts.merge(inspected.facts);
                }
            }
            Fed::Block(Err(Defect { at })) => self.defect = self.defect.or(Some(at)),
            Fed::Hole { .. } => {}
            Fed::End(end) => self.end(end),
            Fed::NotRead(note) => self.not_read.push(note),
        }
        Ok(())
    }

    fn end(&mut self, end: End) {
        let bytes = self.defect.unwrap_or(end.bytes);
        let Some((source, facts)) = self.sources.last_mut() else {
            return;
        };
        facts.bytes = bytes;
        let mut troubles = end.troubles;
        if self.defect.is_some() {
            troubles = vec![Trouble {
                bytes: Some(end.bytes - bytes),
                ..Trouble::defect()
            }];
        }
        if troubles.is_empty() {
            troubles.extend(end.live.and_then(|live| live.compare_whole()));
        }
        let notes = troubles.into_iter().map(|trouble| trouble.of(source, bytes));
        self.not_read.extend(notes);
    }

    /// Everything that was seen.
    pub fn finish(mut self, zone: Zone, range: &Range, interrupted: bool) -> Inspection {
        self.not_read.sort_by(|a, b| a.source.cmp(&b.source));
        let sources: Vec<Arc<Source>> = self
            .sources
            .iter()
            .map(|(source, _)| Arc::clone(source))
            .collect();
        let left_out = self.sources.iter().map(|(_, facts)| facts.left_out).sum();
        let mut assumptions = Vec::from_iter(assumed::of_range(range, left_out, &sources));
        for pieces in self
            .sources
            .chunk_by(|(a, _), (b, _)| a.set.is_some() && a.set == b.set)
        {
            let assumed = pieces
                .iter()
                .map(|(_, facts)| facts.assumptions())
                .reduce(Assumptions::and);
            if let (Some(assumed), Some((source, _))) = (assumed, pieces.first()) {
                let log = name(source.set.as_deref().unwrap_or(&source.name));
                assumptions.extend(assumed::sentences(&log, assumed, &zone));
                for (source, _) in pieces {
                    assumptions.extend(assumed::of_plan(&name(&source.name), &source.plan, &zone));
                }
            }
        }
        Inspection {
            schema_version: SCHEMA_VERSION,
            interrupted,
            assumed_zone: zone.to_string(),
            sources: self
                .sources
                .iter()
                .map(|(source, facts)| reading(source, facts))
                .collect(),
            assumptions,
            not_read: self.not_read,
        }
    }
}

fn name(text: &str) -> String {
    visible(text.as_bytes(), Some(NAME_WIDTH))
}

fn reading(source: &Source, facts: &Facts) -> Reading {
    let formats: BTreeMap<_, _> = facts
        .formats
        .iter()
        .map(|(format, count)| (format.name(), *count))
        .collect();
    let (first, last) = facts.span();
    Reading {
        name: name(&source.name),
        set: source.set.as_deref().map(name),
        format: facts.format().map_or("empty", |format| format.name()),
        formats,
        bytes: facts.bytes,
        read_from: source.plan.from,
        bytes_left_out: source.plan.left_out,
        lines: facts.lines,
        records: facts.records,
        first_time: first.map(format_utc),
        last_time: last.map(format_utc),
        time_quality: facts.qualities.clone(),
        back_in_time: facts.back,
        levels: facts.levels.clone(),
        services: facts
            .services
            .by_frequency()
            .into_iter()
            .map(|(service, count)| (name(service), count))
            .collect(),
        fields: facts.fields.clone(),
        gaps: gaps(facts),
    }
}

/// The longest silences.
fn gaps(facts: &Facts) -> Vec<Gap> {
    let mut gaps = facts.silences();
    gaps.sort_by_key(|(from, to)| (from - to, *from));
    gaps.truncate(MOST_GAPS);
    gaps.sort_unstable();
    let gap = |(from, to): (i64, i64)| Gap {
        from: format_utc(from),
        to: format_utc(to),
        seconds: u64::try_from((to - from) / 1_000_000_000).unwrap_or_default(),
    };
    gaps.into_iter().map(gap).collect()
}
