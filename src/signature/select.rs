//! Ids, other names, and globs of them: `python/bcrypt-about`, `http/*`, `nginx*`; and what a failure leads to.
//!
//! In: what stands in a page or on the command line. Out: a test of names that costs next to nothing to make,
//! because a library has hundreds and a run needs few of them.

use std::fmt;
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, de};

use super::condition::Span;

/// A name, or a glob over names.
#[derive(Debug, Clone)]
pub struct NamePattern {
    text: String,
    /// Nothing for a plain name. Compiled when first used: most runs never need most of them.
    glob: Option<(Glob, OnceLock<GlobMatcher>)>,
}

impl NamePattern {
    /// Reads an id, or a glob over ids, in which `*` does not cross a `/`. The error says what is wrong with it.
    pub fn of_ids(text: &str) -> Result<NamePattern, String> {
        NamePattern::with_separator(text, true)
    }

    /// The same for names in which `/` is a character like others, such as services.
    pub fn of_names(text: &str) -> Result<NamePattern, String> {
        NamePattern::with_separator(text, false)
    }

    fn with_separator(text: &str, separator: bool) -> Result<NamePattern, String> {
        let glob = || {
            let glob = GlobBuilder::new(text).literal_separator(separator).build();
            glob.map_err(|error| format!("'{text}' is not a name or glob: {}", error.kind()))
        };
        let is_glob = text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        Ok(NamePattern {
            text: text.to_owned(),
            glob: is_glob
                .then(glob)
                .transpose()?
                .map(|glob| (glob, OnceLock::new())),
        })
    }

    /// Whether `name` is meant.
    pub fn matches(&self, name: &str) -> bool {
        match &self.glob {
            None => self.text == name,
            Some((glob, matcher)) => matcher.get_or_init(|| glob.compile_matcher()).is_match(name),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether more than one name can be meant.
    pub fn is_glob(&self) -> bool {
        self.glob.is_some()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for NamePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        NamePattern::of_ids(&text).map_err(de::Error::custom)
    }
}

/// What a failure can bring about, and perhaps how soon: `"http/*"`, or `{ to = "http/*", within = "30s" }`.
#[derive(Debug, Clone)]
pub struct LeadsTo {
    /// Ids of what can follow.
    pub to: NamePattern,
    /// How long after the last sign of the failure it may begin; without one, the bounds of `docs/cause.md` hold.
    pub within: Option<Span>,
}

impl fmt::Display for LeadsTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            Some(within) => write!(f, "{} within {} s", self.to, within.0.as_secs_f64()),
            None => self.to.fmt(f),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounded {
    to: NamePattern,
    within: Span,
}

impl<'de> Deserialize<'de> for LeadsTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> de::Visitor<'de> for Either {
    type Value = LeadsTo;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id or glob, or a table like { to = \"http/*\", within = \"30s\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<LeadsTo, E> {
        let to = NamePattern::of_ids(text).map_err(de::Error::custom)?;
        Ok(LeadsTo { to, within: None })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<LeadsTo, A::Error> {
        let Bounded { to, within } = Bounded::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(LeadsTo {
            to,
            within: Some(within),
        })
    }
}
