//! Conditions on fields and over time, through the binary: what holds, what does not, and what stays open.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::{scan, whole_report};
use serde_json::Value;
use tempfile::TempDir;

/// The report on `logs` (name and text) with a page `widget/test` that has this `[match]` table.
fn report(condition: &str, logs: &[(&str, String)]) -> Value {
    let dir = TempDir::new().unwrap();
    let page = format!(
        "# Widget trouble\n\n```toml signature\nseverity = \"high\"\nrole = \"cause\"\nseen-on = [\"widgetd 1.0\"]\n\n\
         {condition}\n```\n\nA widget is in trouble.\n\n## Fix\n\n1. Look at port {{{{port}}}}.\n"
    );
    fs::create_dir_all(dir.path().join("pages/widget")).unwrap();
    fs::write(dir.path().join("pages/widget/test.md"), page).unwrap();
    fs::create_dir(dir.path().join("logs")).unwrap();
    for (name, text) in logs {
        fs::write(dir.path().join("logs").join(name), text).unwrap();
    }
    let mut command = scan();
    command.arg("--signatures").arg(dir.path().join("pages"));
    for id in [
        "widget/test",
        "sys/log-messages-dropped",
        "lifecycle/service-stop",
    ] {
        command.args(["--select", id]);
    }
    whole_report(command.arg(dir.path().join("logs")))
}

/// How many records of the page's finding there are; 0 if it was not found.
fn count(report: &Value) -> u64 {
    let findings = report["findings"].as_array().unwrap();
    let own = findings
        .iter()
        .filter(|finding| finding["signature"] == "widget/test");
    own.map(|finding| finding["count"].as_u64().unwrap()).sum()
}

/// The states of the page's open questions with their counts.
fn open(report: &Value) -> Vec<(String, u64)> {
    let questions = report["open_questions"].as_array().unwrap();
    let own = questions
        .iter()
        .filter(|question| question["signature"] == "widget/test");
    own.map(|question| {
        let state = question["state"].as_str().unwrap().to_owned();
        (state, question["count"].as_u64().unwrap())
    })
    .collect()
}

/// Lines at seconds of one day, as a plain log.
fn log(lines: &[(u32, &str)]) -> String {
    lines.iter().fold(String::new(), |mut text, (second, line)| {
        let (hour, minute) = (second / 3600, second / 60 % 60);
        writeln!(
            text,
            "2026-11-22 {hour:02}:{minute:02}:{:02},000 INFO app: {line}",
            second % 60
        )
        .unwrap();
        text
    })
}

fn one(condition: &str, lines: &[(u32, &str)]) -> Value {
    report(condition, &[("app.log", log(lines))])
}

#[test]
fn fields_of_json_and_logfmt_lines_and_of_the_record_itself() {
    let json = r#"{"time":"2026-11-22T07:34:50Z","level":"error","msg":"widget fell","code":503,"ok":false,"db":{"pool":"main"},"trace":null}"#;
    let logfmt = "time=2026-11-22T07:34:50Z level=error msg=\"widget fell\" code=503 ok=false db.pool=main";
    for line in [json, logfmt] {
        for (condition, holds) in [
            ("code = 503", true),
            ("code = 500", false),
            ("code = [500, 503]", true),
            ("code = \"503\"", true),
            ("code = { from = 500, to = 503 }", true),
            ("code = { from = 504 }", false),
            ("code = { above = 503 }", false),
            ("code = { below = 503.5 }", true),
            ("ok = false", true),
            ("ok = true", false),
            ("\"db.pool\" = \"main\"", true),
            ("\"db.pool\" = [\"spare\", \"main\"]", true),
            ("level = \"error\"", true),
            ("code = { exists = true }", true),
            ("code = { exists = false }", false),
            ("trace = { exists = false }", true),
            ("code = 503, ok = true", false),
        ] {
            let condition = format!("[match]\ncontains = \"widget fell\"\nfields = {{ {condition} }}");
            let report = report(&condition, &[("app.log", format!("{line}\n"))]);
            assert_eq!(count(&report), u64::from(holds), "{condition} on {line}");
        }
    }
}

