//! Kinds of captured values: what a value must look like to stand in a command.
//!
//! In: the name of a capture, and a value from a log. Out: its [`Kind`], and whether the value is one. A text of
//! another kind is reported, but fills no command.

use serde::Serialize;

/// What a capture holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A TCP or UDP port, 1 to 65535.
    Port,
    /// A process, 1 or more.
    Pid,
    /// What a process ended with, -255 to 4294967295 (Windows).
    ExitCode,
    /// An HTTP status, 100 to 599.
    Status,
    /// A file or URL path.
    Path,
    /// A systemd unit, container, service: a name without blanks or slashes at its beginning.
    Unit,
    /// Where something is reached: a host with or without a port, a URL, a socket.
    Address,
    /// Anything else.
    Text,
}

impl Kind {
    /// The kind of the capture of this name.
    pub fn of(name: &str) -> Kind {
        match name {
            "port" => Kind::Port,
            "pid" => Kind::Pid,
            "exit_code" => Kind::ExitCode,
            "status" => Kind::Status,
            "path" => Kind::Path,
            "unit" | "service" | "container" => Kind::Unit,
            "upstream" | "address" | "broker" | "host" => Kind::Address,
            _ => Kind::Text,
        }
    }

    /// Whether `value` is of this kind.
    pub fn accepts(self, value: &str) -> bool {
        let number = |from: i64, to: i64| {
            value
                .parse()
                .is_ok_and(|number: i64| (from..=to).contains(&number))
        };
        let only = |others: &str| value.chars().all(|c| c.is_alphanumeric() || others.contains(c));
        match self {
            Kind::Port => number(1, 65_535),
            Kind::Pid => number(1, i64::from(u32::MAX)),
            Kind::ExitCode => number(-255, i64::from(u32::MAX)),
            Kind::Status => number(100, 599),
            Kind::Path => !value.is_empty() && !value.starts_with('-') && !value.contains(['\n', '\0']),
            Kind::Unit => !value.is_empty() && !value.starts_with(['-', '/', '.']) && only("_-.:@\\/"),
            Kind::Address => !value.is_empty() && !value.starts_with('-') && only("_-.:@/[]%?=&+~,*"),
            Kind::Text => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_another_kind_are_told() {
        for (name, value, fits) in [
            ("port", "8000", true),
            ("port", "0", false),
            ("port", "65536", false),
            ("port", "http", false),
            ("pid", "1", true),
            ("pid", "0", false),
            ("pid", "12a", false),
            ("exit_code", "137", true),
            ("exit_code", "-9", true),
            ("exit_code", "3221225786", true),
            ("exit_code", "none", false),
            ("unit", "api@1.service", true),
            ("unit", "api worker", false),
            ("service", "-rf", false),
            ("upstream", "http://127.0.0.1:8000/orders", true),
            ("upstream", "unix:/run/app.sock", true),
            ("upstream", "[::1]:80", true),
            ("upstream", "no live upstreams", false),
            ("path", "/var/lib/my files", true),
            ("path", "--help", false),
            ("module", "anything", true),
        ] {
            assert_eq!(Kind::of(name).accepts(value), fits, "{name} {value}");
        }
    }
}
