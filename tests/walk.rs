//! What is found below folders, what is left out, and that nothing is left out in silence.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use common::scan;
use serde_json::Value;
use tempfile::TempDir;

fn folder(names: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in names {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "2026-11-22T07:00:00Z a line\n").unwrap();
    }
    dir
}

struct Walked {
    code: Option<i32>,
    sources: Vec<String>,
    /// `source: reason`; those that may be logs begin with `!`.
    notes: Vec<String>,
}

fn walk(dir: &Path, args: &[&str]) -> Walked {
    let output = scan()
        .args(["--format", "json", "-q"])
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let texts = |list: &Value, text: fn(&Value) -> String| {
        list.as_array().unwrap_or(&Vec::new()).iter().map(text).collect()
    };
    Walked {
        code: output.status.code(),
        sources: texts(&report["sources"], |source| {
            source["name"].as_str().unwrap().to_owned()
        }),
        notes: texts(&report["not_read"], |note| {
            let lost = if note["lost"] == true { "!" } else { "" };
            format!(
                "{lost}{}: {}",
                note["source"].as_str().unwrap(),
                note["reason"].as_str().unwrap()
            )
        }),
    }
}

#[test]
fn what_is_no_log_is_left_out_with_a_note() {
    let dir = folder(&[
        "app.log",
        "a.png",
        "run.tmp",
        "wtmp",
        "btmp.1",
        "data.sqlite",
        ".git/config",
        ".env",
        "x.log",
    ]);
    fs::write(dir.path().join("program"), b"\x7fELF\x02\x01\x01").unwrap();
    let walked = walk(dir.path(), &["."]);
    assert_eq!(walked.code, Some(0));
    assert_eq!(walked.sources, ["./app.log", "./x.log"]);
    assert_eq!(
        walked.notes,
        [
            "./.env: hidden; name it to have it read",
            "./.git: hidden; name it to have it read",
            "./a.png: not a log by its name (a picture); name it to have it read",
            "./btmp.1: not a log by its name (binary records of logins); name it to have it read",
            "./data.sqlite: not a log by its name (a database); name it to have it read",
            "./program: not a log by its first bytes (a program or library)",
            "./run.tmp: not a log by its name (a temporary file); name it to have it read",
            "./wtmp: not a log by its name (binary records of logins); name it to have it read",
        ]
    );
}

#[test]
fn what_is_named_is_always_tried() {
    let dir = folder(&["notes.md", ".hidden.log", "run.tmp"]);
    let walked = walk(
        dir.path(),
        &["--exclude", "*", "notes.md", ".hidden.log", "run.tmp", "."],
    );
    assert_eq!(walked.sources, [".hidden.log", "notes.md", "run.tmp"]);
    // The same files are found below the folder; they are read under the names that were given.
    assert_eq!(walked.notes.len(), 3, "{:?}", walked.notes);
}

#[test]
fn many_files_of_a_kind_make_one_note() {
    let names: Vec<String> = (0..37)
        .map(|n| format!("docs/{n:02}.md"))
        .chain(["app.log".to_owned()])
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let walked = walk(folder(&names).path(), &["."]);
    assert_eq!(
        walked.notes,
        [
            "./docs: 37 files, not logs by their names (documentation): 00.md, 01.md, 02.md, 03.md, 04.md and 32 more; \
          name it to have it read"
        ]
    );
}

#[test]
fn globs_that_the_shell_left_alone_are_expanded() {
    let dir = folder(&[
        "a.log",
        "b.log",
        "c.txt",
        "in/d.log",
        "in/deep/e.log",
        ".f.log",
        "x[1].log",
    ]);
    let sources = |args: &[&str]| walk(dir.path(), args).sources;
    assert_eq!(sources(&["*.log"]), ["a.log", "b.log", "x[1].log"]);
    assert_eq!(
        sources(&["**/*.log"]),
        ["a.log", "b.log", "in/d.log", "in/deep/e.log", "x[1].log"]
    );
    assert_eq!(sources(&["in/**"]), ["in/d.log", "in/deep/e.log"]);
    assert_eq!(sources(&["i?"]), ["in/d.log", "in/deep/e.log"]);
    assert_eq!(
        sources(&["x[1].log"]),
        ["x[1].log"],
        "a file of that name comes first"
    );
    let all = format!("{}/*/d.log", dir.path().display());
    assert_eq!(sources(&[&all]), [format!("{}/in/d.log", dir.path().display())]);
    let none = walk(dir.path(), &["a.log", "*.nothing"]);
    assert_eq!(none.code, Some(3));
    assert_eq!(
        none.notes,
        ["!*.nothing: no file or folder matches this pattern; check it"]
    );
}

