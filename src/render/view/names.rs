//! Names of sources as tables show them.
//!
//! In: the report. Out: for a long name a shorter one, cut in the middle, that no other source has. The tables "Evidence" and "What was
//! read" show whole names.

use std::collections::BTreeSet;

use crate::report::model::{Report, SourceSummary};

/// Longer names are cut, in characters.
const LONGEST: usize = 40;

/// All whole names.
pub(super) struct Names<'a>(BTreeSet<&'a str>);

impl<'a> Names<'a> {
    pub(super) fn new(report: &'a Report) -> Names<'a> {
        let names = |source: &'a SourceSummary| [Some(source.name.as_str()), source.set.as_deref()];
        Names(report.sources.iter().flat_map(names).flatten().collect())
    }

    /// `var/…/web/access.log`: as much of the end as has room, more where that alone is another's, too. What stands behind the name (the
    /// service in a stream of several) stays.
    pub(super) fn short(&self, name: &str) -> String {
        let whole = match name.split_once(" (") {
            Some((source, _)) if self.0.contains(source) => source,
            _ => name,
        };
        if whole.chars().count() <= LONGEST || !self.0.contains(whole) {
            return name.to_owned();
        }
        let is_own = |short: &String| self.0.iter().all(|other| *other == whole || !fits(short, other));
        let mut best: Option<String> = None;
        for short in (1..).map_while(|parts| short(whole, parts)).filter(is_own) {
            if best.is_some() && short.chars().count() > LONGEST {
                break;
            }
            best = Some(short);
        }
        let short = best.unwrap_or_else(|| whole.to_owned());
        format!("{short}{}", &name[whole.len()..])
    }

    /// The same with the number of a line, if there is one.
    pub(super) fn place(&self, name: &str, line: u64) -> String {
        match line {
            0 => self.short(name),
            line => format!("{}:{line}", self.short(name)),
        }
    }
}

const CUT: &str = "/…/";

/// The first part of a path and so many of its last ones; nothing if that is no shorter.
fn short(whole: &str, parts: usize) -> Option<String> {
    let root = usize::from(whole.starts_with('/'));
    let first = whole[root..].find('/')? + root;
    let ends: Vec<usize> = whole.match_indices('/').map(|(at, _)| at).collect();
    let last = *ends.get(ends.len().checked_sub(parts)?)?;
    (last > first).then(|| format!("{}{CUT}{}", &whole[..first], &whole[last + 1..]))
}

/// Whether a short name may be that of `whole`.
fn fits(short: &str, whole: &str) -> bool {
    let parts = short.split_once(CUT);
    parts.is_some_and(|(first, last)| {
        whole.starts_with(&format!("{first}/")) && whole.ends_with(&format!("/{last}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_path_is_left_out() {
        assert_eq!(short("a/b/c/d.log", 1).unwrap(), "a/…/d.log");
        assert_eq!(short("a/b/c/d.log", 2).unwrap(), "a/…/c/d.log");
        assert_eq!(short("a/b/c/d.log", 3), None);
        assert_eq!(short("/var/log/x/d.log", 1).unwrap(), "/var/…/d.log");
        assert_eq!((short("d.log", 1), short("a/d.log", 1)), (None, None));
        assert!(fits("a/…/d.log", "a/b/c/d.log") && !fits("a/…/d.log", "b/c/d.log"));
    }
}
