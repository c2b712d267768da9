//! The values of conditions: durations, levels, ranges, names, fields.
//!
//! In: what stands behind a key of a page's condition. Out: its meaning, or an error that says what to write.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor, value};

use crate::record::Level;

/// `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"1d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Span {
    /// The length in nanoseconds.
    pub fn nanos(self) -> i64 {
        i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX)
    }
}

impl Span {
    /// Reads `5m`; nothing if it is not a whole number with a unit.
    fn parse(text: &str) -> Option<Span> {
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let millis = number.parse::<u64>().ok()?.checked_mul(millis)?;
        Some(Span(Duration::from_millis(millis)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Span::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "'{text}' is not a duration: write a whole number and ms, s, m, h or d, like \"5m\""
            ))
        })
    }
}

/// How long a request or statement took: `">5s"`, `">=500ms"`, `"<10ms"`, or `"1s..5s"` with both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationRange {
    /// The shortest that is meant, in nanoseconds.
    pub from: i64,
    /// The longest that is meant, in nanoseconds.
    pub to: i64,
}

impl DurationRange {
    fn parse(text: &str) -> Option<DurationRange> {
        let nanos = |text: &str| Some(Span::parse(text.trim())?.nanos());
        let all = DurationRange {
            from: i64::MIN,
            to: i64::MAX,
        };
        if let Some((from, to)) = text.split_once("..") {
            let (from, to) = (nanos(from)?, nanos(to)?);
            return (from <= to).then_some(DurationRange { from, to });
        }
        if let Some(rest) = text.strip_prefix(">=") {
            return Some(DurationRange {
                from: nanos(rest)?,
                ..all
            });
        }
        if let Some(rest) = text.strip_prefix("<=") {
            return Some(DurationRange {
                to: nanos(rest)?,
                ..all
            });
        }
        if let Some(rest) = text.strip_prefix('>') {
            let from = nanos(rest)?.checked_add(1)?;
            return Some(DurationRange { from, ..all });
        }
        let to = nanos(text.strip_prefix('<')?)? - 1;
        Some(DurationRange { to, ..all })
    }

    /// Whether `nanos` lies in it.
    pub fn holds(&self, nanos: i64) -> bool {
        (self.from..=self.to).contains(&nanos)
    }
}

impl<'de> Deserialize<'de> for DurationRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DurationRange::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "'{text}' is not a range of durations: write \">5s\", \">=500ms\", \"<10ms\" or \"1s..5s\""
            ))
        })
    }
}

/// What a record itself knows, whatever its format calls it.
pub const OWN_FIELDS: &[&str] = &[
    "service",
    "host",
    "pid",
    "thread",
    "logger",
    "request_id",
    "upstream",
    "client",
    "path",
    "method",
    "status",
    "level",
];

/// What a field of a record should be.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldTest {
    /// One of these: texts, numbers, truth values. A number or truth value in quotes counts as one.
    OneOf(Vec<Scalar>),
    /// A number in a range.
    Number(NumberRange),
    /// The field is there (not `null`), or is not.
    Exists(bool),
}

/// A single value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
}

/// `{ from = 500, to = 599 }` with both ends included, `{ above = 5 }`, `{ below = 0.5 }`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NumberRange {
    /// This or more.
    pub from: Option<f64>,
    /// This or less.
    pub to: Option<f64>,
    /// More than this.
    pub above: Option<f64>,
    /// Less than this.
    pub below: Option<f64>,
}

impl NumberRange {
    /// Whether `number` lies in it.
    pub fn holds(&self, number: f64) -> bool {
        self.from.is_none_or(|from| number >= from)
            && self.to.is_none_or(|to| number <= to)
            && self.above.is_none_or(|above| number > above)
            && self.below.is_none_or(|below| number < below)
    }
}

impl<'de> Deserialize<'de> for FieldTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = toml::Value::deserialize(deserializer)?;
        FieldTest::of(&written).ok_or_else(|| {
            de::Error::custom(
                "this is not a condition on a field: write a value, a list of values, a range such as \
                 { from = 500, to = 599 }, { above = 5 } or { below = 5 }, or { exists = true }",
            )
        })
    }
}

