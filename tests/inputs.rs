//! What reaches the scan: every form of a log gives the same findings, and nothing is lost in silence, whatever
//! happens to the files meanwhile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use incident::record::time::Zone;
use incident::report::model::Report;
use incident::signature::Library;
use incident::{Options, Progress, Silent, scan_logs};
use serde_json::{Value, json};
use tempfile::TempDir;

mod common;

use common::{found, report, scan, whole_report, zip};

const IN_USE: &str = "2026-11-22 07:31:34,463 ERROR app OSError: [Errno 98] error while attempting to bind on address \
                      ('127.0.0.1', 8000): address already in use\n";

/// A log of about `bytes` bytes with failures at its beginning, in the middle and at its end.
fn log(bytes: usize) -> String {
    let ordinary = |from: usize, to: usize| -> String {
        (from..to)
            .map(|second| {
                let (minute, hour) = (second / 60 % 60, second / 3_600 % 24);
                format!(
                    "2026-11-22 {hour:02}:{minute:02}:{:02},463 INFO app request {second} served in 12 ms\n",
                    second % 60
                )
            })
            .collect()
    };
    let lines = bytes / 61 / 2 + 1;
    [
        IN_USE,
        &ordinary(0, lines),
        "2026-11-22 07:35:04,463 ERROR app ModuleNotFoundError: No module named 'asyncpg'\n",
        &ordinary(lines, 2 * lines),
        IN_USE,
    ]
    .concat()
}

fn gz(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zst(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).unwrap()
}

