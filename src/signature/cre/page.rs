//! A rule's words as a page.
//!
//! In: what a rule says of itself. Out: Markdown with the sections that every page has, and the rule as it was
//! written. So whatever shows pages shows rules.

use std::fmt::Write;

use super::About;

/// The page of a rule; `written` is the rule's YAML.
pub(super) fn markdown(about: &About, written: &str) -> String {
    let title = one_line(if about.title.is_empty() {
        &about.id
    } else {
        &about.title
    });
    let mut page = format!("# {title}\n");
    let description = one_line(&about.description);
    if !description.is_empty() {
        let _ = write!(page, "\n{}\n", plain_start(&description));
    }
    for (name, text) in [
        ("Cause", prose(&about.cause)),
        ("Impact", prose(&about.impact)),
        ("Fix", list(&about.mitigation)),
        (
            "References",
            about
                .references
                .iter()
                .map(|link| format!("- {}\n", one_line(link)))
                .collect(),
        ),
    ] {
        let text = text.trim_end();
        if !text.is_empty() {
            let _ = write!(page, "\n## {name}\n\n{text}\n");
        }
    }
    let fence = "`".repeat(3.max(1 + longest_fence(written)));
    let _ = write!(
        page,
        "\n## Rule\n\n{fence}yaml\n{}\n{fence}\n",
        written.trim_end()
    );
    page
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A paragraph that stays one.
fn plain_start(text: &str) -> String {
    match text.starts_with(['#', '-', '*', '+', '>', '`', '=']) {
        true => format!("\\{text}"),
        false => text.to_owned(),
    }
}

/// Text in which nothing is a heading of the page, and every fence is closed.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut fences = 0;
    for line in text.trim().lines() {
        let words = line.trim_start();
        fences += usize::from(words.starts_with("```"));
        let underline = !words.is_empty() && (words.trim_end().bytes().all(|b| b == b'=' || b == b'-'));
        if fences % 2 == 0 && (words.starts_with('#') || underline) {
            out.push('\\');
            out.push_str(words);
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    if fences % 2 == 1 {
        out.push_str("```\n");
    }
    out
}

/// The same as a list: of lines, if it is not one.
fn list(text: &str) -> String {
    let is_item = |line: &str| {
        let words = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        ["- ", "* ", "+ ", ". ", ") "]
            .iter()
            .any(|mark| words.starts_with(mark))
    };
    if text.lines().any(is_item) || text.contains("```") {
        return prose(text);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .enumerate()
        .map(|(at, line)| format!("{}. {}\n", at + 1, plain_start(line)))
        .collect()
}

fn longest_fence(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
