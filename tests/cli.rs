//! The command line as a person meets it: inputs that are missing, strange or hostile, outputs, exit codes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{finding, found, incident, report, scan};
use tempfile::TempDir;

const REFUSED: &str = "2026/11/22 07:31:34 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: a.example.org, request: \"GET /x HTTP/1.1\", upstream: \"http://127.0.0.1:8071/x\", host: \"a.example.org\"\n";

struct Scanned {
    code: i32,
    out: String,
    err: String,
}

fn run(args: &[&str], dir: &Path) -> Scanned {
    let output = scan().args(args).current_dir(dir).output().unwrap();
    Scanned {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

#[test]
fn a_missing_file_is_named_and_the_rest_is_scanned() {
    let dir = folder(&[("error.log", REFUSED.as_bytes())]);
    let run = run(&["error.log", "nowhere.log"], dir.path());
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("nowhere.log: no such file or folder"),
        "{}",
        run.err
    );
    assert!(run.out.contains("`nowhere.log`"), "{}", run.out);
    assert!(run.out.contains("upstream refused"), "{}", run.out);
}

#[test]
fn when_nothing_can_be_read_there_is_no_report() {
    let dir = folder(&[]);
    let run = run(&["nowhere.log"], dir.path());
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("nowhere.log"), "{}", run.err);
}

#[test]
fn a_file_without_permission_is_named() {
    let dir = folder(&[("error.log", REFUSED.as_bytes()), ("secret.log", b"x\n")]);
    let secret = dir.path().join("secret.log");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&secret).is_ok() {
        return; // root may read everything
    }
    let run = run(&["."], dir.path());
    assert_eq!(run.code, 3);
    assert!(run.err.contains("secret.log: permission denied"), "{}", run.err);
}

#[test]
fn empty_and_unended_files_are_read() {
    let dir = folder(&[("empty.log", b""), ("error.log", REFUSED.trim_end().as_bytes())]);
    let report = report(&[dir.path()]);
    assert_eq!(report["stats"]["lines"], 1);
    assert_eq!(report["stats"]["sources"], 2);
    assert_eq!(found(&report), ["http/nginx-upstream-refused"]);
}

#[test]
fn binary_and_damaged_files_are_named_with_what_to_do() {
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let dir = folder(&[
        ("error.log", REFUSED.as_bytes()),
        ("blob.log", &noise),
        ("old.log.gz", b"\x1f\x8b\x08\x00rest"),
    ]);
    let run = run(&["."], dir.path());
    assert_eq!(run.code, 3);
    assert!(run.err.contains("blob.log: binary data"), "{}", run.err);
    assert!(
        run.err.contains("old.log.gz: the gzip data is cut off at byte 8"),
        "{}",
        run.err
    );
    assert!(run.out.contains("old.log.gz"));
    assert!(run.out.contains("upstream refused"));
}

#[test]
fn bytes_that_are_not_utf8_hide_nothing() {
    let mut log = b"\xff\xfe\xfa\xc3\x28 caf\xe9\n".repeat(3);
    log.insert(0, b'x');
    log.extend_from_slice(REFUSED.as_bytes());
    let dir = folder(&[("error.log", &log)]);
    let report = report(&[dir.path()]);
    assert_eq!(
        finding(&report, "http/nginx-upstream-refused")["evidence"][0]["line"],
        4
    );
}

#[test]
fn an_overlong_line_is_read_in_pieces_and_said() {
    let mut log = vec![b'a'; 1_000_000];
    log.extend_from_slice(b" [Errno 98] Address already in use ");
    log.extend(vec![b'b'; 1_000_000]);
    log.push(b'\n');
    log.extend_from_slice(REFUSED.as_bytes());
    let dir = folder(&[("big.log", &log)]);
    let report = report(&[dir.path()]);
    let signatures = found(&report);
    assert!(signatures.contains(&"net/address-in-use"), "{signatures:?}");
    assert!(
        signatures.contains(&"http/nginx-upstream-refused"),
        "{signatures:?}"
    );
    assert!(
        report["assumptions"].to_string().contains("longer than 256 KiB"),
        "{}",
        report["assumptions"]
    );
    assert!(report.to_string().len() < 100_000, "the report repeats the line");
}