#[test]
fn levels_hosts_durations_and_status() {
    let nginx = "2026/11/22 07:31:34 [error] 7#7: *1 widget fell, client: 10.0.0.1\n";
    let syslog = "Nov 22 07:26:41 web-1 api[12]: widget fell\n";
    let json = "{\"time\":\"2026-11-22T07:34:50Z\",\"level\":\"info\",\"msg\":\"widget fell\",\"duration_ms\":5000}\n";
    for (line, condition, holds) in [
        (nginx, "level = \"error\"", true),
        (nginx, "level = [\"warning\", \"critical\"]", false),
        (nginx, "fields = { pid = 7 }", true),
        (syslog, "host = \"web-*\"", true),
        (syslog, "host = \"db-*\"", false),
        (syslog, "service = \"api\"", true),
        (syslog, "fields = { pid = { from = 12, to = 12 } }", true),
        (json, "duration = \">=5s\"", true),
        (json, "duration = \">5s\"", false),
        (json, "duration = \"4s..5s\"", true),
        (json, "duration = \"<5s\"", false),
    ] {
        let condition = format!("[match]\ncontains = \"widget fell\"\n{condition}");
        let report = report(&condition, &[("app.log", line.to_owned())]);
        assert_eq!(count(&report), u64::from(holds), "{condition} on {line}");
    }
}

const SEQUENCE: &str = r#"[match.sequence]
within = "60s"
key = "id"
steps = [ { regex = 'widget (?P<id>\w+) opened' }, { regex = 'widget (?P<id>\w+) broke' } ]
not-between = { regex = 'widget (?P<id>\w+) mended' }"#;

#[test]
fn a_sequence_holds_within_its_window_for_one_key_unless_something_stands_between() {
    for (lines, fired) in [
        (vec![(0, "widget a opened"), (60, "widget a broke")], 2),
        (vec![(0, "widget a opened"), (61, "widget a broke")], 0),
        (vec![(0, "widget a broke"), (10, "widget a opened")], 0),
        (vec![(0, "widget a opened"), (10, "widget b broke")], 0),
        (
            vec![
                (0, "widget a opened"),
                (5, "widget a mended"),
                (10, "widget a broke"),
            ],
            0,
        ),
        (
            vec![
                (0, "widget a opened"),
                (5, "widget b mended"),
                (10, "widget a broke"),
            ],
            2,
        ),
        // The first is too old, the second is not.
        (
            vec![
                (0, "widget a opened"),
                (50, "widget a opened"),
                (100, "widget a broke"),
            ],
            2,
        ),
        // Two at a time.
        (
            vec![
                (0, "widget a opened"),
                (1, "widget a opened"),
                (2, "widget a broke"),
                (3, "widget a broke"),
            ],
            4,
        ),
        (
            vec![
                (0, "widget a opened"),
                (1, "widget a broke"),
                (2, "widget a broke"),
            ],
            2,
        ),
        (
            vec![
                (5, "widget a mended"),
                (6, "widget a opened"),
                (10, "widget a broke"),
                (11, "widget a mended"),
            ],
            2,
        ),
    ] {
        assert_eq!(count(&one(SEQUENCE, &lines)), fired, "{lines:?}");
    }
}

#[test]
fn what_captures_no_key_stands_between_the_steps_of_all() {
    let condition = SEQUENCE.replace(
        r"{ regex = 'widget (?P<id>\w+) mended' }",
        "{ contains = \"all mended\" }",
    );
    let lines = [
        (0, "widget a opened"),
        (5, "widgets all mended"),
        (10, "widget a broke"),
    ];
    assert_eq!(count(&one(&condition, &lines)), 0);
}

const MISSING: &str = r#"[match.missing]
within = "60s"
key = "id"
after = { regex = 'widget (?P<id>\w+) started' }
expect = { regex = 'widget (?P<id>\w+) done' }"#;

