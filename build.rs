//! Embeds the signature pages: writes a list of them, each with its signature block as it is read, that
//! `src/signature/library.rs` includes, and the gates of the patterns in them, which `src/scan/required.rs` includes.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

#[path = "src/signature/block.rs"]
mod block;
#[path = "src/scan/gate.rs"]
#[allow(dead_code, unreachable_pub, reason = "the program uses more of it")]
mod gate;
#[path = "src/scan/rarity.rs"]
#[allow(dead_code, unreachable_pub, reason = "the program uses more of it")]
mod rarity;

/// Sources of the program that it has, too.
const SHARED: &[&str] = &["src/scan/gate.rs", "src/scan/rarity.rs", "src/signature/block.rs"];

fn main() -> Result<(), Box<dyn Error>> {
    for input in SHARED.iter().chain(&["signatures"]) {
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
    for (id, path) in &by_id {
        let page = fs::read_to_string(path)?;
        // The program says what is wrong with a page.
        let block = block::block(&page).map(|block| &page[block]).unwrap_or_default();
        let table = DeTable::parse(block)
            .map(|table| table.into_inner())
            .unwrap_or_default();
        let aliases = texts_of(table.get("aliases").map(|aliases| aliases.get_ref()));
        let as_read = as_bytes(&table).unwrap_or_default();
        list += &format!(
            "    Embedded {{ id: {id:?}, aliases: &{aliases:?}, page: include_str!({path:?}), block: b\"{}\" }},\n",
            as_read.escape_ascii()
        );
        table
            .values()
            .for_each(|value| add_patterns(value.get_ref(), &mut patterns));
    }
    list += "]\n";
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("embedded_signatures.rs"), list)?;
    fs::write(out.join("prepared_gates.rs"), gates_of(&patterns))?;
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

/// A block in the form that `src/signature/prepared.rs` describes; nothing if it has what no page needs.
fn as_bytes(block: &DeTable<'_>) -> Option<Vec<u8>> {
    let mut out = vec![b't', 0, 0];
    add_table(block, &mut out)?;
    Some(out)
}

/// Adds a value with its place.
fn add_value(written: &Spanned<DeValue<'_>>, out: &mut Vec<u8>) -> Option<()> {
    let span = written.span();
    let mut head = |kind: u8| {
        out.push(kind);
        add_number(span.start, out);
        add_number(span.end, out);
    };
    match written.get_ref() {
        DeValue::String(string) => {
            head(b's');
            add_text(string, out);
        }
        DeValue::Integer(integer) => {
            head(b'i');
            let integer = i64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
            out.extend(integer.to_le_bytes());
        }
        DeValue::Float(float) => {
            head(b'f');
            out.extend(float.as_str().parse::<f64>().ok()?.to_le_bytes());
        }
        DeValue::Boolean(truth) => head(if *truth { b'y' } else { b'n' }),
        DeValue::Array(values) => {
            head(b'a');
            add_number(values.len(), out);
            for each in values.iter() {
                add_value(each, out)?;
            }
        }
        DeValue::Table(table) => {
            head(b't');
            add_table(table, out)?;
        }
        DeValue::Datetime(_) => return None,
    }
    Some(())
}

fn add_table(table: &DeTable<'_>, out: &mut Vec<u8>) -> Option<()> {
    add_number(table.len(), out);
    for (name, each) in table {
        add_text(name.get_ref(), out);
        add_value(each, out)?;
    }
    Some(())
}

/// Adds a text with its length before it.
fn add_text(text: &str, out: &mut Vec<u8>) {
    add_number(text.len(), out);
    out.extend(text.as_bytes());
}

/// Seven bits a byte, the lowest first; the last byte has its highest bit unset.
fn add_number(mut number: usize, out: &mut Vec<u8>) {
    while number > 0x7F {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The texts of a list.
fn texts_of(list: Option<&DeValue<'_>>) -> Vec<String> {
    let values = list.and_then(DeValue::as_array).into_iter().flatten();
    let texts = values.filter_map(|value| value.get_ref().as_str());
    texts.map(str::to_owned).collect()
}

/// Adds all that stands under a key `regex`, however deep.
fn add_patterns(value: &DeValue<'_>, patterns: &mut BTreeSet<String>) {
    match value {
        DeValue::Array(values) => {
            for value in values.iter() {
                add_patterns(value.get_ref(), patterns);
            }
        }
        DeValue::Table(table) => {
            let regex = table.get("regex").and_then(|value| value.get_ref().as_str());
            patterns.extend(regex.map(str::to_owned));
            for value in table.values() {
                add_patterns(value.get_ref(), patterns);
            }
        }
        _ => {}
    }
}

/// The gates in the form that `src/scan/required.rs` describes.
fn gates_of(patterns: &BTreeSet<String>) -> String {
    let mut starts = Vec::new();
    let mut bytes = Vec::new();
    for pattern in patterns {
        starts.push(bytes.len());
        add_text(pattern, &mut bytes);
        match gate::of_regex(pattern) {
            Some(gate) => add_gate(&gate, &mut bytes),
            None => add_number(0, &mut bytes),
        }
    }
    format!(
        "Prepared {{ starts: &{starts:?}, bytes: b\"{}\" }}\n",
        bytes.escape_ascii()
    )
}

fn add_gate(gate: &gate::Gate, out: &mut Vec<u8>) {
    add_number(gate.literals.len(), out);
    for (literal, beside) in gate.literals.iter().zip(&gate.beside) {
        add_text(literal, out);
        let signs = [
            beside.exact,
            beside.number,
            beside.pattern.is_some(),
            beside.before.is_some(),
        ];
        add_number(
            signs
                .iter()
                .rev()
                .fold(0, |signs, sign| signs << 1 | usize::from(*sign)),
            out,
        );
        if let Some(before) = beside.before {
            add_number(usize::from(before), out);
        }
        add_number(beside.sets.len(), out);
        for set in &beside.sets {
            add_number(set.len(), out);
            set.iter().for_each(|text| add_text(text, out));
        }
    }
}
