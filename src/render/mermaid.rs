//! The cascade of an incident as a Mermaid flowchart, which GitHub and GitLab draw.
//!
//! In: the report. Out: a fenced block. Labels hold a finding's id, its title (from its page) and its count; no text
//! from a log.

use crate::report::model::{Finding, Incident, Report};
use crate::signature::Role;

/// Most findings that are drawn; a larger picture says nothing.
const MOST_NODES: usize = 25;

/// The flowchart; nothing where nothing led to anything.
pub(super) fn flowchart(report: &Report, incident: &Incident) -> Option<String> {
    if incident.edges.is_empty() {
        return None;
    }
    let drawn = |id: &str| {
        incident.edges.iter().any(|edge| edge.from == id || edge.to == id)
            || incident.root_cause.as_deref() == Some(id)
    };
    let nodes: Vec<&Finding> = incident
        .findings
        .iter()
        .filter(|id| drawn(id))
        .filter_map(|id| report.findings.iter().find(|finding| finding.id == **id))
        .take(MOST_NODES)
        .collect();
    let mut chart = "```mermaid\nflowchart TD\n".to_owned();
    for node in &nodes {
        let records = if node.count == 1 { "record" } else { "records" };
        let text = format!("{}: {}<br/>{} {records}", node.id, label(&node.title), node.count);
        // A cause is a box, a symptom is rounded, the root cause stands out.
        let shape = match node.role {
            _ if incident.root_cause.as_ref() == Some(&node.id) => format!("    {}[[\"{text}\"]]\n", node.id),
            Role::Symptom => format!("    {}(\"{text}\")\n", node.id),
            _ => format!("    {}[\"{text}\"]\n", node.id),
        };
        chart.push_str(&shape);
    }
    let known = |id: &str| nodes.iter().any(|node| node.id == id);
    for edge in incident
        .edges
        .iter()
        .filter(|edge| known(&edge.from) && known(&edge.to))
    {
        chart.push_str(&format!("    {} --> {}\n", edge.from, edge.to));
    }
    chart.push_str("```");
    Some(chart)
}

/// A title that Mermaid cannot misread.
fn label(title: &str) -> String {
    let plain = |c: char| match c {
        '"' | '`' | '<' | '>' | '&' | '#' | '[' | ']' | '{' | '}' | '|' | ';' | '\\' => '\'',
        c if c.is_control() => ' ',
        c => c,
    };
    title.chars().map(plain).collect()
}
