//! What the subcommands that read logs have in common: which logs, how they are read, and what ends the reading.
//!
//! In: flags. Out: [`Options`], and the error of a run that could read nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Exit;
use crate::Options;
use crate::cli::Logs;
use crate::error::Error;
use crate::input::Stop;
use crate::input::block::BLOCK_SIZE;
use crate::record::time::Zone;
use crate::record::time::range::{Since, until};
use crate::report::model::NotRead;

/// What the flags mean.
pub(super) fn options(flags: &Logs, stop: Stop) -> Result<Options, Error> {
    let zone =
        Zone::parse(&flags.times.timezone).map_err(|error| Error::Usage(format!("--timezone: {error}")))?;
    let mut options = Options::new(flags.paths.clone(), now()?);
    if flags.threads > 0 {
        options.threads = flags.threads;
    }
    options.block_size = flags.block_size.unwrap_or(BLOCK_SIZE);
    options.map_files = !flags.no_mmap;
    options.exclude = flags.exclude.clone();
    options.follow = flags.follow;
    options.zone = zone;
    let wrong = |flag: &str| {
        let flag = flag.to_owned();
        move |error| Error::Usage(format!("{flag}: {error}"))
    };
    let since = flags
        .times
        .since
        .as_deref()
        .map(|text| Since::parse(text, zone, options.now));
    options.since = since.transpose().map_err(wrong("--since"))?;
    let until = flags
        .times
        .until
        .as_deref()
        .map(|text| until(text, zone, options.now));
    options.until = until.transpose().map_err(wrong("--until"))?;
    options.stop = stop;
    Ok(options)
}

/// Fails if nothing was read, and something should have been.
pub(super) fn fail_on_nothing(
    read_nothing: bool,
    interrupted: bool,
    not_read: &[NotRead],
) -> Result<(), Error> {
    if !read_nothing || interrupted || !not_read.iter().any(|lost| lost.lost) {
        return Ok(());
    }
    let reasons: Vec<String> = not_read
        .iter()
        .map(|lost| format!("  {}: {}", lost.source, lost.reason))
        .collect();
    Err(Error::NothingRead(reasons.join("\n")))
}

/// How a run that read logs has ended.
pub(super) fn exit(interrupted: bool, not_read: &[NotRead]) -> Exit {
    if interrupted {
        Exit::Interrupted
    } else if not_read.iter().any(|lost| lost.lost) {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

/// An interrupt ends the reading, and the report is made of what was read; a second one ends the program.
#[cfg(unix)]
pub(super) fn stop_on_signals(stop: &Stop) -> Result<(), Error> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order: the first signal finds the flag still down.
        signal_hook::flag::register_conditional_shutdown(signal, 130, stop.flag())
            .and_then(|_| signal_hook::flag::register(signal, stop.flag()))
            .map_err(|error| Error::Usage(format!("signals cannot be handled: {error}")))?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn stop_on_signals(_: &Stop) -> Result<(), Error> {
    Ok(())
}

/// The time of the run in UTC nanoseconds; `SOURCE_DATE_EPOCH` (seconds) fixes it.
fn now() -> Result<i64, Error> {
    if let Ok(fixed) = std::env::var("SOURCE_DATE_EPOCH") {
        return fixed
            .parse::<i64>()
            .ok()
            .and_then(|seconds| seconds.checked_mul(1_000_000_000))
            .ok_or_else(|| {
                Error::Usage(format!(
                    "SOURCE_DATE_EPOCH is '{fixed}'; expected seconds since 1970"
                ))
            });
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The second is precise enough for a report.
    Ok(i64::try_from(since.as_secs())
        .unwrap_or_default()
        .saturating_mul(1_000_000_000))
}
