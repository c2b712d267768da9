//! `incident explain` says why a signature was found, or was not.
//!
//! The mutation test takes each page's own examples, alters the evidence of one condition, and wants that condition named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may panic and say what it counted"
)]

use std::fs;
use std::path::Path;

use common::{incident, printed, scan};
use incident::detect::compile::Detector;
use incident::detect::explain::{Answer, Condition, Explaining, Verdict, explain_text};
use incident::signature::Library;
use rayon::prelude::*;
use regex::bytes::RegexBuilder;
use serde_json::Value;

mod common;

/// Examples of each page that are altered.
const EXAMPLES: usize = 3;

/// Conditions of one example that are altered one after the other, until none holds.
const ROUNDS: usize = 12;

/// What became of altered examples.
#[derive(Default)]
struct Tested {
    cases: usize,
    /// Where another condition was named, or none.
    wrong: Vec<String>,
}

impl Tested {
    fn add(&mut self, named: bool, told: impl FnOnce() -> String) {
        self.cases += 1;
        if !named {
            self.wrong.push(told());
        }
    }

    fn joined(mut self, other: Tested) -> Tested {
        self.cases += other.cases;
        self.wrong.extend(other.wrong);
        self
    }

    /// At least 95 % must be right.
    fn check(&self, what: &str) {
        let right = self.cases - self.wrong.len();
        println!("{what}: {right} of {} conditions are named", self.cases);
        println!("{}", self.wrong.join("\n"));
        assert!(
            self.cases > 0 && right * 100 >= self.cases * 95,
            "{what}: {right} of {}",
            self.cases
        );
    }
}

/// Each example of the library, with a question about its page.
fn each_example(test: impl Fn(&Explaining<'_>, &str) -> Tested + Sync) -> Tested {
    let library = Library::embedded().unwrap();
    let detector = Detector::new(&library).unwrap();
    let numbers: Vec<usize> = (0..library.signatures().len()).collect();
    let tested = numbers.par_iter().map(|number| {
        let explaining = Explaining::new(&detector, *number);
        let examples = library.signatures()[*number].text().examples.iter();
        let examples = examples.filter(|example| example.matches).take(EXAMPLES);
        examples.fold(Tested::default(), |tested, example| {
            tested.joined(test(&explaining, &example.text))
        })
    });
    tested.reduce(Tested::default, Tested::joined)
}

/// The conditions without parts that hold.
fn holding(verdict: &Verdict) -> Vec<String> {
    if !verdict.holds {
        return Vec::new();
    }
    match verdict.parts.as_slice() {
        [] => vec![verdict.condition.clone()],
        parts => parts.iter().flat_map(holding).collect(),
    }
}

/// The pattern of a condition on the text, from its words.
fn pattern_of(condition: &str) -> Option<regex::bytes::Regex> {
    let inner = |kind: &str| {
        condition
            .strip_prefix(kind)?
            .strip_prefix(" '")?
            .strip_suffix('\'')
    };
    let pattern = inner("regex").map(str::to_owned);
    let pattern = pattern.or_else(|| inner("contains").map(regex::escape))?;
    RegexBuilder::new(&pattern).multi_line(true).build().ok()
}

/// The conditions on texts that hold somewhere in `before`, and nowhere in `after`: their evidence was altered.
fn lost(explaining: &Explaining<'_>, before: &str, after: &str) -> Vec<String> {
    fn leaves(condition: &Condition) -> Vec<&Condition> {
        match condition.parts.as_slice() {
            [] => vec![condition],
            parts => parts.iter().flat_map(leaves).collect(),
        }
    }
    let asked = explaining.asked();
    let conditions = asked.iter().flat_map(|asked| leaves(&asked.condition));
    let lost = conditions.filter(|leaf| {
        let pattern = pattern_of(&leaf.condition);
        let holds = |text: &str| {
            pattern
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(text.as_bytes()))
        };
        holds(before) && !holds(after)
    });
    lost.map(|leaf| leaf.condition.clone()).collect()
}

