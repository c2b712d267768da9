//! The report as JSON: the model itself.
//!
//! In: the [`Report`](crate::report::model::Report). Out: pretty-printed JSON with a newline at its end. `<`, `>`, `&`
//! and the two line separators that JavaScript takes for line ends are written as
//! `\uXXXX`, so that the text can be put into an HTML page as it is.

use serde::Serialize;

use super::RenderError;

/// Renders a report, or another model, as JSON.
pub fn render(model: &impl Serialize) -> Result<String, RenderError> {
    let mut out = escaped(&serde_json::to_string_pretty(model)?);
    out.push('\n');
    Ok(out)
}

/// JSON that can stand in HTML, also in a comment.
pub(super) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 1);
    // None of these characters belongs to JSON's own syntax: each stands inside a string.
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::markdown::tests::sample_report;

    #[test]
    fn what_html_would_obey_is_escaped_and_nothing_is_lost() {
        let mut report = sample_report();
        let hostile = "</script><!-- & \u{2028}\u{2029} \0 \"\\";
        report.generated.host = hostile.to_owned();
        let json = render(&report).unwrap();
        assert!(json.ends_with("}\n"));
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["generated"]["host"], hostile);
        assert_eq!(value, serde_json::to_value(&report).unwrap());
    }
}
