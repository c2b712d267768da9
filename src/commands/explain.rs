//! `incident explain`: a signature, or a finding of a report, explained.

use std::path::{Path, PathBuf};

use super::progress::Watch;
use super::{Exit, exit, extended, fail_on_nothing, options, print, read, stop_on_signals};
use crate::cli::{Explain, InspectFormat, Logs};
use crate::error::Error;
use crate::explain::finding::{self, Cited};
use crate::explain::{Explanation, explain_logs, explain_page};
use crate::input::Stop;
use crate::render::{explanation, json};
use crate::signature::Library;
use crate::signature::library::Selected;

pub(super) fn run(flags: &Explain) -> Result<Exit, Error> {
    let library = extended(&flags.signatures, &Selected::default())?;
    if let Some(report) = &flags.report {
        return of_finding(flags, report, &library);
    }
    let number = number_of(&library, &flags.id)?;
    if flags.paths.is_empty() {
        show(&explain_page(&library, number)?, flags.format)?;
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
    let logs = explained.logs.as_ref();
    let not_read = logs.map_or(&[][..], |logs| &logs.not_read);
    let read_nothing = logs.is_some_and(|logs| logs.answer.records == 0);
    fail_on_nothing(read_nothing, options.stop.is_asked(), not_read)?;
    show(&explained, flags.format)?;
    Ok(exit(options.stop.is_asked(), not_read))
}

fn show(explained: &Explanation, format: InspectFormat) -> Result<(), Error> {
    print(&match format {
        InspectFormat::Json => json::render(explained)?,
        InspectFormat::Text => explanation::render(explained),
    })
}

fn of_finding(flags: &Explain, report: &Path, library: &Library) -> Result<Exit, Error> {
    if let Some(root) = flags.root.as_deref().filter(|root| !root.is_dir()) {
        return Err(Error::Usage(format!("--root: there is no {}", root.display())));
    }
    let text = read(report)?;
    let text = String::from_utf8_lossy(&text);
    let wrong = |reason| Error::Usage(format!("{}: {reason}", report.display()));
    let cited = Cited::read(&text, &flags.id).map_err(wrong)?;
    let explained = finding::explain(&cited, library, flags.root.as_deref())?;
    print(&match flags.format {
        InspectFormat::Json => json::render(&explained)?,
        InspectFormat::Text => explanation::render_finding(&explained),
    })?;
    Ok(Exit::Done)
}

/// The number of a signature; an id that is none is answered with those that look like it.
fn number_of(library: &Library, id: &str) -> Result<usize, Error> {
    if let Some(number) = library.number(id) {
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
    let near = finding::nearest(id, library.signatures().iter().map(|other| other.id.as_str()));
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
        times: flags.times.clone(),
        threads: 0,
        no_mmap: false,
        quiet: flags.quiet,
        block_size: None,
    }
}
