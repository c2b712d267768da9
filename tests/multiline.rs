//! Events of several lines, as runtimes print them and as transports carry them: each is one record, and its exception is
//! told. The captures are of the programs themselves, but for .NET (published with bug reports) and one
//! line of PostgreSQL's statement that was added.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{incident, scan, whole_report};
use incident::input::block::Block;
use incident::record::Record;
use incident::record::reader::RecordReader;
use incident::record::time::{Clock, Zone};

const CLOCK: Clock = Clock::new(Zone::Utc, 1_796_083_200_000_000_000);

/// Capture, kind and message of its exception.
const CAPTURES: &[(&str, &str, &str)] = &[
    ("python-chained", "RuntimeError", "order 17 cannot be loaded"),
    (
        "python-group",
        "ExceptionGroup",
        "2 of 3 items failed (2 sub-exceptions)",
    ),
    ("python-caret", "ZeroDivisionError", "division by zero"),
    (
        "java-uncaught",
        "java.lang.RuntimeException",
        "order 17 cannot be loaded",
    ),
    (
        "java-util-logging",
        "java.lang.RuntimeException",
        "order 17 cannot be loaded",
    ),
    (
        "java-logback",
        "java.lang.NumberFormatException",
        "For input string: \"x\"",
    ),
    ("node-cause", "Error", "config cannot be loaded"),
    ("node-console", "TypeError", "x is not a function"),
    ("node-rejection", "Error", "queue closed"),
    (
        "node-rejection-string",
        "UnhandledPromiseRejection",
        "This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason \"just words\".",
    ),
    ("node-12-event", "Error", "spawn /usr/bin/convert-images ENOENT"),
    (
        "node-12-file",
        "Error",
        "ENOENT: no such file or directory, open '/etc/shop/none.json'",
    ),
    ("node-string", "Uncaught", "out of paper"),
    ("go-panic", "panic", "assignment to entry in nil map"),
    (
        "go-deadlock",
        "fatal error",
        "all goroutines are asleep - deadlock!",
    ),
    (
        "go-nil",
        "panic",
        "runtime error: invalid memory address or nil pointer dereference [recovered]",
    ),
    ("go-quit", "SIGQUIT", "quit"),
    (
        "rust-backtrace",
        "panic",
        "order 17 cannot be loaded: ParseIntError { kind: InvalidDigit }",
    ),
    ("ruby-uncaught", "RuntimeError", "order 17 cannot be loaded"),
    ("ruby-logger", "ArgumentError", "bad qty"),
    ("php-uncaught", "RuntimeException", "order 17 cannot be loaded"),
    ("php-error-log", "RuntimeException", "order 17 cannot be loaded"),
    (
        "elixir-task",
        "MatchError",
        "no match of right hand side value: []",
    ),
    (
        "elixir-clause",
        "FunctionClauseError",
        "no function clause matching in Integer.parse/2",
    ),
    ("elixir-script", "ArgumentError", "order 17 cannot be loaded"),
    ("elixir-genserver", "RuntimeError", "order 17 cannot be loaded"),
    (
        "dotnet-inner",
        "System.Management.Automation.SetValueInvocationException",
        "Exception setting \"When2\": \"Cannot convert null to type \"System.DateTime\".\"",
    ),
    (
        "dotnet-unhandled",
        "System.InvalidOperationException",
        "No connection string named 'DefaultConnection' could be found in the application configuration.",
    ),
    (
        "dotnet-console",
        "System.NullReferenceException",
        "Object reference not set to an instance of an object.",
    ),
    ("postgresql", "", ""),
];

/// How a transport carries the lines of an event.
type Carry = fn(&str) -> String;