/// The text with one letter of each match changed, so that the condition holds nowhere.
fn altered(text: &str, condition: &str) -> Option<String> {
    let pattern = pattern_of(condition)?;
    let mut bytes = text.as_bytes().to_vec();
    'matches: for _ in 0..200 {
        let Some(found) = pattern.find(&bytes).map(|found| found.range()) else {
            return String::from_utf8(bytes).ok();
        };
        // From the middle on, and then from the beginning.
        let middle = found.start + found.len() / 2;
        for at in (middle..found.end).chain(found.start..middle) {
            if !bytes[at].is_ascii_alphabetic() {
                continue;
            }
            let before = bytes[at];
            bytes[at] = if before.eq_ignore_ascii_case(&b'q') {
                b'z'
            } else {
                b'q'
            };
            if pattern
                .find_at(&bytes, found.start)
                .is_none_or(|again| again.start() > found.start)
            {
                continue 'matches;
            }
            bytes[at] = before;
        }
        return None;
    }
    None
}

fn named(answer: &Answer) -> String {
    answer
        .missed
        .first()
        .map_or_else(|| "nothing".to_owned(), |missed| missed.condition.clone())
}

#[test]
fn a_condition_whose_text_is_altered_is_named() {
    let tested = each_example(|explaining, text| {
        let mut tested = Tested::default();
        let whole = text;
        let mut text = text.to_owned();
        for _ in 0..ROUNDS {
            let answer = explain_text(explaining, &text);
            if answer.found + answer.open == 0 && text != whole {
                let id = &explaining.signature().id;
                let conditions = lost(explaining, whole, &text);
                let right = answer
                    .missed
                    .iter()
                    .any(|missed| conditions.contains(&missed.condition));
                tested.add(right, || {
                    format!(
                        "WRONG {id}: {conditions:?} altered, {} named:\n{text}",
                        named(&answer)
                    )
                });
                return tested;
            }
            // What never comes is no evidence.
            let seen = answer.seen.iter().filter(|seen| seen.what != "the expected end");
            let Some(first) = seen.into_iter().find_map(|seen| seen.first.as_ref()) else {
                return tested;
            };
            let next = holding(&first.verdict)
                .into_iter()
                .find_map(|condition| altered(&text, &condition));
            let Some(next) = next else { return tested };
            text = next;
        }
        tested
    });
    tested.check("altered");
    assert!(
        tested.cases > 300,
        "only {} examples could be altered",
        tested.cases
    );
}

/// A text that a simple pattern matches.
fn text_of(condition: &str) -> Option<String> {
    let inner = condition.strip_prefix("not ")?;
    if let Some(text) = inner.strip_prefix("contains '") {
        return Some(text.strip_suffix('\'')?.to_owned());
    }
    let pattern = inner.strip_prefix("regex '")?.strip_suffix('\'')?;
    let plain: String = pattern.chars().filter(|c| !r"^$\b?".contains(*c)).collect();
    let plain = plain.split('|').next()?.trim_start_matches("(:").to_owned();
    RegexBuilder::new(pattern)
        .multi_line(true)
        .build()
        .ok()?
        .is_match(plain.as_bytes())
        .then_some(plain)
}

/// All conditions without parts.
fn leaves(verdict: &Verdict) -> Vec<&Verdict> {
    match verdict.parts.as_slice() {
        [] => vec![verdict],
        parts => parts.iter().flat_map(leaves).collect(),
    }
}

#[test]
fn what_must_not_be_there_is_named() {
    let tested = each_example(|explaining, text| {
        let mut tested = Tested::default();
        let answer = explain_text(explaining, text);
        let Some(first) = answer.seen.iter().find_map(|seen| seen.first.as_ref()) else {
            return tested;
        };
        for condition in leaves(&first.verdict)
            .into_iter()
            .filter(|leaf| leaf.condition.starts_with("not "))
        {
            let Some(added) = text_of(&condition.condition) else {
                continue;
            };
            let lines: Vec<String> = text.lines().map(|line| format!("{line} {added}")).collect();
            let answer = explain_text(explaining, &lines.join("\n"));
            if answer.found == 0
                && !answer
                    .missed
                    .iter()
                    .any(|missed| missed.condition.starts_with("not superseded"))
            {
                let id = &explaining.signature().id;
                tested.add(named(&answer) == condition.condition, || {
                    format!(
                        "{id}: {} was added, {} named",
                        condition.condition,
                        named(&answer)
                    )
                });
            }
        }
        tested
    });
    tested.check("added");
}

