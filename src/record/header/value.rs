//! A JSON value that borrows its texts from the line.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// The members of a JSON object, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Object<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    /// A bit for each length and first byte of a name: most names that are asked for are none of the members'.
    names: u64,
    /// The same for the first bytes of members that are objects: few paths lead into one.
    nested: u64,
}

impl<'a> Object<'a> {
    /// Reads a line that is one JSON object.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        match serde_json::from_slice(line).ok()? {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// All members.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The member of this name, or the one that a path with dots leads to.
    pub(super) fn get(&self, path: &str) -> Option<&Value<'a>> {
        self.member(path).or_else(|| {
            if self.nested & bit(0, path) == 0 {
                return None;
            }
            let dot = path.bytes().position(|byte| byte == b'.')?;
            match self.member(path.get(..dot)?)? {
                Value::Object(object) => object.get(path.get(dot + 1..)?),
                _ => None,
            }
        })
    }

    /// The member of this name.
    fn member(&self, name: &str) -> Option<&Value<'a>> {
        if self.names & bit(name.len(), name) == 0 {
            return None;
        }
        let (first, len) = (name.bytes().next(), name.len());
        let mut same = self
            .members
            .iter()
            .filter(|(other, _)| other.len() == len && other.bytes().next() == first && other == name);
        same.next().map(|(_, value)| value)
    }

    fn add(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        self.names |= bit(name.len(), &name);
        if matches!(value, Value::Object(_)) {
            self.nested |= bit(0, &name);
        }
        self.members.push((name, value));
    }

    /// The first of these members that `read` can make use of.
    pub(super) fn first<T>(&self, paths: &[&str], read: impl Fn(&Value<'a>) -> Option<T>) -> Option<T> {
        paths.iter().filter_map(|path| self.get(path)).find_map(read)
    }

    /// The first of these members that is a text and not empty.
    pub(super) fn text(&self, paths: &[&str]) -> Option<Cow<'a, str>> {
        self.first(paths, |value| {
            value.text().filter(|text| !text.is_empty()).cloned()
        })
    }
}

fn bit(length: usize, name: &str) -> u64 {
    let first = name.as_bytes().first().copied().unwrap_or_default();
    1 << ((length * 7 + usize::from(first)) % 64)
}

impl<'a> Value<'a> {
    pub(super) fn text(&self) -> Option<&Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text as it is, a number or truth value as it is written; nothing of what holds others or is empty.
    pub(super) fn written(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::Float(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The number, also if it is written as a text.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Value::Integer(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Value::Float(value))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Value::Text(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Value::Text(Cow::Owned(value.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(value) = access.next_element()? {
                    list.push(value);
                }
                Ok(Value::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut object = Object::default();
                while let Some((Value::Text(name), value)) = access.next_entry()? {
                    object.add(name, value);
                }
                Ok(Value::Object(object))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let object = Object::parse(br#"{"a":"plain","b":"es\tcaped"}"#).unwrap();
        assert!(matches!(
            object.get("a"),
            Some(Value::Text(Cow::Borrowed("plain")))
        ));
        assert!(matches!(object.get("b"), Some(Value::Text(Cow::Owned(text))) if text == "es\tcaped"));
    }

    #[test]
    fn paths_are_names_with_dots_or_lead_inside() {
        let object = Object::parse(br#"{"http.status":1,"http":{"method":"GET","req":{"id":7}}}"#).unwrap();
        assert_eq!(object.get("http.status").and_then(Value::integer), Some(1));
        assert_eq!(object.get("http.req.id").and_then(Value::integer), Some(7));
        assert_eq!(object.get("http.method.x"), None);
        assert_eq!(object.get("nothing"), None);
    }

    #[test]
    fn numbers_are_whole_or_not() {
        let object =
            Object::parse(br#"{"a":1795332703.5,"b":18446744073709551615,"c":"502","d":-1,"e":2.0}"#)
                .unwrap();
        let integer = |name| object.get(name).and_then(Value::integer);
        assert_eq!(
            [
                integer("a"),
                integer("b"),
                integer("c"),
                integer("d"),
                integer("e")
            ],
            [None, None, Some(502), Some(-1), Some(2)]
        );
    }

    #[test]
    fn what_is_no_object_is_nothing() {
        for line in [
            &b"{}x"[..],
            b"{",
            b"[]",
            b"{\"a\":}",
            b"{\"a\":\"\xff\"}",
            b"\"x\"",
        ] {
            assert_eq!(Object::parse(line), None);
        }
        assert_eq!(Object::parse(&[b'['; 100_000]), None);
    }
}