/// Wrappers by name: what each makes of an event.
const WRAPPERS: &[(&str, Carry)] = &[
    ("as printed", |text| text.to_owned()),
    ("docker compose", |text| {
        each(text, |line| format!("api-1  | {line}"))
    }),
    ("kubectl --prefix", |text| {
        each(text, |line| format!("[pod/api-7d9f/app] {line}"))
    }),
    ("Kubernetes container log", |text| {
        each(text, |line| {
            format!("2026-11-28T06:44:38.123456789Z stderr F {line}")
        })
    }),
    ("docker json-file", |text| {
        each(text, |line| {
            serde_json::json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-11-28T06:44:38.123456789Z"})
                .to_string()
        })
    }),
    ("syslog, line by line", |text| {
        each(text, |line| format!("Nov 28 06:44:38 web-1 api[815]: {line}"))
    }),
    ("syslog, escaped", |text| {
        format!(
            "Nov 28 06:44:38 web-1 api[815]: {}\n",
            text.trim_end().replace('\n', "#012").replace('\t', "#011")
        )
    }),
    ("journalctl -o json", |text| {
        let entry = serde_json::json!({
            "__REALTIME_TIMESTAMP": "1795848278123456", "_PID": "815", "SYSLOG_IDENTIFIER": "api", "MESSAGE": text.trim_end(),
        });
        format!("{entry}\n")
    }),
    ("GitHub Actions", |text| {
        each(text, |line| format!("2026-11-28T06:44:38.1234567Z {line}"))
    }),
];

fn each(text: &str, carry: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| carry(line) + "\n").collect()
}

fn capture(name: &str) -> String {
    fs::read_to_string(format!("tests/multiline/{name}.txt")).unwrap()
}

/// All records of a text, in order.
fn records(text: &str) -> Vec<Record> {
    let block = Block::whole(0, text.as_bytes().to_vec());
    let mut reader = RecordReader::new(&block, &CLOCK, None);
    let mut starts = Vec::new();
    let mut records = Vec::new();
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        let extent = reader.extent_at(place);
        if !starts.contains(&extent.start) {
            starts.push(extent.start);
            records.push(reader.read(extent));
        }
        place += line.len();
    }
    records
}

#[test]
fn each_capture_is_one_record_in_every_wrapper() {
    let mut mistakes = Vec::new();
    for (name, kind, message) in CAPTURES {
        let text = capture(name);
        for (wrapper, carry) in WRAPPERS {
            let records = records(&carry(&text));
            if records.len() != 1 {
                let firsts: Vec<_> = records
                    .iter()
                    .map(|record| record.text.lines().next().unwrap_or(""))
                    .collect();
                mistakes.push(format!(
                    "{name}, {wrapper}: {} records: {firsts:#?}",
                    records.len()
                ));
                continue;
            }
            let record = &records[0];
            if record.text.trim_end() != text.trim_end() {
                mistakes.push(format!("{name}, {wrapper}: the text is {:?}", record.text));
            }
            let found = record
                .exception()
                .map(|exception| (exception.kind, exception.message.trim()));
            let wanted = Some((*kind, *message)).filter(|_| !kind.is_empty());
            if found != wanted {
                mistakes.push(format!(
                    "{name}, {wrapper}: the exception is {found:?}, not {wanted:?}"
                ));
            }
        }
    }
    assert!(mistakes.is_empty(), "\n{}", mistakes.join("\n"));
}

/// What is logged before and after an event is no part of it.
#[test]
fn the_lines_around_an_event_are_records_of_their_own() {
    let mut mistakes = Vec::new();
    for (name, ..) in CAPTURES {
        let text = capture(name);
        let log = format!(
            "2026-11-28 06:44:37,000 INFO shop.orders worker ready\n{text}2026-11-28 06:44:39,000 INFO shop.orders worker ready\n\
             plain words\n"
        );
        let texts: Vec<_> = records(&log).into_iter().map(|record| record.text).collect();
        if texts.len() != 4 || texts[1].trim_end() != text.trim_end() {
            mistakes.push(format!("{name}: {texts:#?}"));
        }
    }
    assert!(mistakes.is_empty(), "\n{}", mistakes.join("\n"));
}

/// A program of Node.js that crashes at each start: its head begins a record also right behind the last crash.
#[test]
fn each_crash_of_a_loop_is_a_record() {
    for name in ["node-12-event", "node-12-file", "node-cause"] {
        let text = capture(name).trim_end().to_owned() + "\n";
        let texts: Vec<_> = records(&text.repeat(3))
            .into_iter()
            .map(|record| record.text.trim_end().to_owned())
            .collect();
        assert_eq!(texts, vec![text.trim_end(); 3], "{name}");
    }
}

/// How a stream of several containers names one of them.
const PREFIXES: &[fn(&str) -> String] = &[
    |name| format!("{name}-1  | "),
    |name| format!("{name}.1.x7f2kq9@node1    | "),
    |name| format!("[pod/{name}-7d9f/app] "),
];

