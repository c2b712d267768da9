//! Puts captured values into page texts.
//!
//! In: a page's Markdown and what was captured. Out: the Markdown with `{{port}}` replaced. A value
//! comes from a log, so it is hostile: only plain values are put in, and everything else leaves
//! the placeholder's name in capitals, which no shell takes for anything else.

use std::collections::BTreeMap;

use crate::detect::tally::Counts;

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

/// Fills the placeholders of `text`.
pub fn fill(text: &str, captures: &BTreeMap<String, Counts>, service: Option<&str>) -> String {
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
        let captured = captures
            .get(name)
            .and_then(|counts| counts.by_frequency().first().map(|(value, _)| *value))
            .or(service.filter(|_| name == "service"));
        match captured.filter(|value| is_plain(value)) {
            Some(value) => filled.push_str(value),
            None => filled.push_str(&name.to_ascii_uppercase()),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
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
        let nothing = BTreeMap::new();
        assert_eq!(fill("ss 'sport = :{{port}}'", &nothing, None), "ss 'sport = :PORT'");
        assert_eq!(fill("restart {{service}} {{", &nothing, Some("api")), "restart api {{");
    }
}
