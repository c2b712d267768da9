//! Checks that a page is complete, can be searched for, and gives advice that harms nobody.
//!
//! In: a signature, and the library it will be part of. Out: everything that is wrong with it, each
//! with the author's line. What makes a page unreadable is found earlier, by `page`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::advice::harm;
use super::diagnostic::PageError;
use super::select::NamePattern;
use super::{Library, Role, Signature, cre, scaffold};
use crate::detect::compile;
use crate::detect::cre::slow_terms;

/// Shortest literal that the scan may look for, in bytes.
const SHORTEST_LITERAL: usize = 4;

/// Fields of a record that texts may use besides captures.
const RECORD_FIELDS: &[&str] = &["service"];

/// Everything that is wrong with `signature`.
pub fn lint(signature: &Signature, library: &Library) -> Vec<PageError> {
    if let Some(rule) = &signature.cre {
        return lint_rule(signature, rule);
    }
    let page = Page(signature);
    let mut errors = Vec::new();
    let captures = match compile::check(signature) {
        Ok(conditions) => {
            errors.extend(page.literals(&conditions.gates));
            errors.extend(conditions.slow);
            conditions.captures
        }
        Err(error) => {
            errors.push(error);
            BTreeSet::new()
        }
    };
    page.unwritten(&mut errors);
    page.completeness(&mut errors);
    page.placeholders(&captures, &mut errors);
    page.advice(&mut errors);
    page.relations(library, &mut errors);
    errors
}

/// A rule is complete as it is; what it says and how it is tested is its authors' affair.
fn lint_rule(signature: &Signature, rule: &cre::Rule) -> Vec<PageError> {
    let slow = |term: &cre::Term| {
        rule.error_at(
            &signature.file,
            term.text(),
            "this term requires no text of 3 bytes, so it is tried on every line",
            "it works, and makes every scan slower",
        )
    };
    slow_terms(&rule.condition).into_iter().map(slow).collect()
}

struct Page<'a>(&'a Signature);

