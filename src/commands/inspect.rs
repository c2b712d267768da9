//! `incident inspect`: logs in, how they are read out.

use std::io::{self, BufWriter, Write};

use super::progress::Watch;
use super::{Exit, exit, fail_on_nothing, options, print, stop_on_signals};
use crate::cli::{Inspect, InspectFormat};
use crate::error::Error;
use crate::input::Stop;
use crate::inspect::walk::Rows;
use crate::inspect_logs;
use crate::render;

pub(super) fn run(flags: &Inspect) -> Result<Exit, Error> {
    let stop = Stop::default();
    stop_on_signals(&stop)?;
    let options = options(&flags.logs, stop)?;
    // Rows come while the logs are read; a progress line would stand between them.
    let watch = Watch::new(flags.logs.quiet || flags.records);
    let inspection = if flags.records {
        let rows = match flags.format {
            InspectFormat::Json => Rows::Json,
            InspectFormat::Text => Rows::Text,
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let inspection = inspect_logs(&options, &watch, Some((rows, &mut out)));
        match inspection.and_then(|inspection| out.flush().map(|()| inspection).map_err(Error::output)) {
            // A reader that went away is a clean end.
            Err(Error::Write { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(Exit::Done);
            }
            inspection => inspection?,
        }
    } else {
        inspect_logs(&options, &watch, None)?
    };
    watch.clear();
    let read_nothing = inspection.sources.iter().all(|source| source.bytes == 0);
    fail_on_nothing(read_nothing, inspection.interrupted, &inspection.not_read)?;
    if !flags.records {
        print(&match flags.format {
            InspectFormat::Json => render::json::render(&inspection)?,
            InspectFormat::Text => render::inspection::render(&inspection),
        })?;
    }
    if flags.records && !flags.logs.quiet {
        // Nobody is left to be told that standard error is gone.
        let _ = watch.losses(&inspection.not_read);
    }
    Ok(exit(inspection.interrupted, &inspection.not_read))
}
