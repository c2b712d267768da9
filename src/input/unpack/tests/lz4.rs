//! Frames of lz4 data, in the form of today and in the old one.

use super::*;

/// A frame of lz4 data in the form of before 2013.
fn legacy_lz4(content: &[u8]) -> Vec<u8> {
    let mut frame = b"\x02\x21\x4c\x18".to_vec();
    for block in content.chunks(8 << 20) {
        let block = lz4_flex::block::compress(block);
        frame.extend_from_slice(&u32::try_from(block.len()).unwrap().to_le_bytes());
        frame.extend_from_slice(&block);
    }
    frame
}

#[test]
fn frames_of_the_old_form_of_lz4_end_where_others_begin() {
    let (first, second) = (log(300_000), log(5_000));
    let lz4 = |content: &[u8]| {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    };
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    let frames = [
        legacy_lz4(&first),
        legacy_lz4(&second),
        skippable,
        lz4(&first),
        legacy_lz4(&second),
    ];
    for taken in both(&frames.concat()) {
        assert!(taken.said().is_empty(), "{:?}", taken.said());
        assert!(taken.content() == [&*first, &second, &first, &second].concat());
    }
    let cut = &frames.concat()[..frames[0].len() + frames[1].len() - 20];
    for taken in both(cut) {
        assert!(taken.content().starts_with(&first));
        taken.assert_said("cut off");
    }
}
