//! Sets, as they are found in folders.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::record::time::Zone;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

/// Lines of these hours of a day.
fn hours(from: u32, to: u32) -> String {
    (from..=to)
        .map(|hour| format!("2026-11-22T{hour:02}:00:00Z request {from} to {to} handled\n"))
        .collect()
}

fn arranged(dir: &TempDir, files: &[(&str, &str)]) -> (Arranged, LeftOut) {
    let source = |(name, _): &(&str, &str)| {
        let path = dir.path().join(name);
        Source {
            name: path.display().to_string(),
            origin: Origin::File(path),
            service: None,
            modified: None,
            set: None,
            plan: crate::input::plan::Plan::default(),
        }
    };
    let mut left_out = LeftOut::default();
    let clock = |_: &Source| Clock::new(Zone::Utc, 1_795_500_000_000_000_000);
    let arranged = arrange(files.iter().map(source).collect(), clock, &mut left_out);
    (arranged, left_out)
}

/// `set: piece piece`, or `name`, a line each; reordered sets have a `!`; then what is left out, and why.
fn found(files: &[(&str, &str)]) -> String {
    let dir = folder(files);
    let (arranged, left_out) = arranged(&dir, files);
    let short = |name: &str| {
        name.trim_start_matches(dir.path().to_str().unwrap())
            .trim_start_matches('/')
            .to_owned()
    };
    let mut lines: Vec<String> = Vec::new();
    let mut last = None;
    for source in &arranged.sources {
        match &source.set {
            Some(set) if last.as_ref() == Some(set) => {
                let line = lines.last_mut().unwrap();
                *line += &format!(" {}", short(&source.name));
            }
            Some(set) => {
                let mark = if arranged.reordered.contains(set) { "!" } else { "" };
                lines.push(format!("{}{mark}: {}", short(set), short(&source.name)));
            }
            None => lines.push(short(&source.name)),
        }
        last = source.set.clone();
    }
    for note in left_out.into_notes(&[]) {
        let reason = note.reason.replace(&format!("{}/", dir.path().display()), "");
        lines.push(format!("- {}: {reason}", short(&note.source)));
        assert!(!note.lost);
    }
    lines.join("\n")
}

/// As [`found`], for files without content.
fn named(names: &[&str]) -> String {
    let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "")).collect();
    found(&files)
}

#[test]
fn pieces_come_oldest_first() {
    let table: &[(&[&str], &str)] = &[
        (
            &["app.log", "app.log.1", "app.log.10.gz", "app.log.2.gz"],
            "app.log: app.log.10.gz app.log.2.gz app.log.1 app.log",
        ),
        (
            &["syslog", "syslog.1", "syslog.2.gz", "auth.log"],
            "auth.log\nsyslog: syslog.2.gz syslog.1 syslog",
        ),
        (
            &["app.log", "app.log-20261121", "app.log-20251231.gz"],
            "app.log: app.log-20251231.gz app.log-20261121 app.log",
        ),
        (
            &["app-20261121.log", "app-20261120.log.gz"],
            "app.log: app-20261120.log.gz app-20261121.log",
        ),
        (
            &[
                "app-out.log",
                "app-out__2025-11-20_00-00-00.log",
                "app-out__2025-11-19_00-00-00.log.gz",
            ],
            "app-out.log: app-out__2025-11-19_00-00-00.log.gz app-out__2025-11-20_00-00-00.log app-out.log",
        ),
        (
            &[
                "W3SVC1/u_ex251121.log",
                "W3SVC1/u_ex251120.log",
                "W3SVC2/u_ex251121.log",
            ],
            "W3SVC1/u_ex.log: W3SVC1/u_ex251120.log W3SVC1/u_ex251121.log\nW3SVC2/u_ex251121.log",
        ),
        (
            &[
                "svc/current",
                "svc/@4000000065564f7c1b2c3d4e.s",
                "svc/@4000000065564f001b2c3d4e.s",
            ],
            "svc/current: svc/@4000000065564f001b2c3d4e.s svc/@4000000065564f7c1b2c3d4e.s svc/current",
        ),
        (
            &[
                "system.journal",
                "system@0006000000000002-0000000000000001.journal~",
                "user-1000.journal",
            ],
            "system.journal: system@0006000000000002-0000000000000001.journal~ system.journal\nuser-1000.journal",
        ),
    ];
    for (names, expected) in table {
        assert_eq!(named(names), *expected);
    }
}

