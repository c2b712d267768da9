//! `incident verify` reads again what a report cites, and finds every change of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use common::{incident, scan};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with logs and the report about them.
struct Case {
    folder: TempDir,
}

impl Case {
    /// Copies logs into a folder, names them by `name`, and scans them.
    fn new(logs: &[(&str, &str)]) -> Case {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        for (from, to) in logs {
            fs::copy(
                Path::new("sample-logs").join(from),
                folder.path().join("logs").join(to),
            )
            .unwrap();
        }
        let case = Case { folder };
        case.scan();
        case
    }

    /// The logs of the port that was taken.
    fn port_taken() -> Case {
        Case::new(&[
            ("port-taken/logs/shop/gunicorn.log", "gunicorn.log"),
            ("port-taken/logs/nginx/access.log", "nginx-access.log"),
            ("port-taken/logs/nginx/error.log", "nginx-error.log"),
        ])
    }

    fn scan(&self) {
        let mut command = scan();
        command.current_dir(self.folder.path());
        command.args(["-q", "logs", "-o", "report.json", "-o", "report.md"]);
        assert_eq!(command.output().unwrap().status.code(), Some(0));
    }

    fn report(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.path().join("report.json")).unwrap()).unwrap()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    /// Exit code and words of `verify` on the report of this form.
    fn verify(&self, form: &str) -> (i32, String) {
        let mut command = incident();
        command.current_dir(self.folder.path());
        let output = command.args(["verify", form]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap(), text)
    }

    fn expect(&self, code: i32, words: &str) {
        for form in ["report.json", "report.md"] {
            let (got, text) = self.verify(form);
            assert_eq!(got, code, "{form}: {text}");
            assert!(text.contains(words), "{form}: {words:?} is not in {text}");
        }
    }
}

fn gzip(from: &Path, to: &Path) {
    let mut packed = GzEncoder::new(fs::File::create(to).unwrap(), Compression::default());
    packed.write_all(&fs::read(from).unwrap()).unwrap();
    packed.finish().unwrap();
    fs::remove_file(from).unwrap();
}

#[test]
fn what_nobody_touched_holds() {
    Case::port_taken().expect(0, "claims hold");
}

/// The first and the last byte of everything that is cited, one after the other.
#[test]
fn every_changed_byte_is_found() {
    let case = Case::port_taken();
    let report = case.report();
    let cited = report["cited"].as_array().unwrap();
    assert!(cited.len() > 5);
    for one in cited {
        let path = case.folder.path().join(one["source"].as_str().unwrap());
        let whole = fs::read(&path).unwrap();
        let (offset, bytes) = (one["offset"].as_u64().unwrap(), one["bytes"].as_u64().unwrap());
        for at in [offset, offset + bytes - 1] {
            let mut changed = whole.clone();
            changed[at as usize] ^= 1;
            fs::write(&path, &changed).unwrap();
            let (code, text) = case.verify("report.json");
            assert_eq!(code, 1, "{one}: {text}");
            let place = format!(
                "{} {}:{}, bytes {offset} to {}: other bytes stand there",
                one["id"].as_str().unwrap(),
                one["source"].as_str().unwrap(),
                one["line"],
                offset + bytes
            );
            assert!(text.contains(&place), "{place}: {text}");
        }
        fs::write(&path, &whole).unwrap();
    }
    case.expect(0, "claims hold");
}

#[test]
fn a_line_more_or_less_in_front_is_found() {
    let case = Case::port_taken();
    let path = case.log("gunicorn.log");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [b"one more line\n", whole.as_slice()].concat()).unwrap();
    case.expect(1, "other bytes stand there");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    case.expect(1, "the log ends before that");
}

#[test]
fn every_deleted_log_is_missed() {
    let case = Case::port_taken();
    for name in ["gunicorn.log", "nginx-access.log", "nginx-error.log"] {
        let whole = fs::read(case.log(name)).unwrap();
        fs::remove_file(case.log(name)).unwrap();
        case.expect(1, &format!("logs/{name}: there is no such log any more"));
        fs::write(case.log(name), whole).unwrap();
    }
}

