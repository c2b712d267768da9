//! An inspection as text for a terminal.
//!
//! In: an [`Inspection`]. Out: a few lines for each log. All text from outside was made visible before.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::inspect::{Inspection, Reading};

/// Services that are named.
const MOST_SERVICES: usize = 8;

/// Renders an inspection.
pub fn render(inspection: &Inspection) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(inspection, &mut out);
    out
}

fn write(inspection: &Inspection, out: &mut String) -> fmt::Result {
    for source in &inspection.sources {
        log(source, out)?;
        writeln!(out)?;
    }
    if !inspection.assumptions.is_empty() {
        writeln!(out, "Assumed:")?;
        for assumption in &inspection.assumptions {
            writeln!(out, "  {assumption}")?;
        }
        writeln!(out)?;
    }
    if !inspection.not_read.is_empty() {
        writeln!(out, "Not read, or read in part:")?;
        for note in &inspection.not_read {
            writeln!(out, "  {}: {}", note.source, note.reason)?;
        }
        writeln!(out)?;
    }
    if inspection.interrupted {
        writeln!(out, "Interrupted: this is what was read by then.")?;
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    Ok(())
}

fn log(source: &Reading, out: &mut String) -> fmt::Result {
    match &source.set {
        Some(set) => writeln!(out, "{} (a piece of {set})", source.name)?,
        None => writeln!(out, "{}", source.name)?,
    }
    writeln!(
        out,
        "  read      {} bytes, {} lines, {} records",
        source.bytes, source.lines, source.records
    )?;
    if source.records == 0 {
        return Ok(());
    }
    writeln!(out, "  format    {}", counted(&source.formats, usize::MAX))?;
    if let (Some(first), Some(last)) = (&source.first_time, &source.last_time) {
        writeln!(out, "  times     {first} to {last}")?;
    }
    writeln!(out, "  dated     {}", counted(&source.time_quality, usize::MAX))?;
    if source.back_in_time > 0 {
        writeln!(
            out,
            "  order     {} earlier than the one above",
            source.back_in_time
        )?;
    }
    writeln!(out, "  levels    {}", counted(&source.levels, usize::MAX))?;
    if !source.services.is_empty() {
        writeln!(out, "  services  {}", counted(&source.services, MOST_SERVICES))?;
    }
    if !source.fields.is_empty() {
        writeln!(out, "  fields    {}", counted(&source.fields, usize::MAX))?;
    }
    for gap in &source.gaps {
        writeln!(
            out,
            "  silence   {} from {} to {}",
            duration(gap.seconds),
            gap.from,
            gap.to
        )?;
    }
    Ok(())
}

/// `error 12, info 3`: the most frequent first.
fn counted(counts: &BTreeMap<impl fmt::Display + Ord, u64>, most: usize) -> String {
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let shown = sorted
        .iter()
        .take(most)
        .map(|(what, count)| format!("{what} {count}"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if sorted.len() > most {
        text.push_str(&format!(", and {} more", sorted.len() - most));
    }
    text
}

/// `2 h 5 min`, `75 s`.
fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0 | 1, _) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
