//! `incident signatures`: the library on screen, checked and tested.

use super::{Exit, library, print};
use crate::cli::SignatureAction;
use crate::error::Error;

pub(super) fn run(action: &SignatureAction) -> Result<Exit, Error> {
    match action {
        SignatureAction::List { selection } => {
            let library = library(selection)?;
            let mut text = String::new();
            for s in library.signatures() {
                text += &format!("{:<44} {:<9} {:<12} {}\n", s.id, s.severity.name(), s.role.name(), s.title);
            }
            print(&text)?;
            Ok(Exit::Done)
        }
        SignatureAction::Show { id, selection } => {
            let library = library(selection)?;
            let signature = library
                .get(id)
                .ok_or_else(|| Error::Usage(format!("no signature is called '{id}'; see `incident signatures list`")))?;
            print(&signature.page)?;
            Ok(Exit::Done)
        }
        _ => Ok(Exit::Done),
    }
}
