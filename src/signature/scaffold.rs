//! A new page to fill in.
//!
//! In: the folder of pages and an id. Out: the page's file, with a `TODO:` wherever the author has something to say;
//! `lint` names those that are left.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// What every new page looks like.
const PAGE: &str = include_str!("../../templates/signature.md");

/// Marks what the author has to write.
pub(super) const TO_DO: &str = "TODO:";

/// Writes a new page for `id` below `dir` and returns its path. A page that is there already is left alone.
pub fn write(dir: &Path, id: &str) -> Result<PathBuf, Error> {
    let (family, name) = id
        .split_once('/')
        .filter(|(family, name)| is_word(family) && is_word(name))
        .ok_or_else(|| {
            Error::Usage(format!(
                "'{id}' is not an id: expected family/name of small letters, digits and hyphens, like net/address-in-use"
            ))
        })?;
    let path = dir.join(family).join(name).with_extension("md");
    let made = fs::create_dir_all(dir.join(family))
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
        .and_then(|mut file| file.write_all(PAGE.as_bytes()));
    made.map_err(|source| {
        Error::Usage(format!(
            "{}: the page cannot be written: {source}",
            path.display()
        ))
    })?;
    Ok(path)
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain)
}