impl Page<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>, label: &str) -> PageError {
        PageError::new(&self.0.file, &self.0.page, span, message, label)
    }

    /// Where `text` stands in the page.
    fn place(&self, text: &str) -> Range<usize> {
        let start = self.0.page.find(text).unwrap_or(0);
        start..start + text.len().min(self.0.page.len() - start)
    }

    fn literals(&self, gates: &[crate::scan::gate::Gate]) -> Option<PageError> {
        let short = gates
            .iter()
            .flat_map(|gate| &gate.literals)
            .find(|literal| literal.len() < SHORTEST_LITERAL)?;
        Some(self.error(
            self.place("[match"),
            format!("the scan would look for '{short}', which is too short to be telling"),
            "every way to match needs a literal of 4 bytes or more, without quotes, backslashes or <>&/",
        ))
    }

    /// What `signatures new` left to the author.
    fn unwritten(&self, errors: &mut Vec<PageError>) {
        let left = self.0.page.match_indices(scaffold::TO_DO);
        errors.extend(left.map(|(at, mark)| {
            self.error(
                at..at + mark.len(),
                "this part of the page is not written yet",
                "write it",
            )
        }));
    }

    fn completeness(&self, errors: &mut Vec<PageError>) {
        let Page(signature) = self;
        let title = self.place(&signature.text().title);
        let mut require = |holds: bool, message: String, label: &str| {
            if !holds {
                errors.push(self.error(title.clone(), message, label));
            }
        };
        require(
            !signature.text().meaning.is_empty(),
            "the page does not say what the failure means".to_owned(),
            "expected a paragraph between the signature block and `## Cause`",
        );
        require(
            !signature.seen_on.is_empty(),
            "seen-on is empty".to_owned(),
            "name the program and version that printed the examples",
        );
        let advice: &[&str] = match signature.role {
            Role::Cause | Role::Symptom => &["Cause", "Impact", "Fix", "Verify", "Prevent", "References"],
            Role::Handled | Role::Boilerplate | Role::Lifecycle => &["Cause", "References"],
        };
        for name in advice {
            let section = signature.section(name, |_| false);
            require(
                section.is_some_and(|section| !section.body.is_empty()),
                format!("the page has no section `## {name}`, or it is empty"),
                "this page",
            );
            if matches!(*name, "Fix" | "Verify") {
                require(
                    section.is_none_or(|section| !section.items.is_empty()),
                    format!("`## {name}` is not a list of steps"),
                    "this page",
                );
            }
        }
        if signature.condition.silent_log.is_some() {
            // It takes several logs to show that.
            return;
        }
        require(
            signature.text().examples.iter().any(|example| example.matches),
            "the page has no example that matches".to_owned(),
            "expected a block with the info string `log match captured` under `## Examples`",
        );
        require(
            signature.text().examples.iter().any(|example| !example.matches),
            "the page has no example that must not match".to_owned(),
            "expected a block with the info string `log no-match` under `## Examples`",
        );
    }

    fn placeholders(&self, captures: &BTreeSet<String>, errors: &mut Vec<PageError>) {
        static PLACEHOLDER: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"\{\{\s*([^}\n]*?)\s*\}\}").ok());
        let Page(signature) = self;
        let examples = signature.page.find("## Examples").unwrap_or(signature.page.len());
        for found in PLACEHOLDER
            .iter()
            .flat_map(|regex| regex.captures_iter(&signature.page[..examples]))
        {
            let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else {
                continue;
            };
            if !captures.contains(name.as_str()) && !RECORD_FIELDS.contains(&name.as_str()) {
                errors.push(self.error(
                    whole.range(),
                    format!("nothing captures '{}'", name.as_str()),
                    "expected the name of a group in one of the patterns, or `service`",
                ));
            }
        }
    }

    fn advice(&self, errors: &mut Vec<PageError>) {
        for section in self
            .0
            .text()
            .sections
            .iter()
            .filter(|section| section.name != "Examples")
        {
            let at = self.place(&section.body).start;
            for (command, place) in commands(&section.body) {
                let before = &section.body[..place];
                let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                if is_warning(&before[line_start..]) {
                    continue;
                }
                if let Some((message, label)) = harm(command, before) {
                    errors.push(self.error(at + place..at + place + command.len(), message, label));
                }
            }
        }
    }

    fn relations(&self, library: &Library, errors: &mut Vec<PageError>) {
        let Page(signature) = self;
        let known = |pattern: &NamePattern| {
            library
                .signatures()
                .iter()
                .any(|other| pattern.matches(&other.id))
        };
        let effects = signature.leads_to.iter().map(|effect| &effect.to);
        for pattern in effects.chain(&signature.supersedes) {
            if !known(pattern) {
                errors.push(self.error(
                    self.place(&format!("\"{pattern}\"")),
                    format!("no signature is called '{pattern}'"),
                    "expected an id or glob from `incident signatures list`",
                ));
            }
        }
        for id in signature.recovery.iter().flat_map(|recovery| &recovery.by) {
            if library.get(id).is_none() {
                errors.push(self.error(
                    self.place(&format!("\"{id}\"")),
                    format!("no signature is called '{id}'"),
                    "expected an id from `incident signatures list`",
                ));
            }
        }
        for section in &signature.text().sections {
            if let Some(id) = section.with.as_ref().filter(|id| library.get(id).is_none()) {
                errors.push(self.error(
                    self.place(id),
                    format!("no signature is called '{id}'"),
                    "in this heading",
                ));
            }
        }
    }
}

/// The commands in a Markdown text (code spans, and lines of code blocks) with their places.
fn commands(text: &str) -> Vec<(&str, usize)> {
    let mut commands = Vec::new();
    let mut in_block = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let command = line.trim();
            commands.push((command, at + line.find(command).unwrap_or(0)));
        } else {
            let mut parts = line.split('`');
            let mut place = at;
            while let Some(prose) = parts.next() {
                place += prose.len() + 1;
                if let Some(code) = parts.next() {
                    commands.push((code, place));
                    place += code.len() + 1;
                }
            }
        }
        at += line.len();
    }
    commands
}

/// Whether the words before a command say that it should not be run.
fn is_warning(before: &str) -> bool {
    let before = before.to_ascii_lowercase();
    let before = before.trim_end_matches('`');
    ["not ", "never ", "no ", "instead of ", "avoid ", "without "]
        .iter()
        .any(|word| {
            before
                .rsplit(['.', ';'])
                .next()
                .is_some_and(|clause| clause.contains(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_no_advice() {
        assert!(is_warning("Do not use `"));
    }

    #[test]
    fn commands_are_found_in_spans_and_blocks() {
        let text = "Run `a b`, then\n```sh\nc d\n```\nand `e`.";
        let found: Vec<&str> = commands(text).into_iter().map(|(command, _)| command).collect();
        assert_eq!(found, ["a b", "c d", "e"]);
        for (command, place) in commands(text) {
            assert_eq!(&text[place..place + command.len()], command);
        }
    }
}
