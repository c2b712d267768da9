//! Signatures: what a failure looks like, what it means, and how to mend it.
//!
//! In: Markdown pages (embedded, or from `--signatures DIR`). Out: a [`Library`] of
//! [`Signature`]s. The page is what was written; what the scan runs is compiled from
//! it in `scan` and `detect`. The format is described in `docs/signature-format.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

mod advice;
mod block;
pub mod capture;
pub mod catalogue;
pub mod condition;
pub mod cre;
pub mod diagnostic;
pub mod examples;
pub mod library;
pub mod lint;
pub mod ordinary;
pub mod page;
pub(crate) mod prepared;
pub mod scaffold;
pub mod select;

use crate::digest::Digest;
use condition::{Match, Recovery};
pub use library::Library;
use select::{LeadsTo, NamePattern};

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

impl Severity {
    /// The name as pages write it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
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

impl Role {
    /// The name as pages write it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Cause => "cause",
            Role::Symptom => "symptom",
            Role::Handled => "handled",
            Role::Boilerplate => "boilerplate",
            Role::Lifecycle => "lifecycle",
        }
    }
}

/// A section of a page.
#[derive(Debug, Clone)]
pub struct Section {
    /// `Cause`, `Fix`, ...
    pub name: String,
    /// The section replaces its namesake when this signature was found together with it.
    pub with: Option<String>,
    /// The Markdown below the heading.
    pub body: String,
    /// The items of its lists, without markers.
    pub items: Vec<String>,
}

/// Where an example comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A real program printed it.
    Captured,
    /// Reconstructed from documentation or source.
    Documented,
    /// The page does not say.
    Unstated,
}

/// A piece of log that must match, or must not.
#[derive(Debug, Clone)]
pub struct Example {
    /// Must the signature be found in it?
    pub matches: bool,
    /// Where it comes from.
    pub proof: Proof,
    /// Captures that must come out; `None` means that nothing may be captured under the name.
    pub captures: Vec<(String, Option<String>)>,
    /// Line of the block in the page, from 1.
    pub line: usize,
    /// The log.
    pub text: String,
}

/// One page, read and checked for shape.
#[derive(Debug, Clone)]
pub struct Signature {
    /// `python/bcrypt-about`.
    pub id: String,
    /// Path of the page, for messages.
    pub file: String,
    /// How bad.
    pub severity: Severity,
    /// Its part in the story.
    pub role: Role,
    /// Free words; `restart` counts each record as a restart or unexpected exit.
    pub tags: Vec<String>,
    /// What this failure can bring about.
    pub leads_to: Vec<LeadsTo>,
    /// How long the failure may have gone on before a record tells of it: a watchdog's patience.
    pub late: Option<condition::Span>,
    /// More generic signatures that this one explains away in the same record.
    pub supersedes: Vec<NamePattern>,
    /// Programs and versions that printed the examples.
    pub seen_on: Vec<String>,
    /// Former ids.
    pub aliases: Vec<String>,
    /// What the page asks for.
    pub condition: Match,
    /// What shows that the failure was overcome.
    pub recovery: Option<Recovery>,
    /// What a CRE rule asks for instead.
    pub cre: Option<Arc<cre::Rule>>,
    /// Where the signature block begins in `page` (bytes); places in `condition` count from here.
    pub toml_at: usize,
    /// Capture name to value to the sentence that explains it.
    pub meaning_of: BTreeMap<String, BTreeMap<String, String>>,
    /// The page as written.
    pub page: Cow<'static, str>,
    /// What [`Signature::text`] has read.
    text: OnceLock<Text>,
    /// What [`Signature::version`] has computed.
    version: OnceLock<String>,
}

/// What a page says to a person.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// The page's title.
    pub title: String,
    /// The first paragraph.
    pub meaning: String,
    /// The sections in the page's order.
    pub sections: Vec<Section>,
    /// The page's own tests.
    pub examples: Vec<Example>,
}

impl Signature {
    /// The text of the page, read when it is first asked for: a run needs that of what it found only.
    pub fn text(&self) -> &Text {
        self.text.get_or_init(|| page::text(&self.page))
    }

    /// The version of the page: the first 12 hexadecimal digits of the SHA-256 of its text.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let mut digits = Digest::of(self.page.as_bytes()).to_string();
            digits.truncate(12);
            digits
        })
    }

    /// Whether the page says only that something failed (tag `catch-all`), so that it names no cause closely.
    pub fn is_catch_all(&self) -> bool {
        self.tags.iter().any(|tag| tag == "catch-all")
    }

    /// The section of this name that applies when the signatures for which `seen` says yes
    /// were found together with it.
    pub fn section(&self, name: &str, seen: impl Fn(&str) -> bool) -> Option<&Section> {
        let named = || self.text().sections.iter().filter(|section| section.name == name);
        named()
            .find(|section| section.with.as_deref().is_some_and(&seen))
            .or_else(|| named().find(|section| section.with.is_none()))
    }
}
