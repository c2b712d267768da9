//! What a finding is about, in a form that two findings can share.
//!
//! In: a finding's captures and services. Out: keys like `port 8000` or `service api`. The upstream
//! `http://127.0.0.1:8000/x` of a proxy's error and the port of a failed bind give the same key.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use crate::detect::tally::authority;

/// The keys of a finding's records.
pub(super) fn keys(found: &Found<'_>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (name, values) in &found.tally.captures {
        for value in values.values() {
            add(&mut keys, name, value);
        }
    }
    for service in found.tally.services.values() {
        add(&mut keys, "service", service);
    }
    for key in found.tally.keys.values() {
        match key.split_once(' ') {
            Some(("upstream", address)) => add(&mut keys, "upstream", address),
            _ => {
                keys.insert(key.to_owned());
            }
        }
    }
    keys
}

/// The keys of who wrote them: the ports on which that program listens, by log in `bound`.
pub(super) fn own_ports(found: &Found<'_>, bound: &BTreeMap<usize, BTreeSet<String>>) -> BTreeSet<String> {
    let ports = found.tally.sources.keys().filter_map(|source| bound.get(source));
    ports.flatten().map(|port| format!("port {port}")).collect()
}

fn add(keys: &mut BTreeSet<String>, name: &str, value: &str) {
    match name {
        "port" => {
            keys.insert(format!("port {value}"));
        }
        "upstream" | "address" | "broker" => {
            keys.extend(port_of(value).map(|port| format!("port {port}")));
            if value.contains(".sock") {
                keys.insert(format!("socket {}", value.trim_start_matches("unix:")));
            }
        }
        "service" | "unit" | "container" => {
            keys.insert(format!("service {}", service_name(value)));
        }
        "client" => {
            keys.insert(format!("client {value}"));
            keys.extend(process_of(value).map(|pid| format!("pid {pid}")));
        }
        "job" | "pid" | "path" | "user" | "table" | "column" | "module" | "database" => {
            keys.insert(format!("{name} {value}"));
        }
        _ => {}
    }
}

/// `api` for `api.service`, `api-1` and `api:api_00`.
pub(super) fn service_name(value: &str) -> &str {
    let name = value.trim_end_matches(".service");
    let name = name.split(':').next_back().unwrap_or(name);
    name.trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches(['-', '_'])
}

/// The process in a client's id: `portal-27564`, as MQTT's clients are named.
fn process_of(client: &str) -> Option<&str> {
    let (_, number) = client.rsplit_once(['-', '_'])?;
    ((3..=7).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// The port of `host:port`, with or without a scheme and path.
pub(super) fn port_of(address: &str) -> Option<&str> {
    let (_, port) = authority(address).rsplit_once(':')?;
    (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_and_a_bound_port_share_a_key() {
        assert_eq!(port_of("http://127.0.0.1:8000/login"), Some("8000"));
        assert_eq!(port_of("127.0.0.1:8000"), Some("8000"));
        assert_eq!(port_of("backend"), None);
        assert_eq!(service_name("api:api_00"), "api");
        assert_eq!(service_name("api-1"), "api");
    }
}
