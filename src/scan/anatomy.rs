//! A pattern taken apart, to say how near a text comes to it.
//!
//! In: a pattern. Out: the texts that a match must have ([`required`]), and the pattern's pieces as its author wrote
//! them ([`ways`]), of which a text may have the first ones or the last ones.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, GroupKind};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::gate;

/// What a text must have to satisfy a pattern; letters in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// This text.
    Text(Vec<u8>),
    /// All of these; of none, nothing is required.
    All(Vec<Required>),
    /// One of these.
    Any(Vec<Required>),
}

/// What a match of `pattern` must have.
pub fn required(pattern: &str) -> Required {
    gate::parse(pattern).map_or(Required::All(Vec::new()), |hir| of_hir(&hir))
}

fn of_hir(hir: &Hir) -> Required {
    let mut all = Vec::new();
    let mut run = Vec::new();
    add(hir, &mut run, &mut all);
    end_run(&mut run, &mut all);
    Required::All(all)
}

fn end_run(run: &mut Vec<u8>, all: &mut Vec<Required>) {
    if !run.is_empty() {
        all.push(Required::Text(std::mem::take(run)));
    }
}

/// Adds what `hir` requires; texts that stand side by side are joined in `run`.
fn add(hir: &Hir, run: &mut Vec<u8>, all: &mut Vec<Required>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => run.extend(literal.0.iter().map(u8::to_ascii_lowercase)),
        HirKind::Class(class) => match only_letter(class) {
            Some(letter) => run.push(letter),
            None => end_run(run, all),
        },
        HirKind::Capture(capture) => add(&capture.sub, run, all),
        HirKind::Concat(parts) => parts.iter().for_each(|part| add(part, run, all)),
        HirKind::Repetition(repetition) => {
            end_run(run, all);
            if repetition.min > 0 {
                add(&repetition.sub, run, all);
                end_run(run, all);
            }
        }
        HirKind::Alternation(branches) => {
            end_run(run, all);
            all.push(Required::Any(branches.iter().map(of_hir).collect()));
        }
    }
}

/// The letter of a class that has nothing but its two cases.
fn only_letter(class: &Class) -> Option<u8> {
    let codes: Vec<u32> = match class {
        Class::Unicode(class) => {
            let ranges = class.ranges().iter().take(4);
            ranges
                .flat_map(|range| (u32::from(range.start())..=u32::from(range.end())).take(3))
                .filter(|code| *code != 0x17F && *code != 0x212A)
                .collect()
        }
        Class::Bytes(class) => {
            let ranges = class.ranges().iter().take(4);
            ranges
                .flat_map(|range| (u32::from(range.start())..=u32::from(range.end())).take(3))
                .collect()
        }
    };
    let folded = |code: &u32| {
        u8::try_from(*code)
            .ok()
            .filter(u8::is_ascii)
            .map(|byte| byte.to_ascii_lowercase())
    };
    let first = codes.first().and_then(folded)?;
    codes
        .iter()
        .all(|code| folded(code) == Some(first))
        .then_some(first)
}

/// One way in which a pattern can be satisfied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Flags that hold for all of it, like `(?i)`.
    flags: String,
    /// What stands side by side in it, as it was written; groups are opened unless they are alternatives.
    pub pieces: Vec<String>,
}

impl Way {
    /// The pattern of these pieces.
    pub fn of(&self, pieces: &[String]) -> String {
        format!("{}{}", self.flags, pieces.concat())
    }

    /// The pattern of all pieces.
    pub fn whole(&self) -> String {
        self.of(&self.pieces)
    }
}

/// The ways in which a pattern can be satisfied: its alternatives, if the whole is a choice between such.
pub fn ways(pattern: &str) -> Vec<Way> {
    let Ok(ast) = Parser::new().parse(pattern) else {
        return Vec::new();
    };
    let branches = match &ast {
        Ast::Alternation(alternation) => alternation.asts.iter().collect(),
        other => vec![other],
    };
    let way = |branch: &Ast| {
        let mut way = Way {
            flags: String::new(),
            pieces: Vec::new(),
        };
        add_pieces(branch, pattern, &mut way);
        way
    };
    branches.into_iter().map(way).collect()
}

fn add_pieces(ast: &Ast, pattern: &str, way: &mut Way) {
    let span = ast.span();
    let written = || {
        pattern
            .get(span.start.offset..span.end.offset)
            .unwrap_or_default()
            .to_owned()
    };
    match ast {
        Ast::Empty(_) => {}
        Ast::Flags(_) => way.flags.push_str(&written()),
        Ast::Concat(concat) => concat.asts.iter().for_each(|part| add_pieces(part, pattern, way)),
        Ast::Group(group) => {
            let sets_flags = matches!(&group.kind, GroupKind::NonCapturing(flags) if !flags.items.is_empty());
            if sets_flags || matches!(&*group.ast, Ast::Alternation(_)) {
                way.pieces.push(written());
            } else {
                add_pieces(&group.ast, pattern, way);
            }
        }
        _ => way.pieces.push(written()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_pattern_again() {
        let pattern = r"(?i)bind on \((?P<port>\d+)\): (?:a|b)+x$";
        let ways = ways(pattern);
        assert_eq!(ways.len(), 1);
        assert_eq!(ways[0].whole(), r"(?i)bind on \(\d+\): (?:a|b)+x$");
        assert!(ways[0].pieces.contains(&r"\d+".to_owned()));
        assert_eq!(
            super::ways("ab|c(d)").iter().map(Way::whole).collect::<Vec<_>>(),
            ["ab", "cd"]
        );
        assert!(super::ways("(").is_empty());
    }

    #[test]
    fn what_a_match_must_have() {
        let text = |text: &str| Required::Text(text.as_bytes().to_vec());
        assert_eq!(
            required(r"(?i)Port (?P<port>\d+) in"),
            Required::All(vec![text("port "), text(" in")])
        );
        let Required::All(parts) = required(r"ab(?:cd|ef)?(?:gh|ij)k*") else {
            panic!("all");
        };
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0], text("ab"));
        assert!(matches!(&parts[1], Required::Any(branches) if branches.len() == 2));
    }
}
