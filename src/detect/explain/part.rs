//! A condition on single records, taken apart.
//!
//! In: a [`Test`] as the page has it. Out: its [`Part`]s as a tree, each in the page's words; how near a record comes to
//! the whole, which is cheap; and a [`Verdict`] of each part on a record.

use std::borrow::Cow;

use serde::Serialize;

use super::near::{Grams, Wanted, differs_from_pattern, differs_from_text, quoted_start, share};
use super::words::span;
use crate::detect::fields;
use crate::detect::matcher::{Caught, Matcher};
use crate::record::Record;
use crate::signature::condition::{DurationRange, FieldTest, Scalar, Test};

/// How much a text counts, against a field.
const OF_TEXTS: f64 = 4.0;

/// How much a field counts.
const OF_FIELDS: f64 = 1.5;

/// What is left for each thing that must not be there, and is.
const OF_NOT: f64 = 0.9;

/// What is left if everything is there that is cheap to see, and it does not hold.
pub(in crate::detect) const ALMOST: f64 = 0.97;

/// A share of so many pieces of text is believed by half.
const FEW: f64 = 3.0;

/// How near a field comes that has another value.
const OTHER_VALUE: f64 = 0.5;

/// Most ways that come equally near and are shown.
const MOST_WAYS: usize = 3;

/// A part of a condition as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// In the page's words: `regex 'bind on (?P<port>\d+)'`, `any of`,
    /// `not contains 'retrying'`.
    pub condition: String,
    /// What it consists of, of `all of` and `any of`.
    pub parts: Vec<Condition>,
}

/// What a part of a condition comes to on one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// As in [`Condition::condition`].
    pub condition: String,
    /// Whether it holds.
    pub holds: bool,
    /// Where the record differs from it, made visible.
    pub differs: Option<String>,
    /// What it consists of. Of several ways (`any of`) the nearest.
    pub parts: Vec<Verdict>,
}

/// One thing that a condition asks for, and what it consists of.
#[derive(Debug)]
pub(super) struct Part {
    label: String,
    kind: Kind,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Kind {
    Text(String, Wanted, Matcher),
    Pattern(String, Wanted, Matcher),
    /// Of the record itself; the names of the fields.
    Field(Vec<String>, Matcher),
    All,
    Any,
    Not,
}

impl Part {
    /// What `test` asks for.
    pub(super) fn of(test: &Test) -> Part {
        Part {
            label: "all of".to_owned(),
            kind: Kind::All,
            parts: parts(test),
        }
    }

    /// The condition as it was written. A table with one key is that key.
    pub(super) fn written(&self) -> Condition {
        match self.parts.as_slice() {
            [only] if matches!(self.kind, Kind::All) => only.written(),
            parts => Condition {
                condition: self.label.clone(),
                parts: match self.kind {
                    Kind::Not => Vec::new(),
                    _ => parts.iter().map(Part::written).collect(),
                },
            },
        }
    }

    /// The whole in one line.
    fn in_one_line(&self) -> String {
        let parts = || self.parts.iter().map(Part::in_one_line).collect::<Vec<_>>();
        match self.kind {
            Kind::All if self.parts.len() == 1 => parts().concat(),
            Kind::All => format!("({})", parts().join(" and ")),
            Kind::Any => format!("({})", parts().join(" or ")),
            _ => self.label.clone(),
        }
    }

    /// How near a record comes to it: 1 if it holds, which is tried only where nothing speaks against it.
    pub(super) fn near(&self, grams: &Grams, record: &Record) -> f64 {
        let holds = |matcher: &Matcher| matcher.holds(record, &mut Caught::default());
        match &self.kind {
            Kind::Text(_, wanted, matcher) | Kind::Pattern(_, wanted, matcher) => {
                let count = wanted.count(grams);
                match share(count) {
                    near if near < 1.0 => believed(near, count.1),
                    _ if holds(matcher) => 1.0,
                    _ => believed(ALMOST, count.1),
                }
            }
            Kind::Field(_, matcher) if holds(matcher) => 1.0,
            Kind::Field(names, _) => match names.iter().all(|name| value(record, name).is_some()) {
                true => OTHER_VALUE,
                false => 0.0,
            },
            Kind::Not => f64::from(u8::from(
                self.parts.iter().all(|part| part.near(grams, record) < 1.0),
            )),
            Kind::Any => self
                .parts
                .iter()
                .map(|part| part.near(grams, record))
                .fold(0.0, f64::max),
            Kind::All => self.near_all(grams, record),
        }
    }

