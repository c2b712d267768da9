//! Gate literals: a set of texts of which every match of a condition contains at least one.
//!
//! In: a text or pattern as written. Out: its gate, or nothing where none is required. Regular expressions
//! are read with regex-syntax and reduced over their syntax tree. `build.rs` has this file too: it prepares the gates of
//! the patterns in the shipped pages, see [`required`](super::required).
//!
//! A gate must stand in the *raw* bytes, although conditions are tried on decoded text.
//! So bytes that JSON may write as an escape (quotes, backslashes, slashes, `<>&`,
//! control characters, everything beyond ASCII) never become part of a gate.

use std::borrow::Cow;
use std::sync::Arc;

use regex_syntax::hir::{Class, Hir, HirKind, LookSet};

use super::rarity;

/// Longest list of alternatives that is worth searching for one condition.
const MOST_ALTERNATIVES: usize = 96;

/// What each literal costs beside the places where it stands, as a share of all places. So a few
/// literals are better than many, unless they are much more common.
const LITERAL_COST: f64 = 1e-10;

/// The same for literals that are too short to be sampled.
const SHORT_LITERAL_COST: f64 = 1e-8;

/// Words are more frequent than the pairs of their letters say; this brings the estimates closer.
const OF_WORDS: f64 = 0.75;

/// The estimates are for any digits; each that is meant as it is makes a text rarer by this factor.
const OF_DIGITS: f64 = 6.0;

/// Texts of fewer bytes than this are short even if they are rare.
const FEW: usize = 4;

/// Words that are much more frequent in logs than the pairs of their letters say.
const COMMON: &[&str] = &[
    "error:",
    "error in",
    "[error]",
    "failed:",
    "failure",
    "state",
    "status:",
    "code:",
    "[notice]",
    "[warning]",
    "message",
    "request",
    "system:",
    "server:",
    "connection",
    "started",
    "starting",
    "timeout",
    "- - ",
    "authentication",
    "invalid",
    "login",
    "session",
    "thread",
];

/// The share of places at which one of them stands.
const OF_COMMON: f64 = 1e-3;

/// Literals of this many bytes and more are not short.
const LONG: usize = 15;

/// Most sets of texts that are looked for beside a literal.
const MOST_BESIDE: usize = 3;

/// Printable bytes that JSON may write as an escape.
const ESCAPABLE: &[u8] = b"\"\\/<>&";

/// Escapable bytes that stand before a literal in the raw bytes, too, if in another form. Before what begins a line
/// of the text anything may stand in the log.
const KEPT: &[u8] = b"\"\\/<>&\t";

/// A text that is part of the program, or was made of a page that was read.
pub type Text = Cow<'static, str>;

/// Texts of which any match contains at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// ASCII texts free of escapable bytes.
    pub literals: Vec<Text>,
    /// For each literal what the match has beside it.
    pub beside: Vec<Beside>,
}

/// What a place must have besides the literal's letters, or it is no match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Beside {
    /// The letters are capitals where the literal's are, and only there.
    pub exact: bool,
    /// The byte that the text has before the literal, if JSON may escape it.
    pub before: Option<u8>,
    /// A digit stands right before the literal.
    pub number: bool,
    /// Of each set one text stands on the same line.
    pub sets: Vec<Vec<Text>>,
    /// This pattern is found on the same line, as far as raw bytes can tell.
    pub pattern: Option<Arc<str>>,
}

impl Gate {
    /// The most telling part of `text` that JSON writes as it is.
    pub(super) fn of_literal(text: &[u8]) -> Option<Gate> {
        Gate::of_literal_behind(text, false)
    }

    /// The same for a text that a digit stands before, if `number` says so.
    fn of_literal_behind(text: &[u8], number: bool) -> Option<Gate> {
        let escapable = |byte: &u8| !(b' '..=b'~').contains(byte) || ESCAPABLE.contains(byte);
        let mut parts: Vec<(Text, Beside)> = Vec::new();
        let mut end = 0;
        for part in text.split(escapable) {
            let before = text[..end].last().filter(|byte| KEPT.contains(byte));
            let beside = Beside {
                exact: true,
                before: before.copied(),
                number: number && end == 0,
                ..Beside::default()
            };
            end += part.len() + 1;
            if part.trim_ascii().len() > 1
                && let Ok(part) = String::from_utf8(part.to_vec())
            {
                parts.push((Cow::Owned(part), beside));
            }
        }
        parts.sort_by(|(a, _), (b, _)| cost(a.as_bytes()).total_cmp(&cost(b.as_bytes())));
        let mut parts = parts.into_iter();
        let (literal, beside) = parts.next()?;
        let gate = Gate {
            literals: vec![literal],
            beside: vec![beside],
        };
        let on_one_line = !text.contains(&b'\n');
        Some(
            parts
                .filter(|_| on_one_line)
                .fold(gate, |gate, (part, _)| gate.with(&[part])),
        )
    }

