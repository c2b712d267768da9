//! The rules of `docs/design.md` that a compiler does not check.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// Each dependency has one door, so that it can be replaced in one place.
#[test]
fn each_dependency_has_one_door() {
    let doors: &[(&str, &[&str])] = &[
        ("memmap2::", &["src/input/map.rs"]),
        ("tera::", &["src/render/template.rs"]),
        ("pulldown_cmark::", &["src/signature/page.rs", "src/render/"]),
        ("chrono::", &["src/record/time.rs", "src/record/time/"]),
        ("chrono_tz::", &["src/record/time/zone.rs"]),
        ("clap::", &["src/cli.rs", "src/main.rs"]),
        ("regex_syntax::", &["src/scan/gate.rs", "src/scan/anatomy.rs"]),
        ("saphyr_parser::", &["src/signature/cre/yaml.rs"]),
        ("jaq_core::", &["src/detect/cre/term.rs"]),
        ("jaq_json::", &["src/detect/cre/term.rs"]),
        ("jaq_std::", &["src/detect/cre/term.rs"]),
        ("annotate_snippets::", &["src/signature/diagnostic.rs"]),
        ("walkdir::", &["src/input/walk.rs", "src/signature/library.rs"]),
        ("indicatif::", &["src/commands/progress.rs"]),
        ("tempfile::", &["src/commands/scan.rs"]),
        ("rustix::", &["src/input/system.rs", "src/input/patient.rs"]),
        ("libc::", &["src/input/map/guard.rs"]),
        ("signal_hook::", &["src/commands/logs.rs"]),
        ("flate2::", &["src/input/unpack"]),
        ("zstd::", &["src/input/unpack", "src/input/journal/payload.rs"]),
        ("liblzma::", &["src/input/unpack", "src/input/journal/payload.rs"]),
        ("bzip2::", &["src/input/unpack"]),
        (
            "lz4_flex::",
            &["src/input/unpack", "src/input/journal/payload.rs"],
        ),
        ("serde_spanned::", &["src/signature/prepared.rs"]),
        ("sha2::", &["src/digest.rs"]),
        ("rawzip::", &["src/input/unpack/zip"]),
    ];
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let name = file.to_string_lossy().replace('\\', "/");
        if name.ends_with("/tests.rs") || name.contains("/tests/") {
            continue;
        }
        // What stands below `#[cfg(test)]` may use what it likes.
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for (dependency, allowed) in doors {
            if text.contains(dependency) && !allowed.iter().any(|door| name.starts_with(door)) {
                wrong.push(format!("{name} uses {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Unsafe code stands in the mapping module, and in at most one kernel module.
#[test]
fn unsafe_code_stands_where_it_is_proved() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let allowing: Vec<String> = files
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains("allow(unsafe_code)"))
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    for file in &allowing {
        assert!(
            matches!(
                file.as_str(),
                "src/input/map.rs" | "src/input/map/guard.rs" | "src/scan/kernel.rs"
            ),
            "{file} allows unsafe code"
        );
    }
}

/// A page of documentation names files that exist.
#[test]
fn every_module_says_what_it_is_for() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//!"),
            "{} does not begin with what it is for",
            file.display()
        );
    }
}