fn xz(content: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn bz2(content: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn lz4(content: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(1_795_400_000);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// The log as `journalctl -o json` prints it.
fn journal_json(text: &str) -> String {
    text.lines()
        .enumerate()
        .map(|(number, line)| {
            let at = 1_795_332_000_000_000_u64 + number as u64 * 1_000_000;
            let entry = json!({
                "__CURSOR": format!("s=1;i={number}"), "__REALTIME_TIMESTAMP": at.to_string(),
                "SYSLOG_IDENTIFIER": "app", "_HOSTNAME": "host", "PRIORITY": "3", "MESSAGE": line,
            });
            format!("{entry}\n")
        })
        .collect()
}

/// What does not depend on how the bytes came: signature, count, and when it was first and last seen.
fn essence(report: &Value) -> Vec<[Value; 4]> {
    let findings = report["findings"].as_array().unwrap();
    let mut all: Vec<[Value; 4]> = findings
        .iter()
        .map(|finding| ["signature", "count", "first_seen", "last_seen"].map(|key| finding[key].clone()))
        .collect();
    all.sort_by_key(|finding| finding[0].to_string());
    all
}

fn through_stdin(content: &[u8]) -> Value {
    whole_report(scan().arg("-").write_stdin(content))
}

#[test]
fn every_form_of_a_log_gives_the_same_findings() {
    // More than what is read in one go, so that blocks are cut in decoded streams, too.
    let text = log(2_500_000);
    let bytes = text.as_bytes();
    let dir = TempDir::new().unwrap();
    let plain = dir.path().join("app.log");
    fs::write(&plain, bytes).unwrap();
    let expected = report(&[&plain]);
    assert_eq!(found(&expected).len(), 2, "{:?}", found(&expected));
    assert_eq!(expected["findings"][0]["count"], 2);

    let member: &[(&str, &[u8])] = &[("app.log", bytes)];
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("app.log.gz", gz(bytes)),
        ("app.log.zst", zst(bytes)),
        ("app.log.xz", xz(bytes)),
        ("app.log.bz2", bz2(bytes)),
        ("app.log.lz4", lz4(bytes)),
        ("app.tar", tar(member)),
        ("app.tar.gz", gz(&tar(member))),
        ("app.zip", zip(member)),
        ("nested.zip", zip(&[("inner.tar.zst", &zst(&tar(member)))])),
        ("app.utf16", utf16(&text)),
        ("no-ending-at-all", gz(bytes)),
    ];
    for (name, content) in forms {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &content).unwrap();
        let got = report(&[&path]);
        assert_eq!(essence(&got), essence(&expected), "{name}");
        assert_eq!(got["stats"]["lines"], expected["stats"]["lines"], "{name}");
        assert_eq!(got["not_read"], json!([]), "{name}");
        assert_eq!(
            essence(&through_stdin(&content)),
            essence(&expected),
            "{name} through standard input"
        );
    }
    assert_eq!(essence(&through_stdin(bytes)), essence(&expected));

    let folder = TempDir::new().unwrap();
    let cut = text[..text.len() / 2].rfind('\n').unwrap() + 1;
    fs::write(folder.path().join("app.log"), &bytes[cut..]).unwrap();
    fs::write(folder.path().join("app.log.1.gz"), gz(&bytes[..cut])).unwrap();
    assert_eq!(
        essence(&report(&[folder.path()])),
        essence(&expected),
        "rotated pieces"
    );

    let journal = journal_json(&text);
    let by_journal = through_stdin(journal.as_bytes());
    let counts = |report: &Value| -> Vec<(Value, Value)> {
        let all = essence(report);
        all.into_iter().map(|[id, count, ..]| (id, count)).collect()
    };
    assert_eq!(counts(&by_journal), counts(&expected), "journal lines");
}

#[test]
fn binary_journals_are_read_by_content() {
    let packed = fs::read("tests/journals/lz4-regular.journal.zst").unwrap();
    let journal = zstd::decode_all(packed.as_slice()).unwrap();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("whatever");
    fs::write(&path, &journal).unwrap();
    let by_file = report(&[&path]);
    assert_eq!(by_file["stats"]["lines"], 64);
    assert_eq!(essence(&through_stdin(&journal)), essence(&by_file));
    let cut = dir.path().join("cut");
    fs::write(&cut, &journal[..journal.len() / 8]).unwrap();
    let half = report(&[&cut]);
    assert!(half["stats"]["lines"].as_u64().unwrap() > 10, "{}", half["stats"]);
    assert_eq!(half["not_read"][0]["lost"], true, "{}", half["not_read"]);
    // It is held in memory where it does not come as a file.
    let archive = gz(&tar(&[
        ("var/log/a.journal", &journal),
        ("b.journal.zst", &packed),
    ]));
    for (name, content, sources) in [("inside.zst", packed, 1), ("inside.tar.gz", archive, 2)] {
        let path = dir.path().join(name);
        fs::write(&path, &content).unwrap();
        let got = report(&[&path]);
        assert_eq!(got["stats"]["sources"], sources, "{name}");
        assert_eq!(got["stats"]["lines"], 64 * sources, "{name}");
        assert_eq!(got["not_read"], by_file["not_read"], "{name}");
    }
    // Damage of what it is packed in is the reason, and what came before is read.
    let path = dir.path().join("cut.gz");
    let cut = gz(&journal);
    fs::write(&path, &cut[..cut.len() - cut.len() / 4]).unwrap();
    let got = report(&[&path]);
    assert!(got["stats"]["lines"].as_u64().unwrap() > 10, "{}", got["stats"]);
    let reason = got["not_read"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("the gzip data is cut off"), "{reason}");
}

#[test]
fn members_are_sources_of_their_own_with_names_that_cannot_mislead() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("logs.zip");
    let picture = b"\x89PNG\r\n\x1a\n----------------";
    let members: &[(&str, &[u8])] = &[
        ("build/a\u{1b}[31m.log", IN_USE.as_bytes()),
        ("build/screen.png", picture),
        ("build/z.log", b"nothing here\n"),
    ];
    fs::write(&path, zip(members)).unwrap();
    let report = report(&[&path]);
    let names: Vec<&str> = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names[0].ends_with(r"logs.zip/build/a\x1b[31m.log") || !names[0].contains('\u{1b}'),
        "{names:?}"
    );
    assert!(names[1].ends_with("logs.zip/build/z.log"), "{names:?}");
    assert!(
        report["not_read"].to_string().contains("screen.png"),
        "{}",
        report["not_read"]
    );
}

