//! What one entry must be like, compiled.
//!
//! In: an entry's text. Out: whether a [`Term`] holds on it. The only door to the jaq crates.

use std::fmt;
use std::sync::OnceLock;

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, unwrap_valr};
use jaq_json::Val;
use memchr::memchr;
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use serde::de::IgnoredAny;

use crate::signature::cre::{Term, as_regex};

/// Largest compiled pattern, in bytes.
const REGEX_SIZE_LIMIT: usize = 4 << 20;

/// Most values of a program that are looked at for one entry.
const MOST_VALUES: usize = 10_000;

/// Functions of jq that reach out of the entry: a rule must not end the run, nor depend on the machine.
const REFUSED: &[&str] = &[
    "halt",
    "halt_error",
    "env",
    "now",
    "localtime",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
];

/// What is wrong with a term, if anything.
pub fn check(term: &Term) -> Result<(), String> {
    match term {
        Term::Value(text) if text.is_empty() => Err("it is empty, so every entry would have it".to_owned()),
        Term::Value(_) => Ok(()),
        Term::Regex(pattern) => regex(pattern).map(|_| ()).map_err(|error| {
            let error = error.to_string();
            error
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned()
        }),
        Term::Jq(program) => jq(program).map(|_| ()),
    }
}

/// A term that can be tried. Patterns and programs are compiled when they are first needed.
pub(super) enum Matcher {
    Value(Finder<'static>),
    Regex(String, OnceLock<Option<Regex>>),
    Jq(String, OnceLock<Option<Jq>>),
}

type Jq = jaq_core::Filter<JustLut<Val>>;

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Matcher::Value(text) => f
                .debug_tuple("Value")
                .field(&String::from_utf8_lossy(text.needle()))
                .finish(),
            Matcher::Regex(text, _) => f.debug_tuple("Regex").field(text).finish(),
            Matcher::Jq(text, _) => f.debug_tuple("Jq").field(text).finish(),
        }
    }
}

impl Matcher {
    pub(super) fn new(term: &Term) -> Matcher {
        match term {
            Term::Value(text) => Matcher::Value(Finder::new(text).into_owned()),
            Term::Regex(pattern) => Matcher::Regex(pattern.clone(), OnceLock::new()),
            Term::Jq(program) => Matcher::Jq(program.clone(), OnceLock::new()),
        }
    }

    /// Whether it holds on an entry.
    pub(super) fn holds(&self, text: &[u8]) -> bool {
        match self {
            Matcher::Value(wanted) => wanted.find(text).is_some(),
            Matcher::Regex(pattern, compiled) => {
                let regex = compiled.get_or_init(|| regex(pattern).ok());
                regex.as_ref().is_some_and(|regex| regex.is_match(text))
            }
            Matcher::Jq(program, compiled) => {
                if !is_json(text) {
                    return false;
                }
                let program = compiled.get_or_init(|| jq(program).ok());
                program
                    .as_ref()
                    .is_some_and(|program| gives_something(program, text))
            }
        }
    }

    /// Whether the entry that this line begins, or is part of, may satisfy it.
    pub(super) fn may_hold(&self, line: &[u8]) -> bool {
        match self {
            Matcher::Value(wanted) => wanted.find(line).is_some() || line.contains(&b'\\'),
            // It may be found across lines.
            Matcher::Regex(..) => true,
            // The last line of an object or a list: nobody logs bare numbers to ask jq about them.
            Matcher::Jq(..) => match line.trim_ascii_end().last() {
                Some(b'}') => memchr(b'{', line).is_some(),
                Some(b']') => memchr(b'[', line).is_some(),
                _ => false,
            },
        }
    }
}

/// A pattern as rules mean it: `^` and `$` are the ends of the entry, and classes such as `\w` are ASCII.
fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    let translated = as_regex(pattern);
    let build = |unicode| {
        RegexBuilder::new(&translated)
            .unicode(unicode)
            .size_limit(REGEX_SIZE_LIMIT)
            .build()
    };
    let ascii = pattern.is_ascii().then(|| build(false).ok());
    ascii.flatten().map_or_else(|| build(true), Ok)
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

fn jq(program: &str) -> Result<Jq, String> {
    let definitions = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .filter(|definition| !REFUSED.contains(&definition.name));
    let functions = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .filter(|(name, ..)| !REFUSED.contains(name));
    let arena = Arena::default();
    let file = File {
        code: program,
        path: (),
    };
    let modules = Loader::new(definitions)
        .load(&arena, file)
        .map_err(|_| "it is not a jq program".to_owned())?;
    Compiler::default()
        .with_funs(functions)
        .compile(modules)
        .map_err(|_| "it uses something that is not known here".to_owned())
}

/// Whether the program gives a value that is neither null nor false before it fails.
fn gives_something(program: &Jq, text: &[u8]) -> bool {
    let Ok(input) = jaq_json::read::parse_single(text) else {
        return false;
    };
    let context = Ctx::<JustLut<Val>>::new(&program.lut, Vars::new([]));
    let values = program.id.run((context, input)).map(unwrap_valr);
    values
        .take(MOST_VALUES)
        .map_while(Result::ok)
        .any(|value| !matches!(value, Val::Null | Val::Bool(false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(term: Term, text: &str) -> bool {
        Matcher::new(&term).holds(text.as_bytes())
    }

    #[test]
    fn the_ends_of_an_entry_are_not_those_of_its_lines() {
        let regex = |pattern: &str| Term::Regex(pattern.to_owned());
        assert!(holds(regex("^A.*c$"), "Abc"));
        assert!(!holds(regex("^b"), "a\nb"));
        assert!(!holds(regex("foo$"), "foo\n"));
        assert!(holds(regex("(?i)a1"), "A1"));
        assert!(check(&regex("A(?!B)")).is_err());
    }

    #[test]
    fn jq_holds_on_values_that_are_neither_null_nor_false() {
        let jq = |program: &str| Term::Jq(program.to_owned());
        assert!(holds(jq(".msg"), r#"{"msg":""}"#));
        assert!(holds(jq("select(.a > 1) | .b"), r#"{"a":2,"b":0}"#));
        assert!(!holds(jq(".msg"), r#"{"msg":false}"#));
        assert!(!holds(jq(".msg"), r#"{"msg":null}"#));
        assert!(!holds(jq(".msg"), r#"{"msg":1} x"#));
        assert!(!holds(jq(".msg.a"), r#"{"msg":1}"#));
        assert!(holds(jq(r#".msg | test("a+b")"#), r#"{"msg":"xaab"}"#));
        assert!(holds(jq(r#".msg | contains("b")"#), r#"{"msg":"xaab"}"#));
        assert!(check(&jq(".msg |")).is_err());
        assert!(check(&jq("nonsense(.)")).is_err());
        assert!(check(&jq("halt")).is_err());
    }
}
