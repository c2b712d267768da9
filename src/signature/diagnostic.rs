//! Trouble with a signature page, shown with the author's own line underlined.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// What is wrong with a page, and where.
#[derive(Debug, Clone)]
pub struct PageError {
    /// The page's path.
    pub file: String,
    /// Line of the trouble, from 1.
    pub line: usize,
    /// What is wrong and what was expected, without the place.
    pub message: String,
    rendered: String,
}

impl PageError {
    /// An error at `span` (bytes) of `page`; `label` stands beside the underlined text.
    pub fn new(
        file: &str,
        page: &str,
        span: Range<usize>,
        message: impl Into<String>,
        label: &str,
    ) -> PageError {
        let message = message.into();
        let start = span.start.min(page.len());
        let end = span.end.clamp(start, page.len());
        // One line is enough to find the place; a whole table underlined helps nobody.
        let line_end = page
            .get(start..)
            .and_then(|rest| rest.find('\n'))
            .map_or(page.len(), |at| start + at);
        let shown = start..end.min(line_end).max(start);
        let line = 1 + page.as_bytes()[..start]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        let group = Level::ERROR.primary_title(message.as_str()).element(
            Snippet::source(page)
                .path(file)
                .annotation(AnnotationKind::Primary.span(shown).label(label)),
        );
        let rendered = Renderer::plain().render(&[group]).to_string();
        PageError {
            file: file.to_owned(),
            line,
            message,
            rendered,
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl std::error::Error for PageError {}
