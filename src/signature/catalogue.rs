//! The library as a list: for a terminal, for programs, and as the index page of a folder of pages.
//!
//! In: a [`Library`]. Out: text. The Markdown form of the embedded library is `docs/signatures.md`, which a test keeps
//! current.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::{Library, Proof, Role, Severity, Signature};

/// What a list says of one signature. The JSON list *is* this model.
#[derive(Debug, Clone, Serialize)]
pub struct Entry<'a> {
    /// `python/bcrypt-about`.
    pub id: &'a str,
    /// Path of the page.
    pub file: &'a str,
    /// Former ids.
    pub aliases: &'a [String],
    /// The page's title.
    pub title: &'a str,
    /// How bad.
    pub severity: Severity,
    /// Its part in the story.
    pub role: Role,
    /// Free words.
    pub tags: &'a [String],
    /// Programs and versions that printed the examples.
    pub seen_on: &'a [String],
    /// What proves it.
    pub proof: Proved,
}

impl<'a> Entry<'a> {
    fn of(signature: &'a Signature) -> Entry<'a> {
        Entry {
            id: &signature.id,
            file: &signature.file,
            aliases: &signature.aliases,
            title: &signature.text().title,
            severity: signature.severity,
            role: signature.role,
            tags: &signature.tags,
            seen_on: &signature.seen_on,
            proof: Proved::of(signature),
        }
    }
}

/// How many examples of each kind a page has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Proved {
    /// Must match, and a real program printed them.
    pub captured: usize,
    /// Must match, and are reconstructed from documentation or source (or do not say).
    pub documented: usize,
    /// Near misses that must not match.
    pub near_misses: usize,
}

impl Proved {
    fn of(signature: &Signature) -> Proved {
        let mut proved = Proved::default();
        for example in &signature.text().examples {
            let kind = match (example.matches, example.proof) {
                (false, _) => &mut proved.near_misses,
                (true, Proof::Captured) => &mut proved.captured,
                (true, _) => &mut proved.documented,
            };
            *kind += 1;
        }
        proved
    }

    fn add(&mut self, other: Proved) {
        self.captured += other.captured;
        self.documented += other.documented;
        self.near_misses += other.near_misses;
    }
}

/// What is listed, in the order of ids.
pub fn entries(library: &Library) -> Vec<Entry<'_>> {
    library.signatures().iter().map(Entry::of).collect()
}

/// A line for each signature: id, severity, role, title.
pub fn lines(library: &Library) -> String {
    let entries = entries(library);
    let width = entries
        .iter()
        .map(|entry| entry.id.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for entry in entries {
        let (severity, role) = (entry.severity.name(), entry.role.name());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:width$}  {severity:<8}  {role:<11}  {}",
            entry.id, entry.title
        );
    }
    text
}

/// An index page for a folder beside that of the pages: a table for each family, with links to the pages.
pub fn markdown(library: &Library) -> String {
    let entries = entries(library);
    let mut families: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
    let mut all = Proved::default();
    for entry in &entries {
        let family = entry.id.split_once('/').map_or(entry.id, |(family, _)| family);
        families.entry(family).or_default().push(entry);
        all.add(entry.proof);
    }
    let mut text = format!(
        "# Signatures\n\n{} signatures in {} families, proved by {} captured and {} documented examples that must match and \
         {} near misses that must not.\n",
        entries.len(),
        families.len(),
        all.captured,
        all.documented,
        all.near_misses
    );
    text += "\nWritten by `incident signatures list --format markdown`; do not edit by hand.\n";
    for (family, entries) in families {
        let _ = write!(
            text,
            "\n## {family}\n\n| signature | what | severity | role | captured | documented | near misses | seen on |\n\
             |---|---|---|---|---|---|---|---|\n"
        );
        for entry in entries {
            let Proved {
                captured,
                documented,
                near_misses,
            } = entry.proof;
            let _ = writeln!(
                text,
                "| [{}](../{}) | {} | {} | {} | {captured} | {documented} | {near_misses} | {} |",
                entry.id,
                entry.file,
                cell(entry.title),
                entry.severity.name(),
                entry.role.name(),
                cell(&entry.seen_on.join("; ")),
            );
        }
    }
    text
}

/// Text of a page in a table. Pages are Markdown themselves, so only what would end the cell is escaped.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