/// Captures as several containers write them at the same time: a line of each in turn, now and then more.
fn interleaved(names: &[&str], prefix: fn(&str) -> String) -> String {
    let texts: Vec<String> = names.iter().map(|name| capture(name)).collect();
    let mut left: Vec<_> = texts.iter().map(|text| text.lines().peekable()).collect();
    let mut log = String::new();
    let mut turn = 0;
    while left.iter_mut().any(|lines| lines.peek().is_some()) {
        let number = turn % names.len();
        for line in left[number].by_ref().take(1 + turn % 3) {
            log += &format!("{}{line}\n", prefix(&format!("app{number}")));
        }
        turn += 1;
    }
    log
}

/// Containers that write into one stream: the event of each is one record, and holds no line of another.
#[test]
fn interleaved_writers_are_kept_apart_by_their_prefix() {
    let captures: Vec<&str> = CAPTURES.iter().map(|(name, ..)| *name).collect();
    let mut mistakes = Vec::new();
    for prefix in PREFIXES {
        for names in captures.chunks(4) {
            let log = interleaved(names, *prefix);
            let mut texts: Vec<String> = records(&log).into_iter().map(|record| record.text).collect();
            let mut wanted: Vec<String> = names.iter().map(|name| capture(name)).collect();
            texts
                .iter_mut()
                .for_each(|text| text.truncate(text.trim_end().len()));
            wanted
                .iter_mut()
                .for_each(|text| text.truncate(text.trim_end().len()));
            texts.sort();
            wanted.sort();
            if texts != wanted {
                mistakes.push(format!("{names:?}: {texts:#?}\n{log}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "\n{}", mistakes.join("\n"));
}

#[test]
fn interleaved_records_do_not_depend_on_where_reading_starts() {
    for prefix in PREFIXES {
        let log = interleaved(
            &["python-chained", "java-uncaught", "go-panic", "node-cause"],
            *prefix,
        );
        let block = Block::whole(0, log.clone().into_bytes());
        let mut forward = RecordReader::new(&block, &CLOCK, None);
        for place in (0..log.len()).step_by(7) {
            let mut alone = RecordReader::new(&block, &CLOCK, None);
            assert_eq!(
                forward.extent_at(place),
                alone.extent_at(place),
                "at byte {place}"
            );
        }
    }
}

/// What is found in a trace that lines of others cut, and where, is the same for blocks of any size.
#[test]
fn interleaved_findings_do_not_depend_on_blocks() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("compose.log");
    let names = [
        "python-chained",
        "java-uncaught",
        "postgresql",
        "node-cause",
        "python-caret",
    ];
    fs::write(&path, interleaved(&names, PREFIXES[0]).repeat(4)).unwrap();
    let of = |args: &[&str]| {
        let mut report = whole_report(scan().arg(&path).args(args));
        report["stats"]["records"] = serde_json::Value::Null;
        report
    };
    let whole = of(&[]);
    assert!(!whole["findings"].as_array().unwrap().is_empty());
    for size in ["100", "333", "4096"] {
        assert_eq!(
            of(&["--block-size", size, "--threads", "3"]),
            whole,
            "blocks of {size} bytes"
        );
    }
    let output = incident()
        .args(["inspect", "--records", "--format", "json"])
        .arg(&path)
        .output()
        .unwrap();
    let rows = String::from_utf8(output.stdout).unwrap();
    let of = |service: &str| rows.lines().filter(|row| row.contains(service)).count();
    for number in 0..5 {
        assert_eq!(of(&format!("\"service\":\"app{number}-1\"")), 4, "{rows}");
    }
}

#[test]
fn records_do_not_depend_on_where_reading_starts() {
    for (name, ..) in CAPTURES {
        for (wrapper, carry) in WRAPPERS {
            let text = carry(&capture(name)) + &carry(&capture("python-caret")) + &carry(&capture("go-nil"));
            let block = Block::whole(0, text.clone().into_bytes());
            let mut forward = RecordReader::new(&block, &CLOCK, None);
            for place in (0..text.len()).step_by(17) {
                let mut alone = RecordReader::new(&block, &CLOCK, None);
                assert_eq!(
                    forward.extent_at(place),
                    alone.extent_at(place),
                    "{name}, {wrapper}, at byte {place}"
                );
            }
        }
    }
}
