//! Logs that are found while another file is unpacked.
//!
//! In: what [`unpack`](super::unpack) finds in a file. Out: a source for each log in it, cut into blocks. A
//! compressed log is the source itself; a member of an archive is named `archive/member`. What is plainly not a log
//! is left out of an archive as it is of a folder.

use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::journal::is_journal;
use super::left_out::{LeftOut, Why};
use super::open::{Job, read_head};
use super::service;
use super::sniff::not_text;
use super::stream::Trouble;
use super::unpack::{Member, NoFile, Sink};
use super::{Source, not_logs};

/// So many members of an archive are left out; an archive may have been made to name millions. More are read.
const LEFT_OUT: usize = 10_000;

/// Takes the logs of one packed file.
pub(super) struct Members<'a, 'o> {
    job: Job<'a, 'o>,
    /// The log that was read last: there may be more to say about it.
    last: Option<Last>,
    left_out: LeftOut,
    /// Whether anything was said at all.
    told: bool,
}

struct Last {
    member: String,
    bytes: u64,
    troubles: Vec<Trouble>,
}

impl<'a, 'o> Members<'a, 'o> {
    pub(super) fn new(job: Job<'a, 'o>) -> Members<'a, 'o> {
        Members {
            job,
            last: None,
            left_out: LeftOut::default(),
            told: false,
        }
    }

    /// The file has been unpacked; `trouble` is what there is to say about it as a whole.
    pub(super) fn finish(mut self, trouble: Option<Trouble>) {
        if let Some(last) = &mut self.last
            && last.member.is_empty()
        {
            if last.troubles.is_empty() {
                last.troubles.extend(trouble);
            }
            return self.end_last();
        }
        self.end_last();
        let archive = PathBuf::from(&self.job.source.name);
        for note in self.left_out.into_notes(&[archive]) {
            self.job.out.not_read(note);
        }
        if let Some(trouble) = trouble {
            self.job.out.not_read(trouble.of(self.job.source, 0));
        } else if !self.told {
            // An archive without logs was read to its end.
            self.job.out.begin(self.job.source);
            self.job.out.end(0, Vec::new(), None);
        }
    }

    fn end_last(&mut self) {
        if let Some(last) = self.last.take() {
            self.job.out.end(last.bytes, last.troubles, None);
        }
    }

    fn source_of(&self, member: &Member) -> Arc<Source> {
        if member.name.is_empty() {
            return Arc::clone(self.job.source);
        }
        let mut source = Source::clone(self.job.source);
        source.name = format!("{}/{}", source.name, member.name);
        source.service = service::of(Path::new(member.set.as_ref().unwrap_or(&member.name)));
        let set = member.set.as_ref();
        source.set = set.map(|live| format!("{}/{live}", self.job.source.name).into());
        source.modified = member.modified.or(source.modified);
        Arc::new(source)
    }
}

impl Sink for Members<'_, '_> {
    fn log(&mut self, member: &Member, bytes: &mut dyn Read) -> ControlFlow<()> {
        self.end_last();
        self.told = true;
        let source = self.source_of(member);
        let (head, failure) = read_head(bytes);
        if let Some(why) = self.why_not(member, &head) {
            self.left_out.add(Path::new(&source.name), member.size, why);
            return self.go_on();
        }
        if is_journal(&head) {
            let held = self.job.hold_journal(head, failure, bytes, member.size);
            match self.job.cut_journal(&source, held.bytes, held.trouble) {
                Ok((bytes, troubles)) => self.keep(member, bytes, troubles),
                Err(trouble) => self.refuse(member, &source, trouble),
            }
            return self.go_on();
        }
        if let Some((reason, lost)) = not_text(&head) {
            let trouble = Trouble {
                reason,
                offset: Some(0),
                bytes: member.size,
                lost,
            };
            self.refuse(member, &source, trouble);
            return self.go_on();
        }
        self.job.out.begin(&source);
        let cut = match failure {
            Some(error) => self
                .job
                .cut(&source, &mut Cursor::new(head).chain(Failed(Some(error)))),
            None => self.job.cut(&source, &mut Cursor::new(head).chain(bytes)),
        };
        let troubles = self.job.troubles(&cut, None);
        self.keep(member, cut.bytes, troubles);
        self.go_on()
    }

    fn no_file(&mut self, name: &str, what: NoFile) {
        let why = match what {
            NoFile::Link => Why::LinkInArchive,
            NoFile::Special => Why::SpecialInArchive,
        };
        if self.left_out.count() < LEFT_OUT {
            let path = format!("{}/{name}", self.job.source.name);
            self.left_out.add(Path::new(&path), None, why);
        }
    }

    fn not_read(&mut self, member: &Member, trouble: Trouble) {
        let is_first = !std::mem::replace(&mut self.told, true);
        if self.job.out.is_stopped() {
            // The interrupt is the reason, and it is told.
            return;
        }
        if let Some(last) = &mut self.last
            && last.member == member.name
        {
            last.troubles.push(trouble);
            return;
        }
        self.end_last();
        let source = self.source_of(member);
        if member.name.is_empty() && !is_first {
            // Of an archive, whose members are the sources.
            return self.job.out.not_read(trouble.of(&source, 0));
        }
        self.refuse(member, &source, trouble);
    }
}

impl Members<'_, '_> {
    /// Why a member of an archive is no log, if it is plainly none.
    fn why_not(&self, member: &Member, head: &[u8]) -> Option<Why> {
        if member.name.is_empty() || self.left_out.count() >= LEFT_OUT {
            return None;
        }
        not_logs::by_name(Path::new(&member.name))
            .map(Why::MemberName)
            .or_else(|| not_logs::by_first_bytes(head).map(Why::Content))
    }

    /// A log was cut, and there may be more to say about it.
    fn keep(&mut self, member: &Member, bytes: u64, troubles: Vec<Trouble>) {
        self.last = Some(Last {
            member: member.name.clone(),
            bytes,
            troubles,
        });
    }

    /// Nothing of a log is read.
    fn refuse(&mut self, member: &Member, source: &Arc<Source>, trouble: Trouble) {
        if member.name.is_empty() {
            self.job.out.begin(source);
            self.job.out.end(0, vec![trouble], None);
        } else {
            self.job.out.not_read(trouble.of(source, 0));
        }
    }

    fn go_on(&self) -> ControlFlow<()> {
        if self.job.out.is_stopped() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// A reader that gives an error once, and then nothing.
pub(super) struct Failed(pub(super) Option<std::io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
