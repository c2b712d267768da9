//! Progress on standard error while a person is watching, and the summary after it.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::Progress;
use crate::report::model::{NotRead, Report};
use crate::report::visible::visible;

/// A line that counts bytes; hidden when standard error is not a terminal.
pub(super) struct Watch {
    bar: ProgressBar,
    started: Instant,
}

impl Watch {
    pub(super) fn new(quiet: bool) -> Watch {
        let bar = if quiet || !io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let style =
                ProgressStyle::with_template("{spinner} {prefix}{bytes}, {bytes_per_sec}: {wide_msg}");
            let bar = ProgressBar::new_spinner();
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        };
        Watch {
            bar,
            started: Instant::now(),
        }
    }

    /// Ends the progress line and says in one line what was done.
    pub(super) fn finish(&self, report: &Report) -> io::Result<()> {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        let gigabytes = report.stats.bytes as f64 / 1e9;
        let rate = if seconds > 0.0 { gigabytes / seconds } else { 0.0 };
        self.losses(&report.not_read)?;
        let mut stderr = anstream::stderr();
        writeln!(
            stderr,
            "incident: {} {}, {} bytes in {seconds:.2} s ({rate:.2} GB/s), {} {}",
            report.stats.sources,
            if report.stats.sources == 1 { "log" } else { "logs" },
            report.stats.bytes,
            report.findings.len(),
            if report.findings.len() == 1 {
                "finding"
            } else {
                "findings"
            },
        )
    }
}

impl Watch {
    /// Ends the progress line.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Says what was lost.
    pub(super) fn losses(&self, not_read: &[NotRead]) -> io::Result<()> {
        let mut stderr = anstream::stderr();
        for lost in not_read.iter().filter(|lost| lost.lost) {
            writeln!(
                stderr,
                "incident: {}: {}",
                visible(lost.source.as_bytes(), None),
                lost.reason
            )?;
        }
        Ok(())
    }
}

impl Progress for Watch {
    fn scanned(&self, source: &str, bytes: u64) {
        self.bar.inc(bytes);
        if !self.bar.is_hidden() {
            self.bar.set_message(visible(source.as_bytes(), Some(80)));
        }
    }

    fn joined(&self, logs: u64, findings: usize) {
        self.bar.set_prefix(format!("{logs} logs, {findings} findings, "));
    }
}
