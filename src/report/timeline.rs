//! The timeline: what happened, in the order of time, folded to what a person can read.
//!
//! In: the analysis, the sampled times of the logs. Out: rows with what each rests on. A cause or symptom gives its first record, its
//! last (with whether it ended) and its worst minute; a lifecycle event each kept record; handled trouble one row; wrappers none.
//! Logs that fall silent give a row, too. No row says of a finding what `recovery` denies of its incident.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build::{Making, source_id};
use super::claim::{Citations, Claims, Said};
use super::impact::Counting;
use super::model::{Finding, RowKind, TimelineRow};
use super::skew;
use super::visible::visible;
use super::words::duration;
use crate::analysis::recovery::{self, QUIET, Recovery, State};
use crate::analysis::silence::silences;
use crate::analysis::skew::Skew;
use crate::analysis::{Analysis, Found};
use crate::detect::collect::Detected;
use crate::detect::tally::{ExcerptLine, Occurrence, Sighting};
use crate::input::Source;
use crate::record::TimeQuality;
use crate::record::time::format_utc;
use crate::render::escape::span;
use crate::signature::{Role, Severity};

/// About how many rows a person reads.
const MOST_ROWS: usize = 30;

/// Width of a row's text, in characters.
const TEXT_WIDTH: usize = 120;

/// A worst minute with fewer records tells nothing.
const FEWEST_IN_PEAK: u64 = 10;

/// The timeline.
pub(super) struct Timeline {
    rows: Vec<(TimelineRow, Said)>,
    /// Rows that are left out.
    pub left_out: u64,
    /// What is left out, in a sentence.
    pub note: String,
    folded: BTreeSet<String>,
}

/// A row that may be left out: the higher its rank, the sooner.
struct Event {
    rank: u8,
    sighting: Sighting,
    row: TimelineRow,
    said: Said,
}

impl Timeline {
    /// The rows that tell most, or all.
    pub(super) fn new(
        counting: &Counting<'_>,
        ends: &[Recovery],
        sources: &[Arc<Source>],
        citations: &mut Citations<'_>,
        making: &Making,
    ) -> Timeline {
        let mut events = Events {
            analysis: counting.analysis,
            detected: counting.detected,
            findings: counting.findings,
            ends,
            sources,
            citations,
            skew: &making.skew,
            out: Vec::new(),
        };
        let back = events.recoveries();
        for number in 0..counting.findings.len() {
            events.add(number, &back);
        }
        events.silences();
        let mut events = events.out;
        // The less telling rows go first when there are too many.
        events.sort_by(|a, b| a.rank.cmp(&b.rank).then(a.sighting.order(&b.sighting)));
        let folded = events.split_off(events.len().min(if making.full_timeline {
            usize::MAX
        } else {
            MOST_ROWS
        }));
        events.sort_by(|a, b| {
            let same = a.row.kind.cmp(&b.row.kind).then(a.row.what.cmp(&b.row.what));
            a.sighting.order(&b.sighting).then(same)
        });
        Timeline {
            rows: events.into_iter().map(|event| (event.row, event.said)).collect(),
            left_out: folded.len() as u64,
            note: note(&folded),
            folded: folded
                .into_iter()
                .map(|event| event.row.finding.unwrap_or_else(|| "S*".to_owned()))
                .collect(),
        }
    }

    /// Says what the rows say, and gives them back.
    pub(super) fn state(&mut self, claims: &mut Claims) -> Vec<TimelineRow> {
        if self.left_out > 0 {
            let said = Said::counted(
                self.note.clone(),
                "rows that tell least",
                self.left_out,
                self.folded.iter().cloned(),
            );
            claims.say("/timeline_note", said);
        }
        let rows = std::mem::take(&mut self.rows).into_iter().enumerate();
        rows.map(|(number, (row, said))| {
            claims.say(format!("/timeline/{number}/what"), said);
            row
        })
        .collect()
    }
}

/// What was folded away, by kind.
fn note(folded: &[Event]) -> String {
    let mut kinds: BTreeMap<RowKind, usize> = BTreeMap::new();
    for event in folded {
        *kinds.entry(event.row.kind).or_default() += 1;
    }
    let name = |kind: &RowKind| match kind {
        RowKind::First => "first records",
        RowKind::Change => "changes",
        RowKind::Peak => "worst minutes",
        RowKind::Recovery => "recoveries",
        RowKind::NotRecovered | RowKind::Last => "last records",
        RowKind::Gap | RowKind::Ends => "silent logs",
        RowKind::Lifecycle => "starts and stops",
        RowKind::Handled => "handled",
    };
    let parts: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {}", name(kind)))
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "{} more rows are left out ({}); `--full-timeline` shows them.",
        folded.len(),
        parts.join(", ")
    )
}

