//! Conditions on one record, compiled.
//!
//! In: a [`Record`]. Out: whether a [`Test`] holds on it, and what its patterns captured.

use memchr::memmem::Finder;
use regex::bytes::Captures;
use toml::Spanned;

use super::fields;
use crate::record::{Level, Record};
use crate::scan::pattern::Pattern;
use crate::signature::condition::{DurationRange, FieldTest, StatusRange, Test};
use crate::signature::select::NamePattern;

/// What patterns caught.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Caught {
    /// Values of named groups.
    pub(super) captures: Vec<(String, String)>,
    /// Line of the record, from 0, in which the first text or pattern was found.
    pub(super) line: Option<usize>,
    /// Where in that line, in bytes.
    pub(super) column: Option<usize>,
}

impl Caught {
    fn note_line(&mut self, text: &str, place: usize) {
        if self.line.is_none() {
            let above = &text.as_bytes()[..place];
            self.line = Some(bytecount::count(above, b'\n'));
            self.column = Some(place - memchr::memrchr(b'\n', above).map_or(0, |newline| newline + 1));
        }
    }
}

/// A [`Test`] that can be run.
#[derive(Debug)]
pub(super) struct Matcher {
    contains: Option<Finder<'static>>,
    regex: Option<Pattern>,
    any: Vec<Matcher>,
    all: Vec<Matcher>,
    not: Vec<Matcher>,
    service: Option<NamePattern>,
    host: Option<NamePattern>,
    levels: Option<Vec<Level>>,
    min_level: Option<Level>,
    status: Option<StatusRange>,
    duration: Option<DurationRange>,
    fields: Vec<(String, FieldTest)>,
}

impl Matcher {
    pub(super) fn new(test: &Test) -> Matcher {
        let each = |tests: &[Test]| tests.iter().map(Matcher::new).collect();
        let glob = |glob: &Option<Spanned<String>>| NamePattern::of_names(glob.as_ref()?.as_ref()).ok();
        Matcher {
            contains: test
                .contains
                .as_ref()
                .map(|text| Finder::new(text.as_ref()).into_owned()),
            regex: test.regex.as_ref().map(|pattern| Pattern::new(pattern.as_ref())),
            any: each(&test.any),
            all: each(&test.all),
            not: each(&test.not),
            service: glob(&test.service),
            host: glob(&test.host),
            levels: test.level.as_ref().map(|levels| levels.0.clone()),
            min_level: test.min_level.map(|level| level.0),
            status: test.status,
            duration: test.duration,
            fields: test
                .fields
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }

    /// Whether all conditions hold; what patterns caught is added to `caught`.
    pub(super) fn holds(&self, record: &Record, caught: &mut Caught) -> bool {
        self.header_holds(record)
            && self.contains_holds(record, caught)
            && self.regex_holds(record, caught)
            && (self.fields.is_empty() || fields::hold(&self.fields, record))
            && self.all.iter().all(|test| test.holds(record, caught))
            && (self.any.is_empty() || self.any.iter().any(|test| test.holds(record, caught)))
            && !self
                .not
                .iter()
                .any(|test| test.holds(record, &mut Caught::default()))
    }

    fn header_holds(&self, record: &Record) -> bool {
        let named = |glob: &Option<NamePattern>, name: &Option<String>| {
            let matches = |glob: &NamePattern| name.as_ref().is_some_and(|name| glob.matches(name));
            glob.as_ref().is_none_or(matches)
        };
        let status = record.http.as_ref().map(|http| http.status);
        named(&self.service, &record.service)
            && named(&self.host, &record.host)
            && (self.levels.as_ref())
                .is_none_or(|levels| record.level.is_some_and(|own| levels.contains(&own)))
            && (self.min_level).is_none_or(|level| record.level.is_some_and(|own| own >= level))
            && (self.status)
                .is_none_or(|range| status.is_some_and(|own| (range.from..=range.to).contains(&own)))
            && (self.duration).is_none_or(|range| record.duration.is_some_and(|own| range.holds(own)))
    }

    fn contains_holds(&self, record: &Record, caught: &mut Caught) -> bool {
        let Some(wanted) = &self.contains else { return true };
        if let Some(place) = wanted.find(record.text.as_bytes()) {
            caught.note_line(&record.text, place);
            return true;
        }
        record
            .as_written
            .as_ref()
            .is_some_and(|raw| wanted.find(raw.as_bytes()).is_some())
    }

    fn regex_holds(&self, record: &Record, caught: &mut Caught) -> bool {
        let Some(lazy) = &self.regex else { return true };
        let mut texts = [Some(&record.text), record.as_written.as_ref()]
            .into_iter()
            .flatten();
        if !texts.any(|text| lazy.may_be_in(text.as_bytes())) {
            return false;
        }
        let Some(regex) = lazy.get() else { return false };
        if regex.captures_len() == 1 {
            // Without groups, finding is enough; telling groups apart costs several times as much.
            let in_text = regex.find(record.text.as_bytes());
            if let Some(whole) = in_text {
                caught.note_line(&record.text, whole.start());
            }
            let as_written = || {
                record
                    .as_written
                    .as_ref()
                    .is_some_and(|raw| regex.is_match(raw.as_bytes()))
            };
            return in_text.is_some() || as_written();
        }
        let in_text = regex.captures(record.text.as_bytes());
        if let Some(whole) = in_text.as_ref().and_then(|found| found.get(0)) {
            caught.note_line(&record.text, whole.start());
        }
        let as_written = || regex.captures(record.as_written.as_ref()?.as_bytes());
        let found: Option<Captures<'_>> = in_text.or_else(as_written);
        let Some(found) = found else { return false };
        for name in regex.capture_names().flatten() {
            if let Some(value) = found.name(name).filter(|value| !value.is_empty())
                && !caught.captures.iter().any(|(known, _)| known == name)
            {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                caught.captures.push((name.to_owned(), value));
            }
        }
        true
    }
}
