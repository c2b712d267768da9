//! Sets, as they are found in folders.
