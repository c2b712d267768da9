//! Inputs are built here, with the same libraries or byte by byte, and taken apart again.

use std::io::{Seek, Write};

use proptest::prelude::*;

use super::*;

mod archives;
mod lz4;

/// What came out.
#[derive(Default)]
struct Taken {
    logs: Vec<(Member, Vec<u8>, Option<String>)>,
    notes: Vec<(String, Trouble)>,
    no_files: Vec<(String, NoFile)>,
    /// Reads only so many bytes of each log.
    at_most: Option<u64>,
}

impl Sink for Taken {
    fn log(&mut self, member: &Member, bytes: &mut dyn Read) -> ControlFlow<()> {
        let mut content = Vec::new();
        let error = bytes
            .take(self.at_most.unwrap_or(u64::MAX))
            .read_to_end(&mut content)
            .err();
        let error = error.map(|error| error.to_string());
        self.logs.push((member.clone(), content, error));
        ControlFlow::Continue(())
    }

    fn no_file(&mut self, name: &str, what: NoFile) {
        self.no_files.push((name.to_owned(), what));
    }

    fn not_read(&mut self, member: &Member, trouble: Trouble) {
        self.notes.push((member.name.clone(), trouble));
    }
}

impl Taken {
    fn names(&self) -> Vec<&str> {
        self.logs
            .iter()
            .map(|(member, _, _)| member.name.as_str())
            .collect()
    }

    /// All content, in order.
    fn content(&self) -> Vec<u8> {
        self.logs
            .iter()
            .flat_map(|(_, content, _)| content.clone())
            .collect()
    }

    /// Everything that was said about damage.
    fn said(&self) -> Vec<String> {
        let errors = self.logs.iter().filter_map(|(_, _, error)| error.clone());
        let notes = self.notes.iter().map(|(_, trouble)| trouble.reason.clone());
        errors.chain(notes).collect()
    }

    /// The first of these has this text.
    fn assert_said(&self, text: &str) {
        let said = self.said();
        assert!(said[0].contains(text), "{said:?}");
    }
}

fn from_stream(bytes: &[u8], limits: &Limits) -> Taken {
    let mut taken = Taken::default();
    // The feed has read some of it already.
    let (head, rest) = bytes.split_at(bytes.len().min(7));
    let rest = Box::new(io::Cursor::new(rest.to_vec()));
    let _ = unpack(Input::Stream(rest), head.to_vec(), limits, &mut taken);
    taken
}

fn from_file(bytes: &[u8], limits: &Limits) -> Taken {
    let mut taken = Taken::default();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let _ = unpack(Input::File(file), Vec::new(), limits, &mut taken);
    taken
}

fn both(bytes: &[u8]) -> [Taken; 2] {
    [
        from_stream(bytes, &Limits::default()),
        from_file(bytes, &Limits::default()),
    ]
}

/// A log of about `length` bytes that compresses like one.
fn log(length: usize) -> Vec<u8> {
    let mut content = Vec::new();
    let mut number = 1_u32;
    while content.len() < length {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let line = format!("2026-11-22T07:00:00Z ERROR api: request {number:08x} failed\n");
        content.extend_from_slice(line.as_bytes());
    }
    content
}

