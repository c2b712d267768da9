//! The exception that an event of several lines is about.
//!
//! In: the text of a record. Out: its kind and message, as the language's runtime prints them.
//!
//! Python names it last, behind its frames; most others first, in front of them.

/// An exception, error or panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception<'a> {
    /// `ValueError`, `java.lang.NullPointerException`, `panic`.
    pub kind: &'a str,
    /// What it says, which may be nothing.
    pub message: &'a str,
}

/// The exception that `text` shows, if it shows one.
pub(super) fn find(text: &str) -> Option<Exception<'_>> {
    python(text).or_else(|| before_frames(text))
}

/// The first line that is not moved in behind the last `Traceback`.
fn python(text: &str) -> Option<Exception<'_>> {
    let at = text.rfind("Traceback (most recent call last):")?;
    let line = text
        .get(at..)?
        .lines()
        .skip(1)
        .find(|line| !line.is_empty() && !line.starts_with([' ', '\t']))?;
    named(line)
}

/// The line above the first frame.
fn before_frames(text: &str) -> Option<Exception<'_>> {
    let mut above = "";
    for line in text.lines() {
        let frame = line.trim_start();
        if frame.len() < line.len() && frame.starts_with("at ") {
            return named(
                above
                    .rsplit_once("Exception in thread")
                    .map_or(above, |(_, rest)| {
                        rest.splitn(3, '"').nth(2).unwrap_or(rest).trim_start()
                    }),
            );
        }
        if let Some(message) = line.strip_prefix("panic: ") {
            return Some(Exception {
                kind: "panic",
                message,
            });
        }
        if !line.starts_with([' ', '\t']) {
            above = line;
        }
    }
    None
}

/// `kind: message`, `kind`.
fn named(line: &str) -> Option<Exception<'_>> {
    let (kind, message) = line.split_once(':').unwrap_or((line, ""));
    let is_name = kind
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'))
        && kind.bytes().next()?.is_ascii_alphabetic();
    is_name.then(|| Exception {
        kind,
        message: message.trim(),
    })
}
