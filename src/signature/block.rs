//! Where the signature block of a page stands.
//!
//! In: a page. Out: the place of its block. `build.rs` has this file too.

use std::ops::Range;

/// Where the content of the signature block stands in `page`. Found without reading all of its Markdown, which
/// takes much longer; what this takes for the block is one, unless it stands in another block.
pub(super) fn block(page: &str) -> Option<Range<usize>> {
    let mut start = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let words = line.trim_end();
        match start {
            None if words.starts_with("```") && words[3..].split_whitespace().eq(["toml", "signature"]) => {
                start = Some(at + line.len());
            }
            Some(start) if words == "```" => return Some(start..at),
            _ => {}
        }
        at += line.len();
    }
    start.map(|start| start..page.len())
}