#[test]
fn an_archive_leaves_out_what_a_folder_leaves_out() {
    let dir = TempDir::new().unwrap();
    let members: &[(&str, &[u8])] = &[
        ("src/app.py", IN_USE.as_bytes()),
        ("README.md", IN_USE.as_bytes()),
        ("bin/app", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ("log/app.log", IN_USE.as_bytes()),
    ];
    for (name, content) in [("a.zip", zip(members)), ("a.tar.gz", gz(&tar(members)))] {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        let got = report(&[&path]);
        assert_eq!(got["stats"]["sources"], 1, "{name}");
        assert_eq!(got["findings"][0]["count"], 1, "{name}");
        let notes = got["not_read"].as_array().unwrap();
        let said: Vec<String> = notes
            .iter()
            .map(|note| {
                note["source"]
                    .as_str()
                    .unwrap()
                    .replace(&*path.to_string_lossy(), "")
            })
            .collect();
        assert_eq!(said, ["/README.md", "/bin/app", "/src/app.py"], "{name}");
        assert!(notes.iter().all(|note| note["lost"] == false), "{notes:?}");
    }
}

#[test]
fn an_interrupt_ends_the_walk_and_is_said() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("app.log"), IN_USE).unwrap();
    let report = scanned(vec![dir.path().to_owned()], &Silent, |options| options.stop.ask());
    assert!(report.interrupted);
    assert_eq!(report.stats.sources, 0);
    assert!(report.not_read[0].lost, "{:?}", report.not_read);
    assert!(
        report.not_read[0].reason.contains("searched"),
        "{:?}",
        report.not_read
    );
}

#[test]
fn what_stands_before_damage_is_kept_and_the_damage_is_told() {
    let dir = TempDir::new().unwrap();
    for (name, content) in [
        ("a.gz", gz(log(3_000_000).as_bytes())),
        ("a.zst", zst(log(3_000_000).as_bytes())),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, &content[..content.len() / 2]).unwrap();
        let report = report(&[&path]);
        assert!(found(&report).contains(&"net/address-in-use"), "{name}");
        let note = &report["not_read"][0];
        assert_eq!(note["lost"], true, "{name}: {note}");
        assert!(note["offset"].as_u64().unwrap() > 100_000, "{name}: {note}");
        assert_eq!(note["offset"], report["stats"]["bytes"], "{name}: {note}");
    }
}

fn scanned(paths: Vec<PathBuf>, progress: &dyn Progress, change: impl Fn(&mut Options)) -> Report {
    let mut options = Options::new(paths, 1_795_500_000_000_000_000);
    options.zone = Zone::Utc;
    options.threads = 1;
    change(&mut options);
    scan_logs(&options, &Library::embedded().unwrap(), progress).unwrap()
}

/// Does something to a file when its first block has been scanned; later blocks are mapped by then.
struct Then<F: Fn() + Sync>(AtomicBool, F);

impl<F: Fn() + Sync> Progress for Then<F> {
    fn scanned(&self, _: &str, _: u64) {
        if !self.0.swap(true, Ordering::SeqCst) {
            (self.1)();
        }
    }

    fn joined(&self, _: u64, _: usize) {}
}

/// What the report says is lost of a big file to which `change` happens while it is read.
#[cfg(target_os = "linux")]
fn told_when(change: impl Fn(&Path) + Sync) -> Vec<(String, u64, Option<u64>, bool)> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, log(14_000_000)).unwrap();
    // Another time of change than what is written now.
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_795_400_000))
        .unwrap();
    let then = Then(AtomicBool::new(false), || change(&path));
    let report = scanned(vec![path.clone()], &then, |_| {});
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.signature == "net/address-in-use")
    );
    let notes = report.not_read.into_iter();
    notes
        .map(|note| (note.reason, note.offset, note.bytes, note.lost))
        .collect()
}

