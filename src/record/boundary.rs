//! Which lines belong to one event.
//!
//! In: lines, in order, as [`Line`]s. Out: for each, whether it begins a record.
//!
//! Two questions are kept apart. [`certain`] looks at a line and the one before it and says
//! "begins a record, whatever stands above": reading may start there. [`Machine`] runs
//! forward from such a line and decides the doubtful ones. Since it starts anew at each certain
//! line, the records of a source do not depend on where reading started.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Level;
use super::header::{Format, Header, Stream, entry, is_java_head};
use super::shape::Shape;

/// What the boundary rules must know of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    shape: Shape,
    /// Who wrote the line (hashed), if its transport says so. Records never span writers.
    writer: Option<u64>,
    /// Column in which a transport puts further lines of the message; 0 if it does not.
    prefix: usize,
    /// Blanks at the beginning of a line without a transport.
    indent: usize,
    /// The message has lines of its own, so it is whole.
    whole: bool,
    /// The program's own header stands at the beginning.
    headed: bool,
    /// A PostgreSQL line that details the error above it.
    detail: bool,
    /// The program says that the event is no trouble, so no traceback belongs to it.
    calm: bool,
    /// `  File "app.py", line 3`: a Python frame. A syntax error begins with one.
    frame: bool,
    /// `HINT: ...`, `DETAIL: ...` behind an exception: the database's own words.
    label: bool,
    /// `future: <Task ...`, between asyncio's complaint and its traceback.
    future: bool,
    /// The first line of java.util.logging, whose level and message stand in the next.
    java_head: bool,
    /// `SEVERE: message`: such a next line.
    level_only: bool,
    /// The head of a report of Erlang, which has no text of its own.
    report_head: bool,
    /// The first line of an event of Windows, whose others are of any kind.
    windows: bool,
}

impl Line {
    /// Describes a line of `length` bytes by its header and the shape of its body.
    pub fn new(header: &Header<'_>, shape: Shape, length: usize) -> Line {
        let names_host = header.transport && header.host.is_some();
        let indent = match shape {
            _ if header.transport => 0,
            Shape::Indented | Shape::Blank => header.body.iter().take_while(|byte| **byte == b' ').count(),
            _ => 0,
        };
        Line {
            shape,
            writer: writer(header),
            prefix: match header.format {
                _ if names_host => length.saturating_sub(header.body.len()),
                Format::Dated if entry::is_verbose(&header.body) => entry::MOVED_IN,
                _ => 0,
            },
            indent,
            whole: memchr::memchr(b'\n', &header.body).is_some(),
            headed: header.starts_record,
            detail: matches!(header.format, Format::Postgresql | Format::DockerJson)
                && header.body.first().is_some_and(u8::is_ascii_digit)
                && is_detail(&header.body),
            calm: header.http.is_some() || header.level.is_some_and(|level| level < Level::Warning),
            frame: shape == Shape::Indented && header.body.trim_ascii_start().starts_with(b"File \""),
            label: is_label(&header.body),
            future: header.body.starts_with(b"future: <"),
            java_head: is_java_head(&header.body),
            level_only: header.level.is_some() && begins_with_level(&header.body),
            report_head: header.format == Format::ErlangReport,
            windows: header.format == Format::WindowsEvent && header.body.starts_with(b"Event["),
        }
    }

    /// Whether this line is only the head of what stands in the next.
    fn wants(&self, line: &Line) -> bool {
        (self.java_head && line.level_only) || (self.report_head && !line.headed && !line.is_blank())
    }

    fn simple(&self) -> bool {
        self.whole || self.is_simple_line()
    }

    fn is_simple_line(&self) -> bool {
        !self.detail
            && (self.headed || self.shape == Shape::Words)
            && !matches!(
                self.shape,
                Shape::RustPanicHead
                    | Shape::GoPanicHead
                    | Shape::GoFrame
                    | Shape::NodeHead
                    | Shape::OldNodeHead
            )
    }
}

/// Who wrote a line, by what its transport names; nothing if that is nobody.
fn writer(header: &Header<'_>) -> Option<u64> {
    let named = header.service.is_some()
        || header.host.is_some()
        || header.pid.is_some()
        || header.stream != Stream::default();
    (header.transport && named).then(|| {
        // Without keys, so that it is the same in every run.
        let mut hasher = DefaultHasher::new();
        (header.service.as_deref(), header.host, header.pid, header.stream).hash(&mut hasher);
        hasher.finish()
    })
}