#[test]
fn a_containers_log_goes_on_through_restarts_of_a_pod() {
    let pod = "pods/shop_api-7d9f_0f5bd1a2-1111-2222-3333-444455556666/web";
    let names: Vec<String> = [
        "1.log",
        "0.log",
        "0.log.20251122-073000.gz",
        "0.log.20251122-081500",
        "2.log",
    ]
    .map(|name| format!("{pod}/{name}"))
    .to_vec();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        named(&names).replace(pod, "P"),
        "P/2.log: P/0.log.20251122-073000.gz P/0.log.20251122-081500 P/0.log P/1.log P/2.log"
    );
    // Anywhere else numbers are just numbers.
    assert_eq!(named(&["0.log", "1.log"]), "0.log\n1.log");
}

#[test]
fn a_number_alone_makes_no_set() {
    for names in [
        &["app-20261121.log", "web.log"][..],
        &["worker-1.log", "worker-2.log"],
        &["worker-1.log.gz", "worker-2.log.gz"],
        &["node.1.log", "node.2.log"],
        &["gc-3.8.1.log", "gc-3.8.2.log"],
        &["job-1", "job-2"],
        &["job.1", "job.2"],
        &["1.log", "2.log"],
        &["backup-20261120.tar.gz", "backup-20261121.tar.gz"],
    ] {
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        assert_eq!(named(names), sorted.join("\n"));
    }
}

#[test]
fn a_number_before_the_ending_needs_the_live_log_and_times_that_follow_each_other() {
    let (early, late, all) = (hours(1, 5), hours(6, 9), hours(1, 9));
    // Rotated by winston or log4j2, whichever end is the newer.
    assert_eq!(
        found(&[("node.log", &late), ("node.1.log", &early)]),
        "node.log: node.1.log node.log"
    );
    assert_eq!(
        found(&[("node.log", &early), ("node1.log", &late)]),
        "node.log: node.log node1.log"
    );
    // Two that run side by side.
    assert_eq!(
        found(&[("node.log", &all), ("node.1.log", &all.replace("request", "job"))]),
        "node.1.log\nnode.log"
    );
    // No times, no proof.
    assert_eq!(
        found(&[("node.log", "a\n"), ("node.1.log", "b\n")]),
        "node.1.log\nnode.log"
    );
    // No live log.
    assert_eq!(
        found(&[("node.1.log", &early), ("node.2.log", &late)]),
        "node.1.log\nnode.2.log"
    );
}

#[test]
fn a_process_id_in_a_name_needs_times_that_follow_each_other() {
    let (early, late, all) = (hours(1, 5), hours(6, 9), hours(1, 9));
    assert_eq!(
        found(&[
            ("app-20261122-12346.log", &late),
            ("app-20261122-12345.log", &early)
        ]),
        "app.log: app-20261122-12345.log app-20261122-12346.log"
    );
    assert_eq!(
        found(&[
            ("app-20261122-12346.log", &early),
            ("app-20261122-12345.log", &all)
        ]),
        "app-20261122-12345.log\napp-20261122-12346.log"
    );
}

#[test]
fn times_overrule_names() {
    let (first, second, third) = (hours(1, 2), hours(3, 4), hours(5, 6));
    // A round of files that are written again and again, as those of a garbage collector.
    assert_eq!(
        found(&[("gc.log.0", &third), ("gc.log.1", &first), ("gc.log.2", &second)]),
        "gc.log!: gc.log.1 gc.log.2 gc.log.0"
    );
    // An empty live log has no time and stays the newest; undated pieces stay where they are.
    assert_eq!(
        found(&[
            ("app.log", ""),
            ("app.log.1", &second),
            ("app.log.2", "no date\n"),
            ("app.log.3", &first)
        ]),
        "app.log: app.log.3 app.log.2 app.log.1 app.log"
    );
}

