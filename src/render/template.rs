//! The template engine. This is the only place that knows it (tera).
//!
//! In: a template, and values to fill in. Out: text with at most one blank line in a
//! row. Automatic escaping is off, since no engine knows Markdown's rules: what a
//! template writes, it passes through one of the filters that [`register`] names.

use serde::Serialize;
use tera::{Context, Error, ErrorKind, Kwargs, State, Tera, TeraResult, Value};

use super::RenderError;
use super::escape::{self, Fences};
use crate::report::words;

/// A set of templates, of which one is rendered.
pub(super) struct Engine {
    tera: Tera,
}

impl Engine {
    /// Reads `templates` (name and text). A later one may extend or include an earlier one.
    pub(super) fn new(templates: &[(&str, &str)]) -> Result<Engine, RenderError> {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&str>::new());
        register(&mut tera);
        for (name, text) in templates {
            tera.add_raw_template(name, text)
                .map_err(|error| explain(name, &error))?;
        }
        Ok(Engine { tera })
    }

    /// Renders the template `name` with the fields of `values` and those of `view` under `view`.
    pub(super) fn render<R: Serialize, V: Serialize>(
        &self,
        name: &str,
        values: &R,
        view: &V,
    ) -> Result<String, RenderError> {
        let fail = |error: Error| explain(name, &error);
        let mut context = Context::from_serialize(values).map_err(fail)?;
        let view = Value::try_from_serializable(view).map_err(fail)?;
        context.insert_value("view", view);
        let text = self.tera.render(name, &context).map_err(fail)?;
        Ok(tidy(&text))
    }
}

/// The filters of all templates. Those in the first group are the only ways for text from
/// a log into the report; those in the second are for our own Markdown.
fn register(tera: &mut Tera) {
    tera.register_filter("span", |v: Value, _: Kwargs, _: &State| {
        text(&v).map(|t| escape::span(&t))
    });
    tera.register_filter("cell", |v: Value, k: Kwargs, _: &State| -> TeraResult<String> {
        Ok(escape::cell(&text(&v)?, k.get::<usize>("limit")?))
    });
    tera.register_filter("fence", |v: Value, k: Kwargs, _: &State| -> TeraResult<String> {
        Ok(escape::fence(&text(&v)?, &numbers(&k)?))
    });
    tera.register_filter("plain", |v: Value, _: Kwargs, _: &State| {
        text(&v).map(|t| escape::plain(&t))
    });

    tera.register_filter("line", |v: Value, _: Kwargs, _: &State| {
        text(&v).map(|t| escape::line(&t))
    });
    tera.register_filter("row", |v: Value, _: Kwargs, _: &State| {
        text(&v).map(|t| escape::row(&t))
    });
    tera.register_filter("page", |v: Value, _: Kwargs, _: &State| {
        text(&v).map(|t| escape::page(&t))
    });
    tera.register_filter("step", |v: Value, k: Kwargs, _: &State| -> TeraResult<String> {
        Ok(escape::step(&text(&v)?, k.get::<usize>("indent")?.unwrap_or(3)))
    });

    tera.register_filter("time", |v: Value, _: Kwargs, _: &State| -> TeraResult<String> {
        Ok(if v.is_none() {
            "no time".to_owned()
        } else {
            words::time(&text(&v)?)
        })
    });
    tera.register_filter("number", |v: u64, _: Kwargs, _: &State| words::number(v));
    tera.register_filter("size", |v: u64, _: Kwargs, _: &State| words::size(v));
    tera.register_filter("duration", |v: u64, _: Kwargs, _: &State| words::duration(v));
}

/// What a value is as text. Absent values are an error, so that a misspelled name is found.
fn text(value: &Value) -> TeraResult<String> {
    if let Some(text) = value.as_str() {
        return Ok(text.to_owned());
    }
    if value.is_number() || value.is_bool() {
        return Ok(value.to_string());
    }
    Err(Error::message(format!(
        "expected text to escape, got {}",
        value.name()
    )))
}

