//! The entries of a journal, in the order in which they were written.
//!
//! In: a [`File`]. Out: its entries, each once, by rising offset. A sound file is read along the chain of its
//! lists of entries. As soon as the chain is seen to be damaged, the objects are walked as well, one behind the
//! other, and where they break off, from one 8-byte step to the next until they go on. What either finds is taken.
//!
//! Offsets only rise, in the chain, in the walk and in what is given out, so no file makes this loop or look
//! twice at the same entry.

use super::file::{Entry, File, Kind, OBJECT_HEAD, Object, head_is_plausible};

/// The walk ends at so many zeros in a row, in bytes. A writer reserves 8 MiB at once; what follows a larger hole is
/// another file's.
const HOLE: u64 = 16 << 20;

/// Gives the entries of a journal.
#[derive(Debug)]
pub(super) struct Entries {
    chain: Chain,
    /// There once the chain is known to be damaged.
    walk: Option<Walk>,
    /// What the chain and the walk give next, where that is known already.
    ahead: [Option<u64>; 2],
    /// The last entry that was given out, or where objects begin.
    last: u64,
    /// Where the next may begin at the earliest. Not the end of the last, whose length may be wrong.
    floor: u64,
    /// How many were given out.
    pub(super) given: u64,
}

impl Entries {
    /// The entries of this journal.
    pub(super) fn new(file: File<'_>) -> Entries {
        let objects = file.header.objects;
        Entries {
            chain: Chain::new(file),
            walk: (!Chain::is_sound(file)).then(|| Walk::new(objects)),
            ahead: [None; 2],
            last: objects,
            floor: objects,
            given: 0,
        }
    }

    /// How many bytes belong to no object that the walk could read.
    pub(super) fn skipped(&self) -> u64 {
        self.walk.as_ref().map_or(0, |walk| walk.skipped)
    }

    /// How far the walk went.
    #[cfg(test)]
    pub(super) fn walked(&self) -> u64 {
        self.walk.as_ref().map_or(0, |walk| walk.at)
    }

    /// The next entry.
    pub(super) fn next<'a>(&mut self, file: File<'a>) -> Option<Entry<'a>> {
        let (at, entry) = if self.walk.is_none() {
            self.next_of_chain(file).or_else(|| self.next_of_both(file))
        } else {
            self.next_of_both(file)
        }?;
        self.last = at;
        self.floor = at + Entry::ITEMS as u64;
        self.given += 1;
        Some(entry)
    }

    /// The next entry of a chain that has been sound so far. At its first fault the walk begins.
    fn next_of_chain<'a>(&mut self, file: File<'a>) -> Option<(u64, Entry<'a>)> {
        let next = self.chain.next(file);
        let sound = next
            .filter(|at| *at >= self.floor)
            .and_then(|at| Some((at, file.entry(at)?)));
        let is_end = next.is_none() && self.given >= file.header.entries;
        if sound.is_none() && !is_end {
            self.walk = Some(Walk::new(self.last));
        }
        sound
    }

    /// The next entry that the chain or the walk finds.
    fn next_of_both<'a>(&mut self, file: File<'a>) -> Option<(u64, Entry<'a>)> {
        let floor = self.floor;
        let ahead = |at: &u64| *at >= floor && file.entry(*at).is_some();
        let walk = self.walk.as_mut()?;
        let chained = self.ahead[0]
            .filter(ahead)
            .or_else(|| std::iter::from_fn(|| self.chain.next(file)).find(ahead));
        let walked = self.ahead[1]
            .filter(ahead)
            .or_else(|| std::iter::from_fn(|| walk.next(file)).find(ahead));
        self.ahead = [chained, walked];
        let at = chained.into_iter().chain(walked).min()?;
        Some((at, file.entry(at)?))
    }
}

/// Goes along the chain of lists of entries.
#[derive(Debug)]
struct Chain {
    /// The list, 0 behind the last.
    array: u64,
    /// The next entry in it.
    index: usize,
}

