//! Reads one Markdown page into a [`Signature`].
//!
//! In: the page's text, its id and path. Out: the signature, or a [`PageError`] that
//! underlines the author's line. This is the only reader of Markdown (pulldown-cmark).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};
use serde::Deserialize;
use toml::Spanned;

use super::block::block;
use super::condition::{Match, Recovery, Span};
use super::diagnostic::PageError;
use super::prepared;
use super::select::{LeadsTo, NamePattern};
use super::{Example, Proof, Role, Section, Severity, Signature, Text};

/// The header table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Header {
    severity: Severity,
    role: Role,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    leads_to: Vec<LeadsTo>,
    late: Option<Span>,
    #[serde(default)]
    supersedes: Vec<NamePattern>,
    seen_on: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    r#match: Spanned<Match>,
    recovery: Option<Recovery>,
    #[serde(default)]
    meaning: BTreeMap<String, BTreeMap<String, String>>,
}

/// Reads `page`: its signature block now, its text when it is asked for. `file` is only for messages.
pub fn parse(id: &str, file: &str, page: Cow<'static, str>) -> Result<Signature, PageError> {
    parse_prepared(id, file, page, &[])
}

/// The same, with the signature block as it was read when the program was built.
pub(super) fn parse_prepared(
    id: &str,
    file: &str,
    page: Cow<'static, str>,
    block_as_read: &[u8],
) -> Result<Signature, PageError> {
    let block = block(&page);
    if !page.trim_start().starts_with("# ") {
        return Err(PageError::new(
            file,
            &page,
            0..first_line(&page),
            "a signature page begins with its title",
            "expected a line like `# Address already in use`",
        ));
    }
    let Some(block) = block else {
        return Err(PageError::new(
            file,
            &page,
            0..first_line(&page),
            "this page has no signature block",
            "expected a fenced block with the info string `toml signature` below the title",
        ));
    };
    let toml_at = block.start;
    // Only TOML tells where a mistake is.
    let from_toml = |_| toml::from_str(&page[block]);
    let header: Header = prepared::read(block_as_read)
        .or_else(from_toml)
        .map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            PageError::new(
                file,
                &page,
                toml_at + span.start..toml_at + span.end,
                error.message(),
                "in the signature block",
            )
        })?;
    let match_at = toml_at + header.r#match.span().start;
    let signature = Signature {
        id: id.to_owned(),
        file: file.to_owned(),
        severity: header.severity,
        role: header.role,
        tags: header.tags,
        leads_to: header.leads_to,
        late: header.late,
        supersedes: header.supersedes,
        seen_on: header.seen_on,
        aliases: header.aliases,
        condition: header.r#match.into_inner(),
        recovery: header.recovery,
        cre: None,
        toml_at,
        meaning_of: header.meaning,
        page,
        text: OnceLock::new(),
        version: OnceLock::new(),
    };
    check_shape(&signature, match_at)?;
    Ok(signature)
}

/// Conditions that TOML's shape alone does not rule out.
fn check_shape(signature: &Signature, at: usize) -> Result<(), PageError> {
    let condition = &signature.condition;
    let fail = |message: &str, label: &str| {
        Err(PageError::new(
            &signature.file,
            &signature.page,
            at..at + "[match]".len(),
            message,
            label,
        ))
    };
    let over_time = [
        condition.count.is_some(),
        condition.rate.is_some(),
        condition.silence.is_some(),
        condition.silent_log.is_some(),
        condition.sequence.is_some(),
        condition.missing.is_some(),
    ];
    let own_tests =
        condition.sequence.is_some() || condition.missing.is_some() || condition.silent_log.is_some();
    let record_test = !condition.test.is_empty();
    if over_time.into_iter().filter(|used| *used).count() > 1 {
        return fail(
            "only one of count, rate, silence, silent-log, sequence and missing may be used in one signature",
            "this table has more than one",
        );
    }
    if record_test && own_tests {
        return fail(
            "sequence and missing carry their own conditions, and silent-log looks at no records",
            "move the other conditions into the steps, or leave them out",
        );
    }
    if !record_test && !own_tests {
        return fail(
            "[match] asks for nothing",
            "expected at least one of contains, regex, any, all, sequence, missing, silent-log",
        );
    }
    if condition.sequence.as_ref().is_some_and(|s| s.steps.len() < 2) {
        return fail("a sequence needs two steps or more", "in this table");
    }
    if condition.count.as_ref().is_some_and(|c| c.at_least < 2) {
        return fail(
            "count needs at-least = 2 or more",
            "leave count out for a single record",
        );
    }
    let single = !own_tests && condition.count.is_none() && condition.rate.is_none();
    if signature.recovery.is_some() && !(single && condition.silence.is_none()) {
        return fail(
            "recovery is for pages that are found in single records",
            "this condition is one over time",
        );
    }
    let rate = condition.rate.as_ref();
    if rate.is_some_and(|rate| rate.at_least < 2 || rate.times.is_nan() || rate.times <= 1.0) {
        return fail(
            "rate needs at-least = 2 or more and times above 1",
            "like rate = { within = \"5m\", times = 5, at-least = 20 }",
        );
    }
    let silence = condition.silence.as_ref();
    if silence.is_some_and(|silence| silence.at_least < 5 || silence.times < 2) {
        return fail(
            "silence needs at-least = 5 or more and times = 2 or more",
            "fewer records show no regular interval",
        );
    }
    let silent = condition.silent_log.as_ref();
    if silent.is_some_and(|silent| silent.at_least < 8 || silent.times < 2) {
        return fail(
            "silent-log needs at-least = 8 or more and times = 2 or more",
            "fewer lines show no regular pace",
        );
    }
    Ok(())
}

