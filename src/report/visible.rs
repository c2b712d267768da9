//! Rule S: bytes of a log become text that shows everything and does nothing.
//!
//! In: raw bytes of one line, or text that was made from them. Out: a [`String`]
//! without control, invisible or direction-changing characters; what was there is
//! written as `\xHH` or `\u{HEX}`. Backslashes are not doubled, so that Windows paths
//! stay readable: the result is for eyes, the exact bytes are in the JSON report.
//! This module knows no output format; quoting for one is the work of `render`.

use std::borrow::Cow;
use std::fmt::Write;

/// The longest run of combining marks that is left alone.
const MARKS_IN_A_ROW: usize = 4;

/// The shortest run of NUL bytes that is written as a count.
const NUL_RUN: usize = 8;

/// Rule S for one line: colour codes and one trailing carriage return are dropped,
/// everything else that cannot be seen is spelled out. `limit` is the greatest number
/// of characters; what is cut off is counted in `…[+N chars]`.
///
/// Applying it to its own result changes nothing (without a limit), so text may pass
/// through it more than once. A line end inside `bytes` is a control character like
/// any other: cut text into lines before.
pub fn visible(bytes: &[u8], limit: Option<usize>) -> String {
    let plain = strip_colour(bytes);
    let line = plain.strip_suffix(b"\r").unwrap_or(&plain);
    let mut out = String::with_capacity(line.len());
    let mut marks = 0;
    for chunk in line.utf8_chunks() {
        push_visible(&mut out, chunk.valid(), &mut marks);
        for byte in chunk.invalid() {
            marks = 0;
            push_byte(&mut out, *byte);
        }
    }
    match limit {
        Some(limit) => cut(out, limit),
        None => out,
    }
}

/// Drops colour codes: `ESC [`, then digits, `;` and `:`, then `m`. Nothing else is
/// changed; a trailing carriage return is the caller's (or [`visible`]'s) to drop.
pub fn strip_colour(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr_iter(0x1b, bytes).find(|at| colour_code(&bytes[*at..]) > 0) else {
        return Cow::Borrowed(bytes);
    };
    let mut out = bytes[..first].to_vec();
    let mut rest = &bytes[first..];
    while let Some(escape) = memchr::memchr(0x1b, rest) {
        out.extend_from_slice(&rest[..escape]);
        let code = colour_code(&rest[escape..]);
        if code == 0 {
            out.push(0x1b);
        }
        rest = &rest[escape + code.max(1)..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Length of the colour code at the start of `bytes`, 0 if there is none.
fn colour_code(bytes: &[u8]) -> usize {
    let Some(rest) = bytes.strip_prefix(b"\x1b[") else {
        return 0;
    };
    let digits = rest
        .iter()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b';' | b':'))
        .count();
    match rest.get(digits) {
        Some(b'm') => digits + 3,
        _ => 0,
    }
}

fn push_visible(out: &mut String, text: &str, marks: &mut usize) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        *marks = if is_mark(c) { *marks + 1 } else { 0 };
        match c {
            '\0' => {
                let mut run = 1;
                while chars.next_if_eq(&'\0').is_some() {
                    run += 1;
                }
                push_nul(out, run);
            }
            '\t' => out.push_str("    "),
            '\x01'..='\x1f' | '\x7f' => push_byte(out, c as u8),
            _ if *marks > MARKS_IN_A_ROW || is_hidden(c) => push_code_point(out, c),
            _ => out.push(c),
        }
    }
}

fn push_nul(out: &mut String, run: usize) {
    if run >= NUL_RUN {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\x00[NUL x{run}]");
    } else {
        out.push_str(&"\\x00".repeat(run));
    }
}

fn push_byte(out: &mut String, byte: u8) {
    let _ = write!(out, "\\x{byte:02X}");
}

fn push_code_point(out: &mut String, c: char) {
    let _ = write!(out, "\\u{{{:X}}}", u32::from(c));
}

fn cut(mut text: String, limit: usize) -> String {
    let Some((at, _)) = text.char_indices().nth(limit) else {
        return text;
    };
    let left_out = text[at..].chars().count();
    text.truncate(at);
    let _ = write!(text, "…[+{left_out} chars]");
    text
}

