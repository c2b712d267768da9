//! Stub.
use super::stream::Trouble;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
pub(super) enum Input { File(File), Stream(Box<dyn Read + Send>) }
pub(super) struct Limits { pub expanded: u64, pub ratio: u64, pub nesting: usize }
pub(super) struct Member { pub name: String, pub modified: Option<i64>, pub size: Option<u64> }
pub(super) trait Sink {
    fn log(&mut self, member: &Member, bytes: &mut dyn Read) -> ControlFlow<()>;
    fn not_read(&mut self, member: &Member, trouble: Trouble);
}
pub(super) fn unpack(_: Input, _: Vec<u8>, _: &Limits, _: &mut dyn Sink) -> ControlFlow<()> { ControlFlow::Continue(()) }
pub(super) fn is_packed(_: &[u8]) -> bool { false }
