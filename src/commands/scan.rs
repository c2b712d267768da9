//! `incident scan`: logs in, report out.

use std::fs;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::progress::Watch;
use super::{Exit, library, print};
use crate::cli::{OutputFormat, Scan, SeverityName};
use crate::error::Error;
use crate::input::Stop;
use crate::render::{self, Format, RenderError};
use crate::report::model::Report;
use crate::signature::{Role, Severity};
use crate::{Options, scan_logs, thread_pool};

pub(super) fn run(flags: &Scan) -> Result<Exit, Error> {
    let stop = Stop::default();
    // Before all else: a shell's background job would miss an interrupt that comes earlier, since it ignores them.
    super::stop_on_signals(&stop)?;
    let outputs = outputs(flags)?;
    let template = flags.template.as_deref().map(read_template).transpose()?;
    let options = options(flags, stop)?;
    let read = || library(&flags.selection);
    let library = match flags.selection.signatures.is_empty() {
        true => read()?,
        false => thread_pool(options.threads)?.install(read)?,
    };
    // Thousands of small pieces that the end of the process gives back at once.
    let library = ManuallyDrop::new(library);
    let watch = Watch::new(flags.logs.quiet);
    let report = scan_logs(&options, &library, &watch)?;
    let read_nothing = report.sources.iter().all(|source| source.bytes == 0);
    super::fail_on_nothing(read_nothing, report.interrupted, &report.not_read)?;
    for (path, format) in &outputs {
        write_whole(path, &rendered(&report, *format, template.as_ref())?)?;
    }
    if outputs.is_empty() {
        let format = flags.format.map_or(Format::Markdown, format_of);
        print(&rendered(&report, format, template.as_ref())?)?;
    }
    if !flags.logs.quiet {
        // Nobody is left to be told that standard error is gone.
        let _ = watch.finish(&report);
    }
    Ok(exit(flags, &report))
}

fn options(flags: &Scan, stop: Stop) -> Result<Options, Error> {
    let mut options = super::options(&flags.logs, stop)?;
    options.correct_skew = !flags.no_skew_correction;
    options.host = flags.host.clone().unwrap_or_else(host_name);
    options.full_timeline = flags.full_timeline;
    Ok(options)
}

fn host_name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

fn format_of(format: OutputFormat) -> Format {
    match format {
        OutputFormat::Markdown => Format::Markdown,
        OutputFormat::Json => Format::Json,
    }
}

/// The files to write and their formats, decided before the scan so that a mistake costs no time.
fn outputs(flags: &Scan) -> Result<Vec<(PathBuf, Format)>, Error> {
    let output = |path: &PathBuf| {
        let format = Format::from_path(path)
            .or(flags.format.map(format_of))
            .ok_or_else(|| {
                Error::Usage(format!(
                    "{}: the ending does not tell the format; use .md or .json, or add --format",
                    path.display()
                ))
            })?;
        let folder = folder_of(path);
        if folder.is_dir() {
            Ok((path.clone(), format))
        } else {
            Err(Error::Usage(format!(
                "{}: there is no folder {} to write the report to",
                path.display(),
                folder.display()
            )))
        }
    };
    flags.output.iter().map(output).collect()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

struct Template {
    path: PathBuf,
    text: String,
}

fn read_template(path: &Path) -> Result<Template, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Template {
            path: path.to_owned(),
            text,
        }),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn rendered(report: &Report, format: Format, template: Option<&Template>) -> Result<String, RenderError> {
    let text = template.map(|template| template.text.as_str());
    render::render(report, format, text).map_err(|error| match template {
        Some(template) => error.in_template(&template.path.display().to_string()),
        None => error,
    })
}

/// Writes beside the target and renames: the file holds the old report or the whole new one. A link stays one, and pipes and devices
/// (`/dev/stdout`) are written to.
fn write_whole(path: &Path, text: &str) -> Result<(), Error> {
    let write = || -> std::io::Result<()> {
        let target = fs::canonicalize(path).ok();
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        if is_special || (is_link && target.is_none()) {
            return fs::write(path, text);
        }
        let path = target.as_deref().unwrap_or(path);
        let mut file = NamedTempFile::new_in(folder_of(path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| Error::Write {
        path: path.to_owned(),
        // The message of the temporary file would name a path that nobody asked for.
        source: source
            .raw_os_error()
            .map_or_else(|| source.kind().into(), std::io::Error::from_raw_os_error),
    })
}

fn exit(flags: &Scan, report: &Report) -> Exit {
    let limit = flags.fail_on.map(|name| match name {
        SeverityName::Info => Severity::Info,
        SeverityName::Low => Severity::Low,
        SeverityName::Medium => Severity::Medium,
        SeverityName::High => Severity::High,
        SeverityName::Critical => Severity::Critical,
    });
    let trouble = |role| matches!(role, Role::Cause | Role::Symptom);
    let met = limit.is_some_and(|limit| {
        report
            .findings
            .iter()
            .any(|finding| trouble(finding.role) && finding.severity >= limit)
    });
    match super::exit(report.interrupted, &report.not_read) {
        Exit::Done | Exit::Incomplete if met => Exit::Failed,
        exit => exit,
    }
}
