//! One log in every form. The layouts are those of real output (journalctl 252, docker 27, containerd 1.7,
//! kubectl 1.31) and of the CI systems' documentation.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fmt::Write;

/// What the program printed.
pub(crate) const EVENTS: &[&str] = &[
    "INFO:     Started server process [14186]",
    "Traceback (most recent call last):",
    "  File \"/srv/app/sa.py\", line 10, in <module>",
    "    session.execute(statement)",
    "sqlalchemy.exc.CompileError: Unconsumed column names: domain_statuses",
    "INFO:     Waiting for application startup.",
    "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
    "INFO:     Application shutdown complete.",
];

/// The events that a program which knows of them sends in one piece.
const MESSAGES: &[std::ops::Range<usize>] = &[0..1, 1..5, 5..6, 6..7, 7..8];

/// A log as one transport writes it.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) raw: Vec<u8>,
    /// The line of the log, from 1, in which each event stands.
    pub(crate) at: Vec<usize>,
    /// The line in which its unit begins.
    pub(crate) begins_at: Vec<usize>,
    pub(crate) service: Option<&'static str>,
    /// The form gives each line a time.
    pub(crate) dated: bool,
    /// The form gives some lines a time.
    pub(crate) any_time: bool,
}

impl Form {
    fn new(name: &'static str) -> Form {
        Form {
            name,
            raw: Vec::new(),
            at: Vec::new(),
            begins_at: Vec::new(),
            service: None,
            dated: false,
            any_time: false,
        }
    }

    fn line(&self) -> usize {
        1 + self.raw.iter().filter(|byte| **byte == b'\n').count()
    }

    fn push(&mut self, line: &str) {
        self.raw.extend_from_slice(line.as_bytes());
        self.raw.push(b'\n');
    }

    /// An event that `line` holds.
    fn event(&mut self, line: &str) {
        self.stands_here(self.line());
        self.push(line);
    }

    fn stands_here(&mut self, begins_at: usize) {
        self.begins_at.push(begins_at);
        self.at.push(self.line());
    }
}

/// A form in which each event is one line.
fn lines(name: &'static str, write: impl Fn(usize, &str) -> String) -> Form {
    let mut form = Form::new(name);
    for (number, event) in EVENTS.iter().enumerate() {
        form.event(&write(number, event));
    }
    form
}

fn dated(form: Form) -> Form {
    Form { dated: true, ..form }
}

