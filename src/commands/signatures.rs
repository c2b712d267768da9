//! `incident signatures`: the library on screen, checked and tested.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Exit, library, print};
use crate::cli::{ListFormat, SignatureAction};
use crate::detect::compile::Detector;
use crate::error::Error;
use crate::render::json;
use crate::signature::diagnostic::PageError;
use crate::signature::{Library, Signature, catalogue, examples, lint, ordinary, scaffold};

pub(super) fn run(action: &SignatureAction) -> Result<Exit, Error> {
    match action {
        SignatureAction::List { format, selection } => list(&library(selection)?, *format),
        SignatureAction::New { id, dir } => new(dir, id),
        SignatureAction::Show { id, selection } => show(&library(selection)?, id),
        SignatureAction::Lint { dir, ordinary } => {
            let pages = Pages::read(dir.as_deref())?;
            let wanted = pages
                .library
                .signatures()
                .iter()
                .filter(|signature| pages.wants(signature));
            let mut errors: Vec<PageError> = wanted
                .flat_map(|signature| lint::lint(signature, &pages.library))
                .collect();
            errors.extend(pages.alarms(ordinary.as_deref())?);
            pages.verdict(errors, &format!("{} pages are complete", pages.count()))
        }
        SignatureAction::Test { dir, ordinary } => {
            let pages = Pages::read(dir.as_deref())?;
            let detector = Detector::new(&pages.library)?;
            let mut outcome = examples::run(&detector, |signature| pages.wants(signature))?;
            outcome.failed.extend(pages.alarms(ordinary.as_deref())?);
            let done = format!("{} examples of {} pages passed", outcome.passed, pages.count());
            pages.verdict(outcome.failed, &done)
        }
    }
}

fn list(library: &Library, format: ListFormat) -> Result<Exit, Error> {
    print(&match format {
        ListFormat::Text => catalogue::lines(library),
        ListFormat::Markdown => catalogue::markdown(library),
        ListFormat::Json => json::render(&catalogue::entries(library))?,
    })?;
    Ok(Exit::Done)
}

fn new(dir: &Path, id: &str) -> Result<Exit, Error> {
    let path = scaffold::write(dir, id)?;
    let (path, dir) = (path.display(), dir.display());
    print(&format!(
        "{path} is ready to be filled in. Then check it:\n\n    incident signatures lint {dir}\n    incident signatures test {dir}\n"
    ))?;
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
        let mut bad = folder.add_path(dir)?;
        bad.extend(folder.left_out().iter().cloned());
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

    /// Pages that alarm somebody about the healthy logs of a folder.
    fn alarms(&self, folder: Option<&Path>) -> Result<Vec<PageError>, Error> {
        folder.map_or(Ok(Vec::new()), |folder| {
            ordinary::check(&self.library, folder, |signature| self.wants(signature))
        })
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
        print(&format!("{}\n\nerrors: {}\n", errors.join("\n\n"), errors.len()))?;
        Ok(Exit::Failed)
    }
}
