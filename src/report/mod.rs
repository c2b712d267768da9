//! The report: everything a reader sees, as one serialisable model.

pub mod model;