#[test]
fn exclude_applies_to_what_is_found_and_is_said() {
    let dir = folder(&["a.log", "b.log", "old/c.log", "nginx/old/d.log", "nginx/e.log"]);
    let walked = walk(dir.path(), &[".", "--exclude", "b.*", "--exclude", "nginx/old"]);
    assert_eq!(walked.sources, ["./a.log", "./nginx/e.log", "./old/c.log"]);
    assert_eq!(
        walked.notes,
        [
            "./b.log: left out by --exclude b.*",
            "./nginx/old: left out by --exclude nginx/old"
        ]
    );
    assert_eq!(
        walk(dir.path(), &[".", "--exclude", "old"]).sources,
        ["./a.log", "./b.log", "./nginx/e.log"]
    );
    assert_eq!(
        walk(dir.path(), &["b.log", "--exclude", "b.*"]).sources,
        ["b.log"]
    );
    assert_eq!(walk(dir.path(), &[".", "--exclude", "a[.log"]).code, Some(2));
}

#[test]
fn links_are_followed_when_asked_and_every_file_is_read_once() {
    let dir = folder(&["pods/a.log", "far/b.log"]);
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("containers")).unwrap();
    symlink("../pods/a.log", at("containers/a.log")).unwrap();
    symlink("../../far", at("pods/far")).unwrap();
    symlink("nowhere", at("pods/gone.log")).unwrap();
    symlink("..", at("pods/up")).unwrap();
    fs::rename(
        at("far"),
        dir.path()
            .parent()
            .unwrap()
            .join(format!("far-{}", std::process::id())),
    )
    .unwrap();
    let far = dir
        .path()
        .parent()
        .unwrap()
        .join(format!("far-{}", std::process::id()));
    fs::remove_file(at("pods/far")).unwrap();
    symlink(&far, at("pods/far")).unwrap();

    let walked = walk(dir.path(), &["."]);
    let followed = walk(dir.path(), &[".", "--follow"]);
    let named = walk(dir.path(), &["containers/a.log"]);
    fs::remove_dir_all(&far).unwrap();
    assert_eq!(walked.sources, ["./pods/a.log"]);
    assert_eq!(
        walked.notes,
        [
            "./pods/far: a symbolic link; name it to have it read, or use --follow",
            "./pods/gone.log: a symbolic link to nothing",
            "./pods/up: a symbolic link; name it to have it read, or use --follow",
        ],
        "a link to a file that is read needs no note"
    );
    assert_eq!(followed.sources, ["./pods/a.log", "./pods/far/b.log"]);
    assert_eq!(
        followed.notes,
        [
            "./pods/gone.log: a symbolic link to nothing",
            "./pods/up: a symbolic link to a folder that it lies in",
        ]
    );
    assert_eq!(followed.code, Some(0));
    assert_eq!(named.sources, ["containers/a.log"]);
}

#[test]
fn pipes_are_left_out_when_found_and_read_when_named() {
    let dir = folder(&["a.log"]);
    let pipe = dir.path().join("pipe.log");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let walked = walk(dir.path(), &["."]);
    assert_eq!(walked.sources, ["./a.log"]);
    assert_eq!(
        walked.notes,
        ["./pipe.log: a named pipe, socket or device; name it to have it read as a stream"]
    );
    let writer =
        std::thread::spawn(move || fs::write(pipe, "2026-11-22T07:00:00Z through a pipe\n").unwrap());
    let walked = walk(dir.path(), &["a.log", "pipe.log"]);
    writer.join().unwrap();
    assert_eq!(walked.sources, ["a.log", "pipe.log"]);
    assert_eq!(walked.code, Some(0), "{:?}", walked.notes);
}

#[test]
fn the_steps_of_a_ci_job_are_counted_once() {
    let dir = folder(&[
        "run/0_build.txt",
        "run/build/1_Set up job.txt",
        "run/build/2_Run.txt",
        "run/lint/1_Set up job.txt",
    ]);
    let walked = walk(dir.path(), &["run"]);
    assert_eq!(walked.sources, ["run/0_build.txt", "run/lint/1_Set up job.txt"]);
    assert_eq!(
        walked.notes,
        [
            "run/build/1_Set up job.txt: its lines stand in the log of its job as well, which is read",
            "run/build/2_Run.txt: its lines stand in the log of its job as well, which is read",
        ]
    );
}
