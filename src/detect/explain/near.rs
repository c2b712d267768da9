//! How near a text comes to a text or pattern that it does not have, and where it differs.
//!
//! In: what is wanted, and a record's text. Out: a share from 0 to 1, cheap enough for every record of a log; and for the
//! nearest one the place where it stops to agree, in words.

use memchr::memmem;

use crate::report::visible::visible;
use crate::scan::anatomy::{Required, Way, required, ways};
use crate::scan::pattern::Pattern;

/// Length of the pieces of text that are compared, in bytes.
const GRAM: usize = 3;

/// Numbers of different pieces.
const GRAMS: usize = 1 << 18;

/// Longest quoted text, in characters.
const QUOTED: usize = 60;

/// Which pieces of three bytes a text has, in lower case. Different ones may share a number, so it says yes too often at
/// most.
#[derive(Debug)]
pub(in crate::detect) struct Grams(Vec<u64>);

impl Grams {
    pub(in crate::detect) fn new() -> Grams {
        Grams(vec![0; GRAMS / 64])
    }

    /// Makes it that of these texts.
    pub(in crate::detect) fn set(&mut self, texts: &[&str]) {
        self.0.fill(0);
        for text in texts {
            for gram in numbers(text.as_bytes()) {
                self.0[gram / 64] |= 1 << (gram % 64);
            }
        }
    }

    fn has(&self, gram: usize) -> bool {
        self.0[gram / 64] & (1 << (gram % 64)) != 0
    }
}

fn numbers(text: &[u8]) -> impl Iterator<Item = usize> {
    let number = |gram: &[u8]| {
        gram.iter().fold(0_usize, |number, byte| {
            (number << 6) ^ usize::from(byte.to_ascii_lowercase())
        }) % GRAMS
    };
    text.windows(GRAM).map(number)
}

/// What a text must have, as numbers of pieces.
#[derive(Debug)]
pub(in crate::detect) enum Wanted {
    Run(Vec<usize>),
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
}

impl Wanted {
    pub(in crate::detect) fn of_text(text: &str) -> Wanted {
        Wanted::Run(numbers(text.as_bytes()).collect())
    }

    pub(in crate::detect) fn of_pattern(pattern: &str) -> Wanted {
        Wanted::of(&required(pattern))
    }

    fn of(required: &Required) -> Wanted {
        match required {
            Required::Text(text) => Wanted::Run(numbers(text).collect()),
            Required::All(parts) => Wanted::All(parts.iter().map(Wanted::of).collect()),
            Required::Any(parts) => Wanted::Any(parts.iter().map(Wanted::of).collect()),
        }
    }

    /// How many pieces are wanted at most.
    pub(in crate::detect) fn pieces(&self) -> usize {
        match self {
            Wanted::Run(run) => run.len(),
            Wanted::All(parts) => parts.iter().map(Wanted::pieces).sum(),
            Wanted::Any(parts) => parts.iter().map(Wanted::pieces).max().unwrap_or_default(),
        }
    }

    /// How many of the wanted pieces are there, and how many are wanted.
    pub(in crate::detect) fn count(&self, grams: &Grams) -> (usize, usize) {
        match self {
            Wanted::Run(run) => (run.iter().filter(|gram| grams.has(**gram)).count(), run.len()),
            Wanted::All(parts) => {
                let counts = parts.iter().map(|part| part.count(grams));
                counts.fold((0, 0), |(there, all), (own, own_all)| {
                    (there + own, all + own_all)
                })
            }
            Wanted::Any(parts) => {
                let counts = parts.iter().map(|part| part.count(grams));
                let best = counts.max_by(|a, b| share(*a).total_cmp(&share(*b)).then(a.1.cmp(&b.1)));
                best.unwrap_or_default()
            }
        }
    }
}

/// The share of the pieces that are there; all, if none is wanted.
pub(in crate::detect) fn share((there, all): (usize, usize)) -> f64 {
    if all == 0 { 1.0 } else { there as f64 / all as f64 }
}

/// Where `text` stops to have `wanted`.
pub(in crate::detect) fn differs_from_text(wanted: &str, text: &str) -> String {
    let cuts: Vec<usize> = wanted
        .char_indices()
        .map(|(at, _)| at)
        .chain([wanted.len()])
        .collect();
    let find = |part: &str| memmem::find(text.as_bytes(), part.as_bytes());
    // What has a longer beginning has the shorter ones.
    let head = cuts
        .partition_point(|cut| find(&wanted[..*cut]).is_some())
        .saturating_sub(1);
    let head = cuts[head];
    let tail = cuts.partition_point(|cut| find(&wanted[*cut..]).is_none());
    let tail = cuts
        .get(tail)
        .copied()
        .filter(|tail| *tail > head)
        .unwrap_or(wanted.len());
    let (before, behind) = (&wanted[..head], &wanted[tail..]);
    let missing = &wanted[head..tail];
    if before.trim().len() >= behind.trim().len() && !before.trim().is_empty() {
        let at = find(before).unwrap_or(0);
        return said(&text[at..at + head], &text[at + head..], missing);
    }
    if behind.trim().is_empty() {
        return "nothing of it is there".to_owned();
    }
    let at = find(behind).unwrap_or(0);
    said_from_behind(&text[at..at + behind.len()], &text[..at], missing)
}