fn gz(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zst(content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn xz(content: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn bz2(content: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn lz4(content: &[u8]) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;
const PACKS: [(&str, Pack); 5] = [
    ("gzip", gz),
    ("zstd", zst),
    ("xz", xz),
    ("bzip2", bz2),
    ("lz4", lz4),
];

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(1_764_000_000);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// How a zip member is written.
#[derive(Clone, Copy)]
struct Zipped<'z> {
    name: &'z str,
    content: &'z [u8],
    method: u16,
    encrypted: bool,
    /// Its lengths stand behind it.
    streamed: bool,
}

impl<'z> Zipped<'z> {
    fn new(name: &'z str, content: &'z [u8]) -> Zipped<'z> {
        Zipped {
            name,
            content,
            method: 8,
            encrypted: false,
            streamed: false,
        }
    }

    fn packed(&self) -> Vec<u8> {
        match self.method {
            8 => {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(self.content).unwrap();
                encoder.finish().unwrap()
            }
            12 => bz2(self.content),
            93 => zst(self.content),
            95 => xz(self.content),
            _ => self.content.to_vec(),
        }
    }
}

fn zip(members: &[Zipped<'_>]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let packed = member.packed();
        let mut crc = flate2::Crc::new();
        crc.update(member.content);
        let numbers = |known: bool| -> Vec<u8> {
            let numbers = [crc.sum(), packed.len() as u32, member.content.len() as u32];
            numbers
                .iter()
                .flat_map(|number| if known { *number } else { 0 }.to_le_bytes())
                .collect()
        };
        let flags = u16::from(member.encrypted) | if member.streamed { 8 } else { 0 };
        let mut common = vec![20, 0];
        common.extend(flags.to_le_bytes());
        common.extend(member.method.to_le_bytes());
        common.extend([0, 0, 0x76, 0x5b]); // 2025-11-22
        let at = archive.len() as u32;
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(numbers(!member.streamed));
        archive.extend((member.name.len() as u16).to_le_bytes());
        archive.extend([0, 0]);
        archive.extend(member.name.as_bytes());
        archive.extend(&packed);
        if member.streamed {
            archive.extend(b"PK\x07\x08");
            archive.extend(numbers(true));
        }
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend(numbers(true));
        directory.extend((member.name.len() as u16).to_le_bytes());
        directory.extend([0; 12]);
        directory.extend(at.to_le_bytes());
        directory.extend(member.name.as_bytes());
    }
    let at = archive.len() as u32;
    let length = directory.len() as u32;
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend((members.len() as u16).to_le_bytes());
    archive.extend((members.len() as u16).to_le_bytes());
    archive.extend(length.to_le_bytes());
    archive.extend(at.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn utf16(text: &str, order: ByteOrder) -> Vec<u8> {
    "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(|unit| match order {
            ByteOrder::Little => unit.to_le_bytes(),
            ByteOrder::Big => unit.to_be_bytes(),
        })
        .collect()
}

#[test]
fn plain_text_is_given_as_it_is() {
    for content in [
        b"BZh9 is not bzip2\n".as_slice(),
        b"\xef\xbb\xbfbyte order mark\n",
        b"",
        &log(5000),
    ] {
        assert!(!is_packed(content));
        for taken in both(content) {
            assert_eq!(taken.names(), [""]);
            assert_eq!(taken.content(), content);
            assert!(taken.said().is_empty());
        }
    }
}

#[test]
fn each_format_comes_back() {
    let content = log(700_000);
    for (name, pack) in PACKS {
        let packed = pack(&content);
        assert!(is_packed(&packed), "{name}");
        for taken in both(&packed) {
            assert_eq!(taken.names(), [""]);
            assert!(taken.content() == content, "{name}");
            assert!(taken.said().is_empty(), "{name}: {:?}", taken.said());
        }
    }
}

#[test]
fn streams_that_follow_one_another_are_one_log() {
    let (one, two) = (log(300_000), log(900));
    for (name, pack) in PACKS {
        let packed = [pack(&one), pack(b""), pack(&two)].concat();
        for taken in both(&packed) {
            assert!(taken.content() == [one.as_slice(), &two].concat(), "{name}");
            assert!(taken.said().is_empty(), "{name}: {:?}", taken.said());
        }
    }
}

#[test]
fn frames_without_data_are_skipped() {
    let skippable = b"\x5a\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    for packed in [
        [skippable.clone(), zst(b"one\n"), skippable.clone(), zst(b"two\n")].concat(),
        [lz4(b"one\n"), skippable, lz4(b"two\n")].concat(),
    ] {
        for taken in both(&packed) {
            assert_eq!(taken.content(), b"one\ntwo\n");
            assert!(taken.said().is_empty());
        }
    }
}

#[test]
fn what_follows_the_data_is_noted() {
    let content = log(3000);
    for (name, pack) in PACKS {
        let padded = [pack(&content), vec![0; 512]].concat();
        let torn = [pack(&content), b"something else".to_vec()].concat();
        for taken in both(&padded) {
            assert_eq!(taken.content(), content, "{name}");
            assert!(taken.notes.iter().all(|(_, trouble)| !trouble.lost));
            assert_eq!(taken.notes.len(), usize::from(name != "xz"));
        }
        for taken in both(&torn) {
            assert_eq!(taken.content(), content, "{name}");
            assert!(taken.notes[0].1.lost);
            assert!(taken.notes[0].1.reason.contains(name));
        }
    }
}

#[test]
fn what_stands_before_damage_is_given() {
    let content = log(4_000_000);
    for (name, pack) in PACKS {
        let mut packed = pack(&content);
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xff);
        for taken in both(&packed) {
            let (_, given, error) = &taken.logs[0];
            let error = error.as_deref().unwrap();
            assert!(given.len() > content.len() / 4, "{name}: {} {error}", given.len());
            assert!(
                given[..content.len() / 4] == content[..content.len() / 4],
                "{name}"
            );
            assert!(error.contains(name) && error.contains("at byte"), "{error}");
            assert!(
                error.contains(&format!("after {} decoded", given.len())),
                "{error}"
            );
            assert!(taken.notes.is_empty());
        }
    }
}