/// The text with what a record states of itself changed.
fn with_other_field(text: &str, condition: &str) -> Option<String> {
    let replaced = |pattern: &str, by: &str| {
        let pattern = RegexBuilder::new(pattern).build().ok()?;
        let bytes = pattern.replace_all(text.as_bytes(), by.as_bytes()).into_owned();
        String::from_utf8(bytes).ok().filter(|changed| changed != text)
    };
    if condition.starts_with("status") {
        return replaced(r"\b[45]\d\d\b", "204");
    }
    if condition.starts_with("level") || condition.starts_with("min-level") {
        return replaced("(?i)(?:error|critical|fatal|warning|warn)", "info");
    }
    if let Some(name) = condition.strip_prefix("service = '") {
        let name = name.trim_end_matches('\'').trim_matches('*');
        return replaced(&regex::escape(name), "someoneelse");
    }
    if let Some(fields) = condition.strip_prefix("fields ") {
        let value = fields
            .split("= ")
            .nth(1)?
            .split([',', ' '])
            .next()?
            .trim_matches('\'');
        let other = match value {
            "false" => "true",
            "true" => "false",
            _ => "othervalue",
        };
        return replaced(&format!(r"\b{}\b", regex::escape(value)), other);
    }
    None
}

#[test]
fn a_field_that_is_altered_is_named() {
    let tested = each_example(|explaining, text| {
        let mut tested = Tested::default();
        let answer = explain_text(explaining, text);
        let Some(first) = answer.seen.iter().find_map(|seen| seen.first.as_ref()) else {
            return tested;
        };
        for condition in holding(&first.verdict) {
            let Some(changed) = with_other_field(text, &condition) else {
                continue;
            };
            let answer = explain_text(explaining, &changed);
            // A status may stand in a text that is asked for, too.
            if answer.found == 0 && lost(explaining, text, &changed).is_empty() {
                let id = &explaining.signature().id;
                tested.add(
                    answer.missed.iter().any(|missed| missed.condition == condition),
                    || {
                        format!(
                            "{id}: {condition} was altered, {} named:\n{changed}",
                            named(&answer)
                        )
                    },
                );
            }
        }
        tested
    });
    tested.check("fields");
}

#[test]
fn a_record_that_is_removed_is_missed_where_several_are_needed() {
    let tested = each_example(|explaining, text| {
        let mut tested = Tested::default();
        if explaining.over_time().is_none() {
            return tested;
        }
        let whole = explain_text(explaining, text);
        let starts = whole.seen.first().map_or(0, |seen| seen.hold);
        for line in 0..text.lines().count() {
            let lines: Vec<&str> = text
                .lines()
                .enumerate()
                .filter(|(at, _)| *at != line)
                .map(|(_, line)| line)
                .collect();
            let answer = explain_text(explaining, &lines.join("\n"));
            if answer.found == 0 {
                let id = &explaining.signature().id;
                let what = answer
                    .missed
                    .first()
                    .map_or("nothing", |missed| missed.what.as_str());
                let lost = answer.seen.first().map_or(0, |seen| seen.hold) < starts;
                // Without a start, that; without the log behind it, the window.
                let right = match what {
                    // All others have their ends.
                    "the expected end" => lost,
                    "the start" | "count.at-least" | "count.within" | "count.key" => lost,
                    "missing.within" => !lost,
                    _ => false,
                };
                tested.add(right, || {
                    format!("{id}: line {} was removed, {what} named", line + 1)
                });
            }
        }
        tested
    });
    tested.check("removed");
}

fn explained(arguments: &[&str]) -> String {
    printed(
        incident()
            .arg("explain")
            .args(arguments)
            .args(["--timezone", "UTC"]),
    )
}

