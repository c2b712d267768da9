//! What a place must have besides a literal's letters, so that a closer look is worth it.
//!
//! In: the [`Beside`] of a gate literal, bytes, and the literal's place. Out: whether its line may be what is
//! looked for. It costs about a twentieth of reading the record.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3_iter, memrchr};

use super::gate::{Beside, Text};
use super::pattern::Pattern;
use super::rarity;

/// How far from a literal the ends of its line are looked for, in bytes. In longer lines nothing is ruled
/// out, so that a long line with many literals is not read again for each.
pub const REACH: usize = 2048;

/// Longest code of terminals that does not begin as colours do (`\x1b(B`), in bytes.
const SHORT_CODE: usize = 3;

/// How far a transport's stamp and stream reach into a line, in bytes.
const PREFIX: usize = 64;

/// A [`Beside`], ready to be looked for.
#[derive(Debug)]
pub(super) struct Rest {
    /// The literal as it is written, if its capitals count.
    exact: Option<Text>,
    before: Option<u8>,
    number: bool,
    sets: Vec<Vec<Text>>,
    /// The sets, made when they are first needed.
    needles: OnceLock<Vec<Vec<Needle>>>,
    pattern: Option<Arc<Pattern>>,
}

impl PartialEq for Rest {
    fn eq(&self, other: &Rest) -> bool {
        let of = |rest: &Rest| (rest.before, rest.number);
        of(self) == of(other)
            && self.exact == other.exact
            && self.sets == other.sets
            && self.pattern == other.pattern
    }
}

/// A text in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle {
    text: Vec<u8>,
    /// The place of its rarest byte.
    rarest: usize,
}

impl Rest {
    /// `pattern` is that of `beside`.
    pub(super) fn new(literal: Text, beside: Beside, pattern: Option<Arc<Pattern>>) -> Rest {
        Rest {
            exact: beside.exact.then_some(literal),
            before: beside.before,
            number: beside.number,
            sets: beside.sets,
            needles: OnceLock::new(),
            pattern,
        }
    }

    fn needles(&self) -> &[Vec<Needle>] {
        let of_set = |set: &Vec<Text>| set.iter().map(|text| Needle::new(text)).collect();
        let all = || self.sets.iter().map(of_set).collect();
        self.needles.get_or_init(all)
    }

    /// Whether the literal that stands at `place` is written as it should be. `begins` says whether a line begins where the
    /// haystack does.
    pub(super) fn is_written(&self, (haystack, begins): (&[u8], bool), place: usize) -> bool {
        let (above, here) = haystack.split_at(place);
        let exact = |exact: &Text| here.starts_with(exact.as_bytes());
        let before = |before| above.is_empty() || ends_with(above, before);
        // A short code of terminals may stand between.
        let is_code = || above.iter().rev().take(SHORT_CODE).any(|byte| *byte == 0x1b);
        let is_number = |last: &u8| last.is_ascii_digit() || is_code();
        let number = || above.last().map_or(!begins, is_number);
        self.exact.as_ref().is_none_or(exact) && (!self.number || number()) && self.before.is_none_or(before)
    }

    /// Whether the line does not matter.
    pub(super) fn is_anywhere(&self) -> bool {
        self.sets.is_empty() && self.pattern.is_none()
    }

    /// Whether the line may have a text of each set, and what the pattern finds.
    pub(super) fn stands_in(&self, line: &Line<'_>) -> bool {
        let in_line = |set: &Vec<Needle>| set.iter().any(|needle| needle.stands_in(line.bytes));
        let pattern = || self.pattern.as_deref().and_then(Pattern::get);
        let found = || pattern().is_none_or(|pattern| pattern.is_match(line.bytes));
        let here = self.needles().iter().all(in_line) && (line.is_written_otherwise() || found());
        here || line.is_part()
    }
}

/// A line, and what several will ask of it.
#[derive(Debug)]
pub(super) struct Line<'h> {
    bytes: &'h [u8],
    part: OnceCell<bool>,
    otherwise: OnceCell<bool>,
}