    /// How many places of ordinary logs it takes a closer look at, as a share.
    fn cost(&self) -> f64 {
        cost_of_all(&self.literals)
    }

    /// How much is known of what stands beside the literals.
    fn company(&self) -> usize {
        let of_literal = |beside: &Beside| beside.sets.len() + usize::from(beside.number);
        self.beside.iter().map(of_literal).sum()
    }

    /// The more telling of two gates that are both required.
    pub(super) fn better(self, other: Gate) -> Gate {
        let order = other.cost().total_cmp(&self.cost());
        if order.then(self.company().cmp(&other.company())).is_lt() {
            other
        } else {
            self
        }
    }

    /// The most telling of gates that are all required on one line.
    fn of_line(gates: Vec<Gate>) -> Option<Gate> {
        let others: Vec<Vec<Text>> = gates.iter().map(|gate| gate.literals.clone()).collect();
        let best = gates.into_iter().reduce(Gate::better)?;
        Some(others.into_iter().fold(best, |best, texts| best.with(&texts)))
    }

    /// Adds that one of `texts` must stand on the same line.
    fn with(mut self, texts: &[Text]) -> Gate {
        for (literal, Beside { sets, .. }) in self.literals.iter().zip(&mut self.beside) {
            // What stands in the literal is there anyway.
            let known = |known: &Text| texts.iter().any(|text| known.contains(text.as_ref()));
            if known(literal) || sets.iter().any(|set| set.iter().all(known)) {
                continue;
            }
            sets.push(texts.to_vec());
            sets.sort_by(|a, b| cost_of_all(a).total_cmp(&cost_of_all(b)));
            sets.truncate(MOST_BESIDE);
        }
        self
    }

    pub(super) fn union(gates: impl Iterator<Item = Option<Gate>>) -> Option<Gate> {
        let mut literals = Vec::new();
        for gate in gates {
            let gate = gate?;
            literals.extend(gate.literals.into_iter().zip(gate.beside));
        }
        literals.sort();
        literals.dedup();
        let few = !literals.is_empty() && literals.len() <= MOST_ALTERNATIVES;
        let (literals, beside) = literals.into_iter().unzip();
        few.then_some(Gate { literals, beside })
    }
}

fn cost_of_all(literals: &[Text]) -> f64 {
    literals.iter().map(|literal| cost(literal.as_bytes())).sum()
}

fn cost(literal: &[u8]) -> f64 {
    let own = if literal.len() < LONG {
        SHORT_LITERAL_COST
    } else {
        LITERAL_COST
    };
    if literal.len() < FEW {
        // Not telling, however rare its letters are.
        return rarity::frequency(literal).powf(OF_WORDS).max(2.0 * OF_COMMON) + own;
    }
    let digits = literal.iter().filter(|byte| byte.is_ascii_digit()).count();
    let estimate = rarity::frequency(literal) / OF_DIGITS.powi(digits as i32);
    estimate.powf(OF_WORDS).max(of_common_word(literal)) + own
}

/// How often a literal stands somewhere because it is part of a word that many logs are full of.
fn of_common_word(literal: &[u8]) -> f64 {
    let word = literal.trim_ascii();
    let holds = |common: &&str| {
        let places = common.as_bytes().windows(word.len().max(1));
        places.into_iter().any(|place| place.eq_ignore_ascii_case(word))
    };
    if COMMON.iter().any(holds) { OF_COMMON } else { 0.0 }
}

/// The gate of a text; nothing if it has no two bytes that JSON writes as they are.
pub fn of_literal(text: &str) -> Option<Gate> {
    Gate::of_literal(text.as_bytes())
}