impl Chain {
    fn new(file: File<'_>) -> Chain {
        Chain {
            array: file.header.first_array,
            index: 0,
        }
    }

    /// Whether the chain has as many entries as the header says, by rising offsets. Looks at the lists only.
    fn is_sound(file: File<'_>) -> bool {
        let mut chain = Chain::new(file);
        let (mut count, mut last) = (0, 0);
        while let Some(at) = chain.next(file) {
            if at <= last {
                return false;
            }
            count += 1;
            last = at;
        }
        count >= file.header.entries
    }

    /// The next offset that the chain has.
    fn next(&mut self, file: File<'_>) -> Option<u64> {
        loop {
            let array = file.entry_array(self.array)?;
            if let Some(at) = array.get(self.index) {
                self.index += 1;
                return Some(at);
            }
            // A list is made later than the one that it continues, so it lies behind it.
            self.array = if array.next >= array.end { array.next } else { 0 };
            self.index = 0;
        }
    }
}

/// Goes from object to object.
#[derive(Debug)]
struct Walk {
    at: u64,
    /// How many bytes were no object, not counting zeros.
    skipped: u64,
    /// How many zeros there were in a row.
    zeros: u64,
}

impl Walk {
    fn new(at: u64) -> Walk {
        Walk {
            at,
            skipped: 0,
            zeros: 0,
        }
    }

    /// The next offset that looks like an entry's.
    fn next(&mut self, file: File<'_>) -> Option<u64> {
        while self.at.saturating_add(OBJECT_HEAD as u64) <= file.bytes.len() as u64 && self.zeros < HOLE {
            let at = self.at;
            let is_entry = is_entry(file, at);
            let object = file.object(at).filter(|object| object.is_plausible());
            match object.filter(|object| is_followed(file, *object)) {
                Some(object) => {
                    self.at = object.end.next_multiple_of(8);
                    self.zeros = 0;
                }
                // An entry whose length is wrong is one nevertheless.
                None => self.step(file),
            }
            if is_entry {
                return Some(at);
            }
        }
        None
    }

    /// Steps over bytes that are no object.
    fn step(&mut self, file: File<'_>) {
        const PAGE: usize = 4096;
        let rest = usize::try_from(self.at).ok().and_then(|at| file.bytes.get(at..));
        let rest = rest.unwrap_or(&[]);
        let step = if rest.starts_with(&[0; PAGE]) {
            PAGE as u64
        } else {
            8
        };
        if rest.starts_with(&[0; 8]) {
            self.zeros += step;
        } else {
            self.skipped += step;
            self.zeros = 0;
        }
        self.at += step;
    }
}

/// Whether an object is followed by another, or by nothing: else its length is wrong.
fn is_followed(file: File<'_>, object: Object<'_>) -> bool {
    let next = usize::try_from(object.end.next_multiple_of(8));
    let rest = next.ok().and_then(|next| file.bytes.get(next..));
    match rest.and_then(|rest| rest.first_chunk()) {
        // The end of the file, or of what is used of it.
        None => true,
        Some(head) => *head == [0; OBJECT_HEAD] || head_is_plausible(head),
    }
}

/// Whether an object that was come upon is an entry: most of its fields are where they must be, before it.
fn is_entry(file: File<'_>, at: u64) -> bool {
    let Some(entry) = file
        .entry(at)
        .filter(|_| file.object(at).is_some_and(Object::is_plausible))
    else {
        return false;
    };
    let (mut good, mut bad) = (0, 0);
    // Enough to tell, and few enough to look at each of many that are none.
    for field in entry.fields().take(64) {
        let is_data = field < at
            && file
                .object(field)
                .is_some_and(|object| object.kind() == Some(Kind::Data));
        *(if is_data { &mut good } else { &mut bad }) += 1;
    }
    good > bad
}
