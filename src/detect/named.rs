//! Lines that name a failure where none was: the name of a test that passed, the subject of a commit that was checked out.

use memchr::memmem;

use crate::record::Record;

/// Whether the line of `record` at which a condition's text was found only names what it says.
pub(super) fn is_only_named(record: &Record, line: Option<usize>) -> bool {
    let found = line.and_then(|number| record.text.lines().nth(number));
    found.is_some_and(|line| is_passed_test(line.trim()) || is_checkout(line.trim()))
}

fn is_passed_test(line: &str) -> bool {
    const MARKS: [&str; 5] = ["✓ ", "✔ ", "√ ", "# Subtest: ", "--- PASS: "];
    let number = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    MARKS.iter().any(|mark| line.starts_with(mark))
        || line
            .strip_prefix("ok ")
            .is_some_and(|rest| number(rest) && rest.contains(" - "))
        || line.ends_with(" ... ok")
        || line.ends_with(" PASSED")
        || memmem::find(line.as_bytes(), b" PASSED [").is_some()
}

fn is_checkout(line: &str) -> bool {
    let hash = |word: &str| word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    const HEAD: &str = "HEAD is now at ";
    memmem::find(line.as_bytes(), HEAD.as_bytes())
        .and_then(|at| line.get(at + HEAD.len()..)?.split(' ').next())
        .is_some_and(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_that_passed_are_told_from_failures() {
        for line in [
            "✓ handles ETIMEDOUT: connection timed out (5 ms)",
            "ok 7 - Error: getaddrinfo ENOTFOUND is reported",
            "# Subtest: ECONNREFUSED is retried",
            "--- PASS: TestReset/connection_reset_by_peer (0.00s)",
            "test_client.py::test_get[Connection refused] PASSED [ 50%]",
            "test net::no_space_left_on_device ... ok",
        ] {
            assert!(is_passed_test(line), "{line}");
        }
        for line in [
            "not ok 7 - Error: getaddrinfo ENOTFOUND is reported",
            "✕ handles ETIMEDOUT: connection timed out (5 ms)",
            "ok, but: connection refused",
            "test_client.py::test_get[Connection refused] FAILED [ 50%]",
            "test net::no_space_left_on_device ... FAILED",
        ] {
            assert!(!is_passed_test(line), "{line}");
        }
    }

    #[test]
    fn the_subject_of_a_commit_is_told_from_a_failure() {
        assert!(is_checkout(
            "HEAD is now at 3f1c2aa Fix Error: connection refused on start"
        ));
        assert!(!is_checkout("HEAD is now at risk: connection refused"));
    }
}