#[test]
fn what_is_plainly_not_a_log_is_left_out_unless_named() {
    let dir = folder(&[("story.md", REFUSED.as_bytes()), ("app.log", b"fine\n")]);
    let run_folder = run(&["."], dir.path());
    assert_eq!(run_folder.code, 0, "{}", run_folder.err);
    assert!(run_folder.out.contains("story.md"));
    assert!(!run_folder.out.contains("upstream refused"));
    let run_named = run(&["story.md"], dir.path());
    assert!(run_named.out.contains("upstream refused"));
}

#[test]
fn a_file_and_standard_input_give_the_same_report() {
    let log = fs::read("sample-logs/port-taken/logs/nginx/error.log").unwrap();
    let dir = folder(&[("shop.log", &log)]);
    let from = |args: &[&str], input: &[u8]| {
        let output = scan()
            .args(["--format", "json", "-q"])
            .args(args)
            .current_dir(dir.path())
            .write_stdin(input)
            .output()
            .unwrap();
        let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        // The file's name is the only thing that may differ.
        for source in report["sources"].as_array_mut().unwrap() {
            source["name"] = "X".into();
        }
        report
            .to_string()
            .replace("shop.log", "X")
            .replace("\"-\"", "\"X\"")
            .replace("`-`", "`X`")
            .replace("`-:", "`X:")
    };
    assert_eq!(from(&["shop.log"], b""), from(&["-"], &log));
}

#[test]
fn quiet_is_quiet_and_the_summary_is_one_line() {
    let dir = folder(&[("error.log", REFUSED.as_bytes())]);
    assert_eq!(run(&["--quiet", "error.log"], dir.path()).err, "");
    let loud = run(&["error.log"], dir.path());
    assert_eq!(loud.err.lines().count(), 1, "{}", loud.err);
    assert!(
        loud.err.contains("1 log, ") && loud.err.contains("1 finding"),
        "{}",
        loud.err
    );
}

#[test]
fn outputs_are_written_whole_by_their_ending() {
    let dir = folder(&[("error.log", REFUSED.as_bytes())]);
    let run = run(
        &["-q", "error.log", "-o", "report.md", "-o", "report.json"],
        dir.path(),
    );
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    let markdown = fs::read_to_string(dir.path().join("report.md")).unwrap();
    assert!(markdown.starts_with("# Postmortem draft"));
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        3,
        "no temporary file is left"
    );
}

#[test]
fn an_output_that_cannot_be_written_is_a_mistake() {
    let dir = folder(&[("error.log", REFUSED.as_bytes())]);
    let ending = run(&["error.log", "-o", "report.txt"], dir.path());
    assert_eq!(ending.code, 2);
    assert!(
        ending
            .err
            .contains("report.txt: the ending does not tell the format"),
        "{}",
        ending.err
    );
    let nowhere = run(&["error.log", "-o", "no/where/report.md"], dir.path());
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("no folder no/where"), "{}", nowhere.err);
}

#[test]
fn fail_on_counts_causes_and_symptoms_only() {
    let dir = folder(&[
        ("error.log", REFUSED.as_bytes()),
        (
            "start.log",
            b"INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)\n",
        ),
    ]);
    let code = |args: &[&str]| run(args, dir.path()).code;
    assert_eq!(code(&["error.log", "--fail-on", "high"]), 1);
    assert_eq!(code(&["error.log", "--fail-on", "critical"]), 0);
    assert_eq!(code(&["start.log", "--fail-on", "info"]), 0);
    assert_eq!(
        code(&["error.log", "nowhere.log", "--fail-on", "high"]),
        1,
        "1 wins over 3"
    );
}

