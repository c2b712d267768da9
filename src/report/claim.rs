//! Claims: what each sentence of the report rests on.
//!
//! In: sentences with their [`Basis`]. Out: the report's list of [`Claim`]s. A sentence is *observed* (bytes of the
//! logs say it), *known* (a signature's page says it), *inferred* (a rule concludes it from other things), or *blank*;
//! there is no fifth kind.
//!
//! What a basis names is an id of the report: `E7` (cited bytes), `S2` (a source as a whole; `S*` all sources), `N1` (something that was not
//! read), `F3` (a finding: all its evidence), `I1` (an incident), or `C12` (another claim).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Cited, Finding};
use crate::detect::tally::Place;

/// One sentence and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// `C1`, `C2`, ... in the order of the report.
    pub id: String,
    /// Where in the report it stands, as a JSON pointer (`/summary/0`). Where the report has no field of its own for a
    /// sentence, it goes on from what the sentence is about: `/incidents/0/verdict`.
    pub at: String,
    /// The sentence (Markdown).
    pub text: String,
    /// What it rests on.
    pub basis: Basis,
}

/// What a sentence rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Basis {
    /// The logs say it.
    Observed {
        /// Ids of what shows it.
        evidence: Vec<String>,
        /// What was counted, if it is a number (or that there is none).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted: Option<Counting>,
    },
    /// A signature's page says it.
    Known {
        /// Id of the signature.
        signature: String,
        /// Version of its page, see [`Signature::version`](crate::signature::Signature::version).
        version: String,
        /// Ids of what put the page in (the finding), and values into it.
        premises: Vec<String>,
    },
    /// A rule concludes it.
    Inferred {
        /// Name of the rule, described in `docs/report.md`.
        rule: String,
        /// Ids of what it is concluded from.
        premises: Vec<String>,
    },
    /// Nobody knows; a person may.
    Blank,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    /// What each counted thing is.
    pub rule: String,
    /// How many.
    pub count: u64,
}

/// A sentence that is not yet in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The sentence (Markdown).
    pub text: String,
    /// What it rests on.
    pub basis: Basis,
}

impl Said {
    /// The logs say it, namely what these ids name.
    pub fn observed<I: Into<String>>(text: impl Into<String>, evidence: impl IntoIterator<Item = I>) -> Said {
        Said {
            text: text.into(),
            basis: Basis::Observed {
                evidence: ids(evidence),
                counted: None,
            },
        }
    }

    /// A number: `count` things of the kind that `rule` describes; `evidence` names the first and last of them, or, where
    /// there is none, where they were looked for.
    pub fn counted<I: Into<String>>(
        text: impl Into<String>,
        rule: impl Into<String>,
        count: u64,
        evidence: impl IntoIterator<Item = I>,
    ) -> Said {
        Said {
            text: text.into(),
            basis: Basis::Observed {
                evidence: ids(evidence),
                counted: Some(Counting {
                    rule: rule.into(),
                    count,
                }),
            },
        }
    }

    /// The page of what was found says it, perhaps with captured values filled in.
    pub fn known(text: impl Into<String>, finding: &Finding) -> Said {
        Said {
            text: text.into(),
            basis: Basis::Known {
                signature: finding.signature.clone(),
                version: finding.signature_version.clone(),
                premises: vec![finding.id.clone()],
            },
        }
    }

    /// `rule` concludes it from what these ids name.
    pub fn inferred<I: Into<String>>(
        text: impl Into<String>,
        rule: &str,
        premises: impl IntoIterator<Item = I>,
    ) -> Said {
        Said {
            text: text.into(),
            basis: Basis::Inferred {
                rule: rule.to_owned(),
                premises: ids(premises),
            },
        }
    }

    /// Nobody knows.
    pub fn blank(text: impl Into<String>) -> Said {
        Said {
            text: text.into(),
            basis: Basis::Blank,
        }
    }
}

/// Ids, each once, in the order given.
fn ids<I: Into<String>>(ids: impl IntoIterator<Item = I>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for id in ids {
        let id = id.into();
        if !out.contains(&id) {
            out.push(id);
        }
    }
    out
}

/// The claims of a report that is being made.
#[derive(Debug, Default)]
pub struct Claims(Vec<Claim>);

impl Claims {
    /// Notes that the report says this at `at`, and gives back the sentence.
    pub fn say(&mut self, at: impl Into<String>, said: Said) -> String {
        self.0.push(Claim {
            id: format!("C{}", self.0.len() + 1),
            at: at.into(),
            text: said.text.clone(),
            basis: said.basis,
        });
        said.text
    }

    /// The same for a list, whose items stand at `at/0`, `at/1`, ...
    pub fn say_all(&mut self, at: &str, said: impl IntoIterator<Item = Said>) -> Vec<String> {
        let said = said.into_iter().enumerate();
        said.map(|(number, said)| self.say(format!("{at}/{number}"), said))
            .collect()
    }

    /// All of them.
    pub fn finish(self) -> Vec<Claim> {
        self.0
    }
}

/// The cited bytes of a report that is being made. The same bytes have one id.
#[derive(Debug)]
pub struct Citations<'a> {
    /// The sources' names.
    names: &'a [String],
    known: BTreeMap<(usize, u64, u64), usize>,
    cited: Vec<Cited>,
}

impl<'a> Citations<'a> {
    /// Nothing is cited yet from sources with these names.
    pub fn new(names: &'a [String]) -> Citations<'a> {
        Citations {
            names,
            known: BTreeMap::new(),
            cited: Vec::new(),
        }
    }

    /// The id of these bytes.
    pub fn cite(&mut self, place: &Place) -> String {
        let key = (place.source, place.offset, place.bytes);
        let next = self.cited.len();
        let number = *self.known.entry(key).or_insert(next);
        if number == next {
            self.cited.push(Cited {
                id: format!("E{}", number + 1),
                source: self.names[place.source].clone(),
                line: place.line,
                offset: place.offset,
                bytes: place.bytes,
                sha256: place.digest.to_string(),
            });
        }
        format!("E{}", number + 1)
    }

    /// The name of a source, by its number.
    pub fn name(&self, source: usize) -> String {
        self.names[source].clone()
    }

    /// All of them, in the order in which they were cited.
    pub fn finish(self) -> Vec<Cited> {
        self.cited
    }
}
