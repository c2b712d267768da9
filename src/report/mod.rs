//! The report: everything a reader sees, as one serialisable model.
//!
//! In: the analysis. Out: a [`model::Report`]. Log text enters the model only through [`visible`].

pub mod assumed;
pub mod build;
pub mod claim;
pub mod counted;
pub mod fill;
mod impact;
pub(crate) mod losses;
pub mod model;
mod questions;
mod reasons;
mod recovered;
mod skew;
mod statements;
mod story;
mod timeline;
pub(crate) mod told;
mod verdict;
pub mod visible;
pub(crate) mod words;
