//! Embeds the signature pages: writes a list of `(id, include_str!(page))` that
//! `src/signature/library.rs` includes.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=signatures");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("signatures");
    let mut pages = Vec::new();
    collect(&root, &mut pages);
    pages.sort();
    let mut list = String::from("&[\n");
    for page in &pages {
        let id = page
            .strip_prefix(&root)
            .expect("collected below the root")
            .with_extension("");
        let id: Vec<_> = id.iter().map(|part| part.to_string_lossy()).collect();
        list += &format!("    ({:?}, include_str!({:?})),\n", id.join("/"), page);
    }
    list += "]\n";
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("embedded_signatures.rs"), list).expect("OUT_DIR can be written");
}

fn collect(dir: &Path, pages: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
}
