//! One pass over raw bytes for all gate literals at once.
//!
//! In: `(literal, probe)` pairs. Out, for a haystack: every place where a literal begins,
//! with the probes that asked for it. ASCII letters are compared without case, so that
//! one gate serves case-insensitive patterns too; the exact comparison comes later.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, MatchKind};

/// Something that is looked for; what the number means is the caller's business.
pub type ProbeId = u32;

/// All gate literals, compiled.
#[derive(Debug)]
pub struct Filter {
    automaton: AhoCorasick,
    /// The probes of each literal, by the automaton's pattern number.
    probes: Vec<Vec<ProbeId>>,
}

impl Filter {
    /// Compiles the literals. The same literal may stand for many probes.
    pub fn new(gates: impl IntoIterator<Item = (String, ProbeId)>) -> Result<Filter, BuildError> {
        let mut by_literal: BTreeMap<String, Vec<ProbeId>> = BTreeMap::new();
        for (literal, probe) in gates {
            let probes = by_literal.entry(literal.to_ascii_lowercase()).or_default();
            if !probes.contains(&probe) {
                probes.push(probe);
            }
        }
        // Standard semantics, because overlapping literals must all be reported.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(by_literal.keys())?;
        Ok(Filter {
            automaton,
            probes: by_literal.into_values().collect(),
        })
    }

    /// Length of the longest literal in bytes.
    pub fn longest(&self) -> usize {
        self.automaton.max_pattern_len()
    }

    /// Calls `hit` with the offset and the probes of every literal in `haystack`, in the
    /// order in which the literals end.
    pub fn find<'a>(&'a self, haystack: &[u8], mut hit: impl FnMut(usize, &'a [ProbeId])) {
        for found in self.automaton.find_overlapping_iter(haystack) {
            hit(found.start(), &self.probes[found.pattern().as_usize()]);
        }
    }
}
