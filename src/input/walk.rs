//! Finds the logs below the paths that a person names.
//!
//! In: paths, globs that the shell left alone, `-` for standard input. Out: [`Inputs`].
//!
//! A path that is named is always tried. Below a folder, what is plainly not a log is left out, and so are links
//! (unless they are to be followed), pipes, sockets and devices, hidden files, and what `--exclude` names; each
//! with a note, so that nothing is lost in silence. A file with several names is read once.
//! A glob stands for the paths that a shell would have put in its place: they count as named.

use std::collections::BTreeMap;
use std::fs::{self, FileType, Metadata};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::ci_archive::repeated_steps;
use super::left_out::{LeftOut, Why};
use super::plan::Plan;
use super::{Inputs, Origin, Source, Stop, not_logs, rotation, service};
use crate::error::Error;
use crate::record::time::Clock;
use crate::report::model::NotRead;
use crate::report::visible::visible;

/// How to walk.
#[derive(Clone, Copy)]
pub struct Walking<'a> {
    /// Globs of what is left out below folders: of names, or of paths if they hold a `/`.
    pub exclude: &'a [String],
    /// Whether symbolic links below folders are followed.
    pub follow: bool,
    /// How times without zone or year are read in a source.
    pub clock: &'a dyn Fn(&Source) -> Clock,
    /// Ends the walk early; where is said in a note.
    pub stop: &'a Stop,
}

/// Finds what `paths` name. Sources come out sorted, each file once.
///
/// # Errors
///
/// If a glob of `--exclude` is wrong.
pub fn find(paths: &[PathBuf], walking: &Walking<'_>) -> Result<Inputs, Error> {
    let mut walk = Walk::new(walking)?;
    let mut sources = Vec::new();
    let mut named = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources = vec![Source::stdin()];
        } else {
            walk.expand(path, &mut named);
        }
    }
    // What is named is never left out, so it comes before what is found.
    let (folders, files): (Vec<&PathBuf>, Vec<&PathBuf>) = named.iter().partition(|path| path.is_dir());
    for path in files.into_iter().chain(folders) {
        walk.walk(path);
    }
    let found = walk.once();
    sources.extend(walk.without_steps(found).into_iter().map(source));
    let mut left_out = walk.left_out;
    let rotation::Arranged {
        mut sources,
        reordered,
    } = if walking.stop.is_asked() {
        // Nothing of it will be read.
        rotation::Arranged {
            sources,
            reordered: Vec::new(),
        }
    } else {
        rotation::arrange(sources, walking.clock, &mut left_out)
    };
    if sources.len() == 1
        || sources
            .iter()
            .all(|source| source.set.is_some() && source.set == sources[0].set)
    {
        // A name tells logs apart; one log alone reads the same as through standard input.
        for source in &mut sources {
            source.service = None;
        }
    }
    let mut not_read = walk.lost;
    not_read.extend(left_out.into_notes(&named));
    not_read.sort_by(|a, b| (&a.source, &a.reason).cmp(&(&b.source, &b.reason)));
    not_read.dedup_by(|a, b| a.source == b.source && a.reason == b.reason);
    Ok(Inputs {
        sources,
        reordered,
        not_read,
    })
}

fn source(found: Found) -> Source {
    let modified = found.metadata.modified().ok();
    let since_1970 = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Source {
        name: found.path.display().to_string(),
        service: service::of(&found.path),
        modified: since_1970.and_then(|since| i64::try_from(since.as_nanos()).ok()),
        set: None,
        plan: Plan::default(),
        origin: Origin::File(found.path),
    }
}

/// Something to read, before it is clear whether it has other names.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    metadata: Metadata,
    named: bool,
}

/// The walk so far.
struct Walk<'a> {
    walking: &'a Walking<'a>,
    exclude: Vec<Exclude>,
    found: BTreeMap<PathBuf, Found>,
    /// Links that are not followed. Those to files that are read anyway need no note.
    links: Vec<PathBuf>,
    left_out: LeftOut,
    lost: Vec<NotRead>,
}

