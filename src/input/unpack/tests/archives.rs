//! Archives and their members, whole and damaged.

use super::*;

#[test]
fn members_have_their_names_times_and_sizes() {
    let inner = tar(&[("./app.log", b"app\n"), ("db/db.log.gz", &gz(b"db\n"))]);
    let archive = zip(&[
        Zipped::new("logs/backend.tar.gz", &gz(&inner)),
        Zipped::new("notes.txt", b"hello\n"),
    ]);
    for taken in both(&archive) {
        let names = [
            "logs/backend.tar.gz/app.log",
            "logs/backend.tar.gz/db/db.log.gz",
            "notes.txt",
        ];
        assert_eq!(taken.names(), names);
        assert_eq!(taken.content(), b"app\ndb\nhello\n");
        assert_eq!(taken.logs[0].0.modified, Some(1_764_000_000_000_000_000));
        assert_eq!(taken.logs[0].0.size, Some(4));
        assert_eq!(taken.logs[1].0.size, None, "what is compressed has no known size");
        assert!(taken.said().is_empty());
    }
    let by_directory = from_file(&archive, &Limits::default());
    assert_eq!(by_directory.logs[2].0.modified, Some(1_763_769_600_000_000_000));
}

#[test]
fn archives_are_opened_to_a_depth() {
    let mut archive = tar(&[("deep.log", b"deep\n")]);
    for _ in 0..2 {
        archive = zip(&[Zipped::new("a", &archive)]);
    }
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["a/a/deep.log"]);
    }
    let archive = tar(&[("b", &archive), ("flat.log", b"flat\n")]);
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["flat.log"]);
        assert_eq!(taken.notes[0].0, "b/a/a");
        assert!(taken.notes[0].1.reason.contains("layers"));
    }
    let coats = gz(&gz(&gz(&gz(b"x"))));
    assert_eq!(from_file(&coats, &Limits::default()).notes.len(), 1);
}

#[test]
fn tar_members_that_are_no_files_are_skipped() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let long = format!("{}/app.log", "folder".repeat(40));
    for (kind, name, content) in [
        (::tar::EntryType::Directory, "logs/", b"".as_slice()),
        (::tar::EntryType::Regular, "empty.log", b""),
        (::tar::EntryType::Regular, &long, b"one\n"),
        (::tar::EntryType::Regular, "b.log", b"two\n"),
    ] {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content).unwrap();
    }
    let mut link = ::tar::Header::new_gnu();
    link.set_entry_type(::tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "link.log", "/etc/passwd").unwrap();
    for taken in both(&builder.into_inner().unwrap()) {
        assert_eq!(taken.names(), [long.as_str(), "b.log"]);
        assert!(taken.said().is_empty());
    }
}

#[test]
fn tar_archives_one_after_the_other_are_read() {
    let archive = [tar(&[("a", b"one\n")]), tar(&[("b", b"two\n")])].concat();
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["a", "b"]);
        assert!(taken.said().is_empty());
    }
}

#[test]
fn members_behind_a_damaged_tar_header_are_found() {
    let mut archive = tar(&[("a", b"one\n"), ("b", b"two\n"), ("c", b"three\n")]);
    archive[1024..1100].fill(0xff);
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["a", "c"]);
        taken.assert_said("damaged before byte 1536");
    }
}

#[test]
fn a_tar_name_without_end_is_not_kept() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::GNULongName);
    header.set_size(8 << 20);
    header.set_cksum();
    builder.append(&header, &*vec![b'n'; 8 << 20]).unwrap();
    let archive = [builder.into_inner().unwrap(), tar(&[("b", b"two\n")])].concat();
    for taken in both(&gz(&archive)) {
        assert_eq!(taken.names(), ["b"]);
        taken.assert_said("longer than 1 MiB");
    }
}

#[test]
fn the_holes_of_a_sparse_tar_member_count_as_unpacked() {
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::GNUSparse);
    header.set_path("hole.log").unwrap();
    header.set_size(0);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.realsize.copy_from_slice(b"77777777777\0");
    gnu.sparse[0].offset.copy_from_slice(b"77777777777\0");
    gnu.sparse[0].numbytes.copy_from_slice(b"00000000000\0");
    header.set_cksum();
    let archive = [header.as_bytes().as_slice(), &tar(&[("b", b"two\n")])].concat();
    let limits = Limits {
        expanded: 1 << 20,
        ratio: u64::MAX,
        nesting: 3,
    };
    let taken = from_file(&archive, &limits);
    assert_eq!(taken.names(), ["hole.log", "b"]);
    assert_eq!(taken.logs[0].1.len(), 1 << 20);
    taken.assert_said("limit on unpacked size");
}

#[test]
fn a_sink_that_reads_little_gets_all_members() {
    let content = log(300_000);
    let members = [
        Zipped::new("a", &content),
        Zipped {
            streamed: true,
            ..Zipped::new("b", &content)
        },
        Zipped::new("c", &content),
    ];
    let archives = [
        zip(&members),
        gz(&tar(&[("a", &content), ("b", &content), ("c", &content)])),
    ];
    for archive in archives {
        let mut taken = Taken {
            at_most: Some(10),
            ..Taken::default()
        };
        let stream = Box::new(io::Cursor::new(archive));
        let _ = unpack(Input::Stream(stream), Vec::new(), &Limits::default(), &mut taken);
        assert_eq!(taken.names(), ["a", "b", "c"]);
        assert!(taken.said().is_empty());
    }
}