#[test]
fn every_swap_of_two_logs_is_found() {
    let case = Case::port_taken();
    let names = ["gunicorn.log", "nginx-access.log", "nginx-error.log"];
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let (a, b) = (case.log(names[a]), case.log(names[b]));
        let swap = |a: &Path, b: &Path| {
            let between = case.log("between");
            fs::rename(a, &between).unwrap();
            fs::rename(b, a).unwrap();
            fs::rename(&between, b).unwrap();
        };
        swap(&a, &b);
        case.expect(1, "no longer hold");
        swap(&a, &b);
    }
    case.expect(0, "claims hold");
}

#[test]
fn a_log_that_was_rotated_and_compressed_since_is_known_again() {
    let case = Case::port_taken();
    let (live, first, second) = (
        case.log("gunicorn.log"),
        case.log("gunicorn.log.1"),
        case.log("gunicorn.log.2.gz"),
    );
    fs::rename(&live, &first).unwrap();
    fs::write(
        &live,
        "[2026-11-23 00:00:00 +0000] [1] [INFO] Starting gunicorn 23.0.0\n",
    )
    .unwrap();
    case.expect(0, "logs/gunicorn.log is now logs/gunicorn.log.1");
    gzip(&first, &second);
    case.expect(0, "logs/gunicorn.log is now logs/gunicorn.log.2.gz");
    fs::remove_file(&second).unwrap();
    case.expect(1, "other bytes stand there");
}

#[test]
fn a_log_that_grew_since_holds() {
    let case = Case::port_taken();
    let mut log = fs::OpenOptions::new()
        .append(true)
        .open(case.log("gunicorn.log"))
        .unwrap();
    writeln!(
        log,
        "[2026-11-23 00:00:00 +0000] [1] [INFO] Starting gunicorn 23.0.0"
    )
    .unwrap();
    case.expect(0, "claims hold");
}

/// Rotation moves all pieces by one; it never puts them into another order.
#[test]
fn pieces_may_move_on_but_not_change_places() {
    let case = Case::new(&[("port-taken/logs/shop/gunicorn.log", "whole")]);
    let whole = fs::read_to_string(case.log("whole")).unwrap();
    fs::remove_file(case.log("whole")).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let cut = lines.len() / 2;
    fs::write(case.log("app.log.1"), lines[..cut].concat()).unwrap();
    fs::write(case.log("app.log"), lines[cut..].concat()).unwrap();
    case.scan();
    case.expect(0, "claims hold");
    fs::rename(case.log("app.log.1"), case.log("app.log.2")).unwrap();
    fs::rename(case.log("app.log"), case.log("app.log.1")).unwrap();
    case.expect(0, "logs/app.log.1 is now logs/app.log.2");
    gzip(&case.log("app.log.2"), &case.log("app.log.2.gz"));
    case.expect(0, "logs/app.log.1 is now logs/app.log.2.gz");
    fs::write(case.log("app.log.2"), fs::read(case.log("app.log.1")).unwrap()).unwrap();
    fs::remove_file(case.log("app.log.1")).unwrap();
    gzip_as(&case, "app.log.2.gz", "app.log.1");
    case.expect(1, "have changed places");
}

/// Unpacks a piece under another name.
fn gzip_as(case: &Case, from: &str, to: &str) {
    let mut text = Vec::new();
    let packed = fs::File::open(case.log(from)).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut text).unwrap();
    fs::write(case.log(to), text).unwrap();
    fs::remove_file(case.log(from)).unwrap();
}

#[test]
fn members_of_archives_and_entries_of_journals_are_read_again() {
    let case = Case::port_taken();
    let bundle = fs::File::create(case.log("bundle.tar.gz")).unwrap();
    let mut tar = tar::Builder::new(GzEncoder::new(bundle, Compression::default()));
    tar.append_path_with_name(case.log("gunicorn.log"), "web/gunicorn.log")
        .unwrap();
    tar.append_path_with_name(case.log("nginx-error.log"), "web/nginx-error.log")
        .unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    fs::remove_file(case.log("gunicorn.log")).unwrap();
    fs::remove_file(case.log("nginx-error.log")).unwrap();
    let journal = fs::File::open("tests/journals/zstd-regular.journal.zst").unwrap();
    let journal = zstd::decode_all(journal).unwrap();
    fs::write(case.log("system.journal"), &journal).unwrap();
    case.scan();
    let report = case.report();
    let sources = report["sources"].to_string();
    assert!(
        sources.contains("logs/bundle.tar.gz/web/gunicorn.log") && sources.contains("logs/system.journal")
    );
    case.expect(0, "claims hold");
    let archived = "system@00000000000000000000000000000001-0000000000000001-0006000000000000.journal";
    fs::rename(case.log("system.journal"), case.log(archived)).unwrap();
    case.expect(0, "logs/system.journal is now logs/system@");
    fs::remove_file(case.log(archived)).unwrap();
    case.expect(1, "logs/system.journal: there is no such log any more");
}