#[cfg(target_os = "linux")]
fn open(path: &Path) -> fs::File {
    fs::File::options().write(true).append(false).open(path).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_changes_under_a_map_is_reported() {
    use std::os::unix::fs::FileExt;
    let size = log(14_000_000).len() as u64;
    for left in [0, 9_000_001, size - 5] {
        let told = told_when(|path| open(path).set_len(left).unwrap());
        let (reason, offset, bytes, lost) = &told[0];
        assert!(told.len() == 1 && *lost && reason.contains("shrank"), "{told:?}");
        assert_eq!((*offset, *bytes), (left, Some(size - left)), "{told:?}");
    }
    let told = told_when(|path| {
        open(path).set_len(1_000_000).unwrap();
        open(path).set_len(size + 10).unwrap();
    });
    assert!(told[0].0.contains("rewritten in place") && told[0].3, "{told:?}");
    let told = told_when(|path| open(path).write_all_at(b"2027", 0).unwrap());
    assert!(told[0].0.contains("rewritten in place") && told[0].3, "{told:?}");
    let told = told_when(|path| open(path).write_all_at(b"one line more\n", size).unwrap());
    assert!(told[0].0.contains("grew by 14 bytes") && !told[0].3, "{told:?}");
    assert_eq!((told[0].1, told[0].2), (size, Some(14)));
    let told = told_when(|path| {
        fs::rename(path, path.with_extension("log.1")).unwrap();
        fs::write(path, "new\n").unwrap();
    });
    assert!(told[0].0.contains("rotated") && !told[0].3, "{told:?}");
    assert!(told_when(|_| {}).is_empty());
}

/// A map, reading, and a pipe see the same in a file with a long hole.
#[test]
#[cfg(target_os = "linux")]
fn a_hole_is_passed_over() {
    use std::os::unix::fs::FileExt;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, log(3_000_000)).unwrap();
    let end = 80_000_000 + 123;
    open(&path)
        .write_all_at(format!("\n{IN_USE}").as_bytes(), end)
        .unwrap();
    let mapped = scanned(vec![path.clone()], &Silent, |_| {});
    let read = scanned(vec![path.clone()], &Silent, |options| options.map_files = false);
    assert_eq!(mapped.findings[0].count, 3);
    assert_eq!(
        serde_json::to_string_pretty(&mapped).unwrap(),
        serde_json::to_string_pretty(&read).unwrap()
    );
}

