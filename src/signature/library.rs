//! The set of signatures that a run looks for.
//!
//! In: the pages that were embedded at build time, and folders of more. Out: a
//! [`Library`], sorted by id, from which `scan` and `detect` compile what they run.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::diagnostic::PageError;
use super::select::NamePattern;
use super::{Signature, cre, page};
use crate::detect::compile;
use crate::error::Error;

/// A page that is part of the program.
#[derive(Debug, Clone, Copy)]
struct Embedded {
    id: &'static str,
    /// Former ids.
    aliases: &'static [&'static str],
    page: &'static str,
    /// The signature block as `build.rs` has read it, see [`prepared`](super::prepared).
    block: &'static [u8],
}

/// Every page in `signatures/` in the order of their ids, written by `build.rs`.
static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/embedded_signatures.rs"));

/// Which signatures are wanted.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// Those that one of these names; all, if there are none.
    pub select: Vec<NamePattern>,
    /// But not those that one of these names.
    pub ignore: Vec<NamePattern>,
}

impl Selected {
    /// `names` tells whether a pattern names the signature.
    fn keeps(&self, names: impl Fn(&NamePattern) -> bool) -> bool {
        (self.select.is_empty() || self.select.iter().any(&names)) && !self.ignore.iter().any(&names)
    }
}

/// Signatures by id, in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct Library {
    signatures: Vec<Signature>,
    /// Pages of the program that were not read, since nobody selects them; in the order of their ids.
    passed_over: Vec<Embedded>,
    /// What is wrong with CRE rules that are left out.
    left_out: Vec<PageError>,
}

impl Library {
    /// The pages that are part of the program.
    pub fn embedded() -> Result<Library, Error> {
        Library::embedded_in(&Selected::default())
    }

    /// The same, without reading what [`narrow`](Library::narrow) would leave out. One thread reads it as fast as two, since the heap of
    /// another thread than the first grows page by page.
    pub fn embedded_in(selected: &Selected) -> Result<Library, Error> {
        let is_kept = |page: &&Embedded| selected.keeps(|pattern| page.is_named(pattern));
        let (wanted, passed_over): (Vec<&Embedded>, Vec<&Embedded>) = EMBEDDED.iter().partition(is_kept);
        let signatures = wanted
            .into_iter()
            .map(Embedded::read)
            .collect::<Result<_, Error>>()?;
        Ok(Library {
            signatures,
            passed_over: passed_over.into_iter().copied().collect(),
            left_out: Vec::new(),
        })
    }

    /// Adds a folder of pages and CRE rules, or a file of CRE rules. Pages that cannot be read are returned; rules that
    /// cannot be run are [left out](Library::left_out).
    ///
    /// # Errors
    ///
    /// Also if a file that was named has no CRE rules, or a folder nothing but such files.
    pub fn add_path(&mut self, path: &Path) -> Result<Vec<PageError>, Error> {
        if path.is_dir() {
            return self.add_folder(path);
        }
        if !is_yaml(path) {
            return Err(Error::Usage(format!(
                "{}: neither a folder of signature pages or CRE rules, nor a .yaml file of CRE rules",
                path.display()
            )));
        }
        match self.add_rules(path)? {
            Some(wrong) => Err(Error::Page(Box::new(wrong))),
            None => Ok(Vec::new()),
        }
    }

    /// Adds the rules of a CRE file. What is returned says why the whole file is none.
    fn add_rules(&mut self, path: &Path) -> Result<Option<PageError>, Error> {
        let bytes = fs::read(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let (file, text) = (path.display().to_string(), String::from_utf8_lossy(&bytes));
        let rules = match cre::parse(&file, &text) {
            Ok(rules) => rules,
            Err(error) => return Ok(Some(error)),
        };
        self.left_out.extend(rules.bad);
        for signature in rules.signatures {
            // Ids of other rules are known; ours never begin with `cre/`.
            if let Some(known) = self.get(&signature.id) {
                let message = format!("{} is there already, in {}", signature.id, known.file);
                let at = text.rfind(signature.id.trim_start_matches("cre/")).unwrap_or(0);
                self.left_out.push(PageError::new(
                    &file,
                    &text,
                    at..at + 1,
                    message,
                    "give it an id of its own",
                ));
            } else {
                self.add(signature);
            }
        }
        Ok(None)
    }

    /// What is wrong with CRE rules that cannot be run; the others are there.
    pub fn left_out(&self) -> &[PageError] {
        &self.left_out
    }

    /// Adds the pages below `dir`; a page replaces one that has its id. Pages that cannot be
    /// read are returned, the others are added.
    fn add_folder(&mut self, dir: &Path) -> Result<Vec<PageError>, Error> {
        if !dir.is_dir() {
            return Err(Error::Usage(format!(
                "{}: not a folder of signature pages; expected a folder with <family>/<name>.md files",
                dir.display()
            )));
        }
        let mut pages = Vec::new();
        let mut rules = Vec::new();
        for entry in WalkDir::new(dir).sort_by_file_name() {
            let entry = entry.map_err(|error| Error::Usage(error.to_string()))?;
            if entry.file_type().is_file() && is_yaml(entry.path()) {
                rules.push(entry.into_path());
                continue;
            }
            let is_page = entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "md");
            if let Some(id) = id_of(dir, entry.path()).filter(|_| is_page) {
                pages.push((id, entry.into_path()));
            }
        }
        let read = |(id, path): (String, PathBuf)| {
            let page = fs::read_to_string(&path).map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            let signature = page::parse(&id, &path.display().to_string(), Cow::Owned(page));
            Ok(signature.and_then(|signature| compile::check(&signature).map(|_| signature)))
        };
        let mut bad = Vec::new();
        let pages_found = pages.len();
        for page in pages
            .into_par_iter()
            .map(read)
            .collect::<Result<Vec<_>, Error>>()?
        {
            match page {
                Ok(signature) => self.add(signature),
                Err(error) => bad.push(error),
            }
        }
        let before = self.signatures.len();
        let wrong: Vec<PageError> = rules
            .iter()
            .filter_map(|path| self.add_rules(path).transpose())
            .collect::<Result<_, Error>>()?;
        if pages_found == 0
            && self.signatures.len() == before
            && self.left_out.is_empty()
            && !wrong.is_empty()
        {
            return Err(Error::Pages(wrong));
        }
        self.left_out.extend(wrong);
        Ok(bad)
    }