#[test]
fn standard_input_must_be_given_again() {
    let case = Case::port_taken();
    let mut command = scan();
    command.current_dir(case.folder.path());
    command.args(["-q", "-", "-o", "report.json", "-o", "report.md"]);
    command.write_stdin(fs::read(case.log("gunicorn.log")).unwrap());
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    case.expect(3, "cannot be read again: save it and give it with --stdin FILE");
    let verify = |file: &str| {
        let mut command = incident();
        command.current_dir(case.folder.path());
        let command = command.args(["verify", "report.json", "--stdin", file]);
        command.output().unwrap().status.code().unwrap()
    };
    assert_eq!(verify("logs/gunicorn.log"), 0);
    assert_eq!(verify("logs/nginx-access.log"), 1);
    assert_eq!(verify("logs/none.log"), 2);
}

#[test]
fn logs_may_stand_below_another_folder() {
    let case = Case::port_taken();
    let elsewhere = case.folder.path().join("copy");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(case.folder.path().join("logs"), elsewhere.join("logs")).unwrap();
    case.expect(1, "there is no such log any more");
    let mut command = incident();
    command.current_dir(case.folder.path());
    command.args(["verify", "report.json", "--root", "copy"]);
    assert_eq!(command.output().unwrap().status.code(), Some(0));
}

#[test]
fn what_is_shown_may_be_taken_out() {
    let case = Case::port_taken();
    let mut report = case.report();
    for finding in report["findings"].as_array_mut().unwrap() {
        for evidence in finding["evidence"].as_array_mut().unwrap() {
            evidence["text"] = "[redacted]".into();
        }
    }
    fs::write(case.folder.path().join("report.json"), report.to_string()).unwrap();
    assert_eq!(case.verify("report.json").0, 0);
}

#[test]
fn what_is_no_report_is_said_to_be_none() {
    let case = Case::port_taken();
    for (text, words) in [
        ("", "neither a JSON report nor a Markdown report"),
        ("# Postmortem", "neither a JSON report nor a Markdown report"),
        ("{}", "it is not a report with claims"),
        ("{\"schema_version\": 1, \"sources\": [", "it was cut or changed"),
        ("\u{fffd}", "neither"),
    ] {
        fs::write(case.folder.path().join("report.json"), text).unwrap();
        let (code, said) = case.verify("report.json");
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(words), "{said}");
    }
    let mut report = case.verify("nothing.json");
    assert_eq!(report.0, 2);
    fs::write(case.folder.path().join("bytes"), b"\xff\xfe{}").unwrap();
    report = case.verify("bytes");
    assert_eq!(report.0, 2);
}

/// A report is a text from outside: its words reach a terminal only made visible.
#[test]
fn a_hostile_report_cannot_write_to_the_terminal() {
    let case = Case::port_taken();
    let mut report = case.report();
    report["claims"][0]["text"] = "\u{1b}]0;owned\u{7}".into();
    report["claims"][0]["basis"] =
        serde_json::json!({"kind": "inferred", "rule": "x", "premises": ["Z\u{1b}[2J"]});
    report["cited"][0]["offset"] = u64::MAX.into();
    report["cited"][1]["bytes"] = u64::MAX.into();
    fs::write(case.folder.path().join("report.json"), report.to_string()).unwrap();
    let (code, text) = case.verify("report.json");
    assert_eq!(code, 1);
    assert!(
        !text.contains('\u{1b}') && text.contains("\\x1B]0;owned"),
        "{text}"
    );
    assert!(text.contains("the report has no such thing"), "{text}");
}
