//! `incident verify`: a report in, the claims that no longer hold out.

use std::path::Path;

use super::{Exit, print, read};
use crate::cli::Verify;
use crate::error::Error;
use crate::report::claim::Claim;
use crate::report::visible::visible;
use crate::verify::{Checkable, Places, Verdict, verify};

/// Longest sentence or reason that is printed, in characters.
const WIDTH: usize = 300;

pub(super) fn run(flags: &Verify) -> Result<Exit, Error> {
    let wrong = |reason: String| Error::Usage(format!("{}: {reason}", flags.report.display()));
    let text = String::from_utf8(read(&flags.report)?)
        .map_err(|_| wrong("it is not a report, since it is not UTF-8".to_owned()))?;
    let report = Checkable::read(&text).map_err(wrong)?;
    let places = Places {
        root: flags.root.clone(),
        stdin: flags.stdin.clone(),
    };
    for (flag, path, is_there) in [
        ("--root", &places.root, Path::is_dir as fn(&Path) -> bool),
        ("--stdin", &places.stdin, Path::is_file),
    ] {
        if let Some(path) = path.as_deref().filter(|path| !is_there(path)) {
            return Err(Error::Usage(format!("{flag}: there is no {}", path.display())));
        }
    }
    let verdict = verify(&report, &places)?;
    if !flags.quiet {
        print(&told(&verdict))?;
    }
    Ok(if !verdict.failed.is_empty() {
        Exit::Failed
    } else if !verdict.unchecked.is_empty() {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}

/// The verdict in words. Everything in a report may be hostile.
fn told(verdict: &Verdict) -> String {
    let shown = |text: &str| visible(text.as_bytes(), Some(WIDTH));
    let all = verdict.held + verdict.unchecked.len() + verdict.failed.len();
    let mut lines = Vec::new();
    for (name, file) in &verdict.moved {
        lines.push(format!(
            "{} is now {}",
            shown(name),
            shown(&file.display().to_string())
        ));
    }
    if !verdict.unchecked.is_empty() {
        let which: Vec<&str> = verdict.unchecked.iter().map(|claim| claim.id.as_str()).collect();
        lines.push(format!(
            "{} of {all} claims rest on standard input, which cannot be read again: save it and give it with --stdin FILE ({})",
            verdict.unchecked.len(),
            shown(&which.join(", "))
        ));
    }
    if verdict.failed.is_empty() {
        lines.push(format!(
            "{} of {all} claims hold; {} stretches of logs were read again",
            verdict.held, verdict.reread
        ));
    } else {
        lines.push(format!(
            "{} of {all} claims no longer hold:",
            verdict.failed.len()
        ));
        for (claim, reasons) in &verdict.failed {
            lines.push(String::new());
            lines.push(shown(&heading(claim)));
            lines.extend(reasons.iter().map(|reason| format!("    {}", shown(reason))));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn heading(claim: &Claim) -> String {
    let text = claim.text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} ({}): {text}", claim.id, claim.at)
}
