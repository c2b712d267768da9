//! Rotation sets: pieces of one log, in their order, each line once.
//!
//! In: sources. Out: the same sources, sorted; pieces of one log stand one after the other, oldest first, and
//! name their [`set`](Source::set). A date or number in a name means nothing without a second piece. What is there
//! twice (an interrupted compression, a copy that `copytruncate` was just made from) is read once, with a note.
//!
//! Names propose and times decide. Where a name proves nothing alone ([`Trust`]), the live log must be there,
//! or the pieces must follow each other in time. Where first lines contradict the order of the names, their
//! times are followed, and the report says so.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::left_out::{LeftOut, Why};
use super::{Origin, Source, service};
use crate::record::time::Clock;

pub(crate) mod beside;
mod journal;
pub(super) mod members;
mod names;
mod peek;
#[cfg(test)]
mod tests;

use names::{Key, Reading, Trust, uncompressed};
use peek::Peek;

/// How long pieces of one log may overlap in any case, in nanoseconds: some lines are written late.
const OVERLAP: i64 = 2_000_000_000;

/// Sources in order.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    pub(super) sources: Vec<Source>,
    /// Sets whose times contradict their names.
    pub(super) reordered: Vec<Arc<str>>,
}

/// Finds the sets among `sources` and sorts them. `clock` says how the times of a source are read.
pub(super) fn arrange(
    sources: Vec<Source>,
    clock: impl Fn(&Source) -> Clock,
    left_out: &mut LeftOut,
) -> Arranged {
    let mut folders: BTreeMap<PathBuf, Folder> = BTreeMap::new();
    for (number, source) in sources.iter().enumerate() {
        if let Some(file) = File::of(number, source, clock(source)) {
            let path = file.path.parent().unwrap_or(Path::new("")).to_owned();
            folders.entry(path).or_default().files.push(file);
        }
    }
    let mut arranged = Arranged::default();
    let mut gone = BTreeSet::new();
    let mut places: Vec<Option<(Arc<str>, usize)>> = vec![None; sources.len()];
    let mut services = vec![None; sources.len()];
    for (path, mut folder) in folders {
        folder.find_sets(left_out);
        gone.append(&mut folder.gone);
        for set in folder.sets {
            // The steps of a job have no live log; their folder stands for it.
            let live = if set.live.is_empty() {
                path.clone()
            } else {
                path.join(&set.live)
            };
            let name: Arc<str> = live.display().to_string().into();
            for (place, number) in set.pieces.iter().enumerate() {
                places[*number] = Some((name.clone(), place));
                services[*number] = service::of(&live);
            }
            if set.reordered {
                arranged.reordered.push(name);
            }
        }
    }
    let mut placed: Vec<(Arc<str>, usize, Source)> = Vec::with_capacity(sources.len());
    for (number, mut source) in sources.into_iter().enumerate() {
        let (name, place) = match places[number].take() {
            Some((set, place)) => {
                source.set = Some(set.clone());
                source.service = services[number].take();
                (set, place)
            }
            None => (source.name.as_str().into(), 0),
        };
        if !gone.contains(&number) {
            placed.push((name, place, source));
        }
    }
    placed.sort_by(|(a, a_place, a_source), (b, b_place, b_source)| {
        (a, a_place, &a_source.name).cmp(&(b, b_place, &b_source.name))
    });
    arranged.sources = placed.into_iter().map(|(_, _, source)| source).collect();
    arranged
}

/// The name of the live log of which a file with this name is a piece, or its own without compression.
pub(crate) fn live_name(name: &str) -> String {
    let (plain, _) = uncompressed(name);
    match names::read(plain) {
        Some(reading) if reading.trust < Trust::LiveAndTimes => reading.live,
        _ => plain.to_owned(),
    }
}