/// Where `text` stops to satisfy `pattern`.
pub(in crate::detect) fn differs_from_pattern(pattern: &str, text: &str) -> String {
    let mut best: Option<(usize, String)> = None;
    for way in ways(pattern) {
        let told = differs_from_way(&way, text);
        if let Some((found, differs)) = told
            && best.as_ref().is_none_or(|(known, _)| found > *known)
        {
            best = Some((found, differs));
        }
    }
    best.map_or_else(|| "nothing of it is there".to_owned(), |(_, differs)| differs)
}

/// How many bytes agree, and where they stop.
fn differs_from_way(way: &Way, text: &str) -> Option<(usize, String)> {
    let pieces = &way.pieces;
    let find = |part: &[String]| {
        let pattern = Pattern::new(&way.of(part));
        pattern
            .get()
            .and_then(|regex| Some(regex.find(text.as_bytes())?.range()))
    };
    let numbers: Vec<usize> = (0..=pieces.len()).collect();
    let head = numbers
        .partition_point(|cut| find(&pieces[..*cut]).is_some())
        .saturating_sub(1);
    let tail = numbers
        .partition_point(|cut| find(&pieces[*cut..]).is_none())
        .min(pieces.len());
    let tail = if tail > head { tail } else { pieces.len() };
    let (before, behind) = (find(&pieces[..head])?, find(&pieces[tail..])?);
    let missing = pieces[head..tail].concat();
    let words = |part: &std::ops::Range<usize>| text.get(part.clone()).map_or(0, |part| part.trim().len());
    let (of_head, of_tail) = (words(&before), words(&behind));
    if of_head.max(of_tail) == 0 {
        return None;
    }
    let part = |part: std::ops::Range<usize>| String::from_utf8_lossy(&text.as_bytes()[part]).into_owned();
    Some(if of_head >= of_tail {
        (
            of_head,
            said(&part(before.clone()), &part(before.end..text.len()), &missing),
        )
    } else {
        (
            of_tail,
            said_from_behind(&part(behind.clone()), &part(0..behind.start), &missing),
        )
    })
}

/// `there` agrees and `behind` follows it, where `missing` should come.
fn said(there: &str, behind: &str, missing: &str) -> String {
    let behind = behind.split('\n').next().unwrap_or_default();
    let follows = match behind.is_empty() {
        true => "and then ends".to_owned(),
        false => format!("and then {}", quoted_start(behind)),
    };
    format!(
        "the record has {}, {follows} where {} is wanted",
        quoted_end(there),
        quoted_start(missing)
    )
}

fn said_from_behind(there: &str, before: &str, missing: &str) -> String {
    let before = before.rsplit('\n').next().unwrap_or_default();
    let stands = match before.is_empty() {
        true => "and nothing before it".to_owned(),
        false => format!("and before it {}", quoted_end(before)),
    };
    format!(
        "the record has {}, {stands} where {} is wanted",
        quoted_start(there),
        quoted_end(missing)
    )
}

/// The beginning of a text of a log or page, in quotes.
pub(in crate::detect) fn quoted_start(text: &str) -> String {
    format!("\"{}\"", visible(text.as_bytes(), Some(QUOTED)))
}

/// Its end.
fn quoted_end(text: &str) -> String {
    let from = text.char_indices().rev().nth(QUOTED - 1).map_or(0, |(at, _)| at);
    let dots = if from > 0 { "… " } else { "" };
    format!("\"{dots}{}\"", visible(&text.as_bytes()[from..], None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_where_it_stops() {
        let differs = differs_from_text("address already in use", "bind: address alreedy in use");
        assert_eq!(
            differs,
            "the record has \"address alre\", and then \"edy in use\" where \"a\" is wanted"
        );
        assert_eq!(differs_from_text("EADDRINUSE", "xyz"), "nothing of it is there");
    }

    #[test]
    fn a_pattern_says_where_it_stops() {
        let differs = differs_from_pattern(r"bind on \((?P<port>\d+)\): in use", "bind on (80a): in use");
        assert!(
            differs.contains("\"bind on (80\", and then \"a): in use\""),
            "{differs}"
        );
        let differs = differs_from_pattern(r"^Xbind on \((?P<port>\d+)\): in use", "bind on (80): in use");
        assert!(differs.contains("where \"X\" is wanted"), "{differs}");
    }

    #[test]
    fn shares_count_pieces() {
        let mut grams = Grams::new();
        grams.set(&["Port 80 is TAKEN"]);
        assert!(share(Wanted::of_pattern(r"port (\d+) is taken").count(&grams)) >= 1.0);
        let half = share(Wanted::of_pattern(r"port \d+ is free").count(&grams));
        assert!(half > 0.3 && half < 0.9, "{half}");
    }
}