fn refused(arguments: &[&str]) -> String {
    let output = incident().arg("explain").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_page_its_conditions_and_rules_are_shown() {
    let text = explained(&["net/address-in-use"]);
    for part in [
        "net/address-in-use: Address already in use\n",
        "severity high, role cause, version ",
        "signatures/net/address-in-use.md",
        "regex 'Connection in use: ",
        "the scan looks for ",
        "severity high: the page's",
        "confidence one step lower: the shortest text that it requires has 10 bytes",
        "its records are taken by: docker/port-allocated",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let json: Value = serde_json::from_str(&explained(&["net/address-in-use", "--format", "json"])).unwrap();
    assert_eq!(json["page"]["role"], "cause");
    assert_eq!(json["conditions"][0]["what"], "the record");
}

#[test]
fn a_wrong_question_is_answered_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    fs::write(
        &log,
        "2026-11-22 10:00:00 INFO one\n2026-11-22 10:00:01 INFO two\n",
    )
    .unwrap();
    let log = log.display().to_string();
    assert!(refused(&["net/adress-in-use"]).contains("did you mean net/address-in-use"));
    assert!(refused(&["go/panic", &format!("{log}:3")]).contains("has 2 lines, and no line 3"));
    assert!(refused(&["go/panic", &format!("{log}:0")]).contains("counted from 1"));
    assert!(refused(&["go/panic", &format!("{log}.gone")]).contains("no such file"));
    assert!(refused(&["go/panic", &format!("{log}:1"), "x.log"]).contains("one log only"));
    assert!(refused(&["--report", &log, "F1"]).contains("not a JSON report"));
}

/// The answer for a log.
fn answer(signature: &str, text: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    fs::write(&log, text).unwrap();
    let log = log.display().to_string();
    let json = explained(&[signature, &log, "--format", "json"]);
    (
        serde_json::from_str(&json).unwrap(),
        explained(&[signature, &log]),
    )
}

#[test]
fn the_nearest_line_says_where_it_differs() {
    let (json, text) = answer(
        "net/address-in-use",
        "2026-11-22 10:00:00 INFO start\n2026-11-22 10:00:01 ERROR Connection in usage: ('127.0.0.1', 8000)\n",
    );
    assert_eq!(json["logs"]["answer"]["found"], 0);
    let nearest = &json["logs"]["answer"]["seen"][0]["nearest"];
    assert_eq!(nearest["line"], 2);
    assert!(
        text.contains("the record has \"Connection in us\", and then \"age: ('127.0.0.1', 8000)\" where \"e"),
        "{text}"
    );
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let (_, text) = answer(
        "net/address-in-use",
        "\u{1b}]0;evil\u{7}Connection in usage: ('\u{202e}x', 80)\n",
    );
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{202e}'),
        "{text:?}"
    );
}

#[test]
fn what_takes_a_record_is_named() {
    let log = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    s.bind(('127.0.0.1', 80))\n\
               OSError: [Errno 98] Address already in use\n";
    let (json, text) = answer("python/uncaught-exception", log);
    assert_eq!(json["logs"]["answer"]["found"], 0, "{text}");
    assert!(text.contains("taken by net/address-in-use"), "{text}");
    assert!(text.contains("not superseded by net/address-in-use"), "{text}");
    let (_, text) = answer("net/address-in-use", log);
    assert!(text.contains("taken from python/uncaught-exception"), "{text}");
}

