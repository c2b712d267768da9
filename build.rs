//! Embeds the signature pages: writes a list of `(id, include_str!(page))` that
//! `src/signature/library.rs` includes, and the gates of the patterns in them, which `src/scan/required.rs` includes.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/scan/gate.rs"]
#[allow(dead_code, unreachable_pub, reason = "the program uses more of it")]
mod gate;
#[path = "src/scan/rarity.rs"]
#[allow(dead_code, unreachable_pub, reason = "the program uses more of it")]
mod rarity;

fn main() -> Result<(), Box<dyn Error>> {
    for input in ["signatures", "src/scan/gate.rs", "src/scan/rarity.rs"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("signatures");
    let mut pages = Vec::new();
    collect(&root, &mut pages)?;
    let mut by_id = BTreeMap::new();
    for page in pages {
        let id = page.strip_prefix(&root)?.with_extension("");
        let id: Vec<_> = id.iter().map(|part| part.to_string_lossy()).collect();
        by_id.insert(id.join("/"), page);
    }
    let mut list = String::from("&[\n");
    let mut patterns = BTreeSet::new();
    for (id, page) in &by_id {
        list += &format!("    ({id:?}, include_str!({page:?})),\n");
        patterns.extend(patterns_of(&fs::read_to_string(page)?));
    }
    list += "]\n";
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("embedded_signatures.rs"), list)?;
    let gates: Vec<String> = patterns.iter().map(|pattern| prepared(pattern)).collect();
    fs::write(
        out.join("prepared_gates.rs"),
        format!("&[\n{}]\n", gates.concat()),
    )?;
    Ok(())
}

fn collect(dir: &Path, pages: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

/// The patterns of a page. What cannot be read here is prepared when the program runs.
fn patterns_of(page: &str) -> impl Iterator<Item = String> {
    let block = page.split("```").nth(1).unwrap_or_default();
    block.split("regex = ").skip(1).filter_map(text_at)
}

/// The string of TOML that begins `rest`.
fn text_at(rest: &str) -> Option<String> {
    let literal = ["'''", "'"].into_iter().find_map(|quotes| {
        let (text, _) = rest.strip_prefix(quotes)?.split_once(quotes)?;
        Some(text.strip_prefix('\n').unwrap_or(text).to_owned())
    });
    literal.or_else(|| {
        let mut text = String::new();
        let mut letters = rest.strip_prefix('"')?.chars();
        loop {
            match letters.next()? {
                '"' => return Some(text),
                '\\' => text.push(match letters.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    sign @ ('\\' | '"') => sign,
                    _ => return None,
                }),
                letter => text.push(letter),
            }
        }
    })
}

/// The row of a pattern; without literals if it has no gate.
fn prepared(pattern: &str) -> String {
    let gate = gate::of_regex(pattern);
    let mut row = format!("    ({pattern:?}, &[");
    let literals = gate
        .iter()
        .flat_map(|gate| gate.literals.iter().zip(&gate.beside));
    for (literal, beside) in literals {
        let sets: Vec<String> = beside.sets.iter().map(|set| format!("&{set:?}")).collect();
        let one_line = beside.pattern.is_some();
        row += &format!(
            "({literal:?}, {}, {:?}, {}, {one_line}, &[{}]), ",
            beside.exact,
            beside.before,
            beside.number,
            sets.join(", ")
        );
    }
    row + "]),\n"
}
