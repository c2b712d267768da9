//! The fields of entries that lines have.
//!
//! In: the name of a field. Out: its number, by which lines are put together, and how much of its value is shown.

use super::payload::LIMIT;

/// The fields that a line has, in this order, behind the time and the boot that the entry itself has. Names are those of
/// `systemd.journal-fields(7)`.
pub(super) const FIELDS: [&str; 36] = [
    "_SOURCE_REALTIME_TIMESTAMP",
    "_HOSTNAME",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "_SYSTEMD_UNIT",
    "UNIT",
    "_PID",
    "PRIORITY",
    // The boot follows, then what is behind it here.
    "MESSAGE",
    "MESSAGE_ID",
    "SYSLOG_PID",
    "_SYSTEMD_USER_UNIT",
    "USER_UNIT",
    "OBJECT_SYSTEMD_UNIT",
    "JOB_TYPE",
    "JOB_RESULT",
    "UNIT_RESULT",
    "EXIT_CODE",
    "EXIT_STATUS",
    "N_RESTARTS",
    "ERRNO",
    "CONTAINER_NAME",
    "CONTAINER_ID",
    "CONTAINER_TAG",
    "IMAGE_NAME",
    "COREDUMP_COMM",
    "COREDUMP_EXE",
    "COREDUMP_HOSTNAME",
    "COREDUMP_PID",
    "COREDUMP_SIGNAL",
    "COREDUMP_SIGNAL_NAME",
    "COREDUMP_UID",
    "COREDUMP_UNIT",
    "COREDUMP_USER_UNIT",
    "_KERNEL_DEVICE",
    "_KERNEL_SUBSYSTEM",
];

/// The longest name of a field, in bytes.
const NAME_LIMIT: usize = 64;

/// The number of `MESSAGE` among the fields.
pub(super) const MESSAGE: usize = 8;

/// Stands for fields that lines do not have.
pub(super) const LEFT_OUT: usize = FIELDS.len();

/// The number of the time at which the sender wrote an entry: a number that hardly two entries share.
pub(super) const SENT: usize = 0;

/// The most that lines show of a message and of any other field, in bytes.
pub(super) const MESSAGE_LIMIT: usize = 1 << 20;
const VALUE_LIMIT: usize = 4 << 10;

/// The most that lines show of the value of this field, in bytes.
pub(super) fn limit_of(field: usize) -> usize {
    match field {
        MESSAGE => MESSAGE_LIMIT,
        _ => VALUE_LIMIT,
    }
}

/// `,"NAME":"`
pub(super) fn head_of(name: &str) -> Vec<u8> {
    format!(",\"{name}\":\"").into_bytes()
}

/// The number of the field that a text begins with the name of. None if it does not begin with a name.
pub(super) fn number_of(text: &[u8]) -> Option<usize> {
    // What nearly every entry has of its own comes first.
    if let Some(field) = [MESSAGE, SENT].into_iter().find(|field| is_of(text, *field)) {
        return Some(field);
    }
    let head = text.get(..=NAME_LIMIT).unwrap_or(text);
    let name = &head[..memchr::memchr(b'=', head)?];
    let field = FIELDS.iter().position(|field| field.as_bytes() == name);
    Some(field.unwrap_or(LEFT_OUT))
}

/// Whether a text is `NAME=value` with the name of this field.
fn is_of(text: &[u8], field: usize) -> bool {
    let name = FIELDS[field].as_bytes();
    text.get(name.len()) == Some(&b'=') && text.starts_with(name)
}

// A line shows no more of a field than is decoded of it, and fields are counted in bits.
const _: () = assert!(MESSAGE_LIMIT < LIMIT && FIELDS.len() < u64::BITS as usize);
