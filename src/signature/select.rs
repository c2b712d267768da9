//! Ids and globs of ids: `python/bcrypt-about`, `http/*`.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, de};

/// An id, or a glob over ids in which `*` does not cross a `/`.
#[derive(Debug, Clone)]
pub struct IdPattern {
    text: String,
    matcher: GlobMatcher,
}

impl IdPattern {
    /// Reads an id or glob. The error says what is wrong with it.
    pub fn new(text: &str) -> Result<IdPattern, String> {
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .build()
            .map_err(|error| format!("'{text}' is not an id or glob: {}", error.kind()))?;
        Ok(IdPattern {
            text: text.to_owned(),
            matcher: glob.compile_matcher(),
        })
    }

    /// Whether `id` is meant.
    pub fn matches(&self, id: &str) -> bool {
        self.text == id || self.matcher.is_match(id)
    }

    /// Whether more than one id can be meant.
    pub fn is_glob(&self) -> bool {
        self.text.contains(['*', '?', '[', '{'])
    }
}

impl fmt::Display for IdPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for IdPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        IdPattern::new(&text).map_err(de::Error::custom)
    }
}