    /// Adds one signature; it replaces one that has its id.
    pub fn add(&mut self, signature: Signature) {
        self.passed_over.retain(|page| page.id != signature.id);
        match self
            .signatures
            .binary_search_by(|known| known.id.cmp(&signature.id))
        {
            Ok(at) => self.signatures[at] = signature,
            Err(at) => self.signatures.insert(at, signature),
        }
    }

    /// Keeps what is selected. A pattern that names nothing is an error: it is a typing mistake.
    pub fn narrow(&mut self, selected: &Selected) -> Result<(), Error> {
        for pattern in selected.select.iter().chain(&selected.ignore) {
            let is_known = self.signatures.iter().any(|known| known.is_named(pattern))
                || self.passed_over.iter().any(|page| page.is_named(pattern));
            if !is_known {
                return Err(Error::Usage(format!(
                    "no signature is called '{pattern}'; see `incident signatures list`"
                )));
            }
        }
        self.signatures
            .retain(|known| selected.keeps(|pattern| known.is_named(pattern)));
        Ok(())
    }

    /// All signatures, by id.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Numbers of the signatures whose id is meant.
    pub(crate) fn named(&self, pattern: &NamePattern) -> Vec<usize> {
        if pattern.is_glob() {
            let ids = self.signatures.iter().enumerate();
            return ids
                .filter(|(_, known)| pattern.matches(&known.id))
                .map(|(at, _)| at)
                .collect();
        }
        let at = self
            .signatures
            .binary_search_by(|known| known.id.as_str().cmp(pattern.text()));
        at.into_iter().collect()
    }

    /// The number of the signature with this id or former id.
    pub fn number(&self, id: &str) -> Option<usize> {
        let mut known = self.signatures.iter();
        let named = known.position(|known| known.id == id);
        let is_former = |known: &Signature| known.aliases.iter().any(|alias| alias == id);
        named.or_else(|| self.signatures.iter().position(is_former))
    }

    /// The signature with this id or former id.
    pub fn get(&self, id: &str) -> Option<&Signature> {
        self.signatures.get(self.number(id)?)
    }
}

impl Embedded {
    fn read(&self) -> Result<Signature, Error> {
        let file = format!("signatures/{}.md", self.id);
        page::parse_prepared(self.id, &file, Cow::Borrowed(self.page), self.block)
            .map_err(|error| Error::Page(Box::new(error)))
    }

    fn is_named(&self, pattern: &NamePattern) -> bool {
        pattern.matches(self.id) || self.aliases.iter().any(|alias| pattern.matches(alias))
    }
}

impl Signature {
    fn is_named(&self, pattern: &NamePattern) -> bool {
        pattern.matches(&self.id) || self.aliases.iter().any(|alias| pattern.matches(alias))
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// `python/bcrypt-about` for `DIR/python/bcrypt-about.md`.
fn id_of(dir: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(dir).ok()?.with_extension("");
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_at_build_time_is_what_the_pages_say() {
        for embedded in EMBEDDED {
            assert!(!embedded.block.is_empty(), "{}", embedded.id);
            let prepared = embedded.read().unwrap();
            let page = Cow::Borrowed(embedded.page);
            let read = page::parse(embedded.id, &prepared.file, page).unwrap();
            assert_eq!(format!("{prepared:?}"), format!("{read:?}"));
            assert_eq!(embedded.aliases, read.aliases);
        }
    }

    #[test]
    fn what_is_not_selected_is_not_read_and_yet_known() {
        let narrowed = |select: &str, ignore: &str| {
            let selected = Selected {
                select: vec![NamePattern::of_ids(select).unwrap()],
                ignore: vec![NamePattern::of_ids(ignore).unwrap()],
            };
            let mut library = Library::embedded_in(&selected).unwrap();
            let read = library.signatures().len();
            library.narrow(&selected).map(|()| (read, library))
        };
        let (read, library) = narrowed("redis/*", "net/timeout").unwrap();
        assert!(read > 0 && library.signatures().len() == read);
        assert!(
            library
                .signatures()
                .iter()
                .all(|known| known.id.starts_with("redis/"))
        );
        let wrong = narrowed("redis/*", "net/tmieout").unwrap_err().to_string();
        assert!(wrong.contains("'net/tmieout'"), "{wrong}");
        assert!(narrowed("rdeis/*", "net/timeout").is_err());
    }
}