/// Lifecycle records that show a service back after its last failure: by their place, which findings ended.
type Recoveries = BTreeMap<(usize, u64), BTreeSet<usize>>;

struct Events<'a, 'b, 'c> {
    analysis: &'a Analysis<'b>,
    detected: &'a Detected,
    findings: &'a [Finding],
    /// What is known of each incident's end.
    ends: &'a [Recovery],
    sources: &'a [Arc<Source>],
    citations: &'a mut Citations<'c>,
    skew: &'a Skew,
    out: Vec<Event>,
}

impl Events<'_, '_, '_> {
    /// Which lifecycle records show that a service is back. Of an incident that is not over none does.
    fn recoveries(&self) -> Recoveries {
        let found = &self.analysis.found;
        let mut back = Recoveries::new();
        for (number, failed) in found.iter().enumerate().filter(|(_, found)| found.is_trouble()) {
            let last = &failed.tally.last;
            let (Some(at), Some(service)) = (last.sighting.time.at, last.service.as_ref()) else {
                continue;
            };
            if self.state(number) == State::NotRecovered {
                continue;
            }
            let shows = |tags: &[&str]| {
                let fits = |found: &&Found<'_>| {
                    let mut own = found.signature.tags.iter();
                    let tagged = own.any(|tag| tags.contains(&tag.as_str()));
                    found.role == Role::Lifecycle && found.system == failed.system && tagged
                };
                let kept = found.iter().filter(fits).flat_map(Found::kept);
                kept.filter(|one| one.service.as_ref() == Some(service) && one.sighting.time.at > Some(at))
                    .min_by(|a, b| a.sighting.order(&b.sighting))
            };
            // To be ready says more than to start.
            if let Some(one) = shows(&["ready", "connected"]).or_else(|| shows(&["start"])) {
                let place = (one.sighting.source, one.sighting.offset);
                back.entry(place).or_default().insert(number);
            }
        }
        back
    }

    /// Whether the incident of this finding was over.
    fn state(&self, number: usize) -> State {
        let mut all = self.analysis.incidents.iter().zip(self.ends);
        all.find(|(incident, _)| incident.members.contains(&number))
            .map_or(State::NotKnown, |(_, end)| end.state)
    }

    fn add(&mut self, number: usize, back: &Recoveries) {
        let (analysis, findings) = (self.analysis, self.findings);
        let (found, finding) = (&analysis.found[number], &findings[number]);
        let (count, title) = (found.tally.count, &finding.title);
        let first = match count {
            1 => title.clone(),
            _ => format!("{title}, first of {count}"),
        };
        match found.role {
            Role::Cause | Role::Symptom => {
                let rank = self.rank(number);
                self.record(rank, RowKind::First, found.tally.first(), finding, first);
                self.peak(rank + 2, found, finding);
                if count > 1 {
                    self.last(if rank == 0 { 1 } else { rank + 2 }, number);
                }
            }
            Role::Lifecycle => self.lifecycle(found, finding, back),
            Role::Handled => {
                let what = format!("{first} (handled)");
                self.record(8, RowKind::Handled, found.tally.first(), finding, what);
            }
            Role::Boilerplate => {}
        }
    }

    /// 0 for a root cause (or what was seen first), 1 for what is critical, 2 for other trouble.
    fn rank(&self, number: usize) -> u8 {
        let leads =
            |incident: &crate::analysis::Incident| incident.root.or(incident.members.first().copied());
        if self
            .analysis
            .incidents
            .iter()
            .any(|incident| leads(incident) == Some(number))
        {
            0
        } else if self.findings[number].severity == Severity::Critical {
            1
        } else {
            2
        }
    }

    fn lifecycle(&mut self, found: &Found<'_>, finding: &Finding, back: &Recoveries) {
        let changes = ["lifecycle/deploy", "lifecycle/config-reload"].contains(&finding.signature.as_str());
        let count = found.tally.count;
        let kept = found.kept();
        let all = kept.len();
        for (number, one) in kept.into_iter().enumerate() {
            let title = &finding.title;
            let what = match number {
                0 if count > 1 => format!("{title}, first of {count}"),
                0 => title.clone(),
                _ if number + 1 == all => format!("{title}, last of {count}"),
                _ => title.clone(),
            };
            let place = (one.sighting.source, one.sighting.offset);
            if let Some(ended) = back.get(&place) {
                self.recovery(one, finding, &what, ended);
                continue;
            }
            let triggers = self
                .analysis
                .incidents
                .iter()
                .flat_map(|incident| &incident.triggers);
            let trigger = triggers
                .map(|trigger| &trigger.occurrence.sighting)
                .any(|own| *own == one.sighting);
            let (rank, kind) = match number {
                _ if trigger => (1, RowKind::Lifecycle),
                0 => (4, RowKind::Lifecycle),
                _ if changes => (5, RowKind::Change),
                _ if number + 1 == all => (6, RowKind::Lifecycle),
                _ => (9, RowKind::Lifecycle),
            };
            self.record(rank, kind, one, finding, what);
        }
    }

    fn recovery(&mut self, one: &Occurrence, finding: &Finding, what: &str, ended: &BTreeSet<usize>) {
        let ids: Vec<&str> = ended
            .iter()
            .map(|number| self.findings[*number].id.as_str())
            .collect();
        let what = format!("{what}; not seen again after it: {}", ids.join(", "));
        let mut premises: Vec<String> = vec![self.citations.cite(&one.place())];
        premises.extend(ids.into_iter().map(str::to_owned));
        let said = Said::inferred(what, "not-seen-again", premises);
        self.push(2, RowKind::Recovery, one, finding, said);
    }

    /// The last record, and whether the log goes on without it.
    fn last(&mut self, rank: u8, number: usize) {
        let (analysis, findings) = (self.analysis, self.findings);
        let (found, finding) = (&analysis.found[number], &findings[number]);
        let last = &found.tally.last;
        let what = format!("{}, last of {}", finding.title, found.tally.count);
        let quiet = recovery::quiet(found, self.detected, self.sources);
        let may_go_on = self.state(number) != State::Recovered;
        let (kind, added) = match quiet {
            Some((_, quiet)) if found.role != Role::Symptom || quiet < 0 => (RowKind::Last, String::new()),
            Some((log, quiet)) if recovery::is_long(found, quiet) => {
                let name = span(&self.citations.name(log));
                let added = format!("; {name} goes on for {} without it", seconds(quiet));
                (RowKind::Recovery, added)
            }
            // A log of errors ends with them; that others go on then says nothing.
            Some((log, quiet)) if may_go_on && quiet < usual_pause(found) && self.ends_with_all(log) => {
                let name = span(&self.citations.name(log));
                let when = if quiet < 1_000_000_000 {
                    "just then".to_owned()
                } else {
                    format!("{} later", seconds(quiet))
                };
                let added = format!("; no recovery is seen: {name} ends {when}");
                (RowKind::NotRecovered, added)
            }
            _ => (RowKind::Last, String::new()),
        };
        let what = format!("{what}{added}");
        match quiet {
            Some((log, _)) if kind != RowKind::Last => {
                let premises = [
                    self.citations.cite(&last.place()),
                    finding.id.clone(),
                    source_id(log),
                ];
                let said = Said::inferred(what, "not-seen-again", premises);
                self.push(rank, kind, last, finding, said);
            }
            _ => self.record(rank, kind, last, finding, what),
        }
    }

    fn peak(&mut self, rank: u8, found: &Found<'_>, finding: &Finding) {
        let times = &found.tally.times;
        let Some(peak) = times.peak().filter(|peak| peak.count >= FEWEST_IN_PEAK) else {
            return;
        };
        let length = if times.by_minutes() {
            "in one minute of the clock"
        } else {
            "in one step of time"
        };
        let all = found.tally.count;
        let mut what = format!("{}, most {length}: {} of {all}", finding.title, peak.count);
        let sources = &found.tally.sources;
        let most = sources
            .iter()
            .max_by_key(|(source, count)| (**count, std::cmp::Reverse(**source)));
        let source = most.map_or(found.tally.last.sighting.source, |(source, _)| *source);
        if sources.len() > 1 {
            what = format!("{what} (in {} logs)", sources.len());
        }
        let rule = format!("records that match `{}`, in that time", finding.signature);
        let said = Said::counted(what, rule, peak.count, [finding.id.clone()]);
        let named = (source, Some(finding.id.clone()));
        self.stretch(rank, RowKind::Peak, (peak.first, peak.last), named, said);
    }

    fn silences(&mut self) {
        let ended = |incident: &crate::analysis::Incident| {
            let members = incident.members.iter();
            members
                .filter_map(|member| self.analysis.found[*member].tally.last.sighting.time.at)
                .max()
        };
        let incidents = &self.analysis.incidents;
        let ended: Vec<Option<i64>> = incidents.iter().map(ended).collect();
        for silence in silences(&self.detected.paces, incidents, &ended) {
            let own = span(&self.citations.name(silence.last));
            let other = span(&self.citations.name(silence.other));
            let long = seconds(silence.until - silence.from);
            let pause = seconds(silence.pause.max(1_000_000_000));
            let (kind, text) = if silence.ends {
                let text = format!("{own} ends here, {long} before others do; {other} goes on");
                (RowKind::Ends, text)
            } else {
                let text = format!(
                    "{own} all but stops for {long}, while {other} goes on; its sampled lines are else at most {pause} apart"
                );
                (RowKind::Gap, text)
            };
            let premises = [silence.began, silence.last, silence.other].map(source_id);
            let said = Said::inferred(text, "silent-log", premises);
            let until = if silence.ends { silence.from } else { silence.until };
            self.stretch(3, kind, (silence.from, until), (silence.last, None), said);
        }
    }

    /// Whether no log goes on for long after this one.
    fn ends_with_all(&self, source: usize) -> bool {
        let sources = &self.detected.sources;
        let all = sources.iter().filter_map(|facts| facts.last_time).max();
        let own = sources[source].last_time;
        own.zip(all).is_some_and(|(own, all)| all - own < QUIET)
    }

    /// A row that says what a record shows.
    fn record(&mut self, rank: u8, kind: RowKind, one: &Occurrence, finding: &Finding, what: String) {
        let evidence = self.citations.cite(&one.place());
        let said = Said::observed(what, [evidence, finding.id.clone()]);
        self.push(rank, kind, one, finding, said);
    }

    fn push(&mut self, rank: u8, kind: RowKind, one: &Occurrence, finding: &Finding, said: Said) {
        let time = one.sighting.time;
        let row = TimelineRow {
            time: time.at.map(format_utc),
            until: time.until.map(format_utc),
            time_quality: time.quality,
            source: self.citations.name(one.sighting.source),
            line: one.matched_line,
            moved_seconds: skew::moved(self.skew, one.sighting.source),
            kind,
            what: said.text.clone(),
            text: matched_text(one),
            finding: Some(finding.id.clone()),
            evidence: Some(self.citations.cite(&one.place())),
        };
        let sighting = one.sighting.clone();
        self.out.push(Event {
            rank,
            sighting,
            row,
            said,
        });
    }

    /// A row that is about a stretch of time in a source, rather than about a line.
    fn stretch(
        &mut self,
        rank: u8,
        kind: RowKind,
        (from, until): (i64, i64),
        (source, finding): (usize, Option<String>),
        said: Said,
    ) {
        let time = crate::record::Time {
            at: Some(from),
            until: (until > from).then_some(until),
            quality: TimeQuality::Written,
        };
        let row = TimelineRow {
            time: time.at.map(format_utc),
            until: time.until.map(format_utc),
            time_quality: time.quality,
            source: self.citations.name(source),
            line: 0,
            moved_seconds: skew::moved(self.skew, source),
            kind,
            what: said.text.clone(),
            text: String::new(),
            finding,
            evidence: None,
        };
        let sighting = Sighting {
            time,
            source,
            offset: 0,
            line: 0,
        };
        self.out.push(Event {
            rank,
            sighting,
            row,
            said,
        });
    }
}

/// A failure that pauses for longer may be over, in nanoseconds: four times its mean pause, a second or more.
fn usual_pause(found: &Found<'_>) -> i64 {
    let tally = &found.tally;
    let times = (tally.first().sighting.time.at, tally.last.sighting.time.at);
    let span = times.0.zip(times.1).map_or(0, |(first, last)| last - first);
    let pauses = i64::try_from(tally.count).unwrap_or(i64::MAX).max(2) - 1;
    (span / pauses).saturating_mul(4).clamp(1_000_000_000, QUIET)
}

fn seconds(nanos: i64) -> String {
    duration(u64::try_from(nanos / 1_000_000_000).unwrap_or(0))
}

/// The line of the excerpt that matched.
fn matched_text(occurrence: &Occurrence) -> String {
    let own = occurrence.excerpt.iter().find_map(|line| match line {
        ExcerptLine::Line(number, bytes) if *number == occurrence.matched_line => Some(bytes),
        _ => None,
    });
    own.map(|bytes| visible(bytes.trim_ascii(), Some(TEXT_WIDTH)))
        .unwrap_or_default()
}
