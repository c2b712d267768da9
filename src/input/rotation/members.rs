//! Pieces of rotated logs in an archive, told before any of it is read.
//!
//! In: the names of its members, and when the archive says that they were last written. Out: which of them are one log, oldest
//! first. Nothing but that can be known of a member without unpacking it, so only names count that say enough, and no times that say
//! something else.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Key, Trust, read, uncompressed};

/// Members that are pieces of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::input) struct Pieces {
    /// The path of the live log in the archive. It need not exist.
    pub(in crate::input) live: String,
    /// Their places in the archive, oldest first; two or more.
    pub(in crate::input) members: Vec<usize>,
}

/// The pieces among members, each a path and the time of its last change in UTC nanoseconds, if that is known.
pub(in crate::input) fn pieces(members: &[(String, Option<i64>)]) -> Vec<Pieces> {
    let mut families: BTreeMap<String, Vec<(Key, Trust, usize)>> = BTreeMap::new();
    let mut others: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, (path, _)) in members.iter().enumerate() {
        let start = path.rfind('/').map_or(0, |slash| slash + 1);
        let (folder, name) = path.split_at(start);
        let (plain, _) = uncompressed(name);
        match read(plain).filter(|reading| reading.trust <= Trust::LiveOrTimes) {
            Some(reading) => {
                let family = families.entry(format!("{folder}{}", reading.live)).or_default();
                family.push((reading.key, reading.trust, number));
            }
            None => others.entry(format!("{folder}{plain}")).or_default().push(number),
        }
    }
    let mut found = Vec::new();
    for (live, mut family) in families {
        let own = others.get(&live).map_or(&[][..], Vec::as_slice);
        if own.is_empty() {
            family.retain(|(_, trust, _)| *trust == Trust::Sure);
        }
        family.extend(own.iter().map(|number| (Key::Live, Trust::Sure, *number)));
        family.sort();
        let keys: BTreeSet<&Key> = family.iter().map(|(key, ..)| key).collect();
        // What is there twice, as when compressing was interrupted, is for those to tell who can look at both.
        let are_single = keys.len() == family.len();
        let members_in_order: Vec<usize> = family.iter().map(|(_, _, number)| *number).collect();
        let times: Vec<i64> = members_in_order
            .iter()
            .filter_map(|number| members[*number].1)
            .collect();
        if are_single && family.len() > 1 && times.is_sorted() {
            found.push(Pieces {
                live,
                members: members_in_order,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(members: &[(&str, Option<i64>)]) -> Vec<(String, Vec<usize>)> {
        let members: Vec<_> = members
            .iter()
            .map(|(name, at)| ((*name).to_owned(), *at))
            .collect();
        pieces(&members)
            .into_iter()
            .map(|pieces| (pieces.live, pieces.members))
            .collect()
    }

    #[test]
    fn names_and_times_that_agree_make_pieces() {
        let log = |times: [Option<i64>; 4]| {
            let names = ["log/app.log", "log/app.log.1", "log/app.log.10.gz", "log/db.log"];
            let members: Vec<_> = names.into_iter().zip(times).collect();
            found(&members)
        };
        let expected = vec![("log/app.log".to_owned(), vec![2, 1, 0])];
        assert_eq!(log([Some(30), Some(20), Some(10), Some(1)]), expected);
        assert_eq!(log([None; 4]), expected);
        assert_eq!(log([Some(10), Some(20), Some(30), None]), []);
    }

    #[test]
    fn what_is_there_twice_or_in_another_folder_is_no_piece() {
        assert_eq!(
            found(&[("app.log.1", None), ("app.log.1.gz", None), ("app.log", None)]),
            []
        );
        assert_eq!(found(&[("a/app.log", None), ("b/app.log.1", None)]), []);
        let dated = [("app.log-20261121", None), ("app.log-20261120.gz", None)];
        assert_eq!(found(&dated), [("app.log".to_owned(), vec![1, 0])]);
    }
}