/// The gate of a regular expression; nothing if it is not one, or requires no literal.
pub fn of_regex(pattern: &str) -> Option<Gate> {
    let hir = parse(pattern).ok()?;
    let mut gate = of_hir(&hir)?;
    let exact = !folds_case(&hir);
    let pattern = (!spans_lines(&hir)).then(|| Arc::from(pattern));
    for beside in &mut gate.beside {
        beside.exact &= exact;
        beside.pattern.clone_from(&pattern);
    }
    Some(gate)
}

/// The syntax tree of a pattern as pages mean it: `^` and `$` match at line ends.
pub(super) fn parse(pattern: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    let parser = |unicode| {
        let mut builder = regex_syntax::ParserBuilder::new();
        builder.multi_line(true).unicode(unicode).utf8(false).build()
    };
    // Classes of ASCII characters are made much faster.
    let ascii = pattern.is_ascii().then(|| parser(false).parse(pattern).ok());
    match ascii.flatten() {
        Some(hir) => Ok(hir),
        None => parser(true).parse(pattern).map_err(Box::new),
    }
}

/// A pattern that is found in the raw bytes of a line wherever the given one is found in its text: where that
/// begins and ends is known to those only who read the record.
pub fn raw_pattern(pattern: &str) -> Option<String> {
    Some(unanchored(&parse(pattern).ok()?).to_string())
}

/// The same for those that are found in one line.
pub fn line_pattern(pattern: &str) -> Option<String> {
    let hir = parse(pattern).ok().filter(|hir| !spans_lines(hir))?;
    Some(unanchored(&hir).to_string())
}

/// The same without `^`, `$` and the like.
fn unanchored(hir: &Hir) -> Hir {
    let each = |parts: &[Hir]| parts.iter().map(unanchored).collect();
    match hir.kind() {
        HirKind::Look(look) if !LookSet::singleton(*look).contains_word() => Hir::empty(),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(repetition) => Hir::repetition(repetition.with(unanchored(&repetition.sub))),
        // Nobody asks for what they caught.
        HirKind::Capture(capture) => unanchored(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(each(parts)),
        HirKind::Alternation(parts) => Hir::alternation(each(parts)),
    }
}

/// The names of a pattern's groups, or what is wrong with it.
pub fn group_names(pattern: &str) -> Result<Vec<String>, String> {
    let hir = parse(pattern).map_err(|error| error.to_string())?;
    let mut names = Vec::new();
    add_group_names(&hir, &mut names);
    Ok(names)
}

fn add_group_names(hir: &Hir, names: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            names.extend(capture.name.as_deref().map(str::to_owned));
            add_group_names(&capture.sub, names);
        }
        HirKind::Repetition(repetition) => add_group_names(&repetition.sub, names),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| add_group_names(part, names));
        }
        _ => {}
    }
}

/// Whether a literal may have been made of a class with capitals, which lose their case.
fn folds_case(hir: &Hir) -> bool {
    let capital = |code: u32| u8::try_from(code).is_ok_and(|byte| byte.is_ascii_uppercase());
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => false,
        HirKind::Class(class) => characters(class).is_some() && codes(class).any(capital),
        HirKind::Repetition(repetition) => folds_case(&repetition.sub),
        HirKind::Capture(capture) => folds_case(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(folds_case),
    }
}

fn of_hir(hir: &Hir) -> Option<Gate> {
    match hir.kind() {
        HirKind::Capture(capture) => of_hir(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of_concat([hir]),
        HirKind::Alternation(branches) => {
            let together = of_concat([hir]);
            let apart = Gate::union(branches.iter().map(of_hir));
            together.into_iter().chain(apart).reduce(Gate::better)
        }
        HirKind::Concat(parts) => of_concat(parts),
        HirKind::Literal(_) | HirKind::Class(_) => of_concat([hir]),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// What stands side by side is joined, then the most telling part is taken.
fn of_concat<'a>(parts: impl IntoIterator<Item = &'a Hir>) -> Option<Gate> {
    let mut concat = Concat::default();
    let mut opened = Vec::new();
    parts.into_iter().for_each(|part| open(part, &mut opened));
    for part in opened {
        if spans_lines(part) {
            concat.end_line();
            concat.add(part);
            concat.end_line();
        } else {
            concat.add(part);
        }
    }
    concat.end_line();
    concat.lines.into_iter().reduce(Gate::better)
}

/// The parts of a part, without groups: the beginning of a group may join what stands before it.
fn open<'a>(part: &'a Hir, opened: &mut Vec<&'a Hir>) {
    match part.kind() {
        HirKind::Capture(capture) => open(&capture.sub, opened),
        HirKind::Concat(parts) => parts.iter().for_each(|part| open(part, opened)),
        _ => opened.push(part),
    }
}

/// Whether a match may have a line end in it.
fn spans_lines(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Class(Class::Unicode(class)) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&'\n')),
        HirKind::Class(Class::Bytes(class)) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&b'\n')),
        HirKind::Repetition(repetition) => spans_lines(&repetition.sub),
        HirKind::Capture(capture) => spans_lines(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(spans_lines),
    }
}