fn of(service: &'static str, form: Form) -> Form {
    Form {
        service: Some(service),
        ..form
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// What `journalctl` prints of messages with several lines.
fn short(name: &'static str, stamp: &str, ident: &str) -> Form {
    let mut form = Form::new(name);
    for message in MESSAGES {
        let prefix = format!("{stamp} web-1 {ident}[374]: ");
        for (number, event) in EVENTS[message.clone()].iter().enumerate() {
            let before = if number == 0 {
                prefix.clone()
            } else {
                " ".repeat(prefix.len())
            };
            form.event(&format!("{before}{event}"));
        }
    }
    Form {
        any_time: true,
        ..form
    }
}

fn verbose() -> Form {
    let mut form = Form::new("verbose");
    for message in MESSAGES {
        let begins_at = form.line();
        form.push(&format!("Sun 2026-11-22 07:34:50.123456 UTC [{CURSOR}]"));
        for (name, value) in FIELDS_BELOW {
            form.push(&format!("    {name}={value}"));
        }
        for (number, event) in EVENTS[message.clone()].iter().enumerate() {
            form.stands_here(begins_at);
            form.push(&format!(
                "    {}{event}",
                if number == 0 { "MESSAGE=" } else { "        " }
            ));
        }
        form.push("    _CMDLINE=/usr/bin/python -m uvicorn");
    }
    form
}

const FIELDS: &[(&str, &str)] = &[
    ("__REALTIME_TIMESTAMP", "1795332890000000"),
    ("__MONOTONIC_TIMESTAMP", "1158226"),
    ("_BOOT_ID", "f3a3c5717476189975a3adb3254a9493"),
];

const FIELDS_BELOW: &[(&str, &str)] = &[
    ("PRIORITY", "6"),
    ("SYSLOG_IDENTIFIER", "api"),
    ("_PID", "374"),
    ("_COMM", "uvicorn"),
    ("_SYSTEMD_UNIT", "api.service"),
    ("_TRANSPORT", "stdout"),
    ("_HOSTNAME", "web-1"),
];

const CURSOR: &str = "s=96f3d097a08d446991fae866c74f5b20;i=1;b=f3a3c5717476189975a3adb3254a9493;m=11ac52;t=640b5eed32e9d;x=a24c2d840295532b";

fn journal_json(message: &str) -> String {
    let mut line = format!("{{\"__CURSOR\":\"{CURSOR}\",\"MESSAGE\":{message}");
    for (name, value) in FIELDS.iter().chain(FIELDS_BELOW) {
        let _ = write!(line, ",\"{name}\":\"{value}\"");
    }
    line + "}"
}

fn whole_messages(name: &'static str, write: impl Fn(&str) -> String) -> Form {
    let mut form = Form::new(name);
    for message in MESSAGES {
        let line = form.line();
        message.clone().for_each(|_| form.stands_here(line));
        form.push(&write(&EVENTS[message.clone()].join("\n")));
    }
    form
}

fn export(name: &'static str, messages: &[std::ops::Range<usize>]) -> Form {
    let mut form = Form::new(name);
    for message in messages {
        let begins_at = form.line();
        form.push(&format!("__CURSOR={CURSOR}"));
        for (name, value) in FIELDS {
            form.push(&format!("{name}={value}"));
        }
        let text = EVENTS[message.clone()].join("\n");
        if text.contains('\n') {
            form.push("MESSAGE");
            form.raw.extend_from_slice(&(text.len() as u64).to_le_bytes());
        } else {
            form.raw.extend_from_slice(b"MESSAGE=");
        }
        for event in &EVENTS[message.clone()] {
            form.stands_here(begins_at);
            form.push(event);
        }
        let blob = "a\n\nb=\0\n\nLine\x1b";
        form.push("BLOB");
        form.raw.extend_from_slice(&(blob.len() as u64).to_le_bytes());
        form.push(blob);
        for (name, value) in FIELDS_BELOW {
            form.push(&format!("{name}={value}"));
        }
        form.push("");
    }
    form
}

/// Each line cut into parts of `length` bytes; `write` is told whether the part is the last.
fn parts(
    name: &'static str,
    length: usize,
    write: impl Fn(&str, bool) -> String,
    other: Option<&str>,
) -> Form {
    let mut form = Form::new(name);
    for event in EVENTS {
        form.stands_here(form.line());
        let mut rest = *event;
        while rest.len() > length {
            let (part, left) = rest.split_at(length);
            form.push(&write(part, false));
            if let Some(other) = other {
                form.push(other);
            }
            rest = left;
        }
        form.push(&write(rest, true));
    }
    form
}

const NANOS: &str = "2026-11-22T07:34:50.123456789Z";
const SEVEN: &str = "2026-11-22T07:34:50.1234567Z";

fn docker(text: &str) -> String {
    format!(
        "{{\"log\":{},\"stream\":\"stderr\",\"time\":\"{NANOS}\"}}",
        json(text)
    )
}

/// All forms.
pub(crate) fn forms() -> Vec<Form> {
    [journal_forms(), container_forms(), ci_forms(), other_forms()]
        .into_iter()
        .flatten()
        .collect()
}

fn journal_forms() -> Vec<Form> {
    let each: Vec<_> = (0..EVENTS.len()).map(|number| number..number + 1).collect();
    vec![
        of(
            "api",
            dated(lines("json, by lines", |_, event| journal_json(&json(event)))),
        ),
        of(
            "api",
            dated(whole_messages("json, by messages", |text| {
                journal_json(&json(text))
            })),
        ),
        of("api", dated(export("export, by lines", &each))),
        of("api", dated(export("export, by messages", MESSAGES))),
        of("api", short("short", "Nov 22 07:34:50", "api")),
        of("api", short("short-precise", "Nov 22 07:34:50.123456", "api")),
        of(
            "api",
            dated(short("short-iso", "2026-11-22T07:34:50+0000", "api")),
        ),
        of(
            "api",
            dated(short(
                "short-iso-precise",
                "2026-11-22T07:34:50.123456+0000",
                "api",
            )),
        ),
        of(
            "api",
            dated(short("short-full", "Sun 2026-11-22 07:34:50 UTC", "api")),
        ),
        of("api", short("short-monotonic", "[   12.158226]", "api")),
        of("api", dated(short("short-unix", "1795332890.123456", "api"))),
        of(
            "api.service",
            dated(short("with-unit", "Sun 2026-11-22 07:34:50 UTC", "api.service")),
        ),
        lines("cat", |_, event| event.to_owned()),
        of("api", dated(verbose())),
    ]
}

fn container_forms() -> Vec<Form> {
    let cri = |part: &str, last: bool| format!("{NANOS} stderr {} {part}", if last { 'F' } else { 'P' });
    vec![
        dated(lines("docker json-file", |_, event| {
            docker(&format!("{event}\n"))
        })),
        dated(parts(
            "docker json-file, in parts",
            60,
            |part, last| docker(&format!("{part}{}", if last { "\n" } else { "" })),
            None,
        )),
        of("api-1", lines("compose", |_, event| format!("api-1  | {event}"))),
        of(
            "api-1",
            lines("compose in colour", |_, event| {
                format!("\x1b[36mapi-1  | \x1b[0m{event}")
            }),
        ),
        of(
            "api-1",
            dated(lines("compose with times", |_, event| {
                format!("api-1  | {NANOS} {event}")
            })),
        ),
        of(
            "api.1.x7f2",
            lines("docker service logs", |_, event| {
                format!("api.1.x7f2@node-1    | {event}")
            }),
        ),
        dated(lines("cri", |_, event| cri(event, true))),
        dated(parts("cri in parts", 60, cri, None)),
        dated(parts(
            "cri in parts, with another stream between",
            60,
            cri,
            Some("2026-11-22T07:34:50.123456789Z stdout F calm words"),
        )),
        dated(lines("kubectl --timestamps", |_, event| {
            format!("{NANOS} {event}")
        })),
        dated(lines("kubectl --timestamps, elsewhere", |_, event| {
            format!("2026-11-22T09:34:50.123456789+02:00 {event}")
        })),
        of(
            "api",
            lines("kubectl --prefix", |_, event| {
                format!("[pod/api-7d9f-x2/api] {event}")
            }),
        ),
        of(
            "api",
            dated(lines("kubectl --prefix --timestamps", |_, event| {
                format!("[pod/api-7d9f-x2/api] {NANOS} {event}")
            })),
        ),
    ]
}

fn ci_forms() -> Vec<Form> {
    let mut github = Form::new("github actions");
    github.push(&format!("\u{feff}{SEVEN} ##[group]Run python sa.py"));
    github.push(&format!("{SEVEN} \x1b[36;1mpython sa.py\x1b[0m"));
    github.push(&format!("{SEVEN} ##[endgroup]"));
    for (number, event) in EVENTS.iter().enumerate() {
        let mark = if number == 6 { "##[error]" } else { "" };
        github.event(&format!("{SEVEN} {mark}{event}"));
    }
    let mut gitlab = Form::new("gitlab");
    gitlab.push("\x1b[0Ksection_start:1795332890:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting \"step_script\"\x1b[0;m");
    EVENTS.iter().for_each(|event| gitlab.event(event));
    gitlab.push("\x1b[0Ksection_end:1795332890:step_script\r\x1b[0K");
    gitlab.any_time = true;
    let micros = "2026-11-22T07:34:50.123456Z";
    let mut joined = Form::new("gitlab with times, joined");
    for event in EVENTS {
        let (head, tail) = event.split_at(event.len().min(60));
        joined.event(&format!("{micros} 00O {head}"));
        if !tail.is_empty() {
            joined.push(&format!("{micros} 01E another stream"));
            joined.push(&format!("{micros} 00O+{tail}"));
        }
    }
    vec![
        dated(github),
        lines("workflow commands", |number, event| match number {
            6 => format!("::error file=sa.py,line=10::{event}"),
            _ => event.to_owned(),
        }),
        gitlab,
        dated(lines("gitlab with times", |_, event| {
            format!("{micros} 00O {event}")
        })),
        dated(joined),
        dated(lines("jenkins", |_, event| {
            format!("[2026-11-22T07:34:50.123Z] {event}")
        })),
        lines("jenkins, with notes", |_, event| {
            format!("\x1b[8mha:////4AbCd+/==\x1b[0m{event}")
        }),
        dated(lines("buildkite", |_, event| {
            format!("\x1b_bk;t=1795332890123\x07{event}\r")
        })),
        dated(lines("azure", |number, event| {
            let mark = if number == 6 { "##[error]" } else { "" };
            format!("{SEVEN} {mark}{event}")
        })),
        of(
            "api-1",
            dated(lines("compose in github actions", |_, event| {
                format!("{SEVEN} api-1  | {event}")
            })),
        ),
    ]
}

fn other_forms() -> Vec<Form> {
    vec![
        lines("plain", |_, event| event.to_owned()),
        lines("crlf", |_, event| format!("{event}\r")),
        lines("after a progress bar", |_, event| format!(" 10%\r 50%\r{event}")),
        lines("behind a hole", |number, event| {
            format!(
                "{}{event}",
                if number == 0 {
                    "\0".repeat(5_000)
                } else {
                    String::new()
                }
            )
        }),
        lines("in colour", |_, event| match event.split_once(':') {
            Some((name, rest)) => format!("\x1b[1;31m{name}\x1b[0m:{rest}\x1b[K"),
            None => format!("\x1b[31m{event}\x1b[0m"),
        }),
        dated(lines("syslog 5424", |_, event| {
            format!("<27>1 2026-11-22T07:34:50Z web-1 api 374 - - {event}")
        })),
    ]
}

/// An event with a code between its words.
fn coloured(event: &str, before: &str, after: &str) -> String {
    ["Errno", "while", "bind", "8000", "already", "Unconsumed", "names"]
        .iter()
        .fold(event.to_owned(), |event, word| {
            event.replacen(word, &format!("{before}{word}{after}"), 1)
        })
}

/// Forms in which the raw bytes do not hold the program's words in one piece.
pub(crate) fn forms_that_tear_words() -> Vec<Form> {
    let cri = |part: &str, last: bool| format!("{NANOS} stderr {} {part}", if last { 'F' } else { 'P' });
    let bytes = |text: &str| format!("{:?}", text.as_bytes());
    vec![
        lines("colours between the words", |_, event| {
            coloured(event, "\x1b[31m", "\x1b[0m")
        }),
        dated(lines(
            "colours between the words, docker json-file",
            |_, event| docker(&(coloured(event, "\x1b[31m", "\x1b[0m") + "\n")),
        )),
        of(
            "api",
            dated(lines("colours between the words, json", |_, event| {
                journal_json(&json(&coloured(event, "\x1b[1;31m", "\x1b[0m")))
            })),
        ),
        of(
            "api",
            dated(lines("json, message as bytes", |_, event| {
                journal_json(&bytes(event))
            })),
        ),
        of(
            "api",
            dated(whole_messages("json, messages as bytes", |text| {
                journal_json(&bytes(text))
            })),
        ),
        dated(parts("cri in small parts", 11, cri, None)),
        dated(parts(
            "docker json-file, in small parts",
            11,
            |part, last| docker(&format!("{part}{}", if last { "\n" } else { "" })),
            None,
        )),
        lines("colours and a progress bar", |_, event| {
            format!("\x1b[2K 10%\r\x1b[2K{}", coloured(event, "\x1b[32m", "\x1b[39m"))
        }),
        lines("jenkins, with notes between the words", |_, event| {
            coloured(event, "\x1b[8mha:////4AbCd+/==\x1b[0m", "")
        }),
    ]
}
