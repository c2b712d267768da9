//! The report depends on the logs alone: not on threads, block size, or the way bytes are read.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;

use incident::record::time::Zone;
use incident::signature::Library;
use incident::signature::page::parse;
use incident::{Options, Silent, scan_logs};
use proptest::prelude::*;
use tempfile::TempDir;

const NOW: i64 = 1_795_500_000_000_000_000;

fn scanned(paths: Vec<PathBuf>, library: &Library, change: impl Fn(&mut Options)) -> String {
    let mut options = Options::new(paths, NOW);
    options.zone = Zone::Utc;
    options.threads = 1;
    change(&mut options);
    let report = scan_logs(&options, library, &Silent).unwrap();
    serde_json::to_string_pretty(&report).unwrap()
}

/// Pieces that records are made of, and pieces that tear them apart.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&'static str> = vec![
        "INFO:     127.0.0.1:46120 - \"GET /a HTTP/1.1\" 500 Internal Server Error\n",
        "ERROR:    Exception in ASGI application\n",
        "Traceback (most recent call last):\n",
        "  File \"/srv/app/a.py\", line 3, in <module>\n    hash(x)\n",
        "ValueError: password cannot be longer than 72 bytes, truncate manually if necessary (e.g. my_password[:72])\n",
        "AttributeError: module 'bcrypt' has no attribute '__about__'\n",
        "\nDuring handling of the above exception, another exception occurred:\n\n",
        "2026-11-22 07:35:04,463 WARNING passlib.handlers.bcrypt (trapped) error reading bcrypt version\n",
        "2026/11/22 07:31:34 [emerg] 7#7: bind() to 0.0.0.0:80 failed (98: Address already in use)\n",
        "10.0.0.1 - - [22/Nov/2026:07:31:36 +0000] \"GET /orders/77 HTTP/1.1\" 502 157 \"-\" \"-\"\n",
        "{\"level\":50,\"time\":1795332703000,\"msg\":\"listen EADDRINUSE: address already in use :::3000\"}\n",
        "api-1  | OSError: [Errno 98] Address already in use\n",
        "web-1  | Traceback (most recent call last):\n",
        "Nov 22 07:26:41 host kernel: Out of memory: Killed process 7 (python) total-vm:1kB\n",
        "thread 'main' panicked at src/main.rs:1:5:\n",
        "panic: runtime error: index out of range\n",
        "goroutine 1 [running]:\n",
        "Exception in thread \"main\" java.net.BindException: Address already in use\n",
        "\tat java.base/sun.nio.ch.Net.bind0(Native Method)\n",
        "category\n",
        "\n",
        "plain words that say nothing\n",
        "Task exception was never retrieved\n",
        "2026-11-22 07:35:10,100 INFO reports: job r-1 started: report sales\n",
        "2026-11-22 07:36:10,100 INFO reports: job r-1 finished\n",
        "2026-11-22 07:36:11,100 INFO reports: job r-2 started: report sales\n",
        "2026-11-22 07:50:10,100 INFO reports: still here\n",
        "[2026-11-22 07:40:35,545: ERROR/MainProcess] consumer: Cannot connect to redis://h:1/0: Error 111\n",
        "[2026-11-22 07:40:40,860: INFO/MainProcess] Connected to redis://h:1/0\n",
        "Nov 22 07:41:41 web-1 systemd-journald[213]: Suppressed 1824 messages from api.service\n",
        "2026-11-22 07:42:10,100 INFO widget: a opened\n",
        "2026-11-22 07:42:11,100 INFO widget: a mended\n",
        "2026-11-22 07:42:12,100 INFO widget: a broke\n",
        "2026-11-22 07:43:12,100 INFO widget: a broke\n",
    ];
    prop_oneof![
        12 => prop::sample::select(lines).prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (1_usize..3_000).prop_map(|length| vec![b'x'; length]),
    ]
}