#[test]
fn each_method_of_zip_comes_back_or_is_named() {
    let content = log(50_000);
    let member = |name, method, encrypted| Zipped {
        method,
        encrypted,
        ..Zipped::new(name, &content)
    };
    let archive = zip(&[
        member("stored", 0, false),
        member("deflate", 8, false),
        member("bzip2", 12, false),
        member("zstd", 93, false),
        member("xz", 95, false),
        member("secret", 8, true),
        member("ppmd", 98, false),
    ]);
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["stored", "deflate", "bzip2", "zstd", "xz"]);
        assert!(taken.logs.iter().all(|(_, given, _)| *given == content));
        assert_eq!(taken.notes[0].0, "secret");
        assert!(taken.notes[0].1.reason.contains("encrypted"));
        assert_eq!(taken.notes[1].0, "ppmd");
        assert!(taken.notes[1].1.reason.contains("PPMD"));
    }
}

#[test]
fn folders_and_empty_files_of_a_streamed_zip_are_passed_over() {
    let member = |name, content, method, encrypted| Zipped {
        method,
        encrypted,
        streamed: true,
        ..Zipped::new(name, content)
    };
    let archive = zip(&[
        member("logs/", b"", 0, false),
        member("logs/empty.log", b"", 0, false),
        member("logs/empty too.log", b"", 8, false),
        member("logs/a.log", b"one\n", 8, false),
        member("logs/b.log", b"two\n", 0, false),
    ]);
    assert_eq!(from_file(&archive, &Limits::default()).content(), b"one\ntwo\n");
    let stream = from_stream(&archive, &Limits::default());
    assert_eq!(stream.names(), ["logs/a.log"]);
    stream.assert_said("save the archive as a file");
}

#[test]
fn a_zip_member_with_a_wrong_checksum_is_named() {
    let mut archive = zip(&[Zipped {
        method: 0,
        ..Zipped::new("a.log", b"some lines\n")
    }]);
    let at = archive.windows(4).position(|bytes| bytes == b"some").unwrap();
    archive[at] = b'S';
    for taken in both(&archive) {
        assert_eq!(taken.content(), b"Some lines\n");
        taken.assert_said("checksum");
    }
}

#[test]
fn the_steps_of_a_ci_job_are_counted_once() {
    let files: [(&str, &[u8]); 4] = [
        ("0_build (ubuntu).txt", b"set up\ntest\n"),
        ("build (ubuntu)/1_Set up job.txt", b"set up\n"),
        ("build (ubuntu)/2_Test.txt", b"test\n"),
        ("lint/1_Set up job.txt", b"lint\n"),
    ];
    let members = files.map(|(name, content)| Zipped::new(name, content));
    for archive in [zip(&members), gz(&tar(&files))] {
        for taken in both(&archive) {
            assert_eq!(taken.content(), b"set up\ntest\nlint\n");
            assert_eq!(taken.notes.len(), 2);
            assert!(taken.notes.iter().all(|(_, trouble)| !trouble.lost));
        }
    }
}

#[test]
fn a_damaged_first_header_of_a_tar_archive_hides_the_first_file_alone() {
    let mut archive = tar(&[("a.log", &log(3_000)), ("b.log", b"two\n")]);
    archive[3] ^= 1;
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["b.log"]);
        taken.assert_said("damaged before byte");
    }
}

#[test]
fn links_and_pipes_in_archives_are_named() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut add = |kind, name: &str, content: &[u8]| {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        match kind {
            ::tar::EntryType::Symlink => builder.append_link(&mut header, name, "app.log").unwrap(),
            _ => builder.append_data(&mut header, name, content).unwrap(),
        }
    };
    add(::tar::EntryType::Symlink, "current.log", b"");
    add(::tar::EntryType::Regular, "app.log", b"one\n");
    add(::tar::EntryType::Fifo, "pipe", b"");
    let archive = builder.into_inner().unwrap();
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["app.log"]);
        let expected = [("current.log", NoFile::Link), ("pipe", NoFile::Special)];
        assert_eq!(
            taken.no_files,
            expected.map(|(name, what)| (name.to_owned(), what))
        );
    }
}

#[test]
fn a_sparse_file_of_pax_has_its_name_and_not_the_list_of_its_parts() {
    let content = [
        b"3\n0\n4\n9000\n4\n20000\n0\n".as_slice(),
        &[0; 491],
        b"one\ntwo\n",
    ]
    .concat();
    let mut builder = ::tar::Builder::new(Vec::new());
    let extensions = [
        ("GNU.sparse.major", b"1".as_slice()),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"logs/app.log"),
        ("GNU.sparse.realsize", b"20000"),
    ];
    builder.append_pax_extensions(extensions).unwrap();
    let mut header = ::tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    builder
        .append_data(&mut header, "logs/GNUSparseFile.7/app.log", content.as_slice())
        .unwrap();
    let archive = builder.into_inner().unwrap();
    for taken in both(&archive) {
        assert_eq!(taken.names(), ["logs/app.log"]);
        assert_eq!(taken.content(), b"one\ntwo\n");
        assert!(!taken.notes[0].1.lost && taken.notes[0].1.reason.contains("sparse"));
    }
}