/// Characters that cannot be seen, or that change how their neighbours are shown.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(u32::from(c),
        0x80..=0x9F | 0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5
        | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
        | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
        | 0xFDD0..=0xFDEF | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

fn is_mark(c: char) -> bool {
    let code = u32::from(c);
    code >= MARKS[0].0
        && MARKS
            .binary_search_by(|(first, last)| {
                if *last < code {
                    std::cmp::Ordering::Less
                } else if *first > code {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
}

/// Combining marks (general categories Mn and Me of Unicode 14) that are not hidden anyway.
#[rustfmt::skip]
const MARKS: &[(u32, u32)] = &[
    (0x300, 0x34E), (0x350, 0x36F), (0x483, 0x489), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2),
    (0x5C4, 0x5C5), (0x5C7, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F), (0x670, 0x670), (0x6D6, 0x6DC),
    (0x6DF, 0x6E4), (0x6E7, 0x6E8), (0x6EA, 0x6ED), (0x711, 0x711), (0x730, 0x74A), (0x7A6, 0x7B0),
    (0x7EB, 0x7F3), (0x7FD, 0x7FD), (0x816, 0x819), (0x81B, 0x823), (0x825, 0x827), (0x829, 0x82D),
    (0x859, 0x85B), (0x898, 0x89F), (0x8CA, 0x8E1), (0x8E3, 0x902), (0x93A, 0x93A), (0x93C, 0x93C),
    (0x941, 0x948), (0x94D, 0x94D), (0x951, 0x957), (0x962, 0x963), (0x981, 0x981), (0x9BC, 0x9BC),
    (0x9C1, 0x9C4), (0x9CD, 0x9CD), (0x9E2, 0x9E3), (0x9FE, 0x9FE), (0xA01, 0xA02), (0xA3C, 0xA3C),
    (0xA41, 0xA42), (0xA47, 0xA48), (0xA4B, 0xA4D), (0xA51, 0xA51), (0xA70, 0xA71), (0xA75, 0xA75),
    (0xA81, 0xA82), (0xABC, 0xABC), (0xAC1, 0xAC5), (0xAC7, 0xAC8), (0xACD, 0xACD), (0xAE2, 0xAE3),
    (0xAFA, 0xAFF), (0xB01, 0xB01), (0xB3C, 0xB3C), (0xB3F, 0xB3F), (0xB41, 0xB44), (0xB4D, 0xB4D),
    (0xB55, 0xB56), (0xB62, 0xB63), (0xB82, 0xB82), (0xBC0, 0xBC0), (0xBCD, 0xBCD), (0xC00, 0xC00),
    (0xC04, 0xC04), (0xC3C, 0xC3C), (0xC3E, 0xC40), (0xC46, 0xC48), (0xC4A, 0xC4D), (0xC55, 0xC56),
    (0xC62, 0xC63), (0xC81, 0xC81), (0xCBC, 0xCBC), (0xCBF, 0xCBF), (0xCC6, 0xCC6), (0xCCC, 0xCCD),
    (0xCE2, 0xCE3), (0xD00, 0xD01), (0xD3B, 0xD3C), (0xD41, 0xD44), (0xD4D, 0xD4D), (0xD62, 0xD63),
    (0xD81, 0xD81), (0xDCA, 0xDCA), (0xDD2, 0xDD4), (0xDD6, 0xDD6), (0xE31, 0xE31), (0xE34, 0xE3A),
    (0xE47, 0xE4E), (0xEB1, 0xEB1), (0xEB4, 0xEBC), (0xEC8, 0xECD), (0xF18, 0xF19), (0xF35, 0xF35),
    (0xF37, 0xF37), (0xF39, 0xF39), (0xF71, 0xF7E), (0xF80, 0xF84), (0xF86, 0xF87), (0xF8D, 0xF97),
    (0xF99, 0xFBC), (0xFC6, 0xFC6), (0x102D, 0x1030), (0x1032, 0x1037), (0x1039, 0x103A), (0x103D, 0x103E),
    (0x1058, 0x1059), (0x105E, 0x1060), (0x1071, 0x1074), (0x1082, 0x1082), (0x1085, 0x1086),
    (0x108D, 0x108D), (0x109D, 0x109D), (0x135D, 0x135F), (0x1712, 0x1714), (0x1732, 0x1733),
    (0x1752, 0x1753), (0x1772, 0x1773), (0x17B7, 0x17BD), (0x17C6, 0x17C6), (0x17C9, 0x17D3),
    (0x17DD, 0x17DD), (0x1885, 0x1886), (0x18A9, 0x18A9), (0x1920, 0x1922), (0x1927, 0x1928),
    (0x1932, 0x1932), (0x1939, 0x193B), (0x1A17, 0x1A18), (0x1A1B, 0x1A1B), (0x1A56, 0x1A56),
    (0x1A58, 0x1A5E), (0x1A60, 0x1A60), (0x1A62, 0x1A62), (0x1A65, 0x1A6C), (0x1A73, 0x1A7C),
    (0x1A7F, 0x1A7F), (0x1AB0, 0x1ACE), (0x1B00, 0x1B03), (0x1B34, 0x1B34), (0x1B36, 0x1B3A),
    (0x1B3C, 0x1B3C), (0x1B42, 0x1B42), (0x1B6B, 0x1B73), (0x1B80, 0x1B81), (0x1BA2, 0x1BA5),
    (0x1BA8, 0x1BA9), (0x1BAB, 0x1BAD), (0x1BE6, 0x1BE6), (0x1BE8, 0x1BE9), (0x1BED, 0x1BED),
    (0x1BEF, 0x1BF1), (0x1C2C, 0x1C33), (0x1C36, 0x1C37), (0x1CD0, 0x1CD2), (0x1CD4, 0x1CE0),
    (0x1CE2, 0x1CE8), (0x1CED, 0x1CED), (0x1CF4, 0x1CF4), (0x1CF8, 0x1CF9), (0x1DC0, 0x1DFF),
    (0x20D0, 0x20F0), (0x2CEF, 0x2CF1), (0x2D7F, 0x2D7F), (0x2DE0, 0x2DFF), (0x302A, 0x302D),
    (0x3099, 0x309A), (0xA66F, 0xA672), (0xA674, 0xA67D), (0xA69E, 0xA69F), (0xA6F0, 0xA6F1),
    (0xA802, 0xA802), (0xA806, 0xA806), (0xA80B, 0xA80B), (0xA825, 0xA826), (0xA82C, 0xA82C),
    (0xA8C4, 0xA8C5), (0xA8E0, 0xA8F1), (0xA8FF, 0xA8FF), (0xA926, 0xA92D), (0xA947, 0xA951),
    (0xA980, 0xA982), (0xA9B3, 0xA9B3), (0xA9B6, 0xA9B9), (0xA9BC, 0xA9BD), (0xA9E5, 0xA9E5),
    (0xAA29, 0xAA2E), (0xAA31, 0xAA32), (0xAA35, 0xAA36), (0xAA43, 0xAA43), (0xAA4C, 0xAA4C),
    (0xAA7C, 0xAA7C), (0xAAB0, 0xAAB0), (0xAAB2, 0xAAB4), (0xAAB7, 0xAAB8), (0xAABE, 0xAABF),
    (0xAAC1, 0xAAC1), (0xAAEC, 0xAAED), (0xAAF6, 0xAAF6), (0xABE5, 0xABE5), (0xABE8, 0xABE8),
    (0xABED, 0xABED), (0xFB1E, 0xFB1E), (0xFE20, 0xFE2F), (0x101FD, 0x101FD), (0x102E0, 0x102E0),
    (0x10376, 0x1037A), (0x10A01, 0x10A03), (0x10A05, 0x10A06), (0x10A0C, 0x10A0F), (0x10A38, 0x10A3A),
    (0x10A3F, 0x10A3F), (0x10AE5, 0x10AE6), (0x10D24, 0x10D27), (0x10EAB, 0x10EAC), (0x10F46, 0x10F50),
    (0x10F82, 0x10F85), (0x11001, 0x11001), (0x11038, 0x11046), (0x11070, 0x11070), (0x11073, 0x11074),
    (0x1107F, 0x11081), (0x110B3, 0x110B6), (0x110B9, 0x110BA), (0x110C2, 0x110C2), (0x11100, 0x11102),
    (0x11127, 0x1112B), (0x1112D, 0x11134), (0x11173, 0x11173), (0x11180, 0x11181), (0x111B6, 0x111BE),
    (0x111C9, 0x111CC), (0x111CF, 0x111CF), (0x1122F, 0x11231), (0x11234, 0x11234), (0x11236, 0x11237),
    (0x1123E, 0x1123E), (0x112DF, 0x112DF), (0x112E3, 0x112EA), (0x11300, 0x11301), (0x1133B, 0x1133C),
    (0x11340, 0x11340), (0x11366, 0x1136C), (0x11370, 0x11374), (0x11438, 0x1143F), (0x11442, 0x11444),
    (0x11446, 0x11446), (0x1145E, 0x1145E), (0x114B3, 0x114B8), (0x114BA, 0x114BA), (0x114BF, 0x114C0),
    (0x114C2, 0x114C3), (0x115B2, 0x115B5), (0x115BC, 0x115BD), (0x115BF, 0x115C0), (0x115DC, 0x115DD),
    (0x11633, 0x1163A), (0x1163D, 0x1163D), (0x1163F, 0x11640), (0x116AB, 0x116AB), (0x116AD, 0x116AD),
    (0x116B0, 0x116B5), (0x116B7, 0x116B7), (0x1171D, 0x1171F), (0x11722, 0x11725), (0x11727, 0x1172B),
    (0x1182F, 0x11837), (0x11839, 0x1183A), (0x1193B, 0x1193C), (0x1193E, 0x1193E), (0x11943, 0x11943),
    (0x119D4, 0x119D7), (0x119DA, 0x119DB), (0x119E0, 0x119E0), (0x11A01, 0x11A0A), (0x11A33, 0x11A38),
    (0x11A3B, 0x11A3E), (0x11A47, 0x11A47), (0x11A51, 0x11A56), (0x11A59, 0x11A5B), (0x11A8A, 0x11A96),
    (0x11A98, 0x11A99), (0x11C30, 0x11C36), (0x11C38, 0x11C3D), (0x11C3F, 0x11C3F), (0x11C92, 0x11CA7),
    (0x11CAA, 0x11CB0), (0x11CB2, 0x11CB3), (0x11CB5, 0x11CB6), (0x11D31, 0x11D36), (0x11D3A, 0x11D3A),
    (0x11D3C, 0x11D3D), (0x11D3F, 0x11D45), (0x11D47, 0x11D47), (0x11D90, 0x11D91), (0x11D95, 0x11D95),
    (0x11D97, 0x11D97), (0x11EF3, 0x11EF4), (0x16AF0, 0x16AF4), (0x16B30, 0x16B36), (0x16F4F, 0x16F4F),
    (0x16F8F, 0x16F92), (0x16FE4, 0x16FE4), (0x1BC9D, 0x1BC9E), (0x1CF00, 0x1CF2D), (0x1CF30, 0x1CF46),
    (0x1D167, 0x1D169), (0x1D17B, 0x1D182), (0x1D185, 0x1D18B), (0x1D1AA, 0x1D1AD), (0x1D242, 0x1D244),
    (0x1DA00, 0x1DA36), (0x1DA3B, 0x1DA6C), (0x1DA75, 0x1DA75), (0x1DA84, 0x1DA84), (0x1DA9B, 0x1DA9F),
    (0x1DAA1, 0x1DAAF), (0x1E000, 0x1E006), (0x1E008, 0x1E018), (0x1E01B, 0x1E021), (0x1E023, 0x1E024),
    (0x1E026, 0x1E02A), (0x1E130, 0x1E136), (0x1E2AE, 0x1E2AE), (0x1E2EC, 0x1E2EF), (0x1E8D0, 0x1E8D6),
    (0x1E944, 0x1E94A),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s(bytes: &[u8]) -> String {
        visible(bytes, None)
    }

    #[test]
    fn colour_and_one_carriage_return_are_dropped() {
        assert_eq!(s(b"\x1b[1;31mERROR\x1b[0m x\r"), "ERROR x");
        assert_eq!(s(b"\x1b[38:2:1:2:3mred\x1b[m\r\x1b[0m"), "red");
        assert_eq!(s(b"x\r\r"), "x\\x0D");
        assert_eq!(s(b"\x1b[2K\x1b[1"), "\\x1B[2K\\x1B[1");
        assert!(matches!(strip_colour(b"plain \x1b[2K"), Cow::Borrowed(_)));
        // What is left when a code is taken out of the middle is shown, not obeyed.
        assert_eq!(s(b"\x1b\x1b[0m[0m"), "\\x1B[0m");
    }

    #[test]
    fn nul_runs_are_counted_from_eight_on() {
        assert_eq!(s(&[0; 7]), "\\x00".repeat(7));
        assert_eq!(s(&[0; 8]), "\\x00[NUL x8]");
        assert_eq!(
            s(&[b"a".as_slice(), &[0; 4096], b"b"].concat()),
            "a\\x00[NUL x4096]b"
        );
    }

    #[test]
    fn invalid_bytes_and_controls_are_spelled_out() {
        assert_eq!(
            s(b"caf\xe9 \xff\xfe \xed\xa0\x80"),
            "caf\\xE9 \\xFF\\xFE \\xED\\xA0\\x80"
        );
        assert_eq!(
            s(b"a\tb\nc\rd\x08\x07\x0b\x0c\x7f"),
            "a    b\\x0Ac\\x0Dd\\x08\\x07\\x0B\\x0C\\x7F"
        );
        assert_eq!(s(br"C:\temp\x"), r"C:\temp\x");
    }

    #[test]
    fn hidden_characters_are_spelled_out() {
        for (c, expected) in [
            ('\u{202E}', "\\u{202E}"),
            ('\u{2066}', "\\u{2066}"),
            ('\u{200B}', "\\u{200B}"),
            ('\u{85}', "\\u{85}"),
            ('\u{AD}', "\\u{AD}"),
            ('\u{2028}', "\\u{2028}"),
            ('\u{FEFF}', "\\u{FEFF}"),
            ('\u{3164}', "\\u{3164}"),
            ('\u{FDD0}', "\\u{FDD0}"),
            ('\u{1FFFE}', "\\u{1FFFE}"),
            ('\u{10FFFF}', "\\u{10FFFF}"),
            ('\u{E0041}', "\\u{E0041}"),
        ] {
            assert_eq!(s(c.to_string().as_bytes()), expected);
        }
        assert_eq!(s("é 日本 🦀 \u{A0}".as_bytes()), "é 日本 🦀 \u{A0}");
    }

    #[test]
    fn stacked_marks_are_spelled_out_from_the_fifth_on() {
        assert_eq!(
            s("e\u{301}\u{302}\u{303}\u{304}".as_bytes()),
            "e\u{301}\u{302}\u{303}\u{304}"
        );
        assert_eq!(
            s("e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}x\u{301}".as_bytes()),
            "e\u{301}\u{302}\u{303}\u{304}\\u{305}\\u{306}x\u{301}"
        );
    }

    #[test]
    fn a_limit_cuts_between_characters_and_says_so() {
        assert_eq!(visible("äöüß".as_bytes(), Some(2)), "äö…[+2 chars]");
        assert_eq!(visible("äöüß".as_bytes(), Some(4)), "äöüß");
        assert_eq!(visible(b"", Some(0)), "");
    }

    #[test]
    fn the_table_of_marks_is_in_order() {
        assert!(MARKS.windows(2).all(|w| w[0].1 < w[1].0));
        assert!(MARKS.iter().all(|(first, last)| first <= last));
    }

    proptest! {
        #[test]
        fn nothing_invisible_is_left(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = s(&bytes);
            prop_assert!(!text.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(s(text.as_bytes()), text);
        }

        #[test]
        fn text_passes_twice_unchanged(text in any::<String>()) {
            let once = s(text.as_bytes());
            prop_assert_eq!(s(once.as_bytes()), once);
        }
    }
}
