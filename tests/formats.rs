//! The table of styles: one line each, and what it is read as. `docs/formats.md` shows the same table.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use incident::input::block::Block;
use incident::record::reader::RecordReader;
use incident::record::time::{Clock, Zone, format_utc};
use incident::record::{Record, TimeQuality};
use proptest::prelude::*;
use serde::Deserialize;

const STYLES: &str = "tests/formats/styles.toml";
const PAGE: &str = "docs/formats.md";

/// 2026-12-01T00:00:00Z, on a clock an hour ahead.
const CLOCK: Clock = Clock::new(Zone::Fixed(3600), 1_796_083_200_000_000_000);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    style: Vec<Style>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Style {
    name: String,
    line: String,
    from: String,
    format: String,
    time: Option<String>,
    assumed: Option<String>,
    level: Option<String>,
    #[serde(default)]
    also: BTreeMap<String, toml::Value>,
}

fn styles() -> Vec<Style> {
    toml::from_str::<Table>(&fs::read_to_string(STYLES).unwrap())
        .unwrap()
        .style
}

/// The record that holds the last line.
fn read(text: &str) -> Record {
    let block = Block::whole(0, text.as_bytes().to_vec());
    let mut reader = RecordReader::new(&block, &CLOCK, None);
    let extent = reader.extent_at(text.len() - 1);
    reader.read(extent)
}

fn assumed(record: &Record) -> Option<&'static str> {
    match record.time.quality {
        TimeQuality::ZoneAssumed => Some("zone"),
        TimeQuality::YearAssumed => Some("year and zone"),
        _ => None,
    }
}

/// What a record says besides format, time and level.
fn said(record: &Record) -> BTreeMap<&'static str, String> {
    let http = record.http.as_ref();
    let nanos = |nanos: i64| format!("{}ms", nanos as f64 / 1e6);
    [
        ("service", record.service.clone()),
        ("host", record.host.clone()),
        ("pid", record.pid.map(|pid| pid.to_string())),
        ("thread", record.thread.clone()),
        ("logger", record.logger.clone()),
        ("request", record.request_id.clone()),
        ("duration", record.duration.map(nanos)),
        ("upstream", record.upstream.clone()),
        (
            "http",
            http.map(|http| format!("{} {} {}", http.method, http.path, http.status)),
        ),
        ("client", http.and_then(|http| http.client.clone())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

fn as_text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.as_integer().unwrap().to_string(),
    }
}

#[test]
fn each_style_is_read() {
    let mut mistakes = Vec::new();
    for style in styles() {
        let record = read(&style.line);
        let time = record
            .time
            .at
            .filter(|_| assumed(&record).is_some() || record.time.quality == TimeQuality::Written);
        let level = record.level.map(|level| format!("{level:?}").to_lowercase());
        let mut check = |what: &str, got: Option<String>, wanted: Option<String>| {
            if got != wanted {
                mistakes.push(format!("{}: {what} is {got:?}, not {wanted:?}", style.name));
            }
        };
        check(
            "format",
            Some(record.format.name().to_owned()),
            Some(style.format.clone()),
        );
        check("time", time.map(format_utc), style.time.clone());
        check(
            "assumed",
            assumed(&record).map(str::to_owned),
            style.assumed.clone(),
        );
        check("level", level, style.level.clone());
        let said = said(&record);
        for (name, value) in &style.also {
            let got = said
                .get(name.as_str())
                .cloned()
                .or_else(|| record.field(name).map(Into::into));
            check(name, got, Some(as_text(value)));
        }
        for (name, value) in said.iter().filter(|(name, _)| !style.also.contains_key(**name)) {
            check(name, Some(value.clone()), None);
        }
    }
    assert!(mistakes.is_empty(), "\n{}", mistakes.join("\n"));
}

#[test]
fn a_style_begins_a_record_of_its_own() {
    for style in styles() {
        let text = format!("{}\n{}", style.line, style.line);
        let block = Block::whole(0, text.clone().into_bytes());
        let mut reader = RecordReader::new(&block, &CLOCK, None);
        let last = reader.extent_at(text.len() - 1);
        assert!(last.start > style.line.len(), "{}: {last:?}", style.name);
    }
}

/// The table as Markdown.
fn table() -> String {
    let mut table = String::from(
        "| style | line | UTC | assumed | format | what else is read |\n|---|---|---|---|---|---|\n",
    );
    for style in styles() {
        let lines: Vec<String> = style
            .line
            .lines()
            .map(|line| {
                let line = line
                    .replace('\t', "⇥")
                    .replace('\u{1b}', "␛")
                    .replace('\u{7}', "␇")
                    .replace('|', "\\|");
                let line = line.trim_end().to_owned();
                if line.contains('`') {
                    format!("`` {line} ``")
                } else {
                    format!("`{line}`")
                }
            })
            .collect();
        let mut also: Vec<String> = style.level.iter().map(|level| format!("level {level}")).collect();
        also.extend(
            style
                .also
                .iter()
                .map(|(name, value)| format!("{name} `{}`", as_text(value))),
        );
        writeln!(
            table,
            "| {} ({}) | {} | {} | {} | {} | {} |",
            style.name,
            style.from,
            lines.join("<br>"),
            style.time.as_deref().unwrap_or("no date"),
            style.assumed.as_deref().unwrap_or(""),
            style.format,
            also.join(", "),
        )
        .unwrap();
    }
    table
}