#[test]
fn a_window_that_is_too_large_is_refused_with_advice() {
    // A frame with a window of 256 MiB and one block of a byte.
    let frame = b"\x28\xb5\x2f\xfd\x00\x90\x09\0\0x".to_vec();
    for taken in both(&frame) {
        taken.assert_said("--long=31");
    }
}

#[test]
fn nothing_that_is_cut_off_passes_for_whole() {
    let content = log(1500);
    let files: [(&str, &[u8]); 2] = [("a.log", &content), ("b.log", b"more\n")];
    let zipped = [Zipped::new("a.log", &content), Zipped::new("b.log", b"more\n")];
    let streamed = zipped.map(|member| Zipped {
        streamed: true,
        ..member
    });
    let mut packed: Vec<(Vec<u8>, Vec<u8>)> = PACKS
        .iter()
        .map(|(_, pack)| (pack(&content), content.clone()))
        .collect();
    let all = [content.as_slice(), b"more\n"].concat();
    for archive in [tar(&files), gz(&tar(&files)), zip(&zipped), zip(&streamed)] {
        packed.push((archive, all.clone()));
    }
    for (whole, content) in packed {
        for length in 0..whole.len() {
            let cut = &whole[..length];
            if !is_packed(cut) {
                continue;
            }
            for taken in both(cut) {
                let mut given = taken.content();
                // Less than one header of a tar archive is not seen as one.
                if given.len() < HEAD && given.starts_with(b"a") {
                    given.clear();
                }
                assert!(content.starts_with(&given), "{length} of {}", whole.len());
                // Zip and tar have bytes behind their last member that hold nothing.
                assert!(given == content || !taken.said().is_empty(), "{length}");
            }
        }
        // All of it is whole without a word.
        for taken in both(&whole) {
            assert_eq!(taken.content(), content);
            assert!(taken.said().is_empty(), "{:?}", taken.said());
        }
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let zeros = vec![b'0'; 8 << 20];
    let limits = Limits {
        expanded: 1 << 20,
        ratio: u64::MAX,
        nesting: 3,
    };
    let mut packed: Vec<Vec<u8>> = PACKS.iter().map(|(_, pack)| pack(&zeros)).collect();
    packed.push(zip(&[Zipped::new("a", &zeros), Zipped::new("b", &zeros)]));
    for packed in packed {
        for taken in [from_stream(&packed, &limits), from_file(&packed, &limits)] {
            assert_eq!(taken.logs.len(), 1);
            assert_eq!(taken.content().len(), 1 << 20);
            taken.assert_said("limit on unpacked size");
        }
    }
}

#[test]
fn content_of_exactly_the_limit_is_whole() {
    let content = log(100_000);
    let limits = Limits {
        expanded: content.len() as u64,
        ratio: u64::MAX,
        nesting: 3,
    };
    for (_, pack) in PACKS {
        let taken = from_file(&pack(&content), &limits);
        assert!(taken.content() == content);
        assert!(taken.said().is_empty());
    }
}

#[test]
fn the_ratio_counts_from_a_64th_of_the_limit_on() {
    let limits = Limits {
        expanded: 64 << 20,
        ratio: 100,
        nesting: 3,
    };
    // Small: whatever its ratio.
    let small = from_file(&gz(&vec![b'0'; 900_000]), &limits);
    assert_eq!(small.content().len(), 900_000);
    let bomb = from_file(&gz(&vec![b'0'; 8 << 20]), &limits);
    assert_eq!(bomb.content().len(), 1 << 20);
    bomb.assert_said("packed ones");
    // Large, but with the ratio of a log.
    let large = log(3 << 20);
    assert!(from_file(&gz(&large), &limits).content() == large);
}

#[test]
fn utf_16_becomes_utf_8() {
    let text = "2026-11-22 Fehler: Größe überschritten 😀\r\n".repeat(5000);
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let packed = utf16(&text, order);
        assert!(is_packed(&packed));
        for taken in both(&packed).into_iter().chain(both(&gz(&packed))) {
            assert_eq!(String::from_utf8(taken.content()).unwrap(), text);
            assert!(taken.said().is_empty());
        }
    }
}

