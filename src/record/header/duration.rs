//! How long something took, as loggers write it.
//!
//! In: a text, a JSON object or pairs. Out: nanoseconds. A number counts only where its key or its text
//! says the unit.

use super::logfmt::Pairs;
use super::text::{Known, utf8};
use super::value::{Object, Value};

const NANO: f64 = 1.0;
const MICRO: f64 = 1e3;
const MILLI: f64 = 1e6;
const SECOND: f64 = 1e9;

/// Keys that imply the unit of a number.
const KEYS: &[(&str, f64)] = &[
    ("duration_ms", MILLI),
    ("durationMs", MILLI),
    ("durationMillis", MILLI),
    ("attr.durationMillis", MILLI),
    ("elapsed_ms", MILLI),
    ("elapsedMs", MILLI),
    ("elapsed_milliseconds", MILLI),
    ("ElapsedMilliseconds", MILLI),
    ("Elapsed", MILLI),
    ("latency_ms", MILLI),
    ("latencyMs", MILLI),
    ("response_time_ms", MILLI),
    ("responseTime", MILLI),
    ("took_ms", MILLI),
    ("time_ms", MILLI),
    ("request_time", SECOND),
    ("duration_s", SECOND),
    ("duration_seconds", SECOND),
    ("durationSeconds", SECOND),
    ("elapsed_seconds", SECOND),
    ("latency_s", SECOND),
    ("latency_seconds", SECOND),
    ("duration_us", MICRO),
    ("elapsed_us", MICRO),
    ("latency_us", MICRO),
    ("event.duration", NANO),
    ("Duration", NANO),
    ("duration_ns", NANO),
    ("elapsed_ns", NANO),
    ("latency_ns", NANO),
];

/// Keys whose texts say the unit: `"12.5ms"`.
const TEXTS: &[&str] = &[
    "duration",
    "elapsed",
    "elapsed_time",
    "latency",
    "latency_human",
    "took",
    "httpRequest.latency",
    "response_time",
    "time_taken",
    "dur",
    "service",
];

/// What the keys of a JSON object say.
pub(super) fn of_object(object: &Object<'_>) -> Option<i64> {
    let number = |value: &Value<'_>| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    let keyed = KEYS
        .iter()
        .find_map(|(key, unit)| nanos(number(object.get(key)?)?, *unit));
    // Caddy and lograge write a bare number; other keys tell them.
    let bare = || {
        let unit = match () {
            () if object.get("request.remote_ip").is_some() => SECOND,
            () if object.get("controller").is_some() => MILLI,
            () => return None,
        };
        nanos(number(object.get("duration")?)?, unit)
    };
    keyed
        .or_else(|| object.first(TEXTS, |value| parse(value.text()?)))
        .or_else(bare)
}

/// What the keys of a logfmt line say.
pub(super) fn of_pairs(line: &[u8]) -> Option<i64> {
    let is_rails = || Pairs(line).any(|(key, _)| key == b"controller");
    Pairs(line).find_map(|(key, value)| {
        let (key, value) = (utf8(key)?, utf8(value)?);
        let number = || value.parse::<f64>().ok();
        if let Some((_, unit)) = KEYS.iter().find(|(name, _)| *name == key) {
            nanos(number()?, *unit)
        } else if TEXTS.contains(&key) {
            parse(value).or_else(|| {
                (key == "duration" && is_rails())
                    .then(|| nanos(number()?, MILLI))
                    .flatten()
            })
        } else {
            None
        }
    })
}

/// `rt=0.012` of nginx, `request_time=0.012`: seconds.
pub(super) fn labelled(line: &[u8]) -> Option<i64> {
    const LABELS: [Known; 3] = [
        Known::new(b" rt="),
        Known::new(b" request_time="),
        Known::new(b" rt:"),
    ];
    LABELS.iter().find_map(|label| {
        let rest = label.behind_last(line)?;
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let len = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        nanos(utf8(rest.get(..len)?)?.parse().ok()?, SECOND)
    })
}

/// `12ms`, `1.5s`, `1m2.5s`, `350µs`, `12.3 ms`: numbers with their units.
pub(super) fn parse(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let digits = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
            .count();
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        let after = rest.get(digits..)?.trim_start();
        let letters = after
            .find(|letter: char| letter.is_ascii_digit() || letter == ' ')
            .unwrap_or(after.len());
        let unit = match after.get(..letters)? {
            "ns" => NANO,
            "us" | "µs" | "μs" => MICRO,
            "ms" | "msec" | "milliseconds" => MILLI,
            "s" | "sec" | "secs" | "seconds" => SECOND,
            "m" | "min" => 60.0 * SECOND,
            "h" => 3600.0 * SECOND,
            _ => return None,
        };
        sum = sum.checked_add(nanos(number, unit)?)?;
        rest = after.get(letters..)?.trim_start();
    }
    (!text.trim().is_empty()).then_some(sum)
}

/// What no program can have measured is nothing.
pub(super) fn nanos(number: f64, unit: f64) -> Option<i64> {
    let nanos = (number * unit).round();
    (0.0..9e18).contains(&nanos).then_some(nanos as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_their_unit() {
        for (text, nanos) in [
            ("12ms", Some(12_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("1m2.5s", Some(62_500_000_000)),
            ("350µs", Some(350_000)),
            ("12.3 ms", Some(12_300_000)),
            ("0s", Some(0)),
            ("12", None),
            ("", None),
            ("-1ms", None),
            ("1e400s", None),
            ("soon", None),
            ("12ms late", None),
            ("99999999999999999999999999h", None),
        ] {
            assert_eq!(parse(text), nanos, "{text}");
        }
    }

    #[test]
    fn keys_say_their_unit() {
        for (object, expected) in [
            (r#"{"responseTime":12}"#, Some(12_000_000)),
            (r#"{"event":{"duration":1500}}"#, Some(1500)),
            (r#"{"request_time":"0.012"}"#, Some(12_000_000)),
            (r#"{"duration":"12.5ms"}"#, Some(12_500_000)),
            (
                r#"{"request":{"remote_ip":"::1"},"duration":0.5}"#,
                Some(500_000_000),
            ),
            (r#"{"controller":"x","duration":58.33}"#, Some(58_330_000)),
            (r#"{"duration":58.33}"#, None),
            (r#"{"duration_ms":-5}"#, None),
            (r#"{"duration_ms":1e300}"#, None),
        ] {
            let object_of = Object::parse(object.as_bytes()).unwrap();
            assert_eq!(of_object(&object_of), expected, "{object}");
        }
        assert_eq!(of_pairs(b"at=info status=200 service=12ms"), Some(12_000_000));
        assert_eq!(
            of_pairs(b"level=info controller=x duration=58.33"),
            Some(58_330_000)
        );
        assert_eq!(of_pairs(b"level=info duration=58.33"), None);
        assert_eq!(
            labelled(br#""GET / HTTP/1.1" 200 5 "-" "x" rt=0.012 uct="0.0""#),
            Some(12_000_000)
        );
        assert_eq!(labelled(br#""GET /?a rt=x HTTP/1.1" 200 5"#), None);
    }
}
