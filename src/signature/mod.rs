//! Signatures: what a failure looks like, what it means, and how to mend it.
//!
//! In: Markdown pages (embedded, or from `--signatures DIR`). Out: a [`Library`] of
//! [`Signature`]s. The page is what was written; what the scan runs is compiled from
//! it in `scan` and `detect`. The format is described in `docs/signature-format.md`.

use serde::{Deserialize, Serialize};

/// How bad a failure is for the service that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing to do.
    Info,
    /// To be cleaned up some day.
    Low,
    /// Some requests or jobs fail.
    Medium,
    /// A part of the service fails.
    High,
    /// The service is down, or data is at risk.
    Critical,
}

/// A failure's part in the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Something to fix.
    Cause,
    /// What users and other parts saw of it.
    Symptom,
    /// Trapped, retried or harmless; never a cause.
    Handled,
    /// A wrapper that only points at the real error.
    Boilerplate,
    /// Start, stop, restart, deploy, recovery.
    Lifecycle,
}
