//! A storm: files are cut, grown, rewritten, replaced and removed thousands of times while they are scanned. No scan may end in
//! another way than always, and what a report says of a log without a word of a change must have been in it at one time.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Changes that a storm must have at least, and scans.
const CHANGES: usize = 3_000;
const SCANS: usize = 6;

/// How many different texts a file has in turn, and how long they are in bytes. A file holds the beginning of one.
const TEXTS: usize = 4;
const LENGTH: usize = 2_000_000;

/// A text, of which every beginning is told from that of the others by its first and last bytes.
fn text(number: usize) -> Vec<u8> {
    let line = |line: usize| {
        format!("2026-11-28T10:00:00Z INFO app: text {number} has request {line} done in 12 ms\n")
    };
    let mut text: Vec<u8> = (0..).flat_map(|at| line(at).into_bytes()).take(LENGTH).collect();
    let failure = b"2026-11-28T10:00:00Z ERROR app: listen tcp 0.0.0.0:8080: bind: address already in use\n";
    text[..failure.len()].copy_from_slice(failure);
    text
}

/// A file in the storm.
struct Tossed {
    path: PathBuf,
    /// About as long it is when it is new, in bytes.
    size: usize,
    /// It is written compressed.
    packed: bool,
    /// What it holds the beginning of.
    text: usize,
}

impl Tossed {
    fn new(folder: &Path, name: &str, size: usize) -> Tossed {
        Tossed {
            path: folder.join(name),
            size,
            packed: name.ends_with(".gz"),
            text: 0,
        }
    }

    /// Writes the next text, of another length than the last.
    fn write(&mut self, texts: &[Vec<u8>], turn: usize) -> io::Result<()> {
        self.text = turn % TEXTS;
        let text = &texts[self.text][..self.size + turn * 7_919 % 50_000];
        if !self.packed {
            return fs::write(&self.path, text);
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text)?;
        fs::write(&self.path, packed.finish()?)
    }

    /// One change of many.
    fn toss(&mut self, texts: &[Vec<u8>], turn: usize) -> io::Result<()> {
        let changing = || fs::File::options().write(true).open(&self.path);
        match turn % 5 {
            0 => self.write(texts, turn),
            1 => fs::rename(&self.path, self.path.with_extension("gone"))
                .and_then(|()| self.write(texts, turn)),
            2 => fs::remove_file(&self.path).and_then(|()| self.write(texts, turn)),
            3 => {
                let length = fs::metadata(&self.path)?.len();
                changing()?.set_len(length - length * (turn as u64 * 31 % 90) / 100)
            }
            // Half of something compressed has no continuation.
            _ if self.packed => self.write(texts, turn),
            _ => {
                let from = usize::try_from(fs::metadata(&self.path)?.len()).unwrap();
                let to = LENGTH.min(from + 20_000 + turn * 104_729 % 200_000);
                let mut file = fs::File::options().append(true).open(&self.path)?;
                file.write_all(&texts[self.text][from..to])
            }
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether these ends are those of so many bytes of one of the texts.
fn was_once(texts: &[Vec<u8>], source: &Value) -> bool {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let bytes = number(&source["bytes"]);
    let is_beginning = |text: &Vec<u8>| {
        bytes <= text.len()
            && ["head", "tail"].into_iter().all(|end| {
                let from = number(&source[end]["offset"]);
                source[end]["sha256"] == digest(&text[from..from + number(&source[end]["bytes"])])
            })
    };
    bytes == 0 || texts.iter().any(is_beginning)
}

/// Checks what a scan of these files gave, and counts what it says of changes.
fn check(texts: &[Vec<u8>], paths: &[PathBuf], code: Option<i32>, stdout: &[u8], stderr: &str) -> usize {
    assert!(matches!(code, Some(0 | 2 | 3)), "{code:?}: {stderr}");
    assert!(!stderr.contains("panic"), "{stderr}");
    if code == Some(2) {
        return 0;
    }
    let report: Value = serde_json::from_slice(stdout).unwrap();
    let notes = report["not_read"].as_array().unwrap();
    let is_told = |path: &Path| notes.iter().any(|note| note["source"] == path.to_str().unwrap());
    let is_lost = notes.iter().any(|note| note["lost"] == true);
    assert_eq!(code == Some(3), is_lost, "{notes:?}");
    let defect = |note: &Value| note["reason"].as_str().unwrap().contains("defect");
    assert!(!notes.iter().any(defect), "{notes:?}");
    for path in paths {
        let sources = report["sources"].as_array().unwrap();
        let source = sources
            .iter()
            .find(|source| source["name"] == path.to_str().unwrap());
        assert!(source.is_some() || is_told(path), "{}: {report}", path.display());
        if let Some(source) = source.filter(|_| !is_told(path)) {
            assert!(was_once(texts, source), "{source} {notes:?}");
        }
    }
    notes.len()
}

#[test]
fn thousands_of_changes_end_no_scan_and_none_is_passed_over() {
    let folder = TempDir::new().unwrap();
    let texts: Vec<Vec<u8>> = (0..TEXTS).map(text).collect();
    // From a MiB on files are mapped.
    let files = [
        ("a.log", 1_200_000),
        ("b.log", 1_100_000),
        ("c.log", 60_000),
        ("d.log.gz", 200_000),
    ];
    let mut files = files.map(|(name, size)| Tossed::new(folder.path(), name, size));
    for file in &mut files {
        file.write(&texts, 0).unwrap();
    }
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let over = AtomicBool::new(false);
    let changes = AtomicUsize::new(0);
    let storm = |files: &mut [Tossed]| {
        for turn in 1.. {
            if over.load(Ordering::Relaxed) {
                return;
            }
            for file in &mut *files {
                file.toss(&texts, turn).unwrap();
                changes.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        let (one, other) = files.split_at_mut(2);
        scope.spawn(|| storm(one));
        scope.spawn(|| storm(other));
        let (mut scans, mut told) = (0, 0);
        let scanned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while scans < SCANS || told == 0 || changes.load(Ordering::Relaxed) < CHANGES {
                scans += 1;
                let output = Command::new(env!("CARGO_BIN_EXE_incident"))
                    .args(["scan", "--format", "json", "--quiet", "--threads", "2"])
                    .args((scans % 3 == 0).then_some("--no-mmap"))
                    .args(&paths)
                    .output()
                    .unwrap();
                let stderr = String::from_utf8_lossy(&output.stderr);
                told += check(&texts, &paths, output.status.code(), &output.stdout, &stderr);
            }
        }));
        over.store(true, Ordering::Relaxed);
        if let Err(failure) = scanned {
            std::panic::resume_unwind(failure);
        }
    });
}