fn first_line(page: &str) -> usize {
    page.find('\n').unwrap_or(page.len())
}

/// A heading: its level, where it stands, and its words.
type Heading = (HeadingLevel, Range<usize>, Vec<String>);

/// Reads the text of `page`.
pub(super) fn text(page: &str) -> Text {
    let mut headings: Vec<Heading> = Vec::new();
    let mut items: Vec<Range<usize>> = Vec::new();
    let mut examples = Vec::new();
    let mut depth = 0_usize;
    let mut heading: Option<Heading> = None;
    let mut block: Option<(String, Range<usize>, String)> = None;
    let mut lead: Option<Range<usize>> = None;
    for (event, range) in Parser::new(page).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level, range, Vec::new())),
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                block = Some((info.to_string(), range, String::new()));
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((info, range, content)) = block.take() {
                    examples.extend(example(page, &info, &range, content));
                }
            }
            Event::Text(text) => {
                if let Some((_, _, content)) = block.as_mut() {
                    content.push_str(&text);
                } else if let Some((_, _, words)) = heading.as_mut() {
                    words.push(text.to_string());
                }
            }
            Event::Code(text) => {
                if let Some((_, _, words)) = heading.as_mut() {
                    words.push(format!("`{text}`"));
                }
            }
            Event::Start(Tag::List(_)) => depth += 1,
            Event::End(TagEnd::List(_)) => depth -= 1,
            Event::Start(Tag::Item) if depth == 1 => items.push(range),
            Event::Start(Tag::Paragraph) if depth == 0 && lead.is_none() => lead = Some(range),
            _ => {}
        }
    }
    let mut text = divide(page, &headings, &items, lead);
    text.examples = examples;
    text
}

/// The example that a fenced block holds, if it is one.
fn example(page: &str, info: &str, range: &Range<usize>, text: String) -> Option<Example> {
    let mut words = info.split_whitespace();
    let (Some("log"), Some(kind @ ("match" | "no-match"))) = (words.next(), words.next()) else {
        return None;
    };
    let mut example = Example {
        matches: kind == "match",
        proof: Proof::Unstated,
        captures: Vec::new(),
        line: 1 + bytecount::count(&page.as_bytes()[..range.start], b'\n'),
        text,
    };
    for word in words {
        match (word, word.split_once('=')) {
            ("captured", _) => example.proof = Proof::Captured,
            ("documented", _) => example.proof = Proof::Documented,
            (_, Some((name, value))) => example.captures.push((name.to_owned(), Some(value.to_owned()))),
            (_, None) => example
                .captures
                .push((word.trim_end_matches("[]").to_owned(), None)),
        }
    }
    Some(example)
}

/// Cuts the page at its headings into title, lead paragraph and sections.
fn divide(page: &str, headings: &[Heading], items: &[Range<usize>], lead: Option<Range<usize>>) -> Text {
    let mut text = Text::default();
    let top: Vec<_> = headings
        .iter()
        .filter(|(level, _, _)| *level <= HeadingLevel::H2)
        .collect();
    for (index, (level, range, words)) in top.iter().enumerate() {
        let end = top.get(index + 1).map_or(page.len(), |(_, next, _)| next.start);
        if *level == HeadingLevel::H1 {
            if text.title.is_empty() {
                text.title = words.concat();
            }
            if let Some(lead) = lead.as_ref().filter(|lead| lead.end <= end) {
                page[lead.clone()].trim().clone_into(&mut text.meaning);
            }
            continue;
        }
        let heading = words.concat();
        let (name, with) = match heading.split_once(", with ") {
            Some((name, id)) => (name.to_owned(), Some(id.trim_matches('`').to_owned())),
            None => (heading, None),
        };
        text.sections.push(Section {
            name: name.trim().to_owned(),
            with,
            body: page[range.end..end].trim().to_owned(),
            items: items
                .iter()
                .filter(|item| item.start >= range.end && item.end <= end)
                .map(|item| item_text(page, item))
                .collect(),
        });
    }
    text
}

/// A list item without its marker, continuation lines moved to the left margin.
fn item_text(page: &str, range: &Range<usize>) -> String {
    let item = page[range.clone()].trim_end();
    let marker = item
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ')' | '-' | '*' | '+')))
        .unwrap_or(0);
    let content = item[marker..].trim_start();
    let indent = item.len() - content.len();
    let mut lines = content.lines();
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        text.push('\n');
        text.push_str(&line[blanks.min(indent)..]);
    }
    text
}