    fn near_all(&self, grams: &Grams, record: &Record) -> f64 {
        let (mut sum, mut weights, mut left) = (0.0, 0.0, 1.0);
        for part in &self.parts {
            let near = part.near(grams, record);
            match part.weight() {
                Some(weight) => {
                    sum += weight * near;
                    weights += weight;
                }
                None if near < 1.0 => left *= OF_NOT,
                None => {}
            }
        }
        if weights == 0.0 {
            left
        } else {
            left * sum / weights
        }
    }

    /// Nothing for what must not be there.
    fn weight(&self) -> Option<f64> {
        match &self.kind {
            Kind::Text(_, wanted, _) | Kind::Pattern(_, wanted, _) => {
                Some(believed(OF_TEXTS, wanted.pieces()))
            }
            Kind::Field(..) => Some(OF_FIELDS),
            Kind::Not => None,
            Kind::All | Kind::Any => {
                let weights = self.parts.iter().filter_map(Part::weight);
                Some(weights.fold(OF_FIELDS, f64::max))
            }
        }
    }

    /// What it comes to on a record.
    pub(super) fn verdict(&self, grams: &Grams, record: &Record) -> Verdict {
        if let ([only], Kind::All) = (self.parts.as_slice(), &self.kind) {
            return only.verdict(grams, record);
        }
        let holds = self.near(grams, record) >= 1.0;
        let differs = match &self.kind {
            Kind::Not if !holds => Some("this must not hold, and does".to_owned()),
            _ if holds => None,
            Kind::Text(wanted, ..) => Some(differs_from_text(wanted, &record.text)),
            Kind::Pattern(pattern, ..) => Some(differs_from_pattern(pattern, &record.text)),
            Kind::Field(names, _) => Some(values(record, names)),
            _ => None,
        };
        let parts = match &self.kind {
            Kind::Any => self.nearest(grams, record),
            // Its name says all of it.
            Kind::Not => Vec::new(),
            _ => self.parts.iter().collect(),
        };
        Verdict {
            condition: match (&self.kind, self.parts.len()) {
                (Kind::Any, ways) if ways > 1 && holds => format!("any of {ways}, here the first that holds"),
                (Kind::Any, ways) if ways > 1 => format!("any of {ways}, here the nearest"),
                _ => self.label.clone(),
            },
            holds,
            differs,
            parts: parts
                .into_iter()
                .map(|part| part.verdict(grams, record))
                .collect(),
        }
    }

