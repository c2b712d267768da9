//! Which service a log's name suggests.
//!
//! In: a log's path. Out: `api` for `api.err.log.2.gz` and for `api/error.log`, or nothing. All pieces of a rotated
//! log suggest the same.

use std::path::Path;

use super::rotation;

/// Names that say what is in a log, or nothing, but not who wrote it.
const SAYS_NOTHING: &[&str] = &[
    "access", "error", "stdout", "stderr", "out", "err", "current", "output", "console", "log", "logs",
    "var", "tmp", "syslog", "messages", "journal", "daemon", "all", "combined", "dump", "docker", "compose",
    "kern", "dmesg", "system", "ci", "build", "app", "u_ex", "*", "",
];

/// Of these, the ones that leave it to the folder.
const FOLDER_SAYS: &[&str] = &["access", "error", "stdout", "stderr", "out", "err", "current"];

/// The service that the name of the log at `path` suggests.
pub(super) fn of(path: &Path) -> Option<String> {
    let name = rotation::live_name(path.file_name()?.to_str()?);
    if name.ends_with(".journal") || name.ends_with(".journal~") {
        // Its records say who wrote them.
        return None;
    }
    let folder = || {
        path.parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
    };
    let word = word(&name);
    // Kubernetes: `pods/NAMESPACE_POD_UID/CONTAINER/0.log`.
    if rotation::in_pod(path) || FOLDER_SAYS.contains(&word) {
        return folder().map(self::word).and_then(telling);
    }
    // Kubernetes: `containers/POD_NAMESPACE_CONTAINER-ID.log`.
    if let Some((container, id)) = word.rsplit_once('-')
        && is_container_id(id)
        && let Some((_, container)) = container.rsplit_once('_')
    {
        return telling(container);
    }
    telling(word)
}

/// The first word of a file's name, without what says which of its logs it is.
fn word(name: &str) -> &str {
    let name = name.split("---supervisor").next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    name.trim_end_matches("_log")
        .trim_end_matches("-stdout")
        .trim_end_matches("-stderr")
        .trim_end_matches("_access")
        .trim_end_matches("_error")
        .trim_end_matches("-access")
        .trim_end_matches("-error")
}

fn telling(word: &str) -> Option<String> {
    let says_nothing = SAYS_NOTHING.contains(&word)
        || word.chars().all(|c| c.is_ascii_digit())
        || is_container_id(word.trim_end_matches("-json"));
    (!says_nothing).then(|| word.to_owned())
}

fn is_container_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_suggests_its_service() {
        let service = |path: &str| of(Path::new(path));
        assert_eq!(service("logs/api.err.log").as_deref(), Some("api"));
        assert_eq!(service("logs/nginx/access.log").as_deref(), Some("nginx"));
        assert_eq!(service("/var/log/syslog"), None);
        assert_eq!(service("logs/error.log"), None);
        assert_eq!(
            service("api-stderr---supervisor-x7f2.log").as_deref(),
            Some("api")
        );
        let pod = "/var/log/pods/shop_api-7d9f_0f5bd1a2-1111-2222-3333-444455556666/web/1.log";
        assert_eq!(service(pod).as_deref(), Some("web"));
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(
            service(&format!("/var/log/containers/api-7d9f_shop_web-{id}.log")).as_deref(),
            Some("web")
        );
        assert_eq!(service(&format!("containers/{id}/{id}-json.log")), None);
    }

    #[test]
    fn rotation_and_compression_do_not_hide_it() {
        let service = |path: &str| of(Path::new(path));
        for name in [
            "api.err.log.2.gz",
            "api.log-20261121",
            "api-2026-11-20T07-00-00.000.log.zst",
            "api-2026-11-20.log.1",
            "api-stdout---supervisor-x7f2.log.10",
            "api.log.xz",
        ] {
            assert_eq!(service(name).as_deref(), Some("api"), "{name}");
        }
        assert_eq!(service("nginx/access.log-20261121.gz").as_deref(), Some("nginx"));
        assert_eq!(service("nginx/access.1.log").as_deref(), Some("nginx"));
        assert_eq!(service("worker-1.log").as_deref(), Some("worker-1"));
        assert_eq!(service("messages-20261121"), None);
        let pod = "/var/log/pods/shop_api_0f5bd1a2-1111-2222-3333-444455556666/web/0.log.20251122-073000.gz";
        assert_eq!(service(pod).as_deref(), Some("web"));
    }
}
