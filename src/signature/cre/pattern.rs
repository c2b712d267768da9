//! Go's regular expressions in the words of the regex crate.
//!
//! In: a pattern as rules write it. Out: one that finds the same. The two syntaxes agree but for these: Go takes
//! `{` for itself where it repeats nothing, quotes with `\Q`, and has no sets within classes nor `\<`.

/// The pattern that finds what Go's `pattern` finds.
pub fn as_regex(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(first) = rest.chars().next() {
        let mut taken = first.len_utf8();
        match first {
            '\\' => {
                let (length, text) = escape(rest);
                out.push_str(&text);
                taken = length;
            }
            '[' if in_class => match rest.strip_prefix("[:").and_then(|rest| rest.find(":]")) {
                Some(length) => {
                    taken = 2 + length + 2;
                    out.push_str(&rest[..taken]);
                }
                None => out.push_str("\\["),
            },
            '[' => {
                // A bracket that comes first is one of the class's characters.
                taken = 1 + usize::from(rest[1..].starts_with('^'));
                out.push_str(&rest[..taken]);
                if rest[taken..].starts_with(']') {
                    out.push_str("\\]");
                    taken += 1;
                }
                in_class = true;
            }
            ']' if in_class => {
                out.push(']');
                in_class = false;
            }
            '&' | '~' if in_class => out.extend(['\\', first]),
            '-' if in_class && rest.starts_with("--") => out.push_str("\\-"),
            '{' if !in_class && !is_repetition(rest) => out.push_str("\\{"),
            _ => out.push(first),
        }
        rest = &rest[taken..];
    }
    out
}

/// How long the escape at the start of `rest` is, and what it means.
fn escape(rest: &str) -> (usize, String) {
    if let Some(quoted) = rest.strip_prefix("\\Q") {
        let end = quoted.find("\\E");
        let text = &quoted[..end.unwrap_or(quoted.len())];
        return (
            2 + text.len() + if end.is_some() { 2 } else { 0 },
            regex::escape(text),
        );
    }
    let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
    let text = match &rest[..length] {
        "\\<" => "<",
        "\\>" => ">",
        same => same,
    };
    (length, text.to_owned())
}

/// Whether `{` at the start of `rest` says how often something is repeated.
fn is_repetition(rest: &str) -> bool {
    let Some((inner, _)) = rest[1..].split_once('}') else {
        return false;
    };
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_takes_for_itself_is_escaped() {
        for (go, ours) in [
            (r#"{"level":"error"}"#, r#"\{"level":"error"}"#),
            ("a{2,3}b{,2}c{x}", r"a{2,3}b\{,2}c\{x}"),
            (r"\Qa.b(\E.c", r"a\.b\(.c"),
            ("[[:alpha:][]x", r"[[:alpha:]\[]x"),
            ("[]a]|[^]a]|[a&&b]", r"[\]a]|[^\]a]|[a\&\&b]"),
            (r"\<init\> \d+\[", r"<init> \d+\["),
        ] {
            assert_eq!(as_regex(go), ours);
            assert!(regex::Regex::new(&as_regex(go)).is_ok(), "{go}");
        }
    }
}