/// The line numbers that `fence(lines=...)` was given.
fn numbers(kwargs: &Kwargs) -> TeraResult<Vec<i64>> {
    let Some(lines) = kwargs.get::<Value>("lines")? else {
        return Ok(Vec::new());
    };
    let Some(lines) = lines.as_array() else {
        return Err(Error::message(
            "`lines` of the filter fence must be a list of numbers",
        ));
    };
    let number = |v: &Value| v.as_i128().and_then(|n| i64::try_from(n).ok()).unwrap_or(-1);
    Ok(lines.iter().map(number).collect())
}

/// Engine errors in our words: which template, which line, why.
fn explain(name: &str, error: &Error) -> RenderError {
    let (template, line, reason) = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let file = if report.filename().is_empty() {
                name
            } else {
                report.filename()
            };
            (file, Some(report.span().start_line), report.message().to_owned())
        }
        other => return located(name, &other.to_string()),
    };
    RenderError::Template {
        template: template.to_owned(),
        line,
        reason,
    }
}

/// Errors that the engine finds after reading (unknown filters, tests, templates) come as
/// text only: `error: REASON` and then ` --> TEMPLATE:LINE:COLUMN`. The first one is taken.
fn located(name: &str, message: &str) -> RenderError {
    let mut reason = message;
    for line in message.lines() {
        if let Some(text) = line.trim().strip_prefix("error: ") {
            reason = text;
        }
        let mut place = line
            .trim()
            .strip_prefix("--> ")
            .unwrap_or_default()
            .rsplitn(3, ':')
            .skip(1);
        if let (Some(Ok(line)), Some(template)) = (place.next().map(str::parse), place.next()) {
            return RenderError::Template {
                template: template.to_owned(),
                line: Some(line),
                reason: reason.to_owned(),
            };
        }
    }
    RenderError::Template {
        template: name.to_owned(),
        line: None,
        reason: message.to_owned(),
    }
}

/// At most one blank line in a row, none at the start, a line end at the end. Code blocks
/// stay as they are.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fences = Fences::default();
    let mut blank = true;
    for line in text.lines() {
        if fences.take(line) {
            out.push_str(line);
            blank = false;
        } else if line.trim().is_empty() {
            if blank {
                continue;
            }
            blank = true;
        } else {
            out.push_str(line);
            blank = false;
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(template: &str) -> Result<String, RenderError> {
        let values = json!({"hostile": "a`|\n<b>", "number": 12345, "none": null, "lines": [7, -1]});
        Engine::new(&[("t.tera", template)])?.render("t.tera", &values, &json!({}))
    }

    fn template_error(template: &str) -> (String, Option<usize>, String) {
        match render(template) {
            Err(RenderError::Template {
                template,
                line,
                reason,
            }) => (template, line, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn filters_write_hostile_text_safely() {
        assert_eq!(render("{{ hostile | span }}").unwrap(), "``a`|\\x0A<b>``\n");
        assert_eq!(
            render("{{ hostile | cell(limit=2) }}").unwrap(),
            "`a\\x60…[+8 chars]`\n"
        );
        assert_eq!(
            render("{{ hostile | fence(lines=lines) }}").unwrap(),
            "```text\n     7 │ a`|\n     … │ <b>\n```\n"
        );
        assert_eq!(
            render("{{ number | number }} {{ none | time }}").unwrap(),
            "12,345 no time\n"
        );
    }

    #[test]
    fn a_template_error_names_template_line_and_reason() {
        let (template, line, reason) = template_error("a\nb {{ hostile | spam }}\n");
        assert_eq!((template.as_str(), line), ("t.tera", Some(2)));
        assert!(reason.contains("spam"), "{reason}");
        let (_, line, reason) = template_error("a\n\n{% if x %}");
        assert_eq!(line, Some(3), "{reason}");
        let (_, line, reason) = template_error("a\n{{ hostle | span }}");
        assert_eq!(line, Some(2), "{reason}");
        let (_, line, reason) = template_error("{{ none | span }}");
        assert_eq!(line, Some(1), "{reason}");
        let shown = render("\n{{ lines | span }}").unwrap_err().to_string();
        assert!(shown.starts_with("t.tera, line 2: "), "{shown}");
    }

    #[test]
    fn blank_lines_are_joined_outside_code() {
        let text = "\n\na\n \n\n\n```text\nx\n\n\ny\n```\n\n\n\n";
        assert_eq!(tidy(text), "a\n\n```text\nx\n\n\ny\n```\n");
    }
}