impl<'h> Line<'h> {
    pub(super) fn new(bytes: &'h [u8]) -> Line<'h> {
        Line {
            bytes,
            part: OnceCell::new(),
            otherwise: OnceCell::new(),
        }
    }

    /// The line that holds `place`, if both its ends are near. `begins` says whether a line begins where the haystack does.
    pub(super) fn at(haystack: &'h [u8], place: usize, begins: bool) -> Option<Line<'h>> {
        let from = place.saturating_sub(REACH);
        let start = match memrchr(b'\n', &haystack[from..place]) {
            Some(newline) => from + newline + 1,
            // As far as in the middle of a haystack.
            None if begins && place < REACH => 0,
            None => return None,
        };
        let to = haystack.len().min(place + REACH);
        let end = place + memchr(b'\n', &haystack[place..to])?;
        Some(Line::new(&haystack[start..end]))
    }

    fn is_part(&self) -> bool {
        *self.part.get_or_init(|| is_part(self.bytes))
    }

    fn is_written_otherwise(&self) -> bool {
        *self.otherwise.get_or_init(|| is_written_otherwise(self.bytes))
    }
}

impl Needle {
    pub(super) fn new(text: &str) -> Needle {
        let text = text.to_ascii_lowercase().into_bytes();
        let frequency = |at: &usize| rarity::frequency(&text[*at..=*at]);
        let rarest = (0..text.len()).min_by(|a, b| frequency(a).total_cmp(&frequency(b)));
        Needle {
            rarest: rarest.unwrap_or(0),
            text,
        }
    }

    /// Whether it stands in `line`, ASCII case aside.
    pub(super) fn stands_in(&self, line: &[u8]) -> bool {
        let Some(rarest) = self.text.get(self.rarest) else {
            return true;
        };
        memchr2_iter(*rarest, rarest.to_ascii_uppercase(), line).any(|at| {
            let start = at.checked_sub(self.rarest);
            let there = start.and_then(|start| line.get(start..start + self.text.len()));
            there.is_some_and(|there| there.eq_ignore_ascii_case(&self.text))
        })
    }
}

/// Whether the text of a record is, but for what stands before and behind it, the bytes of its one line `raw`. That of
/// a JSON object is not: its message and its error become lines of their own.
pub fn is_as_written(raw: &[u8]) -> bool {
    memchr2(b'\n', b'{', raw).is_none() && !is_part(raw) && !is_written_otherwise(raw)
}

/// Whether `raw` ends with this byte as it is or as the end of an escape: `\\t`, `\\u0009`, `\\x09`, `#011`, `&lt;`.
fn ends_with(raw: &[u8], byte: u8) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u8, most: u8| DIGITS[usize::from(byte >> shift & most)];
    let (hex, octal) = (
        [digit(4, 15), digit(0, 15)],
        [digit(6, 7), digit(3, 7), digit(0, 7)],
    );
    let number = |digits: &[u8]| {
        let from = raw.len().checked_sub(digits.len());
        from.is_some_and(|from| raw[from..].eq_ignore_ascii_case(digits))
    };
    match raw.last() {
        Some(last) if *last == byte => true,
        Some(b't') => byte == b'\t' && raw.ends_with(b"\\t"),
        Some(b';') => true,
        _ => number(&hex) || number(&octal),
    }
}

/// Whether the line may be one part of a longer one, so that what is missing stands in another: in the formats of
/// CRI, of docker, where a whole line ends with a line end of its own, and of GitLab.
fn is_part(line: &[u8]) -> bool {
    match line {
        // Stamps of all of them have a T between date and time.
        [b'0'..=b'9', ..] => line.get(10) == Some(&b'T') && is_stamped_part(line),
        [b'[', ..] => line.starts_with(b"[pod/"),
        [b'{', ..] => {
            let whole = || memchr_iter(b'\\', line).any(|at| line[at..].starts_with(b"\\n\""));
            line.starts_with(b"{\"log\":") && !whole()
        }
        _ => false,
    }
}

fn is_stamped_part(line: &[u8]) -> bool {
    let head = &line[..line.len().min(PREFIX)];
    let names_stream = |blank: usize| {
        let rest = &head[blank + 1..];
        rest.starts_with(b"stdout ") || rest.starts_with(b"stderr ")
    };
    // `2024-05-30T14:30:00.000000Z 00O+text`
    let of_gitlab = matches!(head.get(26..31), Some([b'Z', b' ', _, _, b'O' | b'E']));
    of_gitlab || memchr_iter(b' ', head).any(names_stream)
}

/// Whether the text of the line may differ from its bytes: escapes of JSON, of syslog, and of terminals.
fn is_written_otherwise(line: &[u8]) -> bool {
    memchr3_iter(b'\\', b'\x1b', b'#', line).any(|at| line[at] != b'#' || line.get(at + 1) == Some(&b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(sets: &[&[&str]]) -> Rest {
        let set = |set: &&[&str]| set.iter().map(|text| (*text).to_owned().into()).collect();
        let beside = Beside {
            sets: sets.iter().map(set).collect(),
            ..Beside::default()
        };
        Rest::new("".into(), beside, None)
    }

    fn stands_in(rest: &Rest, line: &[u8]) -> bool {
        rest.stands_in(&Line::new(line))
    }

    fn line_at(haystack: &[u8], place: usize) -> Option<&[u8]> {
        Line::at(haystack, place, true).map(|line| line.bytes)
    }

    #[test]
    fn each_set_must_have_a_text_on_the_line() {
        let rest = rest(&[&["refused", "timed out"], &["connect"]]);
        assert!(stands_in(&rest, b"Connection REFUSED"));
        assert!(stands_in(&rest, b"connect timed out"));
        assert!(!stands_in(&rest, b"connection reset"));
        assert!(!stands_in(&rest, b"timed ou"));
        assert!(stands_in(&Rest::new("".into(), Beside::default(), None), b""));
    }

    #[test]
    fn what_is_missing_in_a_part_may_stand_in_another() {
        let rest = rest(&[&["refused"]]);
        for (line, part) in [
            (&b"2026-11-22T07:26:41.123456789Z stdout P connect"[..], true),
            (b"[pod/a/b] 2026-11-22T07:26:41Z stderr P connect", true),
            (b"2026-11-22T07:26:41.123456Z 00O+connect", true),
            (b"{\"log\":\"connect\",\"stream\":\"stdout\"}", true),
            (b"{\"log\":\"connect\\n\",\"stream\":\"stdout\"}", false),
            (b"2026-11-22 07:26:41 wrote to stdout connect", false),
            (b"kubelet: stdout P connect", false),
        ] {
            assert_eq!(stands_in(&rest, line), part, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn capitals_count_where_they_should() {
        let rest = |exact| {
            let beside = Beside {
                exact,
                ..Beside::default()
            };
            Rest::new("Invalid".into(), beside, None)
        };
        assert!(rest(true).is_written((b"Invalid user", true), 0));
        assert!(!rest(true).is_written((b"invalid user", true), 0));
        assert!(rest(false).is_written((b"invalid user", true), 0));
    }

    #[test]
    fn a_digit_stands_before_a_literal_that_follows_a_number() {
        let beside = Beside {
            number: true,
            ..Beside::default()
        };
        let is_written = |text: &[u8], begins| {
            let place = text.len() - " failed".len();
            Rest::new(" failed".into(), beside.clone(), None).is_written((text, begins), place)
        };
        assert!(is_written(b"3 failed", true));
        assert!(is_written(b"3\x1b(B failed", true));
        assert!(!is_written(b"job failed", true));
        assert!(!is_written(b" failed", true));
        // Nobody knows what stands before a piece of a long line.
        assert!(is_written(b" failed", false));
    }

    #[test]
    fn an_escaped_byte_may_stand_before_a_literal_in_any_form() {
        let rest = |before| {
            let beside = Beside {
                before: Some(before),
                ..Beside::default()
            };
            Rest::new("139".into(), beside, None)
        };
        let forms = ["0\t139", "0\\t139", "0\\u0009139", "0#011139", "139"];
        for form in forms {
            let place = form.len() - 3;
            assert!(rest(b'\t').is_written((form.as_bytes(), true), place), "{form:?}");
        }
        for form in ["0\\u003C139", "0\\u003c139", "0&lt;139", "0<139"] {
            let place = form.len() - 3;
            assert!(rest(b'<').is_written((form.as_bytes(), true), place), "{form:?}");
        }
        for form in [" 139", "t139", "1139", "\n139"] {
            assert!(
                !rest(b'\t').is_written((form.as_bytes(), true), form.len() - 3),
                "{form:?}"
            );
        }
    }

    #[test]
    fn a_line_is_known_only_if_both_ends_are_near() {
        assert_eq!(line_at(b"a\nbcd\ne", 3), Some(&b"bcd"[..]));
        assert_eq!(line_at(b"a\nbcd\ne", 6), None);
        assert_eq!(line_at(b"a\nbcd\ne", 0), Some(&b"a"[..]));
        // Nobody knows what stands before a piece of a long line.
        assert!(Line::at(b"a\nbcd\ne", 0, false).is_none());
        let long = [b"\n".as_slice(), &[b'x'; 3000], b"\n"].concat();
        assert_eq!(line_at(&long, 5), None);
        assert_eq!(line_at(&long, 2999), None);
    }
}