#[test]
fn missing_has_three_answers() {
    let still = vec![("still-possible".to_owned(), 1)];
    let unclear = vec![("cannot-tell".to_owned(), 1)];
    let dropped = "Suppressed 12 messages from api.service";
    for (lines, missing, questions) in [
        (vec![(0, "widget a started"), (63, "going on")], 1, vec![]),
        (vec![(0, "widget a started"), (60, "going on")], 0, still.clone()),
        (vec![(0, "widget a started")], 0, still.clone()),
        (
            vec![(0, "widget a started"), (60, "widget a done"), (90, "going on")],
            0,
            vec![],
        ),
        // Late is not missing.
        (
            vec![(0, "widget a started"), (80, "widget a done"), (90, "going on")],
            0,
            vec![],
        ),
        (
            vec![(0, "widget a started"), (1, "widget b done"), (90, "going on")],
            1,
            vec![],
        ),
        // It was started again.
        (
            vec![
                (0, "widget a started"),
                (9, "widget a started"),
                (20, "widget a done"),
                (90, "going on"),
            ],
            0,
            vec![],
        ),
        (
            vec![(0, "widget a started"), (5, dropped), (90, "going on")],
            0,
            unclear,
        ),
        (
            vec![(0, dropped), (5, "widget a started"), (90, "going on")],
            1,
            vec![],
        ),
    ] {
        let report = report(
            MISSING,
            &[(
                "journal.log",
                log(&lines).replace("INFO app: Suppressed", "web-1 systemd-journald[1]: Suppressed"),
            )],
        );
        assert_eq!(count(&report), missing, "{lines:?}");
        assert_eq!(open(&report), questions, "{lines:?}");
    }
    let report = report(
        MISSING,
        &[(
            "app.log",
            "widget a started\nwidget b started\nwidget b done\n".to_owned(),
        )],
    );
    assert_eq!(
        (count(&report), open(&report)),
        (0, vec![("cannot-tell".to_owned(), 1)])
    );
    assert!(report["incidents"].as_array().unwrap().is_empty());
}

