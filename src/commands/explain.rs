//! `incident explain`: a signature, or a finding of a report, explained.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::progress::Watch;
use super::{Exit, fail_on_nothing, options, print, stop_on_signals};
use crate::cli::{Explain, InspectFormat, Logs};
use crate::error::Error;
use crate::explain::finding::{self, Cited};
use crate::explain::{explain_logs, explain_page};
use crate::input::Stop;
use crate::render::{explanation, json};
use crate::signature::Library;

pub(super) fn run(flags: &Explain) -> Result<Exit, Error> {
    let library = library(&flags.signatures)?;
    if let Some(report) = &flags.report {
        return of_finding(flags, report, &library);
    }
    let number = number_of(&library, &flags.id)?;
    if flags.paths.is_empty() {
        let explained = explain_page(&library, number)?;
        print(&match flags.format {
            InspectFormat::Json => json::render(&explained)?,
            InspectFormat::Text => explanation::render(&explained),
        })?;
        return Ok(Exit::Done);
    }
    let stop = Stop::default();
    stop_on_signals(&stop)?;
    let (paths, line) = paths_and_line(&flags.paths)?;
    let options = options(&logs(flags, paths), stop)?;
    let watch = Watch::new(flags.quiet);
    let explained = explain_logs(&options, &library, number, line, &watch);
    watch.clear();
    let explained = explained?;
    if let Some(logs) = &explained.logs {
        let read_nothing = logs.answer.records == 0;
        fail_on_nothing(read_nothing, options.stop.is_asked(), &logs.not_read)?;
    }
    print(&match flags.format {
        InspectFormat::Json => json::render(&explained)?,
        InspectFormat::Text => explanation::render(&explained),
    })?;
    let lost = explained
        .logs
        .iter()
        .flat_map(|logs| &logs.not_read)
        .any(|lost| lost.lost);
    Ok(match (options.stop.is_asked(), lost) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Done,
    })
}

fn of_finding(flags: &Explain, report: &Path, library: &Library) -> Result<Exit, Error> {
    if let Some(root) = flags.root.as_deref().filter(|root| !root.is_dir()) {
        return Err(Error::Usage(format!("--root: there is no {}", root.display())));
    }
    let text = read(report)?;
    let wrong = |reason| Error::Usage(format!("{}: {reason}", report.display()));
    let cited = Cited::read(&text, &flags.id).map_err(wrong)?;
    let explained = finding::explain(&cited, library, flags.root.as_deref())?;
    print(&match flags.format {
        InspectFormat::Json => json::render(&explained)?,
        InspectFormat::Text => explanation::render_finding(&explained),
    })?;
    Ok(Exit::Done)
}

fn library(paths: &[PathBuf]) -> Result<Library, Error> {
    let mut library = Library::embedded()?;
    for path in paths {
        let bad = library.add_path(path)?;
        if !bad.is_empty() {
            return Err(Error::Pages(bad));
        }
    }
    Ok(library)
}

/// The number of a signature; an id that is none is answered with those that look like it.
fn number_of(library: &Library, id: &str) -> Result<usize, Error> {
    let signatures = library.signatures();
    let known = library.get(id).map(|known| known.id.as_str());
    if let Some(number) = signatures
        .iter()
        .position(|other| Some(other.id.as_str()) == known)
    {
        return Ok(number);
    }
    let left_out = library
        .left_out()
        .iter()
        .find(|error| error.to_string().contains(id.trim_start_matches("cre/")));
    if let Some(error) = left_out {
        return Err(Error::Usage(format!(
            "{id} cannot be run, so it is left out of every scan:\n{error}"
        )));
    }
    if id.starts_with("cre/") && !library.left_out().is_empty() {
        let errors: Vec<String> = library.left_out().iter().map(ToString::to_string).collect();
        return Err(Error::Usage(format!(
            "no rule is called '{id}'; of those that were given, these cannot be run:\n{}",
            errors.join("\n\n")
        )));
    }
    let near = finding::nearest(id, signatures.iter().map(|other| other.id.as_str()));
    Err(Error::Usage(format!(
        "no signature is called '{id}'; did you mean {}? See `incident signatures list`",
        near.join(", ")
    )))
}

/// The paths, and the line behind the last one.
fn paths_and_line(given: &[PathBuf]) -> Result<(Vec<PathBuf>, Option<u64>), Error> {
    let split = |path: &PathBuf| {
        let text = path.to_str().filter(|_| !path.exists())?;
        let (file, line) = text.rsplit_once(':')?;
        let line: u64 = line.parse().ok()?;
        Some((PathBuf::from(file), line))
    };
    match (given, given.iter().find_map(split)) {
        (_, None) => Ok((given.to_vec(), None)),
        ([_], Some((file, _))) if file == Path::new("-") => Err(Error::Usage(
            "-:LINE: standard input is read once only, so no line of it can be asked about; save it to a file".to_owned(),
        )),
        ([_], Some((file, line))) => Ok((vec![file], Some(line))),
        (_, Some((file, line))) => Err(Error::Usage(format!(
            "{}:{line}: a line can be asked about in one log only; name no others",
            file.display()
        ))),
    }
}

fn logs(flags: &Explain, paths: Vec<PathBuf>) -> Logs {
    Logs {
        paths,
        exclude: Vec::new(),
        follow: false,
        since: flags.since.clone(),
        until: flags.until.clone(),
        timezone: flags.timezone.clone(),
        threads: 0,
        no_mmap: false,
        quiet: flags.quiet,
        block_size: None,
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = bytes.map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
