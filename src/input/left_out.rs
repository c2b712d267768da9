//! What was found and is left out, and why, in as few notes as a person can read.
//!
//! In: files and folders with a reason. Out: [`NotRead`] values, none of which stands for a log that may have been missed.
//! Many files of one folder that are left out for one reason make one note.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::report::model::NotRead;
use crate::report::visible::visible;

/// So many files of one folder and reason have a note each.
const APART: usize = 5;

/// So many notes of one reason stay apart; more are joined below each path that was named.
const NOTES: usize = 20;

/// Names that a joined note lists.
const LISTED: usize = 5;

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// By its name it is this and not a log.
    Name(&'static str),
    /// By its first bytes it is this and not a log.
    Content(&'static str),
    /// It is in an archive, and by its name it is this and not a log.
    MemberName(&'static str),
    /// A symbolic link, and links are not followed.
    Link,
    /// A symbolic link in an archive.
    LinkInArchive,
    /// A named pipe or device in an archive.
    SpecialInArchive,
    /// A symbolic link to nothing.
    LinkToNothing,
    /// A symbolic link to a folder that it lies in.
    Loop,
    /// A named pipe, socket or device.
    Special,
    /// Its name begins with a dot.
    Hidden,
    /// The kernel's files, which look endless or change while they are read.
    Kernel,
    /// This pattern excludes it.
    Excluded(String),
    /// A hard link to this file, which is read.
    SameFile(String),
    /// The compressed form of this file, which is read.
    Twin(String),
    /// The beginning of this file, which is read.
    Copy(String),
    /// The log of a step, whose lines are in the log of its job.
    Step,
}

impl Why {
    /// What it is, as one and as several; what a person can do about it.
    fn words(&self) -> (String, String, &'static str) {
        const NAME_IT: &str = "; name it to have it read";
        let (one, many, advice) = match self {
            Why::Name(what) => {
                return (
                    format!("not a log by its name ({what})"),
                    format!("files, not logs by their names ({what})"),
                    NAME_IT,
                );
            }
            Why::Content(what) => {
                return (
                    format!("not a log by its first bytes ({what})"),
                    format!("files, not logs by their first bytes ({what})"),
                    "",
                );
            }
            Why::MemberName(what) => {
                return (
                    format!("not a log by its name ({what})"),
                    format!("members, not logs by their names ({what})"),
                    "; unpack it and name it to have it read",
                );
            }
            Why::Excluded(pattern) => {
                let by = format!("left out by --exclude {}", visible(pattern.as_bytes(), Some(80)));
                return (by.clone(), format!("files or folders {by}"), "");
            }
            Why::SameFile(other) => (
                format!("the same file as {other} (a hard link), which is read"),
                "hard links to files that are read",
                "",
            ),
            Why::Twin(other) => (
                format!(
                    "{other} is there uncompressed, as when compressing was interrupted: that one is read, this one not"
                ),
                "compressed files that are there uncompressed as well, as when compressing was interrupted: those are read",
                "",
            ),
            Why::Copy(other) => (
                format!("all its lines stand at the beginning of {other} (copytruncate), which is read"),
                "copies of the beginning of files that are read (copytruncate)",
                "",
            ),
            Why::Step => (
                "its lines stand in the log of its job as well, which is read".to_owned(),
                "logs of steps, whose lines stand in the logs of their jobs as well: those are read",
                "",
            ),
            Why::Link => (
                "a symbolic link".to_owned(),
                "symbolic links",
                "; name it to have it read, or use --follow",
            ),
            Why::LinkInArchive => (
                "a symbolic link; what it names is read if it is in the archive".to_owned(),
                "symbolic links; what they name is read if it is in the archive",
                "",
            ),
            Why::SpecialInArchive => ("a named pipe or device".to_owned(), "named pipes or devices", ""),
            Why::LinkToNothing => (
                "a symbolic link to nothing".to_owned(),
                "symbolic links to nothing",
                "",
            ),
            Why::Loop => (
                "a symbolic link to a folder that it lies in".to_owned(),
                "symbolic links to a folder that they lie in",
                "",
            ),
            Why::Special => (
                "a named pipe, socket or device".to_owned(),
                "named pipes, sockets or devices",
                "; name it to have it read as a stream",
            ),
            Why::Hidden => ("hidden".to_owned(), "hidden files or folders", NAME_IT),
            Why::Kernel => (
                "files of the kernel, not logs".to_owned(),
                "folders of the kernel",
                NAME_IT,
            ),
        };
        (one, many.to_owned(), advice)
    }
}

/// Something that is left out.
#[derive(Debug)]
struct Entry {
    path: PathBuf,
    /// Size of a file in bytes.
    bytes: Option<u64>,
    why: Why,
}

/// All that is left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    entries: Vec<Entry>,
}

impl LeftOut {
    /// Leaves out the file at `path`, of `bytes` bytes if that is known.
    pub(super) fn add(&mut self, path: &Path, bytes: Option<u64>, why: Why) {
        self.entries.push(Entry {
            path: path.to_owned(),
            bytes,
            why,
        });
    }

    /// How many were left out.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// The notes. `roots` are the paths that were named.
    pub(super) fn into_notes(mut self, roots: &[PathBuf]) -> Vec<NotRead> {
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        self.entries.dedup_by(|a, b| a.path == b.path && a.why == b.why);
        let mut by_reason: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for entry in self.entries {
            by_reason.entry(entry.why.words().1).or_default().push(entry);
        }
        by_reason
            .into_values()
            .flat_map(|entries| notes_of(entries, roots))
            .collect()
    }
}

/// The notes for one reason.
fn notes_of(entries: Vec<Entry>, roots: &[PathBuf]) -> Vec<NotRead> {
    let folder = |path: &Path| path.parent().unwrap_or(path).to_owned();
    let groups = grouped(entries, folder);
    let notes = |groups: &BTreeMap<PathBuf, Vec<Entry>>| -> usize {
        let count = |group: &Vec<Entry>| if group.len() > APART { 1 } else { group.len() };
        groups.values().map(count).sum()
    };
    let groups = if notes(&groups) > NOTES {
        let root = |path: &Path| {
            let above = roots
                .iter()
                .filter(|root| path.starts_with(root) && path != root.as_path());
            let nearest = above.max_by_key(|root| root.components().count());
            nearest.cloned().unwrap_or_else(|| folder(path))
        };
        grouped(groups.into_values().flatten().collect(), root)
    } else {
        groups
    };
    groups
        .into_iter()
        .flat_map(|(folder, entries)| {
            if entries.len() > APART {
                vec![joined(&folder, &entries)]
            } else {
                entries.iter().map(single).collect()
            }
        })
        .collect()
}

fn grouped(entries: Vec<Entry>, place: impl Fn(&Path) -> PathBuf) -> BTreeMap<PathBuf, Vec<Entry>> {
    let mut groups: BTreeMap<PathBuf, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        groups.entry(place(&entry.path)).or_default().push(entry);
    }
    groups
}

