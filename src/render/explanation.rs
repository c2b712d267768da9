//! An explanation as text for a terminal.
//!
//! In: an [`Explanation`], or a [`Finding`]. Out: lines for people. Texts of logs were made visible before; those of pages and
//! reports are made so here.

use std::fmt::{self, Write};

use crate::detect::explain::{Candidate, Condition, Seen, Verdict};
use crate::explain::finding::Finding;
use crate::explain::{Explanation, InLogs, Page};
use crate::report::visible::visible;

/// Most texts of a gate that are shown.
const MOST_LITERALS: usize = 8;

/// Most ids of signatures that are shown.
const MOST_IDS: usize = 12;

/// Renders an explanation.
pub fn render(explanation: &Explanation) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(explanation, &mut out);
    out
}

/// Renders the explanation of a finding.
pub fn render_finding(finding: &Finding) -> String {
    let mut out = String::new();
    let _ = write_finding(finding, &mut out);
    out
}

fn shown(text: &str) -> String {
    visible(text.as_bytes(), None)
}

fn write(explanation: &Explanation, out: &mut String) -> fmt::Result {
    write_page(&explanation.page, out)?;
    if let Some(logs) = &explanation.logs {
        write_logs(logs, out)?;
    }
    writeln!(out, "\nWhat it asks for")?;
    for asked in &explanation.conditions {
        writeln!(out, "  {}:", asked.what)?;
        write_condition(&asked.condition, 2, out)?;
        let literals = asked
            .literals
            .iter()
            .take(MOST_LITERALS)
            .map(|literal| format!("\"{}\"", shown(literal)));
        let literals: Vec<String> = literals.collect();
        let more = asked.literals.len().saturating_sub(MOST_LITERALS);
        match (literals.is_empty(), more) {
            (true, _) => writeln!(out, "    it requires no literal text, so every line is tried")?,
            (false, 0) => writeln!(out, "    the scan looks for {}", literals.join(" or "))?,
            (false, more) => writeln!(
                out,
                "    the scan looks for {}, or {more} others",
                literals.join(" or ")
            )?,
        }
    }
    if let Some(over_time) = &explanation.over_time {
        writeln!(out, "  {}", shown(over_time))?;
    }
    writeln!(out, "\nHow sure a finding of it is")?;
    explanation
        .rules
        .iter()
        .try_for_each(|rule| writeln!(out, "  {}", shown(rule)))
}

fn write_page(page: &Page, out: &mut String) -> fmt::Result {
    writeln!(out, "{}: {}", shown(&page.id), shown(&page.title))?;
    writeln!(
        out,
        "  severity {}, role {}, version {}, {}",
        page.severity.name(),
        page.role.name(),
        page.version,
        shown(&page.file)
    )?;
    for (what, ids) in [
        ("takes records from", &page.supersedes),
        ("its records are taken by", &page.superseded_by),
        ("can lead to", &page.leads_to),
        ("is overcome by", &page.recovered_by),
    ] {
        let more = match ids.len().saturating_sub(MOST_IDS) {
            0 => String::new(),
            more => format!(", and {more} others"),
        };
        if !ids.is_empty() {
            let first: Vec<&str> = ids.iter().take(MOST_IDS).map(String::as_str).collect();
            writeln!(out, "  {what}: {}{more}", shown(&first.join(", ")))?;
        }
    }
    Ok(())
}

fn write_logs(logs: &InLogs, out: &mut String) -> fmt::Result {
    let answer = &logs.answer;
    let sources = match logs.sources.as_slice() {
        [only] => shown(only),
        all => format!("{} logs", all.len()),
    };
    let verdict = match (answer.found, answer.open) {
        (0, 0) => "not found".to_owned(),
        (0, _) => "an open question".to_owned(),
        (found, _) if found == answer.handled => "found, and handled".to_owned(),
        _ => "found".to_owned(),
    };
    writeln!(out, "\nIn {sources} ({} records): {verdict}", answer.records)?;
    answer
        .because
        .iter()
        .try_for_each(|sentence| writeln!(out, "  {}", shown(sentence)))?;
    if !answer.missed.is_empty() {
        writeln!(out, "  What stands in the way:")?;
        for missed in &answer.missed {
            writeln!(out, "    {}: {}", shown(&missed.what), shown(&missed.condition))?;
            if let Some(differs) = &missed.differs {
                writeln!(out, "      {}", shown(differs))?;
            }
        }
    }
    for (number, assessment) in logs.assessments.iter().enumerate() {
        let which = if logs.assessments.len() == 1 {
            String::new()
        } else {
            format!(" {}", number + 1)
        };
        writeln!(
            out,
            "  Finding{which}: severity {}, confidence {}",
            assessment.severity.name(),
            format!("{:?}", assessment.confidence).to_lowercase()
        )?;
        assessment
            .rules
            .iter()
            .try_for_each(|rule| writeln!(out, "    {}", shown(rule)))?;
    }
    for seen in &answer.seen {
        write_seen(seen, logs.line.is_some(), out)?;
    }
    for note in &logs.not_read {
        writeln!(
            out,
            "  Not read, or read in part: {}: {}",
            shown(&note.source),
            shown(&note.reason)
        )?;
    }
    Ok(())
}

