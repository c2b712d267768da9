//! Puts captured values into page texts.
//!
//! In: a page's Markdown and what was captured. Out: the Markdown with `{{port}}` replaced. A value
//! comes from a log, so it is hostile: only plain values are put in, and everything else leaves
//! the placeholder's name in capitals, which no shell takes for anything else.

/// Longest value that is put into a text, in bytes.
const LONGEST: usize = 128;

/// Whether a value from a log may stand in a text or command as it is.
pub fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= LONGEST
        && !value.starts_with('-')
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_./:@%+=,-".contains(&byte))
}

/// Fills the placeholders of `text` with what `captured` gives for their names.
pub fn fill<'v>(text: &str, captured: impl Fn(&str) -> Option<&'v str>, service: Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            continue;
        };
        let name = name.trim();
        let value = captured(name).or(service.filter(|_| name == "service"));
        match value.filter(|value| is_plain(value)) {
            Some(value) if in_code(&filled) => filled.push_str(value),
            // In prose even a plain value could be a mention or a link.
            Some(value) => {
                filled.push('`');
                filled.push_str(value);
                filled.push('`');
            }
            None => filled.push_str(&name.to_ascii_uppercase()),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// Whether what follows `before` stands in a code block or code span.
fn in_code(before: &str) -> bool {
    let fences = before
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count();
    let line = before.rsplit('\n').next().unwrap_or_default();
    !fences.is_multiple_of(2) || !line.matches('`').count().is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_values_are_put_into_commands() {
        assert!(is_plain("8000"));
        assert!(is_plain("http://127.0.0.1:8000/x"));
        assert!(!is_plain("8000; rm -rf /"));
        assert!(!is_plain("$(id)"));
        assert!(!is_plain("-rf"));
        let nothing = |_: &str| None;
        assert_eq!(
            fill("ss 'sport = :{{port}}'", nothing, None),
            "ss 'sport = :PORT'"
        );
        assert_eq!(
            fill("`restart {{service}}` {{", nothing, Some("api")),
            "`restart api` {{"
        );
        assert_eq!(
            fill("```\nstop {{service}}\n```", nothing, Some("api")),
            "```\nstop api\n```"
        );
    }

    #[test]
    fn a_value_in_prose_cannot_become_a_link() {
        let nothing = |_: &str| None;
        assert_eq!(
            fill("asks {{service}}", nothing, Some("www.example.org")),
            "asks `www.example.org`"
        );
    }
}