#[test]
fn a_torn_archive_leaves_the_question_open() {
    use std::io::Write as _;
    let mut lines = vec![(0, "widget a started")];
    lines.extend((1..3_000).map(|second| (second, "going on")));
    let text = log(&lines);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let dir = TempDir::new().unwrap();
    let page = format!(
        "# Widget trouble\n\n```toml signature\nseverity = \"high\"\nrole = \"cause\"\nseen-on = [\"x\"]\n\n{MISSING}\n```\n"
    );
    fs::create_dir_all(dir.path().join("pages/widget")).unwrap();
    fs::write(dir.path().join("pages/widget/test.md"), page).unwrap();
    let read = |bytes: &[u8]| {
        let file = dir.path().join("app.log.gz");
        fs::write(&file, bytes).unwrap();
        let mut command = scan();
        command.args(["--format", "json", "--quiet", "--signatures"]);
        let output = command.arg(dir.path().join("pages")).arg(&file).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(count(&read(&packed)), 1);
    let torn = read(&packed[..packed.len() - 20]);
    assert_eq!(
        (count(&torn), open(&torn)),
        (0, vec![("cannot-tell".to_owned(), 1)])
    );
}

#[test]
fn a_rate_is_compared_with_the_log_s_own_past() {
    let condition =
        "[match]\ncontains = \"widget fell\"\nrate = { within = \"1m\", times = 5, at-least = 10 }";
    let every =
        |from: u32, to: u32, step: usize| (from..to).step_by(step).map(|second| (second, "widget fell"));
    // Six in a minute, always.
    let steady: Vec<_> = every(0, 1_800, 10).collect();
    assert_eq!(count(&one(condition, &steady)), 0);
    // Then one in each second.
    let surge: Vec<_> = every(0, 1_800, 10).chain(every(1_800, 1_900, 1)).collect();
    let found = count(&one(condition, &surge));
    assert!((60..=100).contains(&found), "{found}");
    // Nothing is known of the past.
    let young: Vec<_> = every(0, 59, 1).collect();
    assert_eq!(count(&one(condition, &young)), 0);
    // After a quiet past.
    let mut new = vec![(0, "going on"), (300, "going on")];
    new.extend(every(600, 612, 1));
    assert_eq!(count(&one(condition, &new)), 12);
}

#[test]
fn a_regular_message_that_stops_is_silent_if_the_log_goes_on() {
    let condition =
        "[match]\ncontains = \"widget beats\"\nsilence = { at-least = 20, times = 5, longer-than = \"5m\" }";
    let padding =
        "going on with something that is long enough for a log of several KiB to be sampled here and there";
    let lines = |beats_until: u32, until: u32, stop: Option<u32>| {
        let mut lines: Vec<(u32, &str)> = (0..until).map(|second| (second, padding)).collect();
        lines.extend(
            (0..beats_until)
                .step_by(10)
                .map(|second| (second, "widget beats")),
        );
        lines.extend(stop.map(|second| (second, "Stopping parent process [12]")));
        lines.sort();
        lines
    };
    assert_eq!(count(&one(condition, &lines(600, 1_200, None))), 1);
    assert_eq!(
        count(&one(condition, &lines(600, 640, None))),
        0,
        "the log ends soon behind it"
    );
    assert_eq!(
        count(&one(condition, &lines(1_200, 1_200, None))),
        0,
        "it never stops"
    );
    assert_eq!(
        count(&one(condition, &lines(600, 1_200, Some(601)))),
        0,
        "it was stopped"
    );
    assert_eq!(
        count(&one(condition, &lines(100, 1_200, None))),
        0,
        "too few to be regular"
    );
    let mut gap: Vec<(u32, &str)> = lines(600, 600, None);
    gap.push((4_000, "going on"));
    assert_eq!(count(&one(condition, &gap)), 0, "everything stopped");
}

const ACROSS: &str = r#"[match.sequence]
within = "30s"
key = "port"
across = "sources"
steps = [ { regex = 'widgetd lost port (?P<port>\d+)' }, { regex = 'proxy: port (?P<port>\d+) refused' } ]"#;

#[test]
fn across_logs_records_are_joined_by_key_and_time() {
    let two = |unit: &[(u32, &str)], proxy: &[(u32, &str)], condition: &str| {
        // Whichever is read first.
        let one = report(condition, &[("a.log", log(unit)), ("b.log", log(proxy))]);
        let other = report(condition, &[("b.log", log(unit)), ("a.log", log(proxy))]);
        assert_eq!(count(&one), count(&other));
        assert_eq!(open(&one), open(&other));
        one
    };
    for (unit, proxy, fired) in [
        ((10, "widgetd lost port 80"), (40, "proxy: port 80 refused"), 2),
        ((10, "widgetd lost port 80"), (41, "proxy: port 80 refused"), 0),
        ((10, "widgetd lost port 80"), (10, "proxy: port 80 refused"), 2),
        ((10, "widgetd lost port 80"), (9, "proxy: port 80 refused"), 0),
        ((10, "widgetd lost port 80"), (12, "proxy: port 81 refused"), 0),
    ] {
        assert_eq!(
            count(&two(&[unit], &[proxy], ACROSS)),
            fired,
            "{unit:?} {proxy:?}"
        );
        let own = ACROSS.replace("across = \"sources\"\n", "");
        assert_eq!(count(&two(&[unit], &[proxy], &own)), 0);
    }
    let missing = format!("{MISSING}\nacross = \"sources\"");
    let starts = [(0, "widget a started"), (1, "widget b started"), (90, "going on")];
    let ends = |last: u32| [(2, "widget a done"), (last, "going on")];
    let report = two(&starts, &ends(90), &missing);
    assert_eq!((count(&report), open(&report)), (1, vec![]));
    let report = two(&starts, &ends(30), &missing);
    assert_eq!(
        (count(&report), open(&report)),
        (0, vec![("still-possible".to_owned(), 1)])
    );
    let report = two(&starts, &[(90, "going on")], &missing);
    assert_eq!(
        (count(&report), open(&report)),
        (0, vec![("cannot-tell".to_owned(), 2)])
    );
}

#[test]
fn failures_that_were_overcome_soon_are_handled() {
    let refused = |minute: u32, second: u32| {
        format!(
            "[2026-11-22 07:{minute:02}:{second:02},545: ERROR/MainProcess] consumer: Cannot connect to \
             redis://:**@127.0.0.1:18379/0: Error 111 connecting to 127.0.0.1:18379. Connection refused..\n"
        )
    };
    let connected = |minute: u32, second: u32, port: u32| {
        format!(
            "[2026-11-22 07:{minute:02}:{second:02},860: INFO/MainProcess] Connected to redis://:**@127.0.0.1:{port}/0\n"
        )
    };
    let roles = |text: String| {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("worker.log"), text).unwrap();
        let report = common::report(&[dir.path()]);
        let findings = report["findings"].as_array().unwrap().clone();
        let own = findings
            .into_iter()
            .filter(|one| one["signature"] == "python/celery-broker-unreachable");
        own.map(|one| {
            (
                one["role"].as_str().unwrap().to_owned(),
                one["count"].as_u64().unwrap(),
            )
        })
        .collect::<Vec<_>>()
    };
    let handled = |count: u64| vec![("handled".to_owned(), count)];
    let cause = |count: u64| vec![("cause".to_owned(), count)];
    let two = refused(0, 0) + &refused(0, 10);
    assert_eq!(roles(two.clone() + &connected(0, 30, 18379)), handled(2));
    assert_eq!(
        roles(two.clone() + &connected(2, 30, 18379)),
        cause(2),
        "too late"
    );
    assert_eq!(
        roles(two.clone() + &connected(0, 30, 18380)),
        cause(2),
        "another broker"
    );
    assert_eq!(roles(two.clone()), cause(2), "never");
    let outage: String = (0..180).map(|second| refused(second / 60, second % 60)).collect();
    assert_eq!(
        roles(outage + &connected(3, 0, 18379)),
        cause(180),
        "not only its last minute is an outage"
    );
}

