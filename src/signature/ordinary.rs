//! Whether pages leave ordinary logs alone.
//!
//! In: a library, and a folder of logs of programs that are well. Out: an error for each page that alarms somebody
//! there, with the place. What is low or only marks the timeline may be found in any log.

use std::path::Path;

use super::diagnostic::PageError;
use super::{Library, Role, Severity, Signature};
use crate::error::Error;
use crate::report::model::Finding;
use crate::{Options, Silent, scan_logs};

/// The time of the run that ordinary logs are read at, in UTC nanoseconds: nothing depends on it.
const NOW: i64 = 1_800_000_000_000_000_000;

/// Every page that `wants` names and that finds something above low in the logs below `folder`.
pub fn check(
    library: &Library,
    folder: &Path,
    wants: impl Fn(&Signature) -> bool,
) -> Result<Vec<PageError>, Error> {
    let report = scan_logs(&Options::new(vec![folder.to_owned()], NOW), library, &Silent)?;
    if let Some(unread) = report.not_read.first() {
        return Err(Error::Usage(format!(
            "{}: ordinary logs must be read whole, and {} was not: {}",
            folder.display(),
            unread.source,
            unread.reason
        )));
    }
    let alarms = report.findings.iter().filter(|finding| alarms(finding));
    Ok(alarms
        .filter_map(|finding| Some((library.get(&finding.signature)?, finding)))
        .filter(|(signature, _)| wants(signature))
        .map(|(signature, finding)| refusal(signature, finding))
        .collect())
}

/// Whether a reader would think that something is wrong.
fn alarms(finding: &Finding) -> bool {
    !matches!(finding.severity, Severity::Low | Severity::Info) && finding.role != Role::Lifecycle
}

fn refusal(signature: &Signature, finding: &Finding) -> PageError {
    let start = signature.page.find("[match").unwrap_or(0);
    let place = finding.evidence.first().map_or_else(String::new, |evidence| {
        format!(", first at {}:{}", evidence.source, evidence.line)
    });
    PageError::new(
        &signature.file,
        &signature.page,
        start..start + "[match".len(),
        format!(
            "{} is found in ordinary logs, {} times{place}",
            signature.id, finding.count
        ),
        "what must hold is too wide",
    )
}