/// `UPDATE_DOCS=1 cargo test --test formats` writes it.
#[test]
fn the_page_shows_the_table() {
    const BEGIN: &str = "<!-- The table is written by tests/formats.rs. -->\n";
    let page = fs::read_to_string(PAGE).unwrap();
    let (head, shown) = page.split_once(BEGIN).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, format!("{head}{BEGIN}\n{table}")).unwrap();
    } else {
        assert!(
            shown.trim() == table.trim(),
            "{PAGE} is old: run with UPDATE_DOCS=1"
        );
    }
}

#[test]
fn there_are_many_styles_and_each_is_named_once() {
    let styles = styles();
    let mut names: Vec<_> = styles.iter().map(|style| &style.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), styles.len());
    assert!(styles.len() >= 140, "{}", styles.len());
}

/// A number that is no date, or a date that no calendar has, in the layouts that logs use.
fn garbage_date() -> impl Strategy<Value = String> {
    prop_oneof![
        "2026-1[3-9]-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{0,12} [A-Z]{3,5} x",
        "2026-[0-9]{2}-(3[2-9]|[4-9][0-9])T[0-9]{2}:[0-9]{2}:[0-9]{2}Z x",
        "[3-9][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} x",
        "0000-00-00 00:00:00 x",
        "-[0-9]{9,20}: x",
        "[0-9]{15,24}[: .][0-9]{0,9} x",
        "[3-9][0-9]{2}/(Foo|Nov)/9999:[0-9]{2}:[0-9]{2}:[0-9]{2} \\+9999 x",
        "(Nov|Feb) (3[1-9]|0|00|[4-9][0-9]) [0-9]{2}:[0-9]{2}:[0-9]{2} host a[1]: x",
        "[0-9]{2}:[0-9]{2}:[0-9]{2} x",
        "\\{\"time\":-?[0-9]{1,25},\"level\":\"error\",\"msg\":\"x\"\\}",
        "\\{\"time\":-?[0-9]{1,3}e[0-9]{1,4},\"msg\":\"x\"\\}",
        "type=AVC msg=audit\\([0-9]{1,25}\\.[0-9]{0,25}:[0-9]{0,25}\\): x",
        "[IWEF](13|00|99)[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{6} 1 x.go:1\\] x",
        "@[0-9a-f]{24} x",
    ]
}

proptest! {
    /// Dates that cannot be leave the others as they are.
    #[test]
    fn garbage_dates_never_panic_and_never_reorder_the_rest(
        lines in proptest::collection::vec(prop_oneof![Just(None), garbage_date().prop_map(Some)], 1..40),
    ) {
        let start = 1_795_848_000_000_000_000_i64;
        let mut text = String::new();
        let mut dated = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            match line {
                Some(garbage) => text += garbage,
                None => {
                    let at = start + number as i64 * 1_000_000_000;
                    dated.push((text.len(), at));
                    text += &format!("{} INFO steady", format_utc(at));
                }
            }
            text.push('\n');
        }
        let block = Block::whole(0, text.clone().into_bytes());
        let mut reader = RecordReader::new(&block, &CLOCK, None);
        let mut place = 0;
        for line in text.split_inclusive('\n') {
            let extent = reader.extent_at(place);
            let record = reader.read(extent);
            if let Some((_, at)) = dated.iter().find(|(start, _)| *start == place) {
                prop_assert_eq!(extent.start, place);
                prop_assert_eq!((record.time.at, record.time.quality), (Some(*at), TimeQuality::Written));
            } else if record.time.quality == TimeQuality::Between {
                prop_assert!(record.time.at <= record.time.until);
            }
            place += line.len();
        }
    }

    /// Any piece of any style, anywhere.
    #[test]
    fn pieces_of_styles_never_panic(
        first in 0_usize..140, second in 0_usize..140, cut in 0_usize..200, from in 0_usize..200, byte in any::<char>(),
    ) {
        let styles = styles();
        let take = |line: &str, from: usize, count: usize| line.chars().skip(from).take(count).collect::<String>();
        let text = format!("{}{byte}{}\n{}", take(&styles[first].line, 0, cut), take(&styles[second].line, from, 400),
            take(&styles[first].line, from, 400));
        let block = Block::whole(0, text.clone().into_bytes());
        let mut reader = RecordReader::new(&block, &CLOCK, None);
        for place in [0, text.len() / 2, text.len() - 1] {
            let extent = reader.extent_at(place);
            let record = reader.read(extent);
            let _ = record.exception();
            let _ = record.field("order");
        }
    }
}
