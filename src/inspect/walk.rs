//! Every record of one block.
//!
//! In: a [`Block`]. Out: an [`Inspected`] value, which depends on nothing but the content of the log and the block's place
//! in it: what is counted, and a row for each record that begins in the body, where rows are wanted.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use super::facts::Facts;
use crate::input::block::Block;
use crate::record::header;
use crate::record::reader::RecordReader;
use crate::record::time::range::Range;
use crate::record::time::{Clock, format_utc};
use crate::record::{Http, Level, Record, TimeQuality};
use crate::report::visible::{is_hidden, visible};

/// Longest message of a row for people, in characters.
const MESSAGE_WIDTH: usize = 200;

/// How the rows of records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// A line of JSON for each record, for programs.
    Json,
    /// A line of text for each record, for people.
    Text,
}

/// What one block holds.
#[derive(Debug)]
pub struct Inspected {
    pub(super) facts: Facts,
    pub(super) rows: RowsOf,
}

/// The rows of a block. What depends on the lines above it is put in when they are written.
#[derive(Debug, Default)]
pub(super) struct RowsOf {
    rows: Option<Rows>,
    /// The line of each record within the block, from 1, and where its text ends.
    ends: Vec<(u64, usize)>,
    text: String,
}

/// What a row says behind source and line.
#[derive(Serialize)]
struct Row<'a> {
    lines: u64,
    time: Option<String>,
    time_quality: TimeQuality,
    level: Option<Level>,
    service: Option<&'a str>,
    host: Option<&'a str>,
    message: &'a str,
    until: Option<String>,
    format: &'static str,
    offset: u64,
    bytes: u64,
    pid: Option<u32>,
    thread: Option<&'a str>,
    logger: Option<&'a str>,
    request_id: Option<&'a str>,
    duration_seconds: Option<f64>,
    http: Option<Request<'a>>,
    upstream: Option<&'a str>,
    exception: Option<Thrown<'a>>,
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    status: u16,
    client: Option<&'a str>,
}

#[derive(Serialize)]
struct Thrown<'a> {
    kind: &'a str,
    message: &'a str,
}

/// Looks at every record that begins in the body of `block` and lies in `range`.
pub fn inspect(block: &Block, clock: &Clock, rows: Option<Rows>, range: &Range) -> Inspected {
    let text = block.text();
    let body = block.body();
    let mut reader = RecordReader::new(block, clock, block.about.service.as_deref());
    let mut inspected = Inspected {
        facts: Facts::default(),
        rows: RowsOf {
            rows,
            ..RowsOf::default()
        },
    };
    let mut at = body.start;
    let mut line = 1;
    while at < body.end {
        let extent = reader.extent_at(at);
        if extent.start == at && at < extent.end {
            let lines = bytecount::count(text.bytes(at..extent.end), b'\n') as u64 + 1;
            let record = reader.read(extent);
            if range.covers(&record.time) {
                inspected.facts.add(&record);
                inspected.rows.add(line, lines, &record);
            } else {
                inspected.facts.leave_out(&record);
            }
        }
        let next = reader.next_line(at, extent);
        let seen = text.bytes(at..next.min(body.end));
        line += bytecount::count(seen, b'\n') as u64;
        at = next;
    }
    let all = text.bytes(body.clone());
    let open = block.is_last() && all.last().is_some_and(|last| *last != b'\n');
    inspected.facts.lines = line - 1 + u64::from(open);
    inspected.facts.messages_left_out = header::messages_left_out(all);
    inspected
}

impl RowsOf {
    fn add(&mut self, line: u64, lines: u64, record: &Record) {
        match self.rows {
            None => return,
            Some(Rows::Json) => self.add_json(lines, record),
            Some(Rows::Text) => self.add_text(record),
        }
        self.text.push('\n');
        self.ends.push((line, self.text.len()));
    }

    fn add_json(&mut self, lines: u64, record: &Record) {
        let row = Row {
            lines,
            time: record.time.at.map(format_utc),
            time_quality: record.time.quality,
            level: record.level,
            service: record.service.as_deref(),
            host: record.host.as_deref(),
            message: &record.text,
            until: record.time.until.map(format_utc),
            format: record.format.name(),
            offset: record.offset,
            bytes: record.len,
            pid: record.pid,
            thread: record.thread.as_deref(),
            logger: record.logger.as_deref(),
            request_id: record.request_id.as_deref(),
            duration_seconds: record.duration.map(|nanos| nanos as f64 / 1e9),
            http: record.http.as_ref().map(request),
            upstream: record.upstream.as_deref(),
            exception: record.exception().map(|exception| Thrown {
                kind: exception.kind,
                message: exception.message,
            }),
        };
        // A row is made of texts and numbers, which cannot fail.
        let json = serde_json::to_string(&row).unwrap_or_default();
        push_escaped(&mut self.text, json.get(1..).unwrap_or_default());
    }

    fn add_text(&mut self, record: &Record) {
        let time = record.time.at.map_or_else(|| "-".to_owned(), format_utc);
        let mark = match record.time.quality {
            TimeQuality::Between | TimeQuality::Paired | TimeQuality::Before | TimeQuality::After => "≈",
            _ => "",
        };
        let level = record.level.map_or("-", Level::name);
        let service = record.service.as_deref().unwrap_or("-");
        let first = record.text.lines().next().unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(
            self.text,
            "  {mark}{time}  {level}  {}  {}",
            visible(service.as_bytes(), Some(MESSAGE_WIDTH)),
            visible(first.as_bytes(), Some(MESSAGE_WIDTH))
        );
    }

    /// Writes the rows of `source`, in which so many lines stand above the block; nothing if nobody counted them.
    pub(super) fn write(
        &self,
        source: &str,
        lines_above: Option<u64>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Some(rows) = self.rows else {
            return Ok(());
        };
        let name = match rows {
            Rows::Json => {
                let mut name = String::new();
                let quoted = serde_json::to_string(source)?;
                push_escaped(&mut name, &quoted);
                name
            }
            Rows::Text => visible(source.as_bytes(), None),
        };
        let mut start = 0;
        for (line, end) in &self.ends {
            let line = lines_above.map(|above| line + above);
            let rest = &self.text[start..*end];
            match rows {
                Rows::Json => {
                    let line = line.map_or_else(|| "null".to_owned(), |line| line.to_string());
                    write!(out, "{{\"source\":{name},\"line\":{line},{rest}")?;
                }
                Rows::Text => {
                    let line = line.map_or_else(String::new, |line| format!(":{line}"));
                    write!(out, "{name}{line}{rest}")?;
                }
            }
            start = *end;
        }
        Ok(())
    }
}

fn request(http: &Http) -> Request<'_> {
    Request {
        method: &http.method,
        path: &http.path,
        status: http.status,
        client: http.client.as_deref(),
    }
}

/// Adds JSON, with what a terminal might obey or hide written as `\uXXXX`. None of it belongs to JSON's own syntax.
fn push_escaped(out: &mut String, json: &str) {
    for c in json.chars() {
        if c == '\x7f' || is_hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
}