#[test]
fn an_unknown_flag_and_a_bad_zone_are_usage_errors() {
    incident().args(["scan", "--frobnicate", "x"]).assert().code(2);
    let dir = folder(&[("error.log", REFUSED.as_bytes())]);
    let output = incident()
        .args(["scan", "--timezone", "Mars/Olympus", "error.log"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--timezone"));
}

#[test]
fn a_zone_moves_times_that_state_none_and_the_report_says_so() {
    let dir = folder(&[("error.log", REFUSED.as_bytes())]);
    let output = incident()
        .args([
            "scan",
            "-q",
            "--timezone",
            "+02:00",
            "--format",
            "json",
            "error.log",
        ])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = finding(&report, "http/nginx-upstream-refused");
    assert_eq!(finding["first_seen"], "2026-11-22T05:31:34Z");
    assert_eq!(finding["time_quality"], "zone-assumed");
    assert!(report["assumptions"][0].as_str().unwrap().contains("+02:00"));
}

#[test]
fn a_template_of_ones_own_replaces_the_built_in_one() {
    let dir = folder(&[
        ("error.log", REFUSED.as_bytes()),
        (
            "t.tera",
            b"{% for f in findings %}{{ f.signature }} {{ f.count }}{% endfor %}",
        ),
        ("bad.tera", b"line one\n{{ nothing.like.this }}\n"),
    ]);
    assert_eq!(
        run(&["-q", "--template", "t.tera", "error.log"], dir.path())
            .out
            .trim(),
        "http/nginx-upstream-refused 1"
    );
    let bad = run(&["-q", "--template", "bad.tera", "error.log"], dir.path());
    assert_eq!(bad.code, 2);
    assert!(bad.err.contains("bad.tera, line 2"), "{}", bad.err);
}

#[test]
fn log_text_cannot_leave_its_place_in_the_report() {
    let hostile = REFUSED.replace(
        "GET /x HTTP/1.1",
        "GET /</code></pre><script>alert(1)</script>|```\u{1b}[31m![x](http://evil.example/x.png) HTTP/1.1",
    );
    let dir = folder(&[("a`|<b>.log", hostile.as_bytes())]);
    let run = run(&["-q", "."], dir.path());
    let mut depth = 0;
    for event in pulldown_cmark::Parser::new_ext(&run.out, pulldown_cmark::Options::all()) {
        match event {
            // The comment with the claims, in which nothing else begins or ends.
            pulldown_cmark::Event::Html(html)
                if !html
                    .trim_start_matches("<!-- incident-claims ")
                    .trim_end()
                    .trim_end_matches("-->")
                    .contains(['<', '>']) => {}
            pulldown_cmark::Event::Html(html) | pulldown_cmark::Event::InlineHtml(html) => {
                panic!("live HTML: {html}")
            }
            pulldown_cmark::Event::Start(pulldown_cmark::Tag::Image { .. }) => panic!("live image"),
            pulldown_cmark::Event::Start(_) => depth += 1,
            pulldown_cmark::Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    assert!(
        run.out.contains("<script>alert(1)</script>"),
        "the text is shown, as text"
    );
    assert!(!run.out.contains('\u{1b}'));
}

/// Replacing `/dev/stdout` by a file would harm everybody on the machine.
#[test]
fn a_report_goes_through_links_and_into_pipes_and_leaves_them_there() {
    use std::os::unix::fs::FileTypeExt;
    let dir = folder(&[("error.log", REFUSED.as_bytes()), ("old.json", b"old")]);
    let path = |name: &str| dir.path().join(name);
    for (target, link) in [("old.json", "link.json"), ("new.json", "dangling.json")] {
        std::os::unix::fs::symlink(target, path(link)).unwrap();
        assert_eq!(run(&["-q", "error.log", "-o", link], dir.path()).code, 0);
        assert!(fs::symlink_metadata(path(link)).unwrap().is_symlink());
        assert!(fs::read_to_string(path(target)).unwrap().starts_with('{'));
    }
    let made = std::process::Command::new("mkfifo")
        .arg(path("pipe.json"))
        .status()
        .unwrap();
    assert!(made.success());
    let pipe = path("pipe.json");
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    assert_eq!(run(&["-q", "error.log", "-o", "pipe.json"], dir.path()).code, 0);
    assert!(reader.join().unwrap().starts_with('{'));
    assert!(fs::metadata(path("pipe.json")).unwrap().file_type().is_fifo());
}
