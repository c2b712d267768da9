//! `incident signatures`: the library on screen, checked and tested.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::{Exit, library, print};
use crate::cli::SignatureAction;
use crate::detect::compile::Detector;
use crate::error::Error;
use crate::signature::diagnostic::PageError;
use crate::signature::{Library, Signature, examples, lint};

pub(super) fn run(action: &SignatureAction) -> Result<Exit, Error> {
    match action {
        SignatureAction::List { selection } => list(&library(selection)?),
        SignatureAction::Show { id, selection } => show(&library(selection)?, id),
        SignatureAction::Lint { dir } => {
            let pages = Pages::read(dir.as_deref())?;
            let wanted = pages
                .library
                .signatures()
                .iter()
                .filter(|signature| pages.wants(signature));
            let errors = wanted
                .flat_map(|signature| lint::lint(signature, &pages.library))
                .collect();
            pages.verdict(errors, &format!("{} pages are complete", pages.count()))
        }
        SignatureAction::Test { dir } => {
            let pages = Pages::read(dir.as_deref())?;
            let detector = Detector::new(&pages.library)?;
            let outcome = examples::run(&detector, |signature| pages.wants(signature))?;
            let done = format!("{} examples of {} pages passed", outcome.passed, pages.count());
            pages.verdict(outcome.failed, &done)
        }
    }
}

fn list(library: &Library) -> Result<Exit, Error> {
    let width = library
        .signatures()
        .iter()
        .map(|signature| signature.id.len())
        .max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for signature in library.signatures() {
        let (severity, role) = (signature.severity.name(), signature.role.name());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:width$}  {severity:<8}  {role:<11}  {}",
            signature.id,
            signature.text().title
        );
    }
    print(&text)?;
    Ok(Exit::Done)
}

fn show(library: &Library, id: &str) -> Result<Exit, Error> {
    match library.get(id) {
        Some(signature) => {
            print(&signature.page)?;
            Ok(Exit::Done)
        }
        None => Err(Error::Usage(format!(
            "no signature is called '{id}'; see `incident signatures list`"
        ))),
    }
}

/// The pages to check, with the library that they will be part of.
struct Pages {
    library: Library,
    /// Ids of the pages in the folder; nothing if all are meant.
    own: Option<BTreeSet<String>>,
    bad: Vec<PageError>,
}

impl Pages {
    fn read(dir: Option<&Path>) -> Result<Pages, Error> {
        let mut library = Library::embedded()?;
        let Some(dir) = dir else {
            return Ok(Pages {
                library,
                own: None,
                bad: Vec::new(),
            });
        };
        let mut folder = Library::default();
        let bad = folder.add_folder(dir)?;
        let own = folder
            .signatures()
            .iter()
            .map(|signature| signature.id.clone())
            .collect();
        for signature in folder.signatures() {
            library.add(signature.clone());
        }
        Ok(Pages {
            library,
            own: Some(own),
            bad,
        })
    }

    fn wants(&self, signature: &Signature) -> bool {
        self.own.as_ref().is_none_or(|own| own.contains(&signature.id))
    }

    fn count(&self) -> usize {
        let all = self.library.signatures();
        all.iter().filter(|signature| self.wants(signature)).count()
    }

    /// Prints what is wrong, or `done`.
    fn verdict(&self, errors: Vec<PageError>, done: &str) -> Result<Exit, Error> {
        let errors: Vec<String> = self.bad.iter().chain(&errors).map(ToString::to_string).collect();
        if errors.is_empty() {
            print(&format!("{done}\n"))?;
            return Ok(Exit::Done);
        }
        print(&format!(
            "{}\n\n{} errors; {done}\n",
            errors.join("\n\n"),
            errors.len()
        ))?;
        Ok(Exit::Failed)
    }
}
