//! What is looked for in the logs, for readers that can look for it before they make text.
//!
//! In: the gates of a run, once they are ready. Out: the same to the producers, which begin to read before that and
//! wait only where they need it.

use std::sync::{Arc, OnceLock};

use crate::scan::filter::Filter;

/// What a run looks for, known now or later.
#[derive(Debug, Clone, Default)]
pub struct Sought(Option<Arc<OnceLock<Option<Arc<Filter>>>>>);

/// Tells what is looked for, or when it is dropped that this will not be known.
#[derive(Debug)]
pub struct Tell(Sought);

impl Sought {
    /// Something that will be told.
    pub fn later() -> (Sought, Tell) {
        let sought = Sought(Some(Arc::default()));
        (sought.clone(), Tell(sought))
    }

    /// The gates as soon as they are known; nothing if all of a log is wanted.
    pub(super) fn wait(&self) -> Option<Arc<Filter>> {
        self.0.as_ref().and_then(|told| told.wait().clone())
    }

    fn tell(&self, filter: Option<Arc<Filter>>) {
        if let Some(told) = &self.0 {
            // What was told first stays.
            let _ = told.set(filter);
        }
    }
}

impl Tell {
    /// Whoever waits goes on with these gates.
    pub fn tell(self, filter: Arc<Filter>) {
        self.0.tell(Some(filter));
    }
}

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.tell(None);
    }
}
