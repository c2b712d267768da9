//! Which logs belong to one system.
//!
//! In: the sources' names. Out: a number for each source; equal numbers are one system. Folders that lie side by side
//! and hold logs of the same names (`shop/nginx-access.log`, `fleet/nginx-access.log`) are systems of their own: two
//! hosts, two projects, two incidents. Between systems a link needs more than an order in time.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::Source;

/// A folder that holds fewer logs than this is a part of a system, never one by itself.
const FEWEST_LOGS: usize = 2;

/// The system of each source.
pub(super) fn systems<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<usize> {
    let names: Vec<Vec<&str>> = sources
        .map(|source| source.set.as_deref().unwrap_or(&source.name))
        .map(|name| name.split('/').collect())
        .collect();
    let mut systems = vec![0; names.len()];
    let mut next = 0;
    let all: Vec<usize> = (0..names.len()).collect();
    divide(&names, &all, 0, &mut next, &mut systems);
    systems
}

/// Gives numbers to `own`, whose names are equal up to `depth`.
fn divide(names: &[Vec<&str>], own: &[usize], depth: usize, next: &mut usize, systems: &mut [usize]) {
    let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut here = Vec::new();
    for source in own {
        match &names[*source][depth..] {
            [folder, _, ..] => folders.entry(folder).or_default().push(*source),
            _ => here.push(*source),
        }
    }
    let logs = |folder: &[usize]| -> BTreeSet<&str> {
        let last = folder.iter().filter_map(|source| names[*source].last());
        last.copied().collect()
    };
    let logs: BTreeMap<&str, BTreeSet<&str>> = folders
        .iter()
        .map(|(name, folder)| (*name, logs(folder)))
        .collect();
    let is_apart = |name: &str| {
        let own = &logs[name];
        let mut others = logs.iter().filter(|(other, _)| **other != name);
        own.len() >= FEWEST_LOGS && others.any(|(_, other)| !own.is_disjoint(other))
    };
    let only_a_folder = here.is_empty() && folders.len() == 1;
    let mut together = here;
    for (name, folder) in &folders {
        if is_apart(name) {
            divide(names, folder, depth + 1, next, systems);
        } else {
            together.extend(folder);
        }
    }
    if only_a_folder && together.len() == own.len() && own.len() > 1 {
        // A folder with nothing beside it: what lies below it decides.
        return divide(names, own, depth + 1, next, systems);
    }
    for source in &together {
        systems[*source] = *next;
    }
    *next += usize::from(!together.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Vec<usize> {
        let names: Vec<Vec<&str>> = names.iter().map(|name| name.split('/').collect()).collect();
        let all: Vec<usize> = (0..names.len()).collect();
        let mut systems = vec![0; names.len()];
        divide(&names, &all, 0, &mut 0, &mut systems);
        systems
    }

    #[test]
    fn folders_with_the_same_logs_are_systems_of_their_own() {
        let logs = [
            "in/shop/access.log",
            "in/shop/db.log",
            "in/fleet/access.log",
            "in/fleet/redis.log",
        ];
        let systems = of(&logs);
        assert_eq!(systems[0], systems[1]);
        assert_eq!(systems[2], systems[3]);
        assert_ne!(systems[0], systems[2]);
    }

    #[test]
    fn a_log_beside_a_deep_folder_is_of_its_system() {
        let logs = [
            "logs/bundle.tar.gz/web/app.log",
            "logs/bundle.tar.gz/web/error.log",
            "logs/access.log",
        ];
        assert!(of(&logs).iter().all(|system| *system == 0));
    }

    #[test]
    fn the_folders_of_one_host_are_one_system() {
        let logs = [
            "/var/log/nginx/access.log",
            "/var/log/nginx/error.log",
            "/var/log/postgresql/main.log",
            "/var/log/syslog",
        ];
        assert!(of(&logs).iter().all(|system| *system == 0));
        // Replicas have one log each.
        assert!(
            of(&["pods/web-1/0.log", "pods/web-2/0.log", "pods/db/0.log"])
                .iter()
                .all(|system| *system == 0)
        );
    }
}