impl<'a> Walk<'a> {
    fn new(walking: &'a Walking<'a>) -> Result<Walk<'a>, Error> {
        Ok(Walk {
            walking,
            exclude: walking
                .exclude
                .iter()
                .map(|text| Exclude::new(text))
                .collect::<Result<_, _>>()?,
            found: BTreeMap::new(),
            links: Vec::new(),
            left_out: LeftOut::default(),
            lost: Vec::new(),
        })
    }

    /// Adds to `named` the path itself, or what it stands for if it is a glob.
    fn expand(&mut self, path: &Path, named: &mut Vec<PathBuf>) {
        if !is_glob(path) || fs::symlink_metadata(path).is_ok() {
            named.push(path.to_owned());
            return;
        }
        let before = named.len();
        let matcher = Pattern::new(path);
        let reason = match matcher {
            Ok(pattern) => {
                for entry in pattern.walk() {
                    match entry {
                        Ok(path) => named.push(path),
                        Err(error) if error.depth() > 0 => self.take_error(path, &error),
                        Err(_) => {}
                    }
                }
                "no file or folder matches this pattern; check it".to_owned()
            }
            Err(error) => format!("no such file, and as a pattern it is wrong: {error}"),
        };
        if named.len() == before {
            self.lost.push(lost(path, reason));
        }
    }

    /// Takes what is named by `path`, and everything below it.
    fn walk(&mut self, path: &Path) {
        let mut entries = WalkDir::new(path)
            .follow_links(self.walking.follow)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = entries.next() {
            if self.walking.stop.is_asked() {
                let at = entry.as_ref().map_or(path, DirEntry::path);
                let reason = format!(
                    "the scan was interrupted before this was searched to its end (it had come to {}); scan it again",
                    visible(at.as_os_str().as_encoded_bytes(), Some(200))
                );
                self.lost.push(lost(path, reason));
                return;
            }
            match entry {
                Ok(entry) if entry.depth() == 0 => self.take_named(&entry),
                Ok(entry) if self.found.contains_key(entry.path()) => {}
                Ok(entry) => {
                    if let Some(why) = self.why_not_even_look(&entry) {
                        let is_dir = entry.file_type().is_dir();
                        let bytes = if is_dir {
                            None
                        } else {
                            entry.metadata().ok().map(|metadata| metadata.len())
                        };
                        self.left_out.add(entry.path(), bytes, why);
                        if is_dir {
                            entries.skip_current_dir();
                        }
                    } else {
                        self.take(&entry);
                    }
                }
                Err(error) => self.take_error(path, &error),
            }
        }
    }

    /// Why neither this file, nor anything in this folder, is looked at.
    fn why_not_even_look(&self, entry: &DirEntry) -> Option<Why> {
        let excluded = self.exclude.iter().find(|exclude| exclude.matches(entry.path()));
        if let Some(exclude) = excluded {
            return Some(Why::Excluded(exclude.text.clone()));
        }
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            return Some(Why::Hidden);
        }
        let is_kernels = matches!(entry.path().to_str(), Some("/proc" | "/sys"));
        is_kernels.then_some(Why::Kernel)
    }

    /// A named link is followed, as every tool does.
    fn take_named(&mut self, entry: &DirEntry) {
        let path = entry.path();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) => {
                self.found.insert(
                    path.to_owned(),
                    Found {
                        path: path.to_owned(),
                        metadata,
                        named: true,
                    },
                );
            }
            Err(error) => self.lost.push(lost(path, explain(&error))),
        }
    }

    fn take(&mut self, entry: &DirEntry) {
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.is_dir() {
            return;
        }
        if kind.is_symlink() {
            self.links.push(path.to_owned());
            return;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.take_error(path, &error),
        };
        match why_not(path, kind) {
            Some(why) => self.left_out.add(path, Some(metadata.len()), why),
            None => {
                self.found.insert(
                    path.to_owned(),
                    Found {
                        path: path.to_owned(),
                        metadata,
                        named: false,
                    },
                );
            }
        }
    }

    fn take_error(&mut self, below: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(below);
        if error.loop_ancestor().is_some() {
            return self.left_out.add(path, None, Why::Loop);
        }
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        match error.io_error() {
            Some(io) if is_link && error.depth() > 0 && io.kind() == std::io::ErrorKind::NotFound => {
                self.left_out.add(path, None, Why::LinkToNothing);
            }
            Some(io) => self.lost.push(lost(path, explain(io))),
            None => self.lost.push(lost(path, error.to_string())),
        }
    }

    /// What was found, each file once: under the name that was given, else where it really lies.
    fn once(&mut self) -> Vec<Found> {
        let mut files: BTreeMap<Identity, Vec<Found>> = BTreeMap::new();
        for (_, found) in std::mem::take(&mut self.found) {
            files
                .entry(identity(&found.path, &found.metadata))
                .or_default()
                .push(found);
        }
        for link in std::mem::take(&mut self.links) {
            let target = fs::metadata(&link);
            let is_read =
                |metadata: &Metadata| metadata.is_file() && files.contains_key(&identity(&link, metadata));
            if !target.as_ref().is_ok_and(is_read) {
                let why = if target.is_ok() {
                    Why::Link
                } else {
                    Why::LinkToNothing
                };
                self.left_out.add(&link, None, why);
            }
        }
        files
            .into_values()
            .filter_map(|names| self.one_of(names))
            .collect()
    }

    /// A CI system writes the lines of a step into the log of its job as well.
    fn without_steps(&mut self, found: Vec<Found>) -> Vec<Found> {
        let paths: Vec<String> = found
            .iter()
            .map(|found| found.path.to_string_lossy().replace('\\', "/"))
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let repeated = repeated_steps(&paths);
        let mut kept = Vec::with_capacity(found.len());
        for (found, is_step) in found.into_iter().zip(repeated) {
            if is_step {
                self.left_out
                    .add(&found.path, Some(found.metadata.len()), Why::Step);
            } else {
                kept.push(found);
            }
        }
        kept
    }

    /// The best of the names of one file. Other hard links are said; other ways to the same name are not.
    fn one_of(&mut self, mut names: Vec<Found>) -> Option<Found> {
        if names.len() == 1 {
            return names.pop();
        }
        let real: Vec<Option<PathBuf>> = names
            .iter()
            .map(|name| fs::canonicalize(&name.path).ok())
            .collect();
        let lies_there = |at: usize| std::path::absolute(&names[at].path).ok() == real[at];
        let best = (0..names.len()).min_by_key(|at| (!names[*at].named, !lies_there(*at), *at))?;
        let kept = names[best].path.display().to_string();
        let mut said = vec![real[best].clone()];
        for (name, real) in names.iter().zip(real) {
            if !said.contains(&real) {
                self.left_out
                    .add(&name.path, Some(name.metadata.len()), Why::SameFile(kept.clone()));
                said.push(real);
            }
        }
        Some(names.swap_remove(best))
    }
}