/// Whether `line` is the next one of a message that `journalctl` wrote below the first, in the same column.
fn is_in_column(before: &Line, line: &Line) -> bool {
    before.prefix > 0 && line.writer.is_none() && line.indent >= before.prefix
}

/// Whether another writer begins with `line`.
fn changes_writer(before: &Line, line: &Line) -> bool {
    before.writer != line.writer && !is_in_column(before, line)
}

/// `SEVERE: `, `INFO: ` and the like.
fn begins_with_level(body: &[u8]) -> bool {
    let capitals = body.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    capitals > 3 && body.get(capitals..capitals + 2) == Some(b": ")
}

/// Capitals up to a colon.
fn is_label(body: &[u8]) -> bool {
    let capitals = body.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    capitals > 2 && body.get(capitals) == Some(&b':')
}

fn is_detail(body: &[u8]) -> bool {
    const DETAILS: &[&[u8]] = &[
        b"DETAIL",
        b"HINT",
        b"STATEMENT",
        b"CONTEXT",
        b"QUERY",
        b"LOCATION",
    ];
    const BEHIND: &[u8] = b":  ";
    let head = &body[..body.len().min(120)];
    memchr::memchr_iter(b':', head).any(|colon| {
        head[colon..].starts_with(BEHIND) && DETAILS.iter().any(|label| head[..colon].ends_with(label))
    })
}

/// Whether `line` begins a record, whatever stands above `before`.
pub fn certain(before: Option<&Line>, line: &Line) -> bool {
    let Some(before) = before else {
        return true;
    };
    if changes_writer(before, line) {
        return true;
    }
    if before.wants(line) {
        return false;
    }
    if line.headed {
        return !line.detail;
    }
    line.shape == Shape::Words && before.simple()
}

/// What kind of event the machine is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// One line so far, or lines that only followed by indentation.
    Plain,
    /// Frames of a Python traceback.
    Traceback,
    /// Behind the exception line of a Python traceback.
    Exception,
    /// Between two chained tracebacks.
    Chain,
    /// A panic of Go.
    Go,
    /// The head of a Rust panic; the message comes next.
    RustHead,
    /// Behind the message of a Rust panic.
    Rust,
    /// A crash of Node.js, up to its trailer.
    Node,
    /// A crash of Node.js up to 16, up to its error.
    OldNode,
    /// Behind that error.
    OldNodeError,
    /// An event of Windows, up to the next.
    Windows,
    /// Frames of Ruby.
    Ruby,
    /// Frames of PHP.
    Php,
    /// Behind the exception of Elixir.
    Elixir,
}

/// Decides line by line.
#[derive(Debug)]
pub struct Machine {
    state: State,
    first: Line,
    before: Line,
    /// Blank lines seen since the last line that belongs to the record.
    blanks: usize,
    /// Lines of the record so far.
    lines: usize,
}

/// Longest run of lines that may follow the head of a Node.js crash.
const NODE_LINES: usize = 200;

/// Most lines of an event of Windows.
const WINDOWS_LINES: usize = 100;

impl Machine {
    /// Starts at the first line of a record.
    pub fn start(line: Line) -> Machine {
        Machine {
            state: match line.shape {
                _ if line.whole => State::Plain,
                _ if line.windows => State::Windows,
                Shape::Indented if line.frame => State::Traceback,
                Shape::TracebackHead => State::Traceback,
                Shape::RustPanicHead => State::RustHead,
                Shape::GoPanicHead | Shape::GoFrame => State::Go,
                Shape::NodeHead => State::Node,
                Shape::OldNodeHead => State::OldNode,
                Shape::RubyFrame => State::Ruby,
                Shape::PhpTrace => State::Php,
                Shape::ElixirHead => State::Elixir,
                _ => State::Plain,
            },
            first: line.clone(),
            before: line,
            blanks: 0,
            lines: 1,
        }
    }

