//! Which lines may state a request, told from their raw bytes.
//!
//! In: a line, and where one of the [`GATES`] stands in it. Out: whether [`parse`](super::parse) may find a request there. Each form
//! of request that the readers beside this file know has a text that its line cannot do without, whatever transport carries it, and
//! something beside that text. To look for all of them at once costs a fraction of reading headers, and in mixed logs most lines have none.

use memchr::{memchr, memmem};

use super::text::{number, split_at_byte, word};

/// Texts of which one stands in every line that states a request. Their capitals count.
#[rustfmt::skip]
pub(crate) const GATES: &[&str] = &[
    // The status behind the quote of the request: nginx, Apache, Envoy, uvicorn, Django ...
    "\" 0", "\" 1", "\" 2", "\" 3", "\" 4", "\" 5", "\" 6", "\" 7", "\" 8", "\" 9",
    // The request behind the bytes of load balancers, also in a text of JSON.
    "0 \"", "1 \"", "2 \"", "3 \"", "4 \"", "5 \"", "6 \"", "7 \"", "8 \"", "9 \"", " \\\"", " \\\\",
    // The stamp of HAProxy, and results of Squid.
    "0] ", "1] ", "2] ", "3] ", "4] ", "5] ", "6] ", "7] ", "8] ", "9] ", "Z] ", "TCP_", "UDP_", "NONE_", "NONE/",
    // IIS, morgan, Next.js; gin; Rails.
    "GET ", "POST ", "PUT ", "DELETE ", "HEAD ", "PATCH ", "OPTIONS ", "CONNECT ", "TRACE ",
    "[GIN]", "Completed ",
    // JSON and logfmt.
    "status", "Status",
    // What may be any of these when it is decoded: colours, escapes, messages in numbers.
    "\u{1b}", "\\u00", "\\x1b", "\"MESSAGE\":[", "\"MESSAGE\" : [",
];

/// Whether `line`, in which one of the [`GATES`] stands at `place`, may state a request by it.
#[must_use]
pub(crate) fn may_state(line: &[u8], place: usize) -> bool {
    let here = line.get(place..).unwrap_or_default();
    match here {
        [b'"', b' ', rest @ ..] => is_status(rest),
        [b'0'..=b'9', b' ', rest @ ..] | [b' ', rest @ ..] => is_request(rest),
        [b'0'..=b'9' | b'Z', b']', b' ', rest @ ..] => is_of_haproxy(rest),
        [b's' | b'S', b't', b'a', b't', b'u', b's', rest @ ..] => {
            is_key_of_number(rest)
                && (memmem::find(line, b"ethod").is_some() || memmem::find(line, b"equest").is_some())
        }
        [b'C', b'o', b'm', ..] => here.get(10).is_some_and(u8::is_ascii_digit),
        [b'T', b'C', ..] | [b'U', b'D', ..] | [b'N', b'O', ..] => is_result(here),
        [b'A'..=b'Z', ..] => is_plain(here) || (may_carry(line) && is_of_iis(here, line)),
        _ => true,
    }
}

/// `200 `, `200,` and whatever else may follow when it stands in a text.
fn is_status(rest: &[u8]) -> bool {
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit());
    digits.count() == 3
}

/// `"GET `, or any other word in capitals.
fn is_request(quoted: &[u8]) -> bool {
    let escapes = quoted.iter().take_while(|byte| **byte == b'\\').count();
    let rest = quoted.get(escapes + 1..).unwrap_or_default();
    let capitals = rest.iter().take(21).take_while(|byte| byte.is_ascii_uppercase());
    let capitals = capitals.count();
    capitals >= 3 && rest.get(capitals) == Some(&b' ')
}

/// `web app/a1 0/-1/-1/-1/0 503 `: frontend, server, timers, status.
fn is_of_haproxy(rest: &[u8]) -> bool {
    let mut words = rest.splitn(5, |byte| *byte == b' ').skip(1);
    let (server, timers, status) = (words.next(), words.next(), words.next());
    let has_slash = |word: Option<&[u8]>| word.is_some_and(|word| word.contains(&b'/'));
    has_slash(server) && has_slash(timers) && status.is_some_and(|status| number(status).is_some())
}

/// `TCP_MISS/503 ` of Squid.
fn is_result(here: &[u8]) -> bool {
    let status = split_at_byte(word(here).0, b'/').map(|(_, status)| status);
    status.is_some_and(|status| number(status).is_some())
}

/// What follows `status` in `"status":200`, `\"statusCode\": \"200\"`, `status_code=200`.
fn is_key_of_number(rest: &[u8]) -> bool {
    let rest = rest
        .strip_prefix(b"_code")
        .or_else(|| rest.strip_prefix(b"Code"))
        .unwrap_or(rest);
    let is_between = |byte: &u8| matches!(byte, b'\\' | b'"' | b':' | b'=' | b' ' | b'\t');
    let between = rest.iter().take_while(|byte| is_between(byte)).count();
    between > 0 && rest.get(between).is_some_and(u8::is_ascii_digit)
}

/// `GET /orders 503 2.426 ms - 1`: the status behind what was asked for.
fn is_plain(request: &[u8]) -> bool {
    let behind = |rest: &[u8]| memchr(b' ', rest).map(|at| at + 1);
    let status = || {
        let method = behind(request)?;
        let target = method + behind(request.get(method..)?)?;
        let rest = request.get(target..)?;
        rest.strip_prefix(b"HTTP/1.1 ").unwrap_or(rest).first().copied()
    };
    status().is_some_and(|byte| byte.is_ascii_digit())
}