#[test]
fn an_interrupted_compression_counts_once() {
    let log = hours(1, 5);
    for torn in ["", "PK\u{3}\u{4}torn"] {
        assert_eq!(
            found(&[("app.log", ""), ("app.log.1", &log), ("app.log.1.gz", torn)]),
            "app.log: app.log.1 app.log\n- app.log.1.gz: app.log.1 is there uncompressed, as when compressing was \
             interrupted: that one is read, this one not"
        );
    }
    // Something else under such a name is read.
    assert_eq!(
        found(&[("app.log.1", &log), ("app.log.1.gz", "other words\n")]),
        "app.log: app.log.1 app.log.1.gz"
    );
}

#[test]
fn a_copy_that_copytruncate_was_just_made_from_counts_once() {
    let (log, longer) = (hours(1, 5), hours(1, 5) + &hours(6, 7));
    assert_eq!(
        found(&[
            ("app.log", &longer),
            ("app.log.1", &log),
            ("app.log.2", &hours(0, 0))
        ]),
        "app.log: app.log.2 app.log\n- app.log.1: all its lines stand at the beginning of app.log (copytruncate), \
         which is read"
    );
    // Of two equal ones the live log is about to be emptied.
    assert_eq!(
        found(&[("app.log", &log), ("app.log-20261122", &log)]),
        "app.log-20261122\n- app.log: all its lines stand at the beginning of app.log-20261122 (copytruncate), \
         which is read"
    );
    // A few undated words are no proof.
    assert_eq!(
        found(&[("app.log", "started\n"), ("app.log.1", "started\nfailed\n")]),
        "app.log: app.log.1 app.log"
    );
}

#[test]
fn the_steps_of_a_job_follow_each_other_by_number() {
    let names = [
        "build/1_Set up job.txt",
        "build/2_Check out.txt",
        "build/10_Run tests.txt",
    ];
    let times = [hours(1, 2), hours(3, 4), hours(5, 6)];
    let files: Vec<(&str, &str)> = names.into_iter().zip(times.iter().map(String::as_str)).collect();
    assert_eq!(
        found(&files),
        "build: build/1_Set up job.txt build/2_Check out.txt build/10_Run tests.txt"
    );
}

#[test]
fn all_pieces_suggest_the_service_of_the_live_log() {
    let files = [
        ("api.1.log", hours(1, 2)),
        ("api.log", hours(3, 4)),
        ("worker-1.log", hours(1, 2)),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let dir = folder(&files);
    let (arranged, _) = arranged(&dir, &files);
    let services: Vec<Option<&str>> = arranged
        .sources
        .iter()
        .map(|source| source.service.as_deref())
        .collect();
    // The third one's name was not looked at here.
    assert_eq!(services, [Some("api"), Some("api"), None]);
}

#[test]
fn compressed_pieces_are_looked_into() {
    let gz = |text: &str| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    let (first, second, third) = (hours(1, 2), hours(3, 4), hours(5, 6));
    let names = [
        "app.log",
        "app.log.1.gz",
        "app.log.2.gz",
        "web.log.1",
        "web.log.1.gz",
        "db.log.1",
        "db.log.1.gz",
    ];
    let files = names.map(|name| (name, ""));
    let dir = folder(&files);
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("app.log", third.as_bytes());
    write("app.log.1.gz", &gz(&first));
    write("app.log.2.gz", &gz(&second));
    // One is the other, cut off; one is another log.
    write("web.log.1", first.as_bytes());
    let cut = gz(&first);
    write("web.log.1.gz", &cut[..cut.len() - 12]);
    write("db.log.1", second.as_bytes());
    write("db.log.1.gz", &gz(&first));
    let (arranged, left_out) = arranged(&dir, &files);
    let read: Vec<&str> = arranged
        .sources
        .iter()
        .map(|source| source.name.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        read,
        [
            "app.log.1.gz",
            "app.log.2.gz",
            "app.log",
            "db.log.1.gz",
            "db.log.1",
            "web.log.1"
        ]
    );
    assert_eq!(arranged.reordered.len(), 2);
    let notes = left_out.into_notes(&[]);
    assert!(
        notes.len() == 1 && notes[0].source.ends_with("web.log.1.gz"),
        "{notes:?}"
    );
}
