//! YAML as a tree of nodes with their places.
//!
//! In: a text. Out: its documents. Scalars stay as they are written, since a rule's `value: 500` looks for a text.
//! Aliases are refused: rules have none, and a few lines of them can stand for gigabytes.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::Source;
use crate::signature::diagnostic::PageError;

/// Deepest nesting that is read.
const DEEPEST: usize = 64;

/// A value and its place in bytes.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Range<usize>,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing was written, or `null`.
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The value of a key of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        let Value::Map(pairs) = &self.value else {
            return None;
        };
        let of = |(key, _): &&(Node, Node)| key.text() == Some(name);
        let (_, value) = pairs.iter().find(of)?;
        (!matches!(value.value, Value::Null)).then_some(value)
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }
}

/// A list or map whose end has not come.
struct Open {
    start: usize,
    end: usize,
    map: bool,
    nodes: Vec<Node>,
}

impl Open {
    fn close(self) -> Node {
        let value = if self.map {
            let mut nodes = self.nodes.into_iter();
            let pairs = std::iter::from_fn(|| Some((nodes.next()?, nodes.next()?)));
            Value::Map(pairs.collect())
        } else {
            Value::List(self.nodes)
        };
        Node {
            place: self.start..self.end,
            value,
        }
    }
}

/// The documents of a file.
pub(super) fn documents(source: &Source<'_>) -> Result<Vec<Node>, PageError> {
    let bytes = Places::new(source.text);
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(source.text) {
        let (event, span) = event.map_err(|error| {
            let at = bytes.of(error.marker().index());
            source.error(at..at + 1, format!("this is not YAML: {}", error.info()), "here")
        })?;
        let place = bytes.range(span);
        let node = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if open.len() == DEEPEST {
                    return Err(source.error(place, format!("nested deeper than {DEEPEST} levels"), "here"));
                }
                open.push(Open {
                    start: place.start,
                    end: place.end,
                    map: matches!(event, Event::MappingStart(..)),
                    nodes: Vec::new(),
                });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(mut open) => {
                    // The end of a block is where the next thing begins; brackets are part of what they close.
                    if !span.is_empty() {
                        open.end = open.end.max(place.end);
                    }
                    open.close()
                }
                None => continue,
            },
            Event::Scalar(text, style, ..) => scalar(&text, style, place),
            Event::Alias(_) => {
                let label = "write the value here";
                return Err(source.error(place, "aliases are not read in CRE rules", label));
            }
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => {
                parent.end = parent.end.max(node.place.end);
                parent.nodes.push(node);
            }
            None => documents.push(node),
        }
    }
    Ok(documents)
}

fn scalar(text: &str, style: ScalarStyle, place: Range<usize>) -> Node {
    let null = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
    let value = if null {
        Value::Null
    } else {
        Value::Text(text.to_owned())
    };
    Node { place, value }
}

/// From characters, in which the parser counts, to bytes.
struct Places {
    /// Where each character begins; nothing if all are one byte.
    starts: Option<Vec<usize>>,
    len: usize,
}

impl Places {
    fn new(text: &str) -> Places {
        let starts = || text.char_indices().map(|(at, _)| at).collect();
        Places {
            starts: (!text.is_ascii()).then(starts),
            len: text.len(),
        }
    }

    fn of(&self, character: usize) -> usize {
        let at = match &self.starts {
            Some(starts) => starts.get(character).copied().unwrap_or(self.len),
            None => character,
        };
        at.min(self.len)
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.of(span.start.index())..self.of(span.end.index())
    }
}