/// Parts that stand side by side, from the first to the last.
#[derive(Default)]
struct Concat {
    /// The gate of each line before.
    lines: Vec<Gate>,
    /// The gates on this line before the run.
    gates: Vec<Gate>,
    /// All texts that the parts since the last gap can match; empty behind a gap.
    run: Vec<Vec<u8>>,
    /// A digit stands before the run.
    number: bool,
}

impl Concat {
    fn end_line(&mut self) {
        self.gap();
        self.lines.extend(Gate::of_line(std::mem::take(&mut self.gates)));
    }

    fn gap(&mut self) {
        self.gates.extend(of_texts(&self.run, self.number));
        self.run.clear();
        self.number = false;
    }

    fn joined(&self, texts: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        if self.run.is_empty() {
            return Some(texts.to_vec());
        }
        product(&self.run, texts)
    }

    fn add(&mut self, part: &Hir) {
        if let Some(texts) = texts(part) {
            let joined = self.joined(&texts);
            if joined.as_ref().is_none_or(|joined| joined.len() > self.run.len()) {
                // The shorter run may be the better gate: it is one for fewer texts.
                self.gates.extend(of_texts(&self.run, self.number));
            }
            self.number &= joined.is_some();
            self.run = joined.unwrap_or(texts);
        } else if let HirKind::Repetition(repetition) = part.kind()
            && repetition.min > 0
        {
            // The first time joins what is before, the last time what follows.
            let once = texts(&repetition.sub);
            let first = once.as_ref().and_then(|once| self.joined(once));
            self.gates
                .extend(first.and_then(|first| of_texts(&first, self.number)));
            self.gap();
            self.gates.extend(of_hir(&repetition.sub));
            self.run = once.unwrap_or_default();
            self.number = self.run.is_empty() && is_digit(&repetition.sub);
        } else {
            // What may be missing behind a digit may be a digit, too.
            let goes_on = self.number && self.run.is_empty();
            let may_be_missing = matches!(part.kind(), HirKind::Repetition(_));
            self.gap();
            self.gates.extend(of_part(part));
            self.number = is_digit(part) && (goes_on || !may_be_missing);
        }
    }
}

/// The gate of a part whose texts cannot be counted.
fn of_part(part: &Hir) -> Option<Gate> {
    match part.kind() {
        HirKind::Capture(capture) => of_part(&capture.sub),
        HirKind::Alternation(branches) => Gate::union(branches.iter().map(of_hir)),
        HirKind::Concat(parts) => of_concat(parts),
        _ => None,
    }
}

/// The gate of a run of texts, which a digit stands before if `number` says so.
fn of_texts(texts: &[Vec<u8>], number: bool) -> Option<Gate> {
    let behind = |text: &Vec<u8>| Gate::of_literal_behind(text, number);
    Gate::union(texts.iter().map(behind))
}

/// Whether it matches digits alone, each of those by itself too.
fn is_digit(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(class) => codes(class).all(|code| (0x30..=0x39).contains(&code)),
        HirKind::Repetition(repetition) => is_digit(&repetition.sub),
        _ => false,
    }
}

/// Each of `heads` with each of `tails`, if those are not too many.
fn product(heads: &[Vec<u8>], tails: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    (heads.len() * tails.len() <= MOST_ALTERNATIVES).then(|| {
        let joined = heads
            .iter()
            .flat_map(|head| tails.iter().map(move |tail| [head.as_slice(), tail].concat()));
        joined.collect()
    })
}

