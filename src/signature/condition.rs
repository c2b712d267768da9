//! What an author writes under `[match]`, read from TOML and checked for shape.
//!
//! These types hold the words of the page; what runs is compiled from them in
//! `detect::matcher`. Strings that can be wrong inside (patterns, globs) keep
//! their place in the page, so that an error can underline them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor, value};
use toml::Spanned;

use crate::record::Level;

/// The whole `[match]` table.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Match {
    /// Conditions on one record, see [`Test`].
    pub contains: Option<Spanned<String>>,
    /// As in [`Test`].
    pub regex: Option<Spanned<String>>,
    /// As in [`Test`].
    #[serde(default)]
    pub any: Vec<Test>,
    /// As in [`Test`].
    #[serde(default)]
    pub all: Vec<Test>,
    /// As in [`Test`].
    #[serde(default, deserialize_with = "one_or_many")]
    pub not: Vec<Test>,
    /// As in [`Test`].
    pub service: Option<Spanned<String>>,
    /// As in [`Test`].
    pub min_level: Option<LevelName>,
    /// As in [`Test`].
    pub status: Option<StatusRange>,
    /// As in [`Test`].
    #[serde(default)]
    pub fields: BTreeMap<String, toml::Value>,
    /// So many such records within a window.
    pub count: Option<Count>,
    /// Records in an order.
    pub sequence: Option<Sequence>,
    /// A record that never came.
    pub missing: Option<Missing>,
}

impl Match {
    /// The conditions on one record, without those over time.
    pub fn test(&self) -> Test {
        Test {
            contains: self.contains.clone(),
            regex: self.regex.clone(),
            any: self.any.clone(),
            all: self.all.clone(),
            not: self.not.clone(),
            service: self.service.clone(),
            min_level: self.min_level,
            status: self.status,
            fields: self.fields.clone(),
        }
    }
}

/// Conditions on one record; all that are present must hold.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Test {
    /// This text is in the record, case-sensitive.
    pub contains: Option<Spanned<String>>,
    /// This pattern is found in the record; named groups become captures.
    pub regex: Option<Spanned<String>>,
    /// At least one of these holds.
    #[serde(default)]
    pub any: Vec<Test>,
    /// All of these hold.
    #[serde(default)]
    pub all: Vec<Test>,
    /// None of these holds.
    #[serde(default, deserialize_with = "one_or_many")]
    pub not: Vec<Test>,
    /// A glob for the record's service.
    pub service: Option<Spanned<String>>,
    /// The record's level is this or worse.
    pub min_level: Option<LevelName>,
    /// The HTTP status of an access-log record.
    pub status: Option<StatusRange>,
    /// Values of a JSON object in the record; nested keys with dots.
    #[serde(default)]
    pub fields: BTreeMap<String, toml::Value>,
}

impl Test {
    /// True if nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.contains.is_none()
            && self.regex.is_none()
            && self.any.is_empty()
            && self.all.is_empty()
            && self.not.is_empty()
            && self.service.is_none()
            && self.min_level.is_none()
            && self.status.is_none()
            && self.fields.is_empty()
    }
}

/// At least so many records within a window, for each value of the key.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Count {
    /// 2 or more.
    pub at_least: u32,
    /// Length of the window, both ends included.
    pub within: Span,
    /// A capture, or `service`, `path`, `status`, `host`.
    pub key: Option<String>,
}

/// Records that come in this order within a window.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sequence {
    /// From the first to the last step, both ends included.
    pub within: Span,
    /// Two or more.
    pub steps: Vec<Test>,
    /// Equal in all steps.
    pub key: Option<String>,
}

/// A start whose end never came, although the log goes on.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Missing {
    /// The start.
    pub after: Test,
    /// The end that should follow.
    pub expect: Test,
    /// How long it may take.
    pub within: Span,
    /// Equal in both: the job's id.
    pub key: Option<String>,
}

/// `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"1d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Span {
    /// The length in nanoseconds.
    pub fn nanos(self) -> i64 {
        i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let millis = match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        };
        number
            .parse::<u64>()
            .ok()
            .zip(millis)
            .and_then(|(number, millis)| number.checked_mul(millis))
            .map(|millis| Span(Duration::from_millis(millis)))
            .ok_or_else(|| {
                de::Error::custom(format!(
                    "'{text}' is not a duration: write a whole number and ms, s, m, h or d, like \"5m\""
                ))
            })
    }
}

/// A level by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelName(pub Level);

impl<'de> Deserialize<'de> for LevelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let level = match text.as_str() {
            "debug" => Level::Debug,
            "info" => Level::Info,
            "notice" => Level::Notice,
            "warning" => Level::Warning,
            "error" => Level::Error,
            "critical" => Level::Critical,
            _ => {
                return Err(de::Error::custom(format!(
                    "'{text}' is not a level: debug, info, notice, warning, error or critical"
                )));
            }
        };
        Ok(LevelName(level))
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
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
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