#[test]
fn half_characters_become_marks() {
    let units = [0xfeff, 0xd83d, 0x61, 0xde00, 0xd83d, 0xd83d, 0xde00, 0xd83d];
    let mut packed: Vec<u8> = units.iter().flat_map(|unit: &u16| unit.to_le_bytes()).collect();
    let text = "\u{fffd}a\u{fffd}\u{fffd}😀\u{fffd}";
    for taken in both(&packed) {
        assert_eq!(String::from_utf8(taken.content()).unwrap(), text);
    }
    packed.push(b'x');
    for taken in both(&packed) {
        assert_eq!(String::from_utf8(taken.content()).unwrap(), text);
        taken.assert_said("middle of a character");
    }
}

#[test]
fn an_error_of_the_input_is_passed_on() {
    struct Failing(io::Cursor<Vec<u8>>);
    impl Read for Failing {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buf)? {
                0 => Err(io::Error::from_raw_os_error(5)),
                length => Ok(length),
            }
        }
    }
    let content = log(100_000);
    let mut packed = gz(&content);
    packed.truncate(5000);
    let mut taken = Taken::default();
    let stream = Box::new(Failing(io::Cursor::new(packed)));
    let _ = unpack(Input::Stream(stream), Vec::new(), &Limits::default(), &mut taken);
    assert!(content.starts_with(&taken.content()) && !taken.content().is_empty());
    taken.assert_said("os error 5");
}

/// Valid inputs of every kind.
fn samples() -> Vec<Vec<u8>> {
    let content = log(2000);
    let files: [(&str, &[u8]); 2] = [("a.log", &content), ("b.log", b"more\n")];
    let streamed = Zipped {
        streamed: true,
        ..Zipped::new("a.log", &content)
    };
    let mut samples: Vec<Vec<u8>> = PACKS.iter().map(|(_, pack)| pack(&content)).collect();
    samples.push(tar(&files));
    samples.push(gz(&tar(&files)));
    samples.push(zip(&[streamed, Zipped::new("b.tar.gz", &gz(&tar(&files)))]));
    samples.push(utf16("some text 😀\n", ByteOrder::Big));
    samples
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever was changed in a valid input: it is taken apart to an end, without a panic.
    #[test]
    fn any_bytes_are_survived(
        sample in 0..9_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = samples().swap_remove(sample);
        for (at, byte) in changes {
            let length = bytes.len();
            bytes[at.index(length)] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        bytes.extend(tail);
        let limits = Limits { expanded: 1 << 20, ..Limits::default() };
        for taken in [from_stream(&bytes, &limits), from_file(&bytes, &limits)] {
            // A sparse tar member counts twice at most.
            prop_assert!(taken.content().len() <= 4 << 20);
        }
    }

    /// Any beginning of valid compressed data gives a beginning of the content, and an error.
    #[test]
    fn any_beginning_gives_a_beginning(
        lines in 1..4000_usize,
        pack in 0..PACKS.len(),
        cut in any::<prop::sample::Index>(),
    ) {
        let content = log(lines * 60);
        let mut packed = PACKS[pack].1(&content);
        packed.truncate(cut.index(packed.len() - 20) + 20);
        let taken = from_stream(&packed, &Limits::default());
        prop_assert!(content.starts_with(&taken.content()));
        prop_assert_eq!(taken.said().len(), 1);
    }
}