/// Whether a JSON object carries the line of another program; what is no object may.
fn may_carry(line: &[u8]) -> bool {
    let object = line.starts_with(b"{") && line.trim_ascii_end().ends_with(b"}");
    !object
        || memmem::find(line, b"\"stream\"").is_some()
        || memmem::find(line, b"\"__REALTIME_TIMESTAMP\"").is_some()
}

/// Three numbers at least stand at the end of a line of IIS, or of the text in which it is carried.
fn is_of_iis(request: &[u8], line: &[u8]) -> bool {
    let mut text = request;
    if line.trim_ascii_end().ends_with(b"}") {
        text = memchr(b'"', text).map_or(text, |end| &text[..end]);
        while let [rest @ .., b'\\'] | [rest @ .., b'\\', b'n' | b'r'] = text {
            text = rest;
        }
    }
    let words = text.trim_ascii_end().rsplit(|byte| *byte == b' ');
    words.take(3).take_while(|word| number(word).is_some()).count() == 3
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::record::header::parse;
    use crate::record::time::{Clock, Zone};
    use crate::report::visible::strip_colour;

    const CLOCK: Clock = Clock::new(Zone::Utc, 1_795_500_000_000_000_000);

    fn may(line: &[u8]) -> bool {
        let stands =
            |gate: &&str| memmem::find_iter(line, gate.as_bytes()).any(|place| may_state(line, place));
        GATES.iter().any(stands)
    }

    fn states(line: &[u8]) -> bool {
        parse(&strip_colour(line), &CLOCK).http.is_some()
    }

    fn lines_of(folder: &str) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(path).unwrap();
                    lines.extend(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
                }
            }
        }
        lines
    }

    /// Whatever real programs print: no line that states a request is passed over.
    #[test]
    fn each_request_of_real_logs_has_a_gate() {
        let mut requests = 0;
        for folder in [
            "tests/captures",
            "tests/ordinary",
            "tests/scenes",
            "tests/formats",
            "sample-logs",
        ] {
            for line in lines_of(folder) {
                if states(&line) {
                    requests += 1;
                    assert!(may(&line), "{}", String::from_utf8_lossy(&line));
                }
            }
        }
        assert!(requests > 1_000, "{requests}");
    }

    /// Requests of every style, alone and in every transport.
    #[test]
    fn each_style_of_request_has_a_gate_in_each_transport() {
        let table: toml::Value =
            toml::from_str(&fs::read_to_string("tests/formats/styles.toml").unwrap()).unwrap();
        let mut styles = 0;
        for style in table["style"].as_array().unwrap() {
            let line = style["line"].as_str().unwrap();
            if !states(line.as_bytes()) {
                continue;
            }
            styles += 1;
            let quoted = serde_json::to_string(line).unwrap();
            let inner = serde_json::to_string(&format!("{line}\n")).unwrap();
            let docker =
                format!(r#"{{"log":{inner},"stream":"stdout","time":"2026-11-22T07:34:50.123456789Z"}}"#);
            let numbers: Vec<String> = line.bytes().map(|byte| byte.to_string()).collect();
            for carried in [
                line.to_owned(),
                format!("Nov 22 07:15:55 vm web[15]: {line}"),
                format!("2026-11-22T07:00:00.123456789Z stdout F {line}"),
                format!("web-1  | {line}"),
                format!("{line}\r"),
                format!("\u{1b}[32m{}\u{1b}[0m", line.replace("\" ", "\" \u{1b}[1m")),
                format!(r#"{{"__REALTIME_TIMESTAMP":"1795332703123456","MESSAGE":{quoted}}}"#),
                format!(
                    r#"{{"__REALTIME_TIMESTAMP":"1795332703123456","MESSAGE":[{}]}}"#,
                    numbers.join(",")
                ),
                format!("2026-11-22T07:00:00.123456789Z stdout F {docker}"),
                docker.replace("\\\"", "\\u0022"),
                docker,
            ] {
                assert!(
                    !states(carried.as_bytes()) || may(carried.as_bytes()),
                    "{carried}"
                );
            }
        }
        assert!(styles >= 15, "{styles}");
    }

    proptest! {
        /// Words of requests in any order.
        #[test]
        fn what_is_passed_over_states_nothing(
            words in proptest::collection::vec(
                prop_oneof![
                    Just("GET"), Just("/x"), Just("200"), Just("7"), Just("\"GET /x HTTP/1.1\""), Just("-"),
                    Just("2026-11-22 07:34:50"), Just("[28/Nov/2026:06:45:00.350]"), Just("10.0.0.1:80"), Just("web"),
                    Just("a/b"), Just("0/-1/3"), Just("TCP_MISS/503"), Just("1795848312.398"), Just("Completed"),
                    Just("status=200"), Just("method=GET"), Just("path=/x"), Just("level=info"), Just("in 12ms"), Just("[GIN]"),
                ],
                1..14,
            )
        ) {
            let line = words.join(" ");
            prop_assert!(!states(line.as_bytes()) || may(line.as_bytes()), "{}", line);
        }
    }
}