#[test]
fn captured_values_have_a_kind_and_only_fitting_ones_fill_commands() {
    let condition = r"[match]
regex = 'widget fell on port (?P<port>\S+)'";
    let lines = [
        (1, "widget fell on port none"),
        (2, "widget fell on port none"),
        (3, "widget fell on port 8000"),
    ];
    let report = one(condition, &lines);
    let own = common::finding(&report, "widget/test");
    let port = &own["captures"]["port"];
    assert_eq!(
        (&port[0]["value"], &port[0]["count"], &port[0]["fits"]),
        (&"none".into(), &2.into(), &false.into())
    );
    assert_eq!(
        (&port[1]["value"], &port[1]["count"], &port[1]["fits"]),
        (&"8000".into(), &1.into(), &true.into())
    );
    assert_eq!(port[0]["kind"], "port");
    assert_eq!(own["fix"][0], "Look at port `8000`.");
}

#[test]
fn confidence_follows_from_stated_rules() {
    let confidence = |report: &Value| {
        let assessment = &common::finding(report, "widget/test")["assessment"];
        assert!(!assessment["rules"].as_array().unwrap().is_empty());
        assessment["confidence"].as_str().unwrap().to_owned()
    };
    let error = |condition: &str, text: &str| {
        let line = format!("2026-11-22 07:26:41,000 ERROR app: {text}\n");
        confidence(&report(condition, &[("app.log", line)]))
    };
    assert_eq!(
        error("[match]\ncontains = \"widget fell down\"", "widget fell down"),
        "high"
    );
    assert_eq!(
        error("[match]\ncontains = \"widget\"", "widget fell down"),
        "medium"
    );
    assert_eq!(
        confidence(&one(
            "[match]\ncontains = \"widget fell down\"",
            &[(1, "widget fell down")]
        )),
        "medium"
    );
    assert_eq!(
        confidence(&one(MISSING, &[(0, "widget a started"), (90, "going on")])),
        "low"
    );
}

