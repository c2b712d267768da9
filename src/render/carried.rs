//! The claims that a Markdown report carries with it, for `incident verify`.
//!
//! In: the [`Report`]. Out: an HTML comment, which no reader of the rendered report sees: the parts of the JSON report that
//! can be checked, an item a line. What a page says is not repeated; all characters by which a comment
//! could end are written as `\uXXXX`.

use serde::Serialize;
use serde_json::{Value, json};

use super::json::escaped;
use crate::report::claim::{Basis, Claim};
use crate::report::model::{Report, SCHEMA_VERSION};
use crate::verify::MARK;

/// The comment.
pub(super) fn carried(report: &Report) -> Result<String, serde_json::Error> {
    let sources = report.sources.iter().map(
        |source| json!({"id": source.id, "name": source.name, "head": source.head, "tail": source.tail}),
    );
    let findings = report.findings.iter().map(|finding| {
        let evidence = finding.evidence.iter().map(|evidence| json!({"id": evidence.id}));
        json!({"id": finding.id, "evidence": evidence.collect::<Vec<Value>>()})
    });
    let incidents = report
        .incidents
        .iter()
        .map(|incident| json!({"id": incident.id, "findings": incident.findings}));
    let claims = report.claims.iter().map(|claim| Claim {
        text: match claim.basis {
            Basis::Known { .. } => String::new(),
            _ => claim.text.clone(),
        },
        ..claim.clone()
    });
    let json = format!(
        "{{\"schema_version\":{SCHEMA_VERSION},\n\"sources\":{},\n\"cited\":{},\n\"findings\":{},\n\"incidents\":{},\n\
         \"claims\":{}}}",
        list(sources)?,
        list(&report.cited)?,
        list(findings)?,
        list(incidents)?,
        list(claims)?,
    );
    Ok(format!("{MARK}{} -->", escaped(&json)))
}

/// A JSON list with an item a line.
fn list<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<String, serde_json::Error> {
    let items = items.into_iter().map(|item| serde_json::to_string(&item));
    let items: Vec<String> = items.collect::<Result<_, _>>()?;
    Ok(format!("[{}]", items.join(",\n")))
}
