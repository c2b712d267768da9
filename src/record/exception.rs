//! The exception that an event of several lines is about.
//!
//! In: the text of a record. Out: its kind and message, as the language's runtime prints them. Where exceptions
//! are chained, it is the outermost: the one that nobody caught. Python and PHP name it last, the others first.

/// An exception, error or panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception<'a> {
    /// `ValueError`, `java.lang.NullPointerException`, `panic`, `fatal error`.
    pub kind: &'a str,
    /// What it says, which may be nothing; the first line of it.
    pub message: &'a str,
}

/// The exception that `text` shows, if it shows one.
pub(super) fn find(text: &str) -> Option<Exception<'_>> {
    group(text)
        .or_else(|| python(text))
        .or_else(|| php(text))
        .or_else(|| elixir(text))
        .or_else(|| go_or_rust(text))
        .or_else(|| ruby(text))
        .or_else(|| above_frames(text))
        .or_else(|| thrown_words(text))
}

/// The first line at the margin of `+ Exception Group Traceback`.
fn group(text: &str) -> Option<Exception<'_>> {
    let at = text.find("+ Exception Group Traceback")?;
    let inside = text.get(at..)?.lines().skip(1);
    let mut at_margin = inside.filter_map(|line| line.trim_start().strip_prefix("| "));
    named(at_margin.find(|line| !line.starts_with(' '))?)
}

/// The first line that is not moved in behind the last `Traceback`.
fn python(text: &str) -> Option<Exception<'_>> {
    let at = text.rfind("Traceback (most recent call last):")?;
    let mut below = text.get(at..)?.lines().skip(1);
    named(below.find(|line| !line.is_empty() && !line.starts_with([' ', '\t']))?)
}

/// `Uncaught RuntimeException: message in /srv/p.php:3`, and the last `Next ...` below.
fn php(text: &str) -> Option<Exception<'_>> {
    let last = text
        .lines()
        .filter_map(|line| line.strip_prefix("Next "))
        .next_back();
    let first = || text.split_once("Uncaught ")?.1.lines().next();
    let found = match last.filter(|_| text.contains("Stack trace:")) {
        Some(line) => line,
        None => first().filter(|line| line.contains(".php:") || text.contains("Stack trace:"))?,
    };
    let exception = named(found)?;
    let message = exception.message;
    let end = message.rfind(" in /").unwrap_or(message.len());
    Some(Exception {
        message: message.get(..end)?,
        ..exception
    })
}

/// `** (MatchError) no match of right hand side value: []`.
fn elixir(text: &str) -> Option<Exception<'_>> {
    let line = text.lines().find_map(|line| line.strip_prefix("** ("))?;
    let (kind, message) = line.split_once(')')?;
    Some(Exception {
        kind,
        message: message.trim(),
    })
}

/// `panic: message`, `fatal error: message`; `thread 'main' panicked at src/main.rs:1:5:` and the next line.
fn go_or_rust(text: &str) -> Option<Exception<'_>> {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        for kind in ["panic", "fatal error", "SIGQUIT", "SIGABRT"] {
            if let Some(message) = line.strip_prefix(kind).and_then(|rest| rest.strip_prefix(": ")) {
                return Some(Exception { kind, message });
            }
        }
        if let Some((_, place)) = line
            .split_once(" panicked at ")
            .filter(|_| line.starts_with("thread '"))
        {
            // Until 1.72 the message stood in the same line.
            let old = place.strip_prefix('\'').and_then(|rest| rest.rsplit_once("', "));
            let message = old.map(|(message, _)| message).or_else(|| lines.next())?;
            return Some(Exception {
                kind: "panic",
                message,
            });
        }
    }
    None
}

/// `r.rb:5:in 'load': message (RuntimeError)`, `bad qty (ArgumentError)` above frames, `RuntimeError (boom):`.
fn ruby(text: &str) -> Option<Exception<'_>> {
    const FRAME: &str = ":in ";
    let frame = text
        .lines()
        .position(|line| line.contains(FRAME) && line.contains(".rb:"))?;
    for line in text.lines().take(frame + 1) {
        // Ruby's logger puts its own fields and the program's name before it.
        let line = line
            .split_once(" -- ")
            .and_then(|(_, rest)| rest.split_once(": "))
            .map_or(line, |(_, rest)| rest);
        let line = line.trim_end();
        if let Some((kind, message)) = line.strip_suffix("):").and_then(|line| line.split_once(" (")) {
            return is_name(kind).then_some(Exception { kind, message });
        }
        let Some((words, kind)) = line.strip_suffix(')').and_then(|line| line.rsplit_once(" (")) else {
            continue;
        };
        if is_name(kind) {
            let message = words.split_once("': ").map_or(words, |(_, message)| message);
            return Some(Exception { kind, message });
        }
    }
    None
}

/// Java, Node.js, .NET: the first line above the first frame that names an exception.
fn above_frames(text: &str) -> Option<Exception<'_>> {
    let is_frame = |line: &str| {
        let frame = line.trim_start();
        frame.len() < line.len() && frame.starts_with("at ")
    };
    let frame = text.lines().position(is_frame)?;
    let mut nearest = None;
    for line in text.lines().take(frame) {
        let Some(exception) = named(lead_in(line.trim())) else {
            continue;
        };
        if is_exception(exception.kind) {
            return Some(exception);
        }
        nearest = Some(exception);
    }
    nearest
}

/// What a runtime puts in front of an exception that nobody caught.
fn lead_in(line: &str) -> &str {
    if let Some(rest) = line.strip_prefix("Exception in thread \"") {
        return rest.split_once("\" ").map_or(rest, |(_, rest)| rest);
    }
    [
        "Unhandled exception. ",
        "Unhandled Exception: ",
        "Uncaught ",
        "---> ",
    ]
    .iter()
    .find_map(|lead| line.strip_prefix(lead))
    .unwrap_or(line)
}

/// Node.js: what is no error has no frames; it stands below the line that marks where it was thrown.
fn thrown_words(text: &str) -> Option<Exception<'_>> {
    let mut lines = text.lines().skip_while(|line| line.trim() != "^").skip(1);
    let message = lines.find(|line| !line.is_empty())?;
    text.contains("Node.js v").then_some(Exception {
        kind: "Uncaught",
        message,
    })
}

/// `kind: message`, `kind`.
fn named(line: &str) -> Option<Exception<'_>> {
    let (kind, message) = line.split_once(':').unwrap_or((line, ""));
    // `Error [ERR_MODULE_NOT_FOUND]: message` of Node.js
    let kind = kind.split_once(" [").map_or(kind, |(kind, _)| kind);
    is_name(kind).then(|| Exception {
        kind,
        message: message.trim(),
    })
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'\\' | b':');
    text.starts_with(|letter: char| letter.is_ascii_alphabetic()) && text.bytes().all(plain)
}

/// Whether a name is one that exceptions have.
fn is_exception(kind: &str) -> bool {
    const ENDS: &[&str] = &[
        "Error",
        "Exception",
        "Throwable",
        "Rejection",
        "Fault",
        "Failure",
        "Interrupt",
    ];
    ENDS.iter().any(|end| kind.ends_with(end))
}
