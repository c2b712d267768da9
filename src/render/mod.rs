//! Report to text, one file a format.
//!
//! In: the [`Report`] model, nothing else. Out: the whole text of one output file.
//! Nothing here decides what a report says; it decides only how it is written, and
//! that no text from a log can leave its place.

use std::path::Path;

use crate::report::model::Report;

mod carried;
pub mod escape;
pub mod explanation;
pub mod inspection;
pub mod json;
pub mod markdown;
mod mermaid;
mod sentences;
mod template;
mod view;

/// A way to write a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A postmortem draft for people.
    Markdown,
    /// The report model itself, for programs.
    Json,
}

impl Format {
    /// The format that a file name's ending asks for; `None` if it asks for none that is known.
    pub fn from_path(path: &Path) -> Option<Format> {
        let ending = path.extension()?.to_str()?;
        if ["md", "markdown"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
        {
            Some(Format::Markdown)
        } else if ending.eq_ignore_ascii_case("json") {
            Some(Format::Json)
        } else {
            None
        }
    }
}

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template cannot be read, or asks for something that is not there.
    #[error("{template}{}: {reason}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Template {
        /// Name of the template.
        template: String,
        /// Line in it, from 1, where the engine knows one.
        line: Option<usize>,
        /// What is wrong there.
        reason: String,
    },
    /// The model could not be serialised.
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl RenderError {
    /// Puts the file name of a user's template in the place of [`markdown::GIVEN_TEMPLATE`].
    #[must_use]
    pub fn in_template(self, file: &str) -> RenderError {
        match self {
            RenderError::Template {
                template,
                line,
                reason,
            } if template == markdown::GIVEN_TEMPLATE => RenderError::Template {
                template: file.to_owned(),
                line,
                reason,
            },
            other => other,
        }
    }
}

/// Renders `report` in `format`. `template` replaces the embedded template of formats that have one.
pub fn render(report: &Report, format: Format, template: Option<&str>) -> Result<String, RenderError> {
    match format {
        Format::Markdown => markdown::render(report, template),
        Format::Json => json::render(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_file_name_chooses_the_format() {
        let format = |name: &str| Format::from_path(Path::new(name));
        assert_eq!(format("out/report.md"), Some(Format::Markdown));
        assert_eq!(format("REPORT.Markdown"), Some(Format::Markdown));
        assert_eq!(format("a.b.json"), Some(Format::Json));
        assert_eq!(format("report"), None);
        assert_eq!(format("report.md.gz"), None);
        assert_eq!(format(".json"), None);
    }
}