/// Whether a file is the log of a container as the kubelet writes it:
/// `pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log`.
pub(super) fn in_pod(path: &Path) -> bool {
    let pod = path.parent().and_then(Path::parent).and_then(Path::file_name);
    let parts: Vec<&str> = pod
        .and_then(OsStr::to_str)
        .unwrap_or_default()
        .split('_')
        .collect();
    let is_uid = |uid: &str| {
        matches!(uid.len(), 32 | 36) && uid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    matches!(parts.as_slice(), [_, _, uid] if is_uid(uid)) && restarts(&live_name(name)).is_some()
}

/// How often the container had been started before, by the name `RESTARTS.log`.
fn restarts(name: &str) -> Option<u64> {
    name.strip_suffix(".log")?.parse().ok()
}

/// A file that may be a piece.
#[derive(Debug)]
struct File {
    /// Number of its source.
    number: usize,
    path: PathBuf,
    /// Its name without the ending of its compression.
    plain: String,
    compressed: bool,
    clock: Clock,
    /// Belongs to a set already.
    taken: bool,
    peek: OnceCell<Peek>,
}

impl File {
    fn of(number: usize, source: &Source, clock: Clock) -> Option<File> {
        let Origin::File(path) = &source.origin else {
            return None;
        };
        let (plain, compressed) = uncompressed(path.file_name()?.to_str()?);
        Some(File {
            number,
            path: path.clone(),
            plain: plain.to_owned(),
            compressed,
            clock,
            taken: false,
            peek: OnceCell::new(),
        })
    }

    fn peek(&self) -> &Peek {
        self.peek
            .get_or_init(|| peek::peek(&self.path, &self.clock).unwrap_or_default())
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Pieces by the number of their source, oldest first.
#[derive(Debug)]
struct Set {
    live: String,
    pieces: Vec<usize>,
    reordered: bool,
}

/// The files of one folder.
#[derive(Debug, Default)]
struct Folder {
    files: Vec<File>,
    sets: Vec<Set>,
    /// Sources that need not be read.
    gone: BTreeSet<usize>,
}

impl Folder {
    fn find_sets(&mut self, left_out: &mut LeftOut) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.leave_out_twins(left_out);
        self.take_pod(left_out);
        self.take_journals();
        self.take_steps();
        self.take_families(left_out);
        self.take_numbered_before_ending(left_out);
    }

    /// Numbers of the files that are in no set yet.
    fn free(&self) -> impl Iterator<Item = usize> {
        (0..self.files.len()).filter(|number| !self.files[*number].taken)
    }

    /// `app.log.1` and `app.log.1.gz`: the first is complete, since it is removed last.
    fn leave_out_twins(&mut self, left_out: &mut LeftOut) {
        let plain: BTreeMap<String, usize> = self
            .free()
            .filter(|number| !self.files[*number].compressed)
            .map(|number| (self.files[number].plain.clone(), number))
            .collect();
        for number in 0..self.files.len() {
            let file = &self.files[number];
            let Some(twin) = plain.get(&file.plain).filter(|_| file.compressed) else {
                continue;
            };
            let twin = &self.files[*twin];
            let (packed, unpacked) = (&file.peek().start, &twin.peek().start);
            // What cannot be unpacked is believed by its name.
            if unpacked.starts_with(packed) {
                left_out.add(&file.path, Some(file.peek().size), Why::Twin(twin.name()));
                self.gone.insert(file.number);
                self.files[number].taken = true;
            }
        }
    }

    /// A container's log: by restart, then by time.
    fn take_pod(&mut self, left_out: &mut LeftOut) {
        let mut pieces: Vec<(u64, Key, usize)> = Vec::new();
        for number in self.free() {
            let file = &self.files[number];
            if !in_pod(&file.path) {
                continue;
            }
            let (live, key) = match names::read(&file.plain) {
                Some(reading) => (reading.live, reading.key),
                None => (file.plain.clone(), Key::Live),
            };
            if let Some(restarts) = restarts(&live) {
                pieces.push((restarts, key, number));
            }
        }
        pieces.sort();
        if let Some((newest, _, _)) = pieces.last() {
            let live = format!("{newest}.log");
            self.add(
                live,
                pieces.into_iter().map(|(_, _, number)| number).collect(),
                left_out,
            );
        }
    }

    /// journald's files: the archived ones by number, then the one that is written to.
    fn take_journals(&mut self) {
        let mut archived: BTreeMap<String, Vec<(journal::Place, usize)>> = BTreeMap::new();
        for number in self.free() {
            if let Some((live, place)) = journal::read(&self.files[number].plain) {
                archived.entry(live).or_default().push((place, number));
            }
        }
        for (live, mut files) in archived {
            journal::sort(&mut files);
            let mut pieces: Vec<usize> = files.into_iter().map(|(_, number)| number).collect();
            pieces.extend(self.free().filter(|number| self.files[*number].plain == live));
            self.push(live, &pieces, false);
        }
    }

    /// The steps of a job in a CI system: `1_Set up job.txt`, `2_Run tests.txt`.
    fn take_steps(&mut self) {
        const FIRST: &[&str] = &["1_Set up job", "1_Initialize job", "1_Initialize"];
        let mut steps: Vec<(u64, usize)> = Vec::new();
        for number in self.free() {
            let name = self.files[number].plain.strip_suffix(".txt");
            if let Some((step, _)) = name.and_then(|name| name.split_once('_'))
                && let Ok(step) = step.parse()
            {
                steps.push((step, number));
            }
        }
        steps.sort_unstable();
        let pieces: Vec<usize> = steps.into_iter().map(|(_, number)| number).collect();
        let is_first = |number: &usize| {
            FIRST
                .iter()
                .any(|first| self.files[*number].plain == format!("{first}.txt"))
        };
        if pieces.first().is_some_and(is_first) && self.in_order_of_time(&pieces).as_ref() == Some(&pieces) {
            self.push(String::new(), &pieces, false);
        }
    }

    /// Names that say enough, with the live log if it is there.
    fn take_families(&mut self, left_out: &mut LeftOut) {
        for (live, members) in self.families(|trust| trust < Trust::LiveAndTimes) {
            let live_file = self.live(&live);
            // Where names that need proof find none, those that need none are still a set.
            for trust in [Trust::Times, Trust::LiveOrTimes, Trust::Sure] {
                if !members.iter().any(|(reading, _)| reading.trust == trust) {
                    continue;
                }
                let mut pieces: Vec<(&Key, usize)> = members
                    .iter()
                    .filter(|(reading, _)| reading.trust <= trust)
                    .map(|(reading, number)| (&reading.key, *number))
                    .collect();
                pieces.extend(live_file.map(|number| (&Key::Live, number)));
                pieces.sort();
                let pieces: Vec<usize> = pieces.into_iter().map(|(_, number)| number).collect();
                let proved = match trust {
                    Trust::Sure => true,
                    Trust::LiveOrTimes => live_file.is_some() || self.in_order_of_time(&pieces).is_some(),
                    _ => self.in_order_of_time(&pieces).is_some(),
                };
                if proved {
                    self.add(live, pieces, left_out);
                    break;
                }
            }
        }
    }

    /// `app.1.log` beside `app.log`: the pieces must follow each other, and which end is the newer
    /// only times tell.
    fn take_numbered_before_ending(&mut self, left_out: &mut LeftOut) {
        for (live, members) in self.families(|trust| trust == Trust::LiveAndTimes) {
            let Some(live_file) = self.live(&live) else {
                continue;
            };
            let mut pieces: Vec<(Key, usize)> = members
                .into_iter()
                .map(|(reading, number)| (reading.key, number))
                .collect();
            pieces.sort();
            let mut pieces: Vec<usize> = pieces.into_iter().map(|(_, number)| number).collect();
            pieces.push(live_file);
            if let Some(pieces) = self.in_order_of_time(&pieces) {
                self.add(live, pieces, left_out);
            }
        }
    }

    /// Files by the name of their live log, where names may be trusted so far.
    fn families(&self, wanted: impl Fn(Trust) -> bool) -> BTreeMap<String, Vec<(Reading, usize)>> {
        let mut families: BTreeMap<String, Vec<(Reading, usize)>> = BTreeMap::new();
        for number in self.free() {
            if let Some(reading) = names::read(&self.files[number].plain)
                && wanted(reading.trust)
            {
                families
                    .entry(reading.live.clone())
                    .or_default()
                    .push((reading, number));
            }
        }
        families
    }

    /// The live log with this name, unless it is itself a piece of another log.
    fn live(&self, name: &str) -> Option<usize> {
        let own = |number: &usize| {
            let plain = &self.files[*number].plain;
            plain == name && names::read(plain).is_none_or(|reading| reading.trust == Trust::LiveAndTimes)
        };
        self.free().find(own)
    }

    /// The pieces in the order of their first times, if all are dated and none begins before another has ended. What
    /// is empty or cannot be unpacked keeps its place and proves nothing.
    fn in_order_of_time(&self, pieces: &[usize]) -> Option<Vec<usize>> {
        let order = self.by_time(pieces);
        let known = |number: &usize| {
            let peek = self.files[*number].peek();
            peek.first.is_some() || peek.packed || peek.size == 0
        };
        if !order.iter().all(known) || order.len() < 2 {
            return None;
        }
        let spans: Vec<(i64, i64)> = order
            .iter()
            .filter_map(|number| {
                let file = &self.files[*number];
                let first = file.peek().first?;
                let last = if file.peek().packed {
                    None
                } else {
                    peek::last_time(&file.path, &file.clock)
                };
                Some((first, last.unwrap_or(first)))
            })
            .collect();
        // Lines are written late by as much as a request takes; workers side by side overlap by far more.
        let apart = |pair: &[(i64, i64)]| {
            let length = |(first, last): (i64, i64)| last.saturating_sub(first);
            let shorter = length(pair[0]).min(length(pair[1]));
            pair[0].1.saturating_sub(pair[1].0) <= OVERLAP.max(shorter / 10)
        };
        (!spans.is_empty() && spans.windows(2).all(apart)).then_some(order)
    }

    /// The pieces in the order of their first times; those without stay behind what stands before them.
    fn by_time(&self, pieces: &[usize]) -> Vec<usize> {
        let mut latest = i64::MIN;
        let mut timed: Vec<(i64, usize)> = pieces
            .iter()
            .map(|number| {
                let first = self.files[*number].peek().first;
                latest = latest.max(first.unwrap_or(latest));
                (first.unwrap_or(latest), *number)
            })
            .collect();
        timed.sort_by_key(|(first, _)| *first);
        timed.into_iter().map(|(_, number)| number).collect()
    }

    /// Makes a set of pieces that stand in the order of their names: without copies, and in the order of their
    /// times if that is another.
    fn add(&mut self, live: String, mut pieces: Vec<usize>, left_out: &mut LeftOut) {
        if pieces.len() < 2 {
            return;
        }
        self.leave_out_copies(&mut pieces, left_out);
        let ordered = self.by_time(&pieces);
        self.push(live, &ordered, ordered != pieces);
    }

    fn push(&mut self, live: String, pieces: &[usize], reordered: bool) {
        if pieces.len() < 2 {
            return;
        }
        for number in pieces {
            self.files[*number].taken = true;
        }
        self.sets.push(Set {
            live,
            pieces: pieces.iter().map(|number| self.files[*number].number).collect(),
            reordered,
        });
    }

    /// While `copytruncate` works, the copy and the live log hold the same lines: the longer is read, and of two equal
    /// ones the copy, since the other is about to be emptied.
    fn leave_out_copies(&mut self, pieces: &mut Vec<usize>, left_out: &mut LeftOut) {
        let age: BTreeMap<usize, usize> = pieces.iter().copied().zip(0..).collect();
        // A few undated words may well stand at the beginning of several logs.
        let tells = |peek: &Peek| !peek.packed && (peek.first.is_some() || peek.start.len() == peek::START);
        let mut candidates: Vec<usize> = pieces
            .iter()
            .copied()
            .filter(|number| tells(self.files[*number].peek()))
            .collect();
        // So whatever begins with a piece comes behind it.
        candidates.sort_by_key(|number| {
            let peek = self.files[*number].peek();
            (peek.start.clone(), peek.size, Reverse(age[number]))
        });
        for (at, number) in candidates.iter().enumerate() {
            let file = &self.files[*number];
            let longer = candidates[at + 1..]
                .iter()
                .map(|longer| &self.files[*longer])
                .take_while(|longer| longer.peek().start.starts_with(&file.peek().start))
                .find(|longer| {
                    // What cannot be compared is not the same.
                    longer.peek().size >= file.peek().size
                        && peek::is_beginning(&file.path, &longer.path).unwrap_or(false)
                });
            if let Some(longer) = longer {
                left_out.add(&file.path, Some(file.peek().size), Why::Copy(longer.name()));
                self.gone.insert(file.number);
                pieces.retain(|piece| piece != number);
            }
        }
    }
}