/// All texts that `hir` matches, if those are few; one for both cases of a letter.
fn texts(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        // Anchors and word boundaries take no bytes.
        HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Class(class) => characters(class),
        HirKind::Capture(capture) => texts(&capture.sub),
        HirKind::Repetition(repetition) if repetition.max == Some(1) => {
            let mut texts = texts(&repetition.sub)?;
            if repetition.min == 0 {
                texts.push(Vec::new());
            }
            Some(texts)
        }
        HirKind::Repetition(_) => None,
        HirKind::Concat(parts) => {
            let first = vec![Vec::new()];
            parts
                .iter()
                .try_fold(first, |run, part| product(&run, &texts(part)?))
        }
        HirKind::Alternation(branches) => {
            let all: Option<Vec<_>> = branches.iter().map(texts).collect();
            Some(all?.concat()).filter(|texts| texts.len() <= MOST_ALTERNATIVES)
        }
    }
}

/// Most characters of a class that are told apart.
const MOST_CHARACTERS: usize = 6;

/// The characters of a class, letters in lower case. The long s and the Kelvin sign, which Unicode folds
/// to s and k, are left out: case is folded for ASCII only.
fn characters(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut characters: Vec<Vec<u8>> = Vec::new();
    for code in codes(class) {
        if code == 0x17F || code == 0x212A {
            continue;
        }
        let character = u8::try_from(code).ok().filter(u8::is_ascii)?.to_ascii_lowercase();
        if !characters.contains(&vec![character]) {
            characters.push(vec![character]);
        }
        if characters.len() > MOST_CHARACTERS {
            return None;
        }
    }
    (!characters.is_empty()).then_some(characters)
}