    /// The parts that come nearest; of those that hold the first.
    fn nearest(&self, grams: &Grams, record: &Record) -> Vec<&Part> {
        let nears: Vec<f64> = self.parts.iter().map(|part| part.near(grams, record)).collect();
        let most = nears.iter().copied().fold(0.0, f64::max);
        let ways = if most >= 1.0 { 1 } else { MOST_WAYS };
        let nearest = self.parts.iter().zip(nears).filter(|(_, near)| *near >= most);
        nearest.map(|(part, _)| part).take(ways).collect()
    }
}

impl Verdict {
    /// The conditions without parts that do not hold, of the nearest way.
    pub fn failed(&self) -> Vec<&Verdict> {
        if self.holds {
            return Vec::new();
        }
        let below: Vec<&Verdict> = self.parts.iter().flat_map(Verdict::failed).collect();
        match below.is_empty() || self.differs.is_some() {
            true => vec![self],
            false => below,
        }
    }
}

fn parts(test: &Test) -> Vec<Part> {
    let none = Test::default;
    let mut all = Vec::new();
    if let Some(text) = &test.contains {
        let alone = Test {
            contains: Some(text.clone()),
            ..none()
        };
        let text = text.as_ref();
        let kind = Kind::Text(text.clone(), Wanted::of_text(text), Matcher::new(&alone));
        all.push(leaf(format!("contains '{text}'"), kind));
    }
    if let Some(pattern) = &test.regex {
        let alone = Test {
            regex: Some(pattern.clone()),
            ..none()
        };
        let pattern = pattern.as_ref();
        let kind = Kind::Pattern(pattern.clone(), Wanted::of_pattern(pattern), Matcher::new(&alone));
        all.push(leaf(format!("regex '{pattern}'"), kind));
    }
    all.extend(of_fields(test));
    all.extend(test.all.iter().map(Part::of));
    if !test.any.is_empty() {
        all.push(Part {
            label: "any of".to_owned(),
            kind: Kind::Any,
            parts: test.any.iter().map(Part::of).collect(),
        });
    }
    all.extend(test.not.iter().map(Part::of).map(|inner| Part {
        label: format!("not {}", inner.in_one_line()),
        kind: Kind::Not,
        parts: vec![inner],
    }));
    all
}

fn leaf(label: String, kind: Kind) -> Part {
    Part {
        label,
        kind,
        parts: Vec::new(),
    }
}

/// What is asked of the record itself, one by one, and of its fields, which belong together.
fn of_fields(test: &Test) -> Vec<Part> {
    let none = Test::default;
    let mut all = Vec::new();
    let mut add = |label: String, names: Vec<String>, test: Test| {
        all.push(leaf(label, Kind::Field(names, Matcher::new(&test))));
    };
    let named = |name: &str| vec![name.to_owned()];
    if let Some(glob) = &test.service {
        let alone = Test {
            service: Some(glob.clone()),
            ..none()
        };
        add(format!("service = '{}'", glob.as_ref()), named("service"), alone);
    }
    if let Some(glob) = &test.host {
        let alone = Test {
            host: Some(glob.clone()),
            ..none()
        };
        add(format!("host = '{}'", glob.as_ref()), named("host"), alone);
    }
    if let Some(levels) = &test.level {
        let alone = Test {
            level: Some(levels.clone()),
            ..none()
        };
        let names: Vec<&str> = levels.0.iter().map(|level| level.name()).collect();
        add(format!("level = {}", names.join(" or ")), named("level"), alone);
    }
    if let Some(level) = test.min_level {
        let alone = Test {
            min_level: Some(level),
            ..none()
        };
        add(format!("min-level = {}", level.0.name()), named("level"), alone);
    }
    if let Some(range) = test.status {
        let alone = Test {
            status: Some(range),
            ..none()
        };
        let label = match range.from == range.to {
            true => format!("status = {}", range.from),
            false => format!("status = {}..{}", range.from, range.to),
        };
        add(label, named("status"), alone);
    }
    if let Some(range) = test.duration {
        let alone = Test {
            duration: Some(range),
            ..none()
        };
        add(format!("duration {}", duration(range)), named("duration"), alone);
    }
    if !test.fields.is_empty() {
        let alone = Test {
            fields: test.fields.clone(),
            ..none()
        };
        let each: Vec<String> = test
            .fields
            .iter()
            .map(|(name, wanted)| format!("{name} {}", field(wanted)))
            .collect();
        add(
            format!("fields {}", each.join(", ")),
            test.fields.keys().cloned().collect(),
            alone,
        );
    }
    all
}

fn duration(range: DurationRange) -> String {
    match (range.from, range.to) {
        (i64::MIN, to) => format!("of {} or less", span(to)),
        (from, i64::MAX) => format!("of {} or more", span(from)),
        (from, to) => format!("from {} to {}", span(from), span(to)),
    }
}

fn field(wanted: &FieldTest) -> String {
    match wanted {
        FieldTest::Exists(true) => "exists".to_owned(),
        FieldTest::Exists(false) => "does not exist".to_owned(),
        FieldTest::OneOf(values) => {
            let values: Vec<String> = values.iter().map(scalar).collect();
            format!("= {}", values.join(" or "))
        }
        FieldTest::Number(range) => {
            let bounds = [
                ("from", range.from),
                ("to", range.to),
                ("above", range.above),
                ("below", range.below),
            ];
            let bounds = bounds
                .into_iter()
                .filter_map(|(name, bound)| Some(format!("{name} {}", bound?)));
            bounds.collect::<Vec<_>>().join(" ")
        }
    }
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Float(value) => value.to_string(),
        Scalar::Text(value) => format!("'{value}'"),
    }
}

/// The less text is wanted, the less it says that a share of it is there.
fn believed(share: f64, pieces: usize) -> f64 {
    share * pieces as f64 / (pieces as f64 + FEW)
}

/// What the record says in a field.
fn value<'r>(record: &'r Record, name: &str) -> Option<Cow<'r, str>> {
    match name {
        "duration" => record.duration.map(|nanos| Cow::Owned(span(nanos))),
        name => fields::value(record, name),
    }
}

/// What the record says in these fields.
fn values(record: &Record, names: &[String]) -> String {
    let told = |name: &String| match value(record, name) {
        Some(value) => format!("the record's {name} is {}", quoted_start(&value)),
        None => format!("the record states no {name}"),
    };
    names.iter().map(told).collect::<Vec<_>>().join(", ")
}