/// Why a file that was found is no log.
fn why_not(path: &Path, kind: FileType) -> Option<Why> {
    if !kind.is_file() {
        return Some(Why::Special);
    }
    not_logs::by_name(path)
        .map(Why::Name)
        .or_else(|| not_logs::by_content(path).map(Why::Content))
}

/// What makes a file the same under all its names: device and number, or its real path.
type Identity = (u64, u64, PathBuf);

fn identity(path: &Path, metadata: &Metadata) -> Identity {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Some network file systems have no numbers.
        if metadata.ino() != 0 {
            return (metadata.dev(), metadata.ino(), PathBuf::new());
        }
    }
    let _ = metadata;
    (0, 0, fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
}

/// A glob of what is left out.
struct Exclude {
    text: String,
    matcher: GlobMatcher,
    /// The glob is one of paths; else of names.
    of_paths: bool,
}

impl Exclude {
    fn new(text: &str) -> Result<Exclude, Error> {
        let trimmed = text.trim_end_matches('/');
        let of_paths = trimmed.contains('/');
        // `nginx/*.gz` is meant wherever it lies.
        let glob = if of_paths && !trimmed.starts_with('/') {
            format!("**/{}", trimmed.trim_start_matches("./"))
        } else {
            trimmed.to_owned()
        };
        let matcher =
            glob_matcher(&glob).map_err(|error| Error::Usage(format!("--exclude '{text}': {error}")))?;
        Ok(Exclude {
            text: text.to_owned(),
            matcher,
            of_paths,
        })
    }

    fn matches(&self, path: &Path) -> bool {
        if self.of_paths {
            self.matcher.is_match(path)
        } else {
            path.file_name().is_some_and(|name| self.matcher.is_match(name))
        }
    }
}

fn glob_matcher(glob: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(glob).literal_separator(true).build();
    Ok(glob.map_err(|error| error.kind().to_string())?.compile_matcher())
}

fn is_glob(path: &Path) -> bool {
    path.to_str()
        .is_some_and(|text| text.contains(['*', '?', '[', '{']))
}

/// A glob of paths, as a shell would find them. A `**` at the end stands for the folder above it.
struct Pattern {
    /// The parts before the first that is a glob.
    base: PathBuf,
    /// The others; nothing if there are none.
    below: Option<GlobMatcher>,
    /// How many parts the others are, at most.
    depth: usize,
    hidden_too: bool,
}

impl Pattern {
    fn new(glob: &Path) -> Result<Pattern, String> {
        let mut parts: Vec<Component<'_>> = glob.components().collect();
        while parts.last().is_some_and(|last| last.as_os_str() == "**") {
            parts.pop();
        }
        let fixed = parts.iter().take_while(|part| !is_glob(Path::new(part))).count();
        let below: PathBuf = parts[fixed..].iter().collect();
        let below = below.to_str().unwrap_or_default();
        let any = |wanted: fn(&str) -> bool| below.split('/').any(wanted);
        Ok(Pattern {
            base: parts[..fixed].iter().collect(),
            depth: if any(|part| part == "**") {
                usize::MAX
            } else {
                parts.len() - fixed
            },
            hidden_too: any(|part| part.starts_with('.')),
            below: match below {
                "" => None,
                below => Some(glob_matcher(below)?),
            },
        })
    }

    fn walk(&self) -> impl Iterator<Item = walkdir::Result<PathBuf>> {
        let start = if self.base.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &self.base
        };
        let is_hidden =
            |entry: &DirEntry| entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
        WalkDir::new(start)
            .max_depth(self.depth)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(move |entry| self.hidden_too || !is_hidden(entry))
            .filter_map(move |entry| match entry {
                Ok(entry) => {
                    let below = entry.path().strip_prefix(start).ok()?;
                    let is_meant = match &self.below {
                        Some(matcher) => matcher.is_match(below),
                        None => entry.depth() == 0,
                    };
                    is_meant.then(|| Ok(self.base.join(below)))
                }
                Err(error) => Some(Err(error)),
            })
    }
}

/// A file that may be a log and was not read.
pub(super) fn lost(path: &Path, reason: String) -> NotRead {
    NotRead {
        id: String::new(),
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
