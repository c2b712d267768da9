//! The fields of a record by their names, for conditions and keys.
//!
//! In: a [`Record`] and a name. Out: its value as a text: what the record itself knows (its service, process,
//! request, ...), else what its JSON object or logfmt line says under that key.

use std::borrow::Cow;

use serde_json::Value;

use crate::record::{Record, header};
use crate::signature::condition::{FieldTest, Scalar, Test};

/// Most `{` at which a JSON object is looked for in a record.
const JSON_ATTEMPTS: usize = 4;

/// The value of a field.
pub(super) fn value<'r>(record: &'r Record, name: &str) -> Option<Cow<'r, str>> {
    own(record, name).or_else(|| record.field(name))
}

/// Whether [`RecordReader::read_keys`](crate::record::reader::RecordReader::read_keys) leaves this field out.
pub(super) fn is_fact(name: &str) -> bool {
    matches!(name, "thread" | "logger")
}

/// Whether a condition looks at what is left out there.
pub(super) fn asks_for_facts(test: &Test) -> bool {
    let mut parts = test.any.iter().chain(&test.all).chain(&test.not);
    test.duration.is_some() || test.fields.keys().any(|name| is_fact(name)) || parts.any(asks_for_facts)
}

fn own<'r>(record: &'r Record, name: &str) -> Option<Cow<'r, str>> {
    let text = |text: &'r Option<String>| text.as_deref().map(Cow::Borrowed);
    let http = record.http.as_ref();
    match name {
        "service" => text(&record.service),
        "host" => text(&record.host),
        "pid" => record.pid.map(|pid| Cow::Owned(pid.to_string())),
        "thread" => text(&record.thread),
        "logger" => text(&record.logger),
        "request_id" => text(&record.request_id),
        "upstream" => text(&record.upstream),
        "client" => http.and_then(|http| text(&http.client)),
        "path" => http.map(|http| Cow::Borrowed(http.path.as_str())),
        "method" => http.map(|http| Cow::Borrowed(http.method.as_str())),
        "status" => http.map(|http| Cow::Owned(http.status.to_string())),
        "level" => record.level.map(|level| Cow::Borrowed(level.name())),
        _ => None,
    }
}

/// Whether the record's fields, or those of one JSON object in its text, are all as they should be.
pub(super) fn hold(tests: &[(String, FieldTest)], record: &Record) -> bool {
    let known = |(name, test): &(String, FieldTest)| {
        let own = own(record, name);
        own.is_some_and(|value| holds(test, Some(&value))) || holds(test, record.field(name).as_deref())
    };
    if tests.iter().all(known) {
        return true;
    }
    let written = record.as_written.as_deref();
    let mut texts = [Some(record.text.as_str()), written].into_iter().flatten();
    let may_hold = |text: &str| {
        let mut asked = tests.iter().filter(|(_, test)| !holds(test, None));
        asked.all(|(name, _)| header::may_have(text, name))
    };
    texts.any(|text| may_hold(text) && objects(text).any(|object| object_holds(tests, &object)))
}

/// The JSON objects in a text, not those inside of others.
fn objects(text: &str) -> impl Iterator<Item = Value> {
    let mut rest = text;
    let mut attempts = 0..JSON_ATTEMPTS;
    std::iter::from_fn(move || {
        while attempts.next().is_some() {
            rest = &rest[rest.find('{')?..];
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let object = values.next().and_then(Result::ok);
            if object.is_some() {
                rest = &rest[values.byte_offset()..];
                return object;
            }
            rest = &rest[1..];
        }
        None
    })
}

fn object_holds(tests: &[(String, FieldTest)], object: &Value) -> bool {
    tests.iter().all(|(name, test)| {
        let value = lookup(object, name).and_then(as_text);
        holds(test, value.as_deref())
    })
}

/// The value of `a.b`, whether written as one key or nested.
fn lookup<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        lookup(object.get(first)?, rest)
    })
}

fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn holds(test: &FieldTest, value: Option<&str>) -> bool {
    let number = || value.and_then(|value| value.trim().parse::<f64>().ok());
    match test {
        FieldTest::Exists(wanted) => value.is_some() == *wanted,
        FieldTest::Number(range) => number().is_some_and(|number| range.holds(number)),
        FieldTest::OneOf(values) => {
            value.is_some_and(|value| values.iter().any(|wanted| equal(wanted, value)))
        }
    }
}

fn equal(wanted: &Scalar, value: &str) -> bool {
    match wanted {
        Scalar::Text(text) => text == value,
        Scalar::Bool(wanted) => value.parse() == Ok(*wanted),
        Scalar::Integer(wanted) => value.parse() == Ok(*wanted),
        Scalar::Float(wanted) => value.parse() == Ok(*wanted),
    }
}