    /// Whether the record goes on with `line`; `next` gives the line after it, which few lines need. If not, the
    /// machine has started anew with `line`. Blank lines go on for the moment:
    /// they belong to the record only if a later line does.
    pub fn goes_on(&mut self, line: Line, next: impl FnOnce() -> Option<Line>) -> bool {
        if is_in_column(&self.before, &line) {
            let prefix = self.before.prefix;
            self.before = Line { prefix, ..line };
            self.lines += 1;
            return true;
        }
        if line.shape == Shape::Blank && !changes_writer(&self.before, &line) && !line.headed {
            self.blanks += 1;
            self.before = line;
            return true;
        }
        let next_indented = || next().is_some_and(|next| next.shape == Shape::Indented && !next.headed);
        let goes_on = !certain(Some(&self.before), &line) && self.accepts(&line, next_indented);
        if goes_on {
            self.advance(&line);
            self.before = line;
            self.blanks = 0;
            self.lines += 1;
        } else {
            *self = Machine::start(line);
        }
        goes_on
    }

    fn accepts(&self, line: &Line, next_indented: impl FnOnce() -> bool) -> bool {
        use Shape as S;
        if line.detail || self.before.wants(line) {
            return true;
        }
        if self.state == State::Windows {
            return self.lines < WINDOWS_LINES;
        }
        if self.blanks > 1 {
            return self.state == State::Node;
        }
        let after_blank = self.blanks > 0;
        match (self.state, line.shape) {
            (State::Node, S::NodeHead | S::OldNodeHead) => false,
            (State::Node, _) => self.lines < NODE_LINES && self.before.shape != S::NodeTrailer,
            // Code, a caret, a blank line, then the error with its frames.
            (State::OldNode, S::Name) => self.lines > 1,
            // Where the error was emitted.
            (State::OldNodeError, S::Words) => !after_blank && next_indented(),
            (State::RustHead, _) => !after_blank,
            (State::Rust, S::RustNote | S::Indented) => true,
            (State::Go, S::GoFrame | S::Indented | S::Opening | S::GoPanicHead) => true,
            (State::Chain, S::TracebackHead | S::Indented) => true,
            (State::Traceback, S::Indented | S::Name) => true,
            (State::Traceback, S::Words | S::Opening) => !after_blank && !next_indented(),
            (State::Exception, S::ChainText) => true,
            // FastAPI adds the endpoint behind a blank line.
            (State::Exception, S::Indented) => true,
            (State::Elixir, S::Indented | S::ElixirNote) => true,
            (_, S::Indented) => !after_blank,
            (State::Ruby, S::RubyFrame) => !after_blank,
            // Rails puts a blank line between an exception and its frames.
            (State::Plain, S::RubyFrame) => !self.first.calm && (!after_blank || self.lines == 1),
            (State::Php, S::PhpTrace) => true,
            (State::Plain, S::PhpTrace | S::GroupHead | S::ElixirHead) => !after_blank && !self.first.calm,
            (_, S::Closing) => self.lines > 1 && !after_blank,
            (_, S::CausedBy) => true,
            (State::Exception, S::Opening) => !after_blank,
            (State::Exception, S::Name | S::Words) => !after_blank && (line.label || next_indented()),
            (State::Plain, S::TracebackHead) => !after_blank && !self.first.calm,
            (State::Plain, S::Name) => {
                let own = self.first.headed && !self.first.calm;
                !after_blank && (line.future || (own && next_indented()))
            }
            _ => false,
        }
    }

    fn advance(&mut self, line: &Line) {
        self.state = match (self.state, line.shape) {
            _ if line.whole => State::Plain,
            (State::Plain, _) if line.frame => State::Traceback,
            (_, Shape::TracebackHead) => State::Traceback,
            (State::Traceback, Shape::Name | Shape::Words | Shape::Opening) => State::Exception,
            (_, Shape::ChainText) => State::Chain,
            (State::RustHead, _) => State::Rust,
            (State::OldNode, Shape::Name) => State::OldNodeError,
            (State::Plain, Shape::RubyFrame) => State::Ruby,
            (State::Plain, Shape::PhpTrace) => State::Php,
            (State::Plain, Shape::ElixirHead) => State::Elixir,
            (state, _) => state,
        };
    }
}

impl Line {
    /// Whether nothing stands in the line.
    pub fn is_blank(&self) -> bool {
        self.shape == Shape::Blank
    }
}