/// The characters or bytes of a class.
fn codes(class: &Class) -> impl Iterator<Item = u32> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            let ranges = class.ranges().iter();
            ranges
                .map(|range| (range.start().into(), range.end().into()))
                .collect()
        }
        Class::Bytes(class) => {
            let ranges = class.ranges().iter();
            ranges
                .map(|range| (range.start().into(), range.end().into()))
                .collect()
        }
    };
    ranges.into_iter().flat_map(|(start, end)| start..=end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::*;

    fn literals(pattern: &str) -> Vec<Text> {
        of_regex(pattern).map(|gate| gate.literals).unwrap_or_default()
    }

    #[test]
    fn the_most_telling_required_literal_is_chosen() {
        assert_eq!(
            literals(r"bind\(\) to \S+ failed \(98: Address already in use\)"),
            [" failed (98: Address already in use)"]
        );
        assert_eq!(literals(r"(?i)errno \d+"), ["errno "]);
        assert_eq!(literals(r"port (?P<port>\d+) is in use"), [" is in use"]);
    }

    #[test]
    fn every_alternative_must_give_one() {
        assert_eq!(literals("refused|timed out"), ["refused", "timed out"]);
        assert_eq!(literals(r"refused|\d+"), Vec::<String>::new());
        assert_eq!(literals("(?:refused)?"), Vec::<String>::new());
    }

    #[test]
    fn short_alternatives_are_joined_with_what_stands_beside_them() {
        assert_eq!(
            literals(r"\b[Rr]etrying (?:job|task) \d+"),
            ["retrying job ", "retrying task "]
        );
        assert_eq!(
            literals(r"exit(?:ed)? with [:=]+code"),
            ["exit with ", "exited with "]
        );
        assert_eq!(literals(r"worker [:=]+ gave up"), [": gave up", "= gave up"]);
    }

    #[test]
    fn the_line_must_have_the_rest_too() {
        let sets = |pattern: &str| of_regex(pattern).unwrap().beside[0].sets.clone();
        let gate = of_regex(r"invalid.*(?:refused|timed out).*ECONNRESET").unwrap();
        assert_eq!(gate.literals, ["ECONNRESET"]);
        assert_eq!(
            gate.beside[0].sets,
            [vec!["refused", "timed out"], vec!["invalid"]]
        );
        // A line end may stand between the two.
        assert!(sets(r"invalid(?s:.*)ECONNRESET").is_empty());
        assert!(sets(r"invalid\s+ECONNRESET").is_empty());
    }

    #[test]
    fn capitals_count_unless_a_class_has_them() {
        let exact = |pattern: &str| of_regex(pattern).unwrap().beside[0].exact;
        assert!(exact(r"Connection \w+ refused"));
        assert!(!exact(r"(?i)connection refused"));
        assert!(!exact(r"[Cc]onnection refused"));
    }

    #[test]
    fn what_stands_before_a_literal_is_known_if_json_escapes_it() {
        let before = |pattern: &str| of_regex(pattern).unwrap().beside[0].before;
        assert_eq!(before(r"^[^\t]+\t[^\t]*\t139$"), Some(b'\t'));
        assert_eq!(before(r"(?:a|b)/exporter"), Some(b'/'));
        assert_eq!(before(r"\nexporter"), None);
        assert_eq!(before(r"exporter/"), None);
    }

    #[test]
    fn a_digit_before_a_literal_is_known() {
        let number = |pattern: &str| of_regex(pattern).unwrap().beside[0].number;
        assert!(number(r"^ *(?P<failed>[1-9]\d*) failed"));
        assert!(number(r"\d+(?: left)? failed"));
        assert!(number(r"\d{3}\b failed"));
        assert!(!number(r"\d* failed"));
        assert!(!number(r"x\d* failed"));
        assert!(!number(r"\d+[a-z]* failed"));
        assert!(!number(r"[45]+ failed"));
        assert!(!number(r"\d+/failed"));
        assert!(!number(r"(?:\d+|job) failed"));
        assert!(!number(r"\w+ failed"));
    }

    #[test]
    fn of_equal_literals_the_one_with_more_beside_it_is_chosen() {
        let gate = of_regex(r#""status" ?: ?"red""#).unwrap();
        assert_eq!(gate.literals, ["status"]);
        assert_eq!(gate.beside[0].sets, [vec!["red"]]);
    }

    #[test]
    fn what_may_be_missing_is_not_required() {
        assert_eq!(
            literals(r"(?:fatal: )?(?:not found)*\w+ unreachable"),
            [" unreachable"]
        );
        assert_eq!(
            literals(r"(?:connection )?[a-z]+ refused(?: again)?"),
            [" refused"]
        );
    }

    #[test]
    fn bytes_that_json_may_escape_are_left_out() {
        assert_eq!(literals(r#"module 'x' has "no" attribute"#), ["module 'x' has "]);
        assert_eq!(literals("passlib/handlers"), ["handlers"]);
    }

    /// Everything that a gate has to be taken from, and what it must not be taken from.
    const PATTERNS: &[&str] = &[
        r"(?:[Jj]ob|[Tt]ask|sync)[ :#=]+(?:id[ :=]+)?[a-z]{1,3}:? (?:has |was )?[Ss]tarted",
        r"(?:starting|running|done with) (?:job|task|batch)[ :#=]{1,2}[0-9]",
        r"a(?:b|c(?:d|e)+|fgh?)*i[jk]l{2,3}mno",
        r"(?:refused|timed out|[0-9] left)(?: again)?",
        r"(?i)err(?:or|no)? ?[0-9]+: (?:disk|file) full",
        r"((ab|cd)(ef|gh)){1,2}xyz",
        r"(?:|x)yes(?:no|maybe)?[a-f]end",
        r"[ab]c?[de]f{0,1}gh",
        r"(?:[1-9][0-9]*|[0-9]{2}:) (?:tests?|specs?)[a-z ]{0,3} failed",
        r"(?:in )?[0-9]+(?:, | )?failed",
        r"(?:one [0-9]{1,3} two|three)[a-z]*four [0-9]+ five (?:x|y)+ six",
    ];

    proptest::proptest! {
        #[test]
        fn every_match_contains_a_literal_of_the_gate(
            (pattern, text) in (0..PATTERNS.len()).prop_flat_map(|number| {
                let pattern = PATTERNS[number];
                (Just(pattern), string_regex(pattern).unwrap())
            })
        ) {
            // Case is folded for ASCII only.
            prop_assume!(text.is_ascii());
            let folded = text.to_ascii_lowercase();
            let gate = of_regex(pattern).unwrap();
            let stands = |literal: &Text| folded.contains(&literal.to_ascii_lowercase());
            for (literal, beside) in gate.literals.iter().zip(&gate.beside) {
                let set = |set: &Vec<Text>| set.iter().any(stands);
                let exact = !beside.exact || text.contains(literal.as_ref());
                let digit = |(at, _): (usize, &str)| folded[..at].ends_with(|last: char| last.is_ascii_digit());
                let lower = literal.to_ascii_lowercase();
                let number = !beside.number || folded.match_indices(&lower).any(digit);
                if stands(literal) && exact && number && beside.sets.iter().all(set) {
                    return Ok(());
                }
            }
            prop_assert!(false, "{text:?} has nothing of {gate:?}");
        }
    }
}