fn write_seen(seen: &Seen, line_asked: bool, out: &mut String) -> fmt::Result {
    let many = if seen.hold == 1 {
        "record satisfies it"
    } else {
        "records satisfy it"
    };
    writeln!(out, "\n  {}: {} {many}", seen.what, seen.hold)?;
    for asked in &seen.asked {
        write_candidate("The line that was asked for", asked, out)?;
    }
    if line_asked && seen.asked.is_empty() {
        writeln!(out, "    The line that was asked for belongs to no record")?;
    }
    if line_asked {
        return Ok(());
    }
    if let Some(first) = &seen.first {
        write_candidate("The first", first, out)?;
    }
    let taken = seen
        .first_taken
        .as_ref()
        .filter(|taken| Some(taken.line) != seen.first.as_ref().map(|first| first.line));
    if let Some(taken) = taken {
        write_candidate("The first that was taken", taken, out)?;
    }
    match &seen.nearest {
        Some(nearest) if seen.hold == 0 => write_candidate("The nearest", nearest, out),
        None if seen.hold == 0 => writeln!(out, "    None comes near it"),
        _ => Ok(()),
    }
}

fn write_candidate(which: &str, candidate: &Candidate, out: &mut String) -> fmt::Result {
    let time = candidate
        .time
        .as_ref()
        .map(|time| format!(", {time}"))
        .unwrap_or_default();
    writeln!(out, "    {which}, {}:{}{time}", candidate.source, candidate.line)?;
    for line in candidate.text.lines() {
        writeln!(out, "      | {line}")?;
    }
    write_verdict(&candidate.verdict, 3, out)?;
    if !candidate.taken_by.is_empty() {
        writeln!(
            out,
            "      taken by {}, which hold on it, too",
            shown(&candidate.taken_by.join(", "))
        )?;
    }
    if !candidate.takes_from.is_empty() {
        writeln!(
            out,
            "      taken from {}, which hold on it, too",
            shown(&candidate.takes_from.join(", "))
        )?;
    }
    if let Some(note) = &candidate.note {
        writeln!(out, "      {note}")?;
    }
    Ok(())
}

fn write_verdict(verdict: &Verdict, depth: usize, out: &mut String) -> fmt::Result {
    let mark = if verdict.holds { "holds" } else { "fails" };
    writeln!(out, "{}{mark}  {}", "  ".repeat(depth), shown(&verdict.condition))?;
    if let Some(differs) = &verdict.differs {
        writeln!(out, "{}       {}", "  ".repeat(depth), shown(differs))?;
    }
    verdict
        .parts
        .iter()
        .try_for_each(|part| write_verdict(part, depth + 1, out))
}

fn write_condition(condition: &Condition, depth: usize, out: &mut String) -> fmt::Result {
    writeln!(out, "{}{}", "  ".repeat(depth), shown(&condition.condition))?;
    condition
        .parts
        .iter()
        .try_for_each(|part| write_condition(part, depth + 1, out))
}

fn write_finding(finding: &Finding, out: &mut String) -> fmt::Result {
    writeln!(out, "{}: {}", shown(&finding.id), shown(&finding.title))?;
    let span = match &finding.seen {
        (Some(first), Some(last)) if first != last => format!(", from {first} to {last}"),
        (Some(first), _) => format!(", at {first}"),
        _ => String::new(),
    };
    writeln!(
        out,
        "  severity {}, role {}, confidence {}; {} records{}",
        shown(&finding.severity),
        shown(&finding.role),
        shown(&finding.confidence),
        finding.count,
        shown(&span)
    )?;
    finding
        .rules
        .iter()
        .try_for_each(|rule| writeln!(out, "    {}", shown(rule)))?;
    match &finding.page {
        None => writeln!(
            out,
            "\nNo signature is called {} here; add its page or rule with --signatures",
            shown(&finding.signature)
        )?,
        Some(page) => {
            writeln!(out)?;
            write_page(page, out)?;
            if page.version != finding.version {
                writeln!(
                    out,
                    "  The page has changed: the report was made with version {}",
                    shown(&finding.version)
                )?;
            }
        }
    }
    if let Some(over_time) = &finding.over_time {
        writeln!(out, "  {}", shown(over_time))?;
    }
    for record in &finding.records {
        writeln!(
            out,
            "\n  {} at {}:{} (read from {})",
            shown(&record.id),
            shown(&record.source),
            record.line,
            shown(&record.read)
        )?;
        for (what, candidate) in &record.conditions {
            write_candidate(&format!("as {what}"), candidate, out)?;
        }
    }
    if !finding.links.is_empty() {
        writeln!(out)?;
        finding
            .links
            .iter()
            .try_for_each(|link| writeln!(out, "  {}", shown(link)))?;
    }
    Ok(())
}