/// A log from whose middle a stretch was cut, with the end of a job in it, does not show that the end is missing.
#[test]
fn a_gap_in_a_regular_log_leaves_the_question_open() {
    let condition = "[match.missing]\nwithin = \"10m\"\nkey = \"job\"\nafter = { regex = 'job (?P<job>\\w+) was started' }\n\
                     expect = { regex = 'job (?P<job>\\w+) is finished' }";
    let all = |ends: bool, kept: &dyn Fn(u32) -> bool| {
        let words = |second: u32| match second {
            100 => "job a7 was started",
            700 if ends => "job a7 is finished",
            _ => "ordinary work is done",
        };
        let lines: Vec<(u32, &str)> = (0..4_000)
            .filter(|second| kept(*second))
            .map(|second| (second, words(second)))
            .collect();
        report(condition, &[("app.log", log(&lines))])
    };
    let whole = all(true, &|_| true);
    assert_eq!((count(&whole), open(&whole)), (0, Vec::new()));
    let stuck = all(false, &|_| true);
    assert_eq!((count(&stuck), open(&stuck)), (1, Vec::new()));
    let cannot_tell = (0, vec![("cannot-tell".to_owned(), 1)]);
    let cut = all(true, &|second| !(650..1_500).contains(&second));
    assert_eq!((count(&cut), open(&cut)), cannot_tell);
    // A gap also shows close to the end of the log.
    let cut = all(true, &|second| !(650..3_995).contains(&second));
    assert_eq!((count(&cut), open(&cut)), cannot_tell);
    // Across logs it is the one with the ends that must have none.
    let across = format!("{condition}\nacross = \"sources\"");
    let steady = |kept: &dyn Fn(u32) -> bool, told: &[(u32, &'static str)]| {
        let words = |second| {
            told.iter()
                .find(|(at, _)| *at == second)
                .map_or("ordinary work is done", |(_, words)| *words)
        };
        let lines: Vec<(u32, &str)> = (0..4_000)
            .filter(|second| kept(*second))
            .map(|second| (second, words(second)))
            .collect();
        log(&lines)
    };
    let starts = || {
        steady(
            &|_| true,
            &[(50, "job a6 was started"), (100, "job a7 was started")],
        )
    };
    let ends =
        |kept: &dyn Fn(u32) -> bool| steady(kept, &[(60, "job a6 is finished"), (700, "job a7 is finished")]);
    let both = |ends: String| report(&across, &[("a.log", starts()), ("b.log", ends)]);
    let whole = both(ends(&|_| true));
    assert_eq!((count(&whole), open(&whole)), (0, Vec::new()));
    let stuck = both(steady(&|_| true, &[(60, "job a6 is finished")]));
    assert_eq!((count(&stuck), open(&stuck)), (1, Vec::new()));
    let cut = both(ends(&|second| !(650..1_500).contains(&second)));
    assert_eq!((count(&cut), open(&cut)), cannot_tell);
}

/// Jobs that are stuck in the sample, by their own account (`story.md`).
#[test]
fn a_stuck_job_of_fastapi_and_one_of_celery_are_found_and_stay_open_when_the_log_ends_early() {
    let jobs = |report: &Value, list: &str| -> Vec<String> {
        let of = report[list].as_array().unwrap().iter();
        let own = of.filter(|one| one["signature"] == "app/job-never-finished");
        own.flat_map(|one| one["captures"]["job"].as_array().unwrap().clone())
            .map(|value| value["value"].as_str().unwrap().to_owned())
            .collect()
    };
    let logs = Path::new("sample-logs/job-stuck/logs");
    let whole = common::report(&[logs]);
    let found = jobs(&whole, "findings");
    assert!(
        found.contains(&"r-d30f97".to_owned()) && found.contains(&"x-bbee65".to_owned()),
        "{found:?}"
    );
    assert!(!found.contains(&"x-85f878".to_owned()), "it had only begun");
    let celery = common::report(&[&logs.join("celery-worker.log")]);
    assert!(jobs(&celery, "open_questions").contains(&"x-85f878".to_owned()));
    let dir = TempDir::new().unwrap();
    for (name, last_line) in [("api.log", 600), ("celery-worker.log", 400)] {
        let text = fs::read_to_string(logs.join(name)).unwrap();
        let head: String = text.split_inclusive('\n').take(last_line).collect();
        fs::write(dir.path().join(name), head).unwrap();
    }
    let early = common::report(&[dir.path()]);
    assert_eq!(jobs(&early, "findings"), Vec::<String>::new());
    let open = jobs(&early, "open_questions");
    assert!(
        open.contains(&"r-d30f97".to_owned()) && open.contains(&"x-bbee65".to_owned()),
        "{open:?}"
    );
    let markdown = scan().arg(dir.path()).output().unwrap();
    let markdown = String::from_utf8(markdown.stdout).unwrap();
    let honest = markdown.split("## What the logs do not show").nth(1).unwrap();
    assert!(honest.contains("not decided for"), "{honest}");
}
