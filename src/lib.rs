//! `incident`: logs in, postmortem draft out.
pub mod record;
pub mod render;
pub mod report;
pub mod signature;