impl FieldTest {
    fn of(written: &toml::Value) -> Option<FieldTest> {
        match written {
            toml::Value::Array(values) if !values.is_empty() => {
                let values: Option<_> = values.iter().map(Scalar::of).collect();
                values.map(FieldTest::OneOf)
            }
            toml::Value::Table(table) => match table.get("exists") {
                Some(toml::Value::Boolean(exists)) if table.len() == 1 => Some(FieldTest::Exists(*exists)),
                _ => FieldTest::range(table),
            },
            single => Some(FieldTest::OneOf(vec![Scalar::of(single)?])),
        }
    }

    fn range(table: &toml::Table) -> Option<FieldTest> {
        let mut range = NumberRange::default();
        for (name, value) in table {
            let bound = match name.as_str() {
                "from" => &mut range.from,
                "to" => &mut range.to,
                "above" => &mut range.above,
                "below" => &mut range.below,
                _ => return None,
            };
            *bound = Some(match value {
                toml::Value::Integer(number) => *number as f64,
                toml::Value::Float(number) => *number,
                _ => return None,
            });
        }
        (range != NumberRange::default()).then_some(FieldTest::Number(range))
    }

    /// The texts of which the record has one, if the test asks for texts only.
    pub fn texts(&self) -> Option<Vec<&str>> {
        let FieldTest::OneOf(values) = self else {
            return None;
        };
        values
            .iter()
            .map(|value| match value {
                Scalar::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl Scalar {
    fn of(written: &toml::Value) -> Option<Scalar> {
        Some(match written {
            toml::Value::Boolean(value) => Scalar::Bool(*value),
            toml::Value::Integer(value) => Scalar::Integer(*value),
            toml::Value::Float(value) => Scalar::Float(*value),
            toml::Value::String(value) => Scalar::Text(value.clone()),
            _ => return None,
        })
    }
}

/// The names of what is equal in records that belong together: one, or several that must all be equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(pub Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;
        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name such as \"path\", or a list of such names")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Keys, E> {
                Ok(Keys(vec![name.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Keys, A::Error> {
                let names = Vec::deserialize(value::SeqAccessDeserializer::new(seq))?;
                match names.is_empty() {
                    true => Err(de::Error::custom("the list of keys is empty")),
                    false => Ok(Keys(names)),
                }
            }
        }
        deserializer.deserialize_any(KeysVisitor)
    }
}

/// Where the records of a condition over time may stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Across {
    /// In one log (a file, or all pieces of a rotated one).
    #[default]
    Log,
    /// In any of the logs that are scanned together, in the order of their times.
    Sources,
}

/// One or more levels by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels(pub Vec<Level>);

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Keys(names) = Keys::deserialize(deserializer)?;
        let levels: Result<_, _> = names.iter().map(|name| level(name)).collect();
        levels.map(Levels)
    }
}

fn level<E: de::Error>(name: &str) -> Result<Level, E> {
    Ok(match name {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "notice" => Level::Notice,
        "warning" => Level::Warning,
        "error" => Level::Error,
        "critical" => Level::Critical,
        _ => {
            return Err(E::custom(format!(
                "'{name}' is not a level: debug, info, notice, warning, error or critical"
            )));
        }
    })
}

/// A level by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelName(pub Level);

impl<'de> Deserialize<'de> for LevelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        level(&String::deserialize(deserializer)?).map(LevelName)
    }
}

/// `502` or `"500..599"`, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    /// Lowest status.
    pub from: u16,
    /// Highest status.
    pub to: u16,
}

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusVisitor;
        impl Visitor<'_> for StatusVisitor {
            type Value = StatusRange;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status like 502, or a range like \"500..599\"")
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<StatusRange, E> {
                let status = u16::try_from(value)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))?;
                Ok(StatusRange {
                    from: status,
                    to: status,
                })
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusRange, E> {
                text.split_once("..")
                    .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)))
                    .filter(|(from, to)| from <= to)
                    .map(|(from, to)| StatusRange { from, to })
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(StatusVisitor)
    }
}

/// Reads a table as a list of one. Written out, since serde's untagged enums lose places.
pub(super) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct OneOrMany<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of conditions, or a list of such tables")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(value::MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vec<T>, A::Error> {
            Vec::deserialize(value::SeqAccessDeserializer::new(seq))
        }
    }
    deserializer.deserialize_any(OneOrMany(PhantomData))
}