fn spawn(arguments: &[&str], paths: &[&Path]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_incident"))
        .args(["scan", "--host", "h", "--timezone", "UTC"])
        .args(arguments)
        .args(paths)
        .env("SOURCE_DATE_EPOCH", "1795500000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let done = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

/// The size of what the process holds, at most so far, in KiB.
#[cfg(target_os = "linux")]
fn most_memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    // Until it is the program, the numbers are those of this process.
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:") && status.starts_with("Name:\tincident\n"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
#[cfg(unix)]
fn an_interrupt_gives_a_complete_report_of_what_was_read() {
    for name in ["-INT", "-TERM"] {
        let dir = TempDir::new().unwrap();
        let (later, markdown) = (dir.path().join("later.log"), dir.path().join("report.md"));
        fs::write(&later, log(1000)).unwrap();
        let json = dir.path().join("report.json");
        let outputs = ["-o", json.to_str().unwrap(), "-o", markdown.to_str().unwrap()];
        let mut child = spawn(&outputs, &[Path::new("-"), &later]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(log(3_000_000).as_bytes()).unwrap();
        stdin.flush().unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(130),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        drop(stdin);
        let report: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
        assert_eq!(report["interrupted"], true);
        let in_use = common::finding(&report, "net/address-in-use");
        assert_eq!(
            in_use["count"], 4,
            "all that had arrived was read: {}",
            report["not_read"]
        );
        let note = &report["not_read"][0];
        assert_eq!((&note["source"], &note["lost"]), (&json!("-"), &json!(true)));
        assert!(note["reason"].as_str().unwrap().contains("interrupted"));
        assert!(fs::read_to_string(&markdown).unwrap().contains("**Interrupted**"));
    }
}

#[test]
#[cfg(unix)]
fn an_interrupt_does_not_wait_for_a_pipe_that_nobody_opens() {
    let dir = TempDir::new().unwrap();
    let pipe = dir.path().join("a.pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let later = dir.path().join("b.log");
    fs::write(&later, log(1000)).unwrap();
    let child = spawn(&["--format", "json"], &[&pipe, &later]);
    std::thread::sleep(Duration::from_millis(1000));
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        report["not_read"].to_string().contains("a.pipe"),
        "{}",
        report["not_read"]
    );
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, log(100_000)).unwrap();
    let mut child = spawn(&["--quiet"], &[&path]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The guard of the map must not hide other faults.
#[test]
#[cfg(target_os = "linux")]
fn a_fault_outside_of_a_map_still_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("app.log");
    fs::write(&path, log(1_500_000)).unwrap();
    let mut child = spawn(&["--threads", "2"], &[Path::new("-"), &path]);
    // Before the file is mapped, the signal goes to the runtime, which passes it on at the second time only.
    let mut status = None;
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, "-BUS");
        status = child.try_wait().unwrap();
        if status.is_some() {
            break;
        }
    }
    assert_eq!(status.unwrap().signal(), Some(7));
}

/// Runs a scan to its end and gives its exit code and the most memory that it held, in MiB.
#[cfg(target_os = "linux")]
fn run_for_memory(path: &Path, threads: u64) -> (Option<i32>, u64) {
    let mut child = spawn(&["--quiet", "--threads", &threads.to_string()], &[path]);
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    let mut most = 0;
    let status = loop {
        most = most.max(most_memory(&child).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    reader.join().unwrap().unwrap();
    (status.code(), most / 1024)
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_what_is_read() {
    let dir = TempDir::new().unwrap();
    let bomb = dir.path().join("bomb.gz");
    let mut encoder =
        flate2::write::GzEncoder::new(fs::File::create(&bomb).unwrap(), flate2::Compression::fast());
    let megabyte = vec![b'a'; 1 << 20];
    for _ in 0..128 {
        encoder.write_all(&megabyte).unwrap();
    }
    encoder.finish().unwrap();
    let line = dir.path().join("line.log");
    let mut file = fs::File::create(&line).unwrap();
    for _ in 0..100 {
        file.write_all(&megabyte).unwrap();
    }
    let hole = dir.path().join("hole.log");
    fs::write(&hole, log(2_000)).unwrap();
    open(&hole).set_len(2 << 30).unwrap();
    for (path, threads) in [(&bomb, 1), (&bomb, 2), (&line, 2), (&hole, 2)] {
        let (code, mebibytes) = run_for_memory(path, threads);
        assert!(matches!(code, Some(0 | 3)), "{}", path.display());
        assert!(mebibytes > 0);
        assert!(
            mebibytes < 64 + 16 * threads,
            "{}: {mebibytes} MiB with {threads} threads",
            path.display()
        );
    }
}

#[test]
fn many_small_files_are_all_read_and_keep_their_order() {
    let dir = TempDir::new().unwrap();
    for number in 0..3_000 {
        let text = format!("{}file {number}\n", if number % 100 == 0 { IN_USE } else { "" });
        let name = dir.path().join(format!("{number:05}.log"));
        match number % 500 {
            7 => fs::write(name, gz(text.as_bytes())).unwrap(),
            _ => fs::write(name, text).unwrap(),
        }
    }
    let paths = vec![dir.path().to_owned()];
    let text = |report: &Report| serde_json::to_string_pretty(report).unwrap();
    let one = scanned(paths.clone(), &Silent, |_| {});
    assert_eq!((one.stats.sources, one.findings[0].count), (3_000, 30));
    assert!(one.not_read.is_empty(), "{:?}", one.not_read[0]);
    for threads in [2, 5] {
        let many = scanned(paths.clone(), &Silent, |options| options.threads = threads);
        assert_eq!(text(&one), text(&many), "{threads} threads");
    }
}

#[test]
fn compressed_files_beside_each_other_are_joined_in_order() {
    let dir = TempDir::new().unwrap();
    for (name, content) in [
        ("a.gz", gz(log(4_000_000).as_bytes())),
        (
            "b.zip",
            zip(&[
                ("one.log", log(50_000).as_bytes()),
                ("two.log", log(3_000_000).as_bytes()),
            ]),
        ),
        ("c.log", log(2_000_000).into_bytes()),
        ("d.xz", xz(log(6_000_000).as_bytes())),
    ] {
        fs::write(dir.path().join(name), content).unwrap();
    }
    let text = |threads: usize, block_size: usize| {
        let report = scanned(vec![dir.path().to_owned()], &Silent, |options| {
            options.threads = threads;
            options.block_size = block_size;
        });
        assert_eq!(report.stats.sources, 5);
        serde_json::to_string_pretty(&report).unwrap()
    };
    let one = text(1, 4 << 20);
    assert_eq!(one, text(4, 4 << 20));
    assert_eq!(one, text(3, 300_000));
}
