//! Names of journald's files, and their order.
//!
//! In: a file's name. Out: the name of the journal that is still written to, and a [`Place`].
//! An archived file is named after its first entry: `system@ID-SEQNUM-TIME.journal`, where ID is the journal's
//! and the numbers are hexadecimal. One that was not closed properly is named after the moment at
//! which it was set aside: `system@TIME-RANDOM.journal~`.

/// What an archived journal's name says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// In microseconds since 1970.
    time: u64,
    /// Id of the journal and number of the file's first entry.
    first: Option<(String, u64)>,
}

/// Reads the name of an archived journal; nothing for any other file.
pub(super) fn read(name: &str) -> Option<(String, Place)> {
    let (stem, rest) = name.rsplit_once('@')?;
    let live = format!("{stem}.journal");
    let number = |part: &str| {
        (part.len() == 16)
            .then(|| u64::from_str_radix(part, 16).ok())
            .flatten()
    };
    if let Some(set_aside) = rest.strip_suffix(".journal~") {
        let (time, _random) = set_aside.split_once('-')?;
        let time = number(time)?;
        return Some((live, Place { first: None, time }));
    }
    let mut parts = rest.strip_suffix(".journal")?.split('-');
    let (id, seqnum, time) = (parts.next()?, number(parts.next()?)?, number(parts.next()?)?);
    (id.len() == 32 && parts.next().is_none()).then(|| {
        (
            live,
            Place {
                first: Some((id.to_owned(), seqnum)),
                time,
            },
        )
    })
}

/// Sorts archived files, oldest first: by time; among those of one journal by number, since clocks are set back.
pub(super) fn sort<T>(files: &mut Vec<(Place, T)>) {
    files.sort_by(|(a, _), (b, _)| (a.time, &a.first).cmp(&(b.time, &b.first)));
    let mut ids: Vec<String> = files
        .iter()
        .filter_map(|(place, _)| place.first.as_ref().map(|(id, _)| id.clone()))
        .collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        // The journal's files keep the places that they have together.
        let of_id = |place: &Place| place.first.as_ref().is_some_and(|(own, _)| *own == id);
        let at: Vec<usize> = (0..files.len())
            .filter(|number| of_id(&files[*number].0))
            .collect();
        let mut by_number = at.clone();
        by_number.sort_by_key(|number| files[*number].0.first.as_ref().map(|(_, seqnum)| *seqnum));
        let mut order: Vec<usize> = (0..files.len()).collect();
        for (place, number) in at.into_iter().zip(by_number) {
            order[place] = number;
        }
        let mut taken: Vec<Option<(Place, T)>> = std::mem::take(files).into_iter().map(Some).collect();
        files.extend(order.into_iter().filter_map(|number| taken[number].take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archived_journals_are_ordered_by_number_and_time() {
        let id = "4e3a8403d3844b0bb77b258e3429610c";
        let other = "ffffffffffffffffffffffffffffffff";
        // The clock was set back before the third file; one was set aside by a crash; then a new journal began.
        let oldest_first = [
            format!("system@{id}-0000000000000001-000640b5eed32e9d.journal"),
            format!("system@{id}-0000000000000223-000640b5fdb8f8ce.journal"),
            format!("system@{id}-0000000000000300-000640b5fd000000.journal"),
            "system@000640b5fe000000-1a2b3c4d5e6f7081.journal~".to_owned(),
            format!("system@{other}-0000000000000001-000640b600000000.journal"),
        ];
        let mut files: Vec<(Place, &str)> = oldest_first
            .iter()
            .rev()
            .map(|name| {
                let (live, place) = read(name).unwrap();
                assert_eq!(live, "system.journal");
                (place, name.as_str())
            })
            .collect();
        sort(&mut files);
        let sorted: Vec<&str> = files.into_iter().map(|(_, name)| name).collect();
        assert_eq!(sorted, oldest_first);
    }

    #[test]
    fn other_names_are_no_archived_journals() {
        for name in [
            "system.journal",
            "user@host.log",
            "system@1-2-3.journal",
            "@.journal",
            "user-1000.journal~",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
        let remote = "remote-db@4e3a8403d3844b0bb77b258e3429610c-0000000000000001-000640b5eed32e9d.journal";
        assert_eq!(read(remote).unwrap().0, "remote-db.journal");
    }
}
