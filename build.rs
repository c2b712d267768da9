//! Embeds the signature pages: writes a list of `(id, include_str!(page))` that
//! `src/signature/library.rs` includes.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=signatures");
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
    for (id, page) in &by_id {
        list += &format!("    ({id:?}, include_str!({page:?})),\n");
    }
    list += "]\n";
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("embedded_signatures.rs"),
        list,
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
