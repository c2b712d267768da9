//! Finds the logs below the paths that a person names.
//!
//! In: paths, `-` for standard input. Out: [`Inputs`]. A path that is named is always tried; below a folder,
//! hidden files and what is plainly not a log (documentation, program code, configuration,
//! pictures, executables) are left out, the latter with a note.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::WalkDir;

use super::{Inputs, Origin, Source};
use crate::report::model::NotRead;

/// File name endings of what is never a log.
const NOT_LOGS: &[(&str, &[&str])] = &[
    (
        "documentation",
        &["md", "rst", "adoc", "html", "htm", "css", "pdf"],
    ),
    (
        "program code or configuration",
        &[
            "sh", "py", "pyc", "js", "mjs", "cjs", "ts", "java", "class", "jar", "go", "rs", "c", "h", "rb",
            "php", "sql", "conf", "cfg", "ini", "toml", "yml", "yaml", "service", "lock",
        ],
    ),
    ("a picture", &["png", "jpg", "jpeg", "gif", "svg", "ico", "webp"]),
    ("a program or library", &["so", "exe", "dll", "a", "o", "bin"]),
];

/// Finds what `paths` name. Sources come out sorted by name, each file once.
pub fn find(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        if path.as_os_str() == "-" {
            if seen.insert(PathBuf::from("-")) {
                inputs.sources.push(Source::stdin());
            }
        } else {
            walk(path, &mut inputs, &mut seen);
        }
    }
    inputs.sources.sort_by(|a, b| a.name.cmp(&b.name));
    if let [only] = inputs.sources.as_mut_slice() {
        // A name tells logs apart; one log alone reads the same as through standard input.
        only.service = None;
    }
    inputs.not_read.sort_by(|a, b| a.source.cmp(&b.source));
    inputs
}

fn walk(path: &Path, inputs: &mut Inputs, seen: &mut BTreeSet<PathBuf>) {
    let entries = WalkDir::new(path)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path()));
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let at = error.path().unwrap_or(path).to_owned();
                let reason = match error.io_error() {
                    Some(io) => explain(io),
                    None => error.to_string(),
                };
                inputs.not_read.push(lost(&at, reason));
                continue;
            }
        };
        let named = entry.depth() == 0;
        // A named link is followed, as every tool does; found ones are not, so that a folder
        // of links to itself ends.
        let metadata = if named {
            std::fs::metadata(entry.path())
        } else {
            entry.metadata().map_err(Into::into)
        };
        match metadata {
            Ok(metadata) => consider(entry.path(), named, &metadata, inputs, seen),
            Err(error) => inputs.not_read.push(lost(entry.path(), explain(&error))),
        }
    }
}

fn consider(
    path: &Path,
    named: bool,
    metadata: &Metadata,
    inputs: &mut Inputs,
    seen: &mut BTreeSet<PathBuf>,
) {
    if metadata.is_dir() {
        return;
    }
    if !named {
        let what = if metadata.is_symlink() {
            Some("a symbolic link; name it to have it read")
        } else if !metadata.is_file() {
            Some("not a regular file; name it to have it read as a stream")
        } else {
            not_a_log(path)
        };
        if let Some(what) = what {
            inputs.not_read.push(NotRead {
                source: path.display().to_string(),
                reason: what.to_owned(),
                offset: 0,
                bytes: Some(metadata.len()),
                lost: false,
            });
            return;
        }
    }
    let once = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if seen.insert(once) {
        inputs.sources.push(Source {
            name: path.display().to_string(),
            origin: Origin::File(path.to_owned()),
            service: service_of(path),
            modified: metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .and_then(|since| i64::try_from(since.as_nanos()).ok()),
        });
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn not_a_log(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    NOT_LOGS
        .iter()
        .find(|(_, endings)| endings.contains(&ending.as_str()))
        .map(|(what, _)| match *what {
            "documentation" => "not a log by its name (documentation); name it to have it read",
            "a picture" => "not a log by its name (a picture); name it to have it read",
            "a program or library" => "not a log by its name (a program or library); name it to have it read",
            _ => "not a log by its name (program code or configuration); name it to have it read",
        })
}

/// A file that may be a log and was not read.
pub(super) fn lost(path: &Path, reason: String) -> NotRead {
    NotRead {
        source: path.display().to_string(),
        reason,
        offset: 0,
        bytes: None,
        lost: true,
    }
}

/// What the system said, and what to do about it.
pub(super) fn explain(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "no such file or folder; check the path".to_owned(),
        ErrorKind::PermissionDenied => {
            "permission denied; run as a user who may read it (root, or a member of adm)".to_owned()
        }
        _ => format!("could not be read: {error}"),
    }
}

/// The service that a log's name suggests: `api` for `api.err.log` and for `api/error.log`.
pub(super) fn service_of(path: &Path) -> Option<String> {
    const SAYS_NOTHING: &[&str] = &[
        "access", "error", "stdout", "stderr", "out", "err", "current", "output", "console", "log", "logs",
        "var", "tmp", "syslog", "messages", "journal", "daemon", "all", "combined", "dump", "docker",
        "compose", "kern", "dmesg", "system", "ci", "build", "app", "",
    ];
    let stem = |part: &Path| {
        let name = part.file_name()?.to_str()?;
        let name = name.split("---supervisor").next()?.split('.').next()?;
        let name = name
            .trim_end_matches("-stdout")
            .trim_end_matches("-stderr")
            .trim_end_matches("_access")
            .trim_end_matches("_error")
            .trim_end_matches("-access")
            .trim_end_matches("-error");
        (!SAYS_NOTHING.contains(&name) && !name.chars().all(|c| c.is_ascii_digit())).then(|| name.to_owned())
    };
    let says_nothing = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.split('.').next())
        .is_some_and(|name| matches!(name, "access" | "error" | "stdout" | "stderr" | "out" | "err"));
    stem(path).or_else(|| says_nothing.then(|| stem(path.parent()?)).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_suggests_its_service() {
        let service = |path: &str| service_of(Path::new(path));
        assert_eq!(service("logs/api.err.log").as_deref(), Some("api"));
        assert_eq!(service("logs/nginx/access.log").as_deref(), Some("nginx"));
        assert_eq!(service("/var/log/syslog"), None);
        assert_eq!(service("logs/error.log"), None);
        assert_eq!(
            service("api-stderr---supervisor-x7f2.log").as_deref(),
            Some("api")
        );
    }
}
