//! Regular expressions as pages mean them.
//!
//! In: a pattern. Out: what is wrong with it, or a [`Pattern`] that is compiled when it is first needed: a run
//! needs few of a library's hundreds.

use std::sync::{Arc, OnceLock};

use regex::bytes::{Regex, RegexBuilder};

use super::beside::Needle;
use super::{gate, required};

/// Largest compiled pattern, in bytes.
const REGEX_SIZE_LIMIT: usize = 4 << 20;

/// Patterns of this many bytes are small unless they repeat something a counted number of times.
const SHORT_PATTERN: usize = 500;

/// Most texts of a gate that are worth looking for before a pattern is tried.
const FEW_TEXTS: usize = 3;

/// A pattern that is compiled when it is first needed.
#[derive(Debug)]
pub struct Pattern {
    text: Arc<str>,
    /// It is tried on raw bytes.
    raw: bool,
    compiled: OnceLock<Option<Regex>>,
    /// Texts of which each match has one; none if they are not known, or many.
    texts: OnceLock<Vec<Needle>>,
}

/// Compiles a pattern as pages mean it: `^` and `$` match at line ends, and classes such as `\w` mean ASCII
/// unless the pattern itself has other characters. That makes it smaller and faster.
fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    let build = |unicode| {
        RegexBuilder::new(pattern)
            .multi_line(true)
            .unicode(unicode)
            .size_limit(REGEX_SIZE_LIMIT)
            .build()
    };
    let ascii = pattern.is_ascii().then(|| build(false).ok());
    ascii.flatten().map_or_else(|| build(true), Ok)
}

/// What is wrong with a pattern, if anything, and the names of its groups.
pub fn check(pattern: &str) -> Result<Vec<String>, String> {
    let names = gate::group_names(pattern)?;
    // Only counted repetitions make a short pattern a big program; others need not be compiled to know.
    if pattern.contains('{') || pattern.len() > SHORT_PATTERN {
        regex(pattern).map_err(|error| error.to_string())?;
    }
    Ok(names)
}

impl Pattern {
    /// A pattern that [`check`] has nothing to say against.
    pub fn new(text: &str) -> Pattern {
        Pattern::of(Arc::from(text), false)
    }

    /// What is found in the raw bytes of a line wherever the given pattern is found in its text.
    pub fn raw(text: &Arc<str>) -> Pattern {
        Pattern::of(Arc::clone(text), true)
    }

    fn of(text: Arc<str>, raw: bool) -> Pattern {
        Pattern {
            text,
            raw,
            compiled: OnceLock::new(),
            texts: OnceLock::new(),
        }
    }

    /// Whether it may be found in `text`. That is known much sooner than whether it is: a condition may have dozens of patterns
    /// of which a record has one.
    pub fn may_be_in(&self, text: &[u8]) -> bool {
        let texts = || {
            let gate = required::of_regex(&self.text).filter(|gate| gate.literals.len() <= FEW_TEXTS);
            let literals = gate.iter().flat_map(|gate| &gate.literals);
            literals.map(|literal| Needle::new(literal)).collect()
        };
        let texts = self.texts.get_or_init(texts);
        texts.is_empty() || texts.iter().any(|needle| needle.stands_in(text))
    }

    /// The compiled pattern; nothing if it cannot be compiled.
    pub fn get(&self) -> Option<&Regex> {
        // Pages are checked when they are loaded or, if embedded, by the tests: a pattern
        // that does not compile cannot get here.
        let compile = || match self.raw {
            true => regex(&gate::raw_pattern(&self.text)?).ok(),
            false => regex(&self.text).ok(),
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        (&self.text, self.raw) == (&other.text, other.raw)
    }
}

impl Eq for Pattern {}
