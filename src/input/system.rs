//! What only the system knows about a file: whether it lies on another machine, and where its holes are.
//!
//! In: an open file. Out: plain answers; "no" where the system cannot tell.

use std::fs::File;

/// File systems whose files are read, not mapped: a lost connection would end the process. (NFS, SMB, CIFS, FUSE, 9P,
/// AFS, Ceph, Lustre, Coda, VirtualBox folders; numbers of statfs(2).)
#[cfg(target_os = "linux")]
const REMOTE: &[i64] = &[
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x0102_1997,
    0x5346_414f,
    0x00c3_6400,
    0x0bd0_0bd0,
    0x7375_7245,
    0x786f_4256,
];

/// Whether the file lies on another machine, or may.
#[cfg(target_os = "linux")]
#[allow(clippy::useless_conversion, reason = "the number is shorter on some systems")]
pub(super) fn is_remote(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|of| REMOTE.contains(&i64::from(of.f_type)))
}

/// Whether the file takes less space than its length says.
#[cfg(target_os = "linux")]
pub(super) fn has_holes(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata()
        .is_ok_and(|metadata| metadata.blocks().saturating_mul(512) < metadata.len())
}

/// Where the next byte at or behind `at` stands that was written; nothing if there is none, or the system cannot tell.
#[cfg(target_os = "linux")]
pub(super) fn next_data(file: &File, at: u64) -> Option<u64> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
        Ok(data) => Some(data),
        // Behind the last data.
        Err(rustix::io::Errno::NXIO) => None,
        Err(_) => Some(at),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_: &File) -> bool {
    true
}

#[cfg(not(target_os = "linux"))]
pub(super) fn has_holes(_: &File) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(super) fn next_data(_: &File, at: u64) -> Option<u64> {
    Some(at)
}