fn single(entry: &Entry) -> NotRead {
    let (what, _, advice) = entry.why.words();
    note(&entry.path, format!("{what}{advice}"), entry.bytes)
}

fn joined(folder: &Path, entries: &[Entry]) -> NotRead {
    let (_, what, advice) = entries[0].why.words();
    let name = |entry: &Entry| {
        let name = entry.path.strip_prefix(folder).unwrap_or(&entry.path);
        visible(name.as_os_str().as_encoded_bytes(), Some(80))
    };
    let names: Vec<String> = entries.iter().take(LISTED).map(name).collect();
    let more = match entries.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let reason = format!("{} {what}: {}{more}{advice}", entries.len(), names.join(", "));
    let bytes = entries.iter().map(|entry| entry.bytes).sum();
    note(folder, reason, bytes)
}

fn note(path: &Path, reason: String, bytes: Option<u64>) -> NotRead {
    let source = path.display().to_string();
    NotRead {
        id: String::new(),
        source: if source.is_empty() { ".".to_owned() } else { source },
        reason,
        offset: 0,
        bytes,
        lost: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(paths: impl Iterator<Item = String>) -> Vec<(String, String)> {
        let mut left_out = LeftOut::default();
        for path in paths {
            left_out.add(Path::new(&path), Some(10), Why::Name("documentation"));
        }
        let notes = left_out.into_notes(&["logs".into(), "logs/deep".into()]);
        notes.into_iter().map(|note| (note.source, note.reason)).collect()
    }

    #[test]
    fn a_few_files_have_a_note_each() {
        let few = notes((0..5).map(|n| format!("logs/{n}.md")));
        assert_eq!(few.len(), 5);
        assert_eq!(few[0].0, "logs/0.md");
        assert_eq!(
            few[0].1,
            "not a log by its name (documentation); name it to have it read"
        );
    }

    #[test]
    fn many_files_of_a_folder_have_one() {
        let many = notes((0..37).map(|n| format!("logs/{n:02}.md")));
        assert_eq!(many.len(), 1);
        let (source, reason) = &many[0];
        assert_eq!(source, "logs");
        assert_eq!(
            reason,
            "37 files, not logs by their names (documentation): 00.md, 01.md, 02.md, 03.md, 04.md and 32 more; \
             name it to have it read"
        );
    }

    #[test]
    fn many_folders_are_joined_below_what_was_named() {
        let paths = (0..15).flat_map(|n| [format!("logs/d{n}/a.md"), format!("logs/deep/d{n}/b.md")]);
        let sources: Vec<String> = notes(paths).into_iter().map(|(source, _)| source).collect();
        assert_eq!(sources, ["logs", "logs/deep"]);
    }

    #[test]
    fn hostile_names_stay_harmless_in_a_joined_note() {
        let many = notes((0..6).map(|n| format!("logs/{n}\u{1b}[2J.md")));
        assert!(!many[0].1.contains('\u{1b}'), "{}", many[0].1);
    }
}