/// The embedded library, and a page for each condition over time that it does not use.
fn library() -> Library {
    let mut library = Library::embedded().unwrap();
    let steps = "steps = [ { regex = 'widget: (?P<id>a) opened' }, { regex = 'widget: (?P<id>a) broke' } ]\n\
                 not-between = { contains = \"widget: a mended\" }\nwithin = \"2m\"\nkey = \"id\"";
    for (number, condition) in [
        format!("[match.sequence]\n{steps}"),
        format!("[match.sequence]\nacross = \"sources\"\n{steps}"),
        "[match]\ncontains = \"widget: a broke\"\nrate = { within = \"1m\", times = 2, at-least = 3 }".to_owned(),
        "[match]\ncontains = \"widget: a broke\"\nsilence = { at-least = 5, times = 2, longer-than = \"1m\" }".to_owned(),
        "[match]\ncontains = \"widget: a broke\"\ncount = { at-least = 3, within = \"1m\", across = \"sources\" }".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let page = format!(
            "# Widget\n\n```toml signature\nseverity = \"high\"\nrole = \"cause\"\nseen-on = [\"x\"]\n\n{condition}\n```\n\nX.\n"
        );
        let id = format!("widget/w{number}");
        library.add(parse(&id, "w.md", page.into()).unwrap());
    }
    library
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blocks_threads_and_maps_do_not_change_the_report(
        pieces in prop::collection::vec(piece(), 1..120),
        block_size in 1_usize..5_000,
        threads in 1_usize..9,
    ) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("app.log");
        fs::write(&path, pieces.concat()).unwrap();
        let library = library();
        let whole = scanned(vec![path.clone()], &library, |_| {});
        let cut = scanned(vec![path.clone()], &library, |options| {
            options.block_size = block_size;
            options.threads = threads;
        });
        prop_assert_eq!(&whole, &cut);
    }
}

/// Long enough that blocks do not see the whole file, with records and long lines across the cuts.
#[test]
fn a_log_larger_than_a_window_is_cut_without_loss() {
    let mut log = String::new();
    let mut second = 0;
    while log.len() < 5_000_000 {
        second += 1;
        let (minute, hour) = (second / 60 % 60, second / 3_600 % 24);
        log += &format!(
            "2026-11-22 {hour:02}:{minute:02}:{:02},463 ERROR app request failed\n",
            second % 60
        );
        match second % 7 {
            0 => {
                log += "Traceback (most recent call last):\n";
                for frame in 0..second % 900 {
                    log += &format!("  File \"/srv/app/m{frame}.py\", line {frame}, in f\n    call()\n");
                }
                log += "OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use\n";
            }
            3 => log += &"no header on this line, nor on the next\n".repeat(2_000),
            5 => {
                log += &"y".repeat(second % 5 * 100_000);
                log.push('\n');
            }
            _ => {}
        }
    }
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, &log).unwrap();
    let library = Library::embedded().unwrap();
    let whole = scanned(vec![path.clone()], &library, |options| {
        options.block_size = 64 << 20
    });
    assert!(whole.contains("net/address-in-use"));
    for (block_size, threads, map_files) in [
        (4 << 20, 2, true),
        (100_000, 3, true),
        (777_777, 2, false),
        (20_000, 1, false),
    ] {
        let cut = scanned(vec![path.clone()], &library, |options| {
            options.block_size = block_size;
            options.threads = threads;
            options.map_files = map_files;
        });
        assert_eq!(
            whole, cut,
            "block size {block_size}, {threads} threads, mapped: {map_files}"
        );
    }
}

#[test]
fn sample_logs_give_the_same_report_for_any_number_of_threads() {
    let library = Library::embedded().unwrap();
    let one = scanned(vec!["sample-logs".into()], &library, |_| {});
    let eight = scanned(vec!["sample-logs".into()], &library, |options| {
        options.threads = 8
    });
    assert_eq!(one, eight);
    // Also how many records were read: what is ruled out before does not depend on where blocks begin.
    let cut = scanned(vec!["sample-logs".into()], &library, |options| {
        options.block_size = 1_000
    });
    assert_eq!(one, cut);
}