#[test]
fn a_count_says_how_many_are_missing_and_what_the_window_leaves_out() {
    let line = |minute: u32, client: u32| {
        format!(
            "Nov 22 10:{minute:02}:00 host sshd[7]: Failed password for root from 10.0.0.{client} port 2200 ssh2\n"
        )
    };
    let few: String = (0..4).map(|minute| line(minute, 1)).collect();
    let (json, _) = answer("sys/ssh-brute-force", &few);
    let missed = |json: &Value| {
        json["logs"]["answer"]["missed"][0]["what"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(missed(&json), "count.at-least");
    let slow: String = (0..20).map(|number| line(number * 3 % 60, 1)).collect();
    let (json, text) = answer("sys/ssh-brute-force", &slow);
    assert_eq!(missed(&json), "count.within", "{text}");
    let many: String = (0..12).map(|client| line(1, client)).collect();
    let (json, text) = answer("sys/ssh-brute-force", &many);
    assert_eq!(missed(&json), "count.key", "{text}");
}

const PAGES: &[(&str, &str)] = &[
    (
        "app/order",
        "[match.sequence]\nwithin = \"10s\"\nkey = \"id\"\nsteps = [ { regex = 'order (?P<id>\\d+) opened' }, { regex = 'order (?P<id>\\d+) paid' }, \
         { regex = 'order (?P<id>\\d+) refused' } ]\nnot-between = { regex = 'order (?P<id>\\d+) cancelled' }",
    ),
    (
        "app/beat",
        "[match]\ncontains = \"heartbeat of the worker\"\nsilence = { at-least = 5, times = 3, longer-than = \"2m\" }",
    ),
    (
        "app/slower",
        "[match]\ncontains = \"request took too long\"\nrate = { within = \"1m\", times = 5, at-least = 5 }",
    ),
];

/// The first thing that stands in the way of one of [`PAGES`], and the text.
fn own_answer(id: &str, log: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (id, condition) in PAGES {
        let page = format!(
            "# A test page\n\n```toml signature\nseverity = \"high\"\nrole = \"symptom\"\nseen-on = [\"tests\"]\n\n{condition}\n```\n\nIt happened.\n"
        );
        let path = folder.path().join(format!("pages/{id}.md"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, page).unwrap();
    }
    let (pages, file) = (folder.path().join("pages"), folder.path().join("app.log"));
    fs::write(&file, log).unwrap();
    let (pages, file) = (pages.display().to_string(), file.display().to_string());
    let text = explained(&[id, &file, "--signatures", &pages]);
    let json: Value = serde_json::from_str(&explained(&[
        id,
        &file,
        "--signatures",
        &pages,
        "--format",
        "json",
    ]))
    .unwrap();
    let missed = json["logs"]["answer"]["missed"][0]["what"]
        .as_str()
        .unwrap_or("nothing")
        .to_owned();
    (missed, text)
}

#[test]
fn conditions_over_time_say_what_is_missing() {
    let at = |second: u32, words: &str| {
        format!(
            "2026-11-22 10:{:02}:{:02} INFO {words}\n",
            second / 60,
            second % 60
        )
    };
    let orders = |steps: &[(u32, &str)]| {
        steps
            .iter()
            .map(|(second, words)| at(*second, words))
            .collect::<String>()
    };
    for (steps, wanted) in [
        (
            vec![(1, "order 7 opened"), (3, "order 7 paid"), (5, "order 7 refused")],
            "nothing",
        ),
        (vec![(1, "order 7 opened"), (3, "order 7 paid")], "step 3"),
        (vec![(1, "order 7 opened"), (5, "order 7 refused")], "step 2"),
        (
            vec![
                (1, "order 7 opened"),
                (3, "order 7 paid"),
                (50, "order 7 refused"),
            ],
            "sequence.within",
        ),
        (
            vec![(1, "order 7 opened"), (3, "order 7 paid"), (5, "order 8 refused")],
            "sequence.key",
        ),
        (
            vec![
                (1, "order 7 opened"),
                (2, "order 7 cancelled"),
                (3, "order 7 paid"),
                (5, "order 7 refused"),
            ],
            "not-between",
        ),
        (
            vec![(1, "order 7 refused"), (3, "order 7 paid"), (5, "order 7 opened")],
            "step 2",
        ),
    ] {
        let (missed, text) = own_answer("app/order", &orders(&steps));
        assert_eq!(missed, wanted, "{text}");
    }
    let beats = |number: u32, others: u32| {
        let beats = (0..number).map(|number| at(number * 10, "heartbeat of the worker"));
        let others = (0..others).map(|other| at(number * 10 + other / 10, "something else"));
        beats.chain(others).collect::<String>()
    };
    let (missed, text) = own_answer("app/beat", &beats(3, 2000));
    assert_eq!(missed, "silence.at-least", "{text}");
    let (missed, text) = own_answer("app/beat", &beats(10, 2));
    assert_eq!(missed, "silence.longer-than", "{text}");
    assert!(text.contains("their longest pause was 10s"), "{text}");
    let (missed, text) = own_answer("app/beat", &beats(10, 2000));
    assert_eq!(missed, "nothing", "{text}");
    let slow = |seconds: &[u32]| {
        let calm = (0..10).map(|minute| at(minute * 60, "start"));
        let calm = calm.chain(seconds.iter().map(|second| at(*second, "request took too long")));
        let mut lines: Vec<String> = calm.collect();
        lines.sort();
        lines.concat()
    };
    let (missed, text) = own_answer("app/slower", &slow(&[400, 410, 420]));
    assert_eq!(missed, "rate.at-least", "{text}");
    let (missed, text) = own_answer(
        "app/slower",
        &slow(&(0..60).map(|number| number * 10).collect::<Vec<_>>()),
    );
    assert_eq!(missed, "rate.times", "{text}");
}

#[test]
fn the_three_answers_of_missing() {
    let job = |minute: u32, words: &str| format!("2026-11-22 10:{minute:02}:00,000 INFO jobs: {words}\n");
    let started = job(0, "job 41 started");
    let goes_on: String = (1..40).map(|minute| job(minute, "still alive")).collect();
    let (_, text) = answer("app/job-never-finished", &format!("{started}{goes_on}"));
    assert!(
        text.contains("the log goes on for more than 10m behind it: missing"),
        "{text}"
    );
    let (json, text) = answer(
        "app/job-never-finished",
        &format!("{started}{}", job(3, "still alive")),
    );
    assert!(text.contains("an open question"), "{text}");
    assert!(
        text.contains("the log ends before the deadline, so the end is still possible"),
        "{text}"
    );
    assert_eq!(json["logs"]["answer"]["missed"][0]["what"], "missing.within");
    let (json, text) = answer(
        "app/job-never-finished",
        &format!("{started}{}{goes_on}", job(1, "job 41 finished")),
    );
    assert!(text.contains("has its end, at "), "{text}");
    assert_eq!(json["logs"]["answer"]["missed"][0]["what"], "the expected end");
}

#[test]
fn a_line_is_asked_about() {
    let log = Path::new("sample-logs/port-taken/logs/shop/gunicorn.log");
    let text = explained(&["net/address-in-use", &format!("{}:26", log.display())]);
    assert!(
        text.contains("The line that was asked for, sample-logs/port-taken/logs/shop/gunicorn.log:26"),
        "{text}"
    );
    assert!(text.contains("holds  regex 'Connection in use"), "{text}");
    let text = explained(&["net/address-in-use", &format!("{}:1", log.display())]);
    assert!(
        text.contains("The line that was asked for, sample-logs/port-taken/logs/shop/gunicorn.log:1,"),
        "{text}"
    );
    assert!(text.contains("fails  any of"), "{text}");
}

#[test]
fn a_finding_of_a_report_is_explained_from_its_cited_lines() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let run = scan()
        .args(["sample-logs/port-taken", "--quiet", "-o"])
        .arg(&report)
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(0));
    let json: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    let finding = common::finding(&json, "net/address-in-use");
    let id = finding["id"].as_str().unwrap();
    let report = report.display().to_string();
    let text = explained(&["--report", &report, id]);
    for part in [
        "net/address-in-use: Address already in use",
        "(read from the log)",
        "holds  regex 'Connection in use",
        "severity high, role cause, confidence ",
        "it is the root cause of incident I1",
        "it led to ",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let evidence = &finding["evidence"][0];
    assert!(
        text.contains(&format!(
            "{}:{}",
            evidence["source"].as_str().unwrap(),
            evidence["line"]
        )),
        "{text}"
    );
    // The same without the logs.
    let elsewhere = incident()
        .args(["explain", "--report", &report, id])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(elsewhere.stdout).unwrap();
    assert!(
        text.contains("(read from the report's excerpt, since there is no "),
        "{text}"
    );
    assert!(text.contains("holds  regex 'Connection in use"), "{text}");
    assert!(refused(&["--report", &report, "F99"]).contains("its findings are F1 to "));
}

#[test]
fn rules_of_others_are_explained_too() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    fs::write(
        &rules,
        "rules:\n  - metadata:\n      id: 5UD1RZxGC5LJQnVmAkV11B\n    cre:\n      id: CRE-2026-0001\n      title: Two in a row\n    rule:\n      sequence:\n        event:\n          source: cre.log.x\n        \
         window: 10s\n        order:\n          - value: leader was lost\n          - regex: \"election of .* failed\"\n        \
         negate:\n          - leader was found\n",
    )
    .unwrap();
    let rules = rules.display().to_string();
    let own = |log: &str| {
        let file = folder.path().join("app.log");
        fs::write(&file, log).unwrap();
        explained(&[
            "cre/CRE-2026-0001",
            &file.display().to_string(),
            "--signatures",
            &rules,
        ])
    };
    let lost = "2026-11-22T10:00:00Z leader was lost\n";
    let failed = "2026-11-22T10:00:05Z election of seven failed\n";
    let text = own(&format!("{lost}{failed}"));
    assert!(
        text.contains("sequence: term 1, then term 2 within 10s, without term 3"),
        "{text}"
    );
    assert!(text.contains("): found\n"), "{text}");
    let text = own(&format!("{lost}2026-11-22T10:00:05Z election of seven fialed\n"));
    assert!(
        text.contains("where \"ailed\" is wanted") || text.contains("and then \"ialed\""),
        "{text}"
    );
    let text = own(&format!("{lost}2026-11-22T10:00:50Z election of seven failed\n"));
    assert!(
        text.contains("all that must come came, but not within 10s"),
        "{text}"
    );
    let text = own(&format!("{failed}2026-11-22T10:00:07Z leader was lost\n"));
    assert!(
        text.contains("all that must come came, but not in this order"),
        "{text}"
    );
    let text = own(&format!("{lost}2026-11-22T10:00:02Z leader was found\n{failed}"));
    assert!(text.contains("but so did term 3, which must not"), "{text}");
}
