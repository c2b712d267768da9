//! Names of rotated logs: which log a file is a piece of, and where it stands among the pieces.
//!
//! In: a file's name, without its folder. Out: a [`Reading`]. One name is looked at, never its neighbours;
//! whether a piece has company is decided in [`rotation`](super).
//!
//! | style | names, oldest first |
//! |---|---|
//! | number behind the name (logrotate, docker, supervisor, log4j, python) | `app.log.2.gz app.log.1 app.log` |
//! | date behind the name (logrotate, python, kubelet, rotatelogs) | `app.log-20261121 app.log` |
//! | date before the ending (logback, lumberjack, pm2, Tomcat) | `app-2026-11-20.0.log.gz app.log` |
//! | date first (Jetty, IIS) | `2026_11_20.err.log`, `u_ex261120.log` |
//! | number before the ending (winston, log4j2, logback) | `app.2.log app.1.log app.log` |
//! | runit and s6 | `@40000000654…s current` |

use std::cmp::Reverse;

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The name of the log that is still written to. It need not exist.
    pub(super) live: String,
    /// The piece's place.
    pub(super) key: Key,
    /// How far the name may be trusted.
    pub(super) trust: Trust,
}

/// The place of a piece among the others, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A date (as one number, or seconds since 1970) and the numbers behind it: time of day, then an index.
    Dated(Vec<u64>),
    /// The higher, the older.
    Numbered(Reverse<u64>),
    /// Still written to.
    Live,
}

/// What must be true besides the name for files to be pieces of one log. The greater, the more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trust {
    /// Nothing: nobody writes two logs with such names.
    Sure,
    /// The live log is there, or the pieces follow each other in time.
    LiveOrTimes,
    /// The pieces follow each other in time: the name may hold a process id.
    Times,
    /// Both: `worker-1.log` and `worker-2.log` are two workers.
    LiveAndTimes,
}

/// Endings of compressed files.
const COMPRESSED: &[&str] = &["gz", "z", "bz2", "xz", "lzma", "zst", "zstd", "lz4"];

/// Endings of archives and images, which are never pieces of one log.
const NOT_PIECES: &[&str] = &[
    "tar", "tgz", "tbz", "tbz2", "txz", "tzst", "zip", "7z", "rar", "jar", "war", "iso", "img", "dump",
    "hprof", "core", "pcap", "sql", "db", "bak",
];

/// Endings of logs, also of those that are divided by level or kind.
const LOG_ENDINGS: &[&str] = &[
    "log", "txt", "out", "err", "json", "jsonl", "ndjson", "csv", "stdout", "stderr", "trc", "trace",
    "audit", "access", "error", "warn", "warning", "info", "debug",
];

/// What stands between a name and its date or number.
const SEPARATORS: &[char] = &['-', '.', '_'];

/// The name without the ending of its compression, and whether it had one.
pub(super) fn uncompressed(name: &str) -> (&str, bool) {
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return (name, false);
    };
    let ending = ending.to_ascii_lowercase();
    // A zip file is an archive, unless its name is that of a log.
    let zipped_log = ending == "zip" && (is_log(stem) || stem.contains(".log."));
    if !stem.is_empty() && (COMPRESSED.contains(&ending.as_str()) || zipped_log) {
        (stem, true)
    } else {
        (name, false)
    }
}

/// Reads a name that is not compressed (any more).
pub(super) fn read(name: &str) -> Option<Reading> {
    tai64n(name)
        .or_else(|| iis(name))
        .or_else(|| behind(name))
        .or_else(|| before_ending(name))
        .or_else(|| date_first(name))
}

/// `@40000000654f7c8a1b2c3d4e.s` beside `current`.
fn tai64n(name: &str) -> Option<Reading> {
    let label = name.strip_prefix('@')?;
    let label = label.split('.').next()?;
    let is_label = label.len() == 24 && label.starts_with('4');
    let seconds = u64::from_str_radix(label.get(..16)?, 16).ok()?;
    let nanos = u64::from_str_radix(label.get(16..)?, 16).ok()?;
    is_label.then(|| Reading {
        live: "current".to_owned(),
        key: Key::Dated(vec![seconds, nanos]),
        trust: Trust::Sure,
    })
}

/// `u_ex261120.log`, `u_ex26112007_x.log` (hourly), `u_extend3.log`.
fn iis(name: &str) -> Option<Reading> {
    let (stem, ending) = name.rsplit_once('.')?;
    let (stem, custom) = match stem.strip_suffix("_x") {
        Some(stem) => (stem, "_x"),
        None => (stem, ""),
    };
    let digits_at = stem.find(|c: char| c.is_ascii_digit())?;
    let (kind, digits) = stem.split_at(digits_at);
    let number: u64 = digits.parse().ok()?;
    let kind = kind.to_ascii_lowercase();
    let fits = match kind.as_str() {
        "u_ex" | "ex" | "u_in" | "in" | "u_nc" | "nc" => {
            matches!(digits.len(), 6 | 8) && date8(&format!("20{}", &digits[..6])).is_some()
        }
        "u_extend" | "extend" | "u_intend" | "intend" => digits.len() <= 4,
        _ => false,
    };
    (fits && ending.eq_ignore_ascii_case("log")).then(|| Reading {
        live: format!("{kind}{custom}.log"),
        key: Key::Dated(vec![number]),
        trust: Trust::Sure,
    })
}

/// A date or number at the end: `app.log.1`, `app.log-20261121`.
fn behind(name: &str) -> Option<Reading> {
    if let Some(live) = name.strip_suffix(".old").or_else(|| name.strip_suffix(".prev")) {
        return is_log(live).then(|| Reading {
            live: live.to_owned(),
            key: Key::Numbered(Reverse(1)),
            trust: Trust::LiveOrTimes,
        });
    }
    let (stem, separator, found) = at_end(name)?;
    if stem
        .rsplit_once('.')
        .is_some_and(|(_, ending)| NOT_PIECES.contains(&ending))
    {
        return None;
    }
    let index = match found {
        Found::Date(numbers, trust) => {
            return Some(Reading {
                trust: if trust == Trust::Sure && !is_log(stem) {
                    Trust::LiveOrTimes
                } else {
                    trust
                },
                live: stem.to_owned(),
                key: Key::Dated(numbers),
            });
        }
        Found::Index(index) => index,
    };
    // `app-2026-11-20.log.1` is the second piece of that day.
    if let Some(Reading {
        live,
        key: Key::Dated(mut numbers),
        trust,
    }) = before_ending(stem)
    {
        numbers.push(index);
        return Some(Reading {
            live,
            key: Key::Dated(numbers),
            trust,
        });
    }
    Some(Reading {
        trust: match separator {
            _ if is_log(stem) => Trust::Sure,
            '.' => Trust::LiveOrTimes,
            _ => Trust::LiveAndTimes,
        },
        live: stem.to_owned(),
        key: Key::Numbered(Reverse(index)),
    })
}

/// A date or number before the ending: `app-2026-11-20.log`, `app.1.log`, `app1.log`.
fn before_ending(name: &str) -> Option<Reading> {
    let (base, ending) = ending_of(name)?;
    if let Some((numbers, trust)) = date(base) {
        return Some(Reading {
            live: format!("*{ending}"),
            key: Key::Dated(numbers),
            trust,
        });
    }
    match at_end(base) {
        Some((stem, _, Found::Date(numbers, trust))) => Some(Reading {
            live: format!("{stem}{ending}"),
            key: Key::Dated(numbers),
            trust,
        }),
        Some((stem, _, Found::Index(index))) => Some(numbered_before_ending(stem, ending, index)),
        None => {
            let stem = base.trim_end_matches(|c: char| c.is_ascii_digit());
            let index = index(&base[stem.len()..])?;
            (!stem.is_empty()).then(|| numbered_before_ending(stem, ending, index))
        }
    }
}

fn numbered_before_ending(stem: &str, ending: &str, index: u64) -> Reading {
    Reading {
        live: format!("{stem}{ending}"),
        key: Key::Numbered(Reverse(index)),
        trust: Trust::LiveAndTimes,
    }
}

/// A date at the beginning: `2026_11_20.stderrout.log`, `2026-11-20-app.log`.
fn date_first(name: &str) -> Option<Reading> {
    if !is_log(name) {
        return None;
    }
    // The longest date wins.
    let cuts = name.char_indices().filter(|(_, c)| SEPARATORS.contains(c));
    let (rest, (numbers, trust)) = cuts
        .filter_map(|(at, _)| Some((&name[at..], date(&name[..at])?)))
        .next_back()?;
    Some(Reading {
        live: rest.trim_start_matches(SEPARATORS).to_owned(),
        key: Key::Dated(numbers),
        trust,
    })
}

/// Whether a name ends as logs do: `app.log`, `syslog`, `access_log`.
pub(super) fn is_log(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ending = name.rsplit('.').next().unwrap_or_default();
    name.ends_with("log") || (name.contains('.') && LOG_ENDINGS.contains(&ending))
}

/// Divides `app-1.err.log` into `app-1` and `.err.log`; nothing if it does not end as logs do.
fn ending_of(name: &str) -> Option<(&str, &str)> {
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (base, last) = name.rsplit_once('.')?;
    if !is_word(last) || !is_log(name) {
        return None;
    }
    let at = match base.rsplit_once('.') {
        Some((shorter, word)) if is_word(word) && !shorter.is_empty() => shorter.len(),
        _ => base.len(),
    };
    (at > 0).then(|| name.split_at(at))
}

enum Found {
    Date(Vec<u64>, Trust),
    Index(u64),
}

/// The longest date or number at the end of `text`, the separator before it, and what stands before that.
fn at_end(text: &str) -> Option<(&str, char, Found)> {
    let cuts = text.char_indices().filter(|(_, c)| SEPARATORS.contains(c));
    cuts.filter_map(|(at, separator)| {
        let key = &text[at + separator.len_utf8()..];
        let stem = text[..at].trim_end_matches(SEPARATORS);
        let found = match date(key) {
            Some((numbers, trust)) => Found::Date(numbers, trust),
            None => Found::Index(index(key)?),
        };
        (!stem.is_empty()).then_some((stem, separator, found))
    })
    .next()
}

/// A number of up to three digits; longer ones are process ids and ports.
fn index(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && text.len() <= 3)
        .then(|| text.parse().ok())
        .flatten()
}

/// Reads `20261120`, `2026-11-20T07-00-00.000`, `2026112007`, `20261120.3`, `1795334372`, `11-20-2026`, `2026-11`
/// as a whole: the date as one number, and the numbers behind it.
fn date(text: &str) -> Option<(Vec<u64>, Trust)> {
    let mut runs = runs(text)?;
    let first = runs[0];
    if matches!(first.len(), 10 | 12 | 14) && date8(&first[..8]).is_some() {
        runs.splice(..1, [&first[..8], &first[8..]]);
    }
    let lengths: Vec<usize> = runs.iter().map(|run| run.len()).collect();
    let (date, taken) = match (lengths.as_slice(), runs.as_slice()) {
        ([4, 2, 2, ..], [year, month, day, ..]) => (date8(&[*year, month, day].concat())?, 3),
        ([2, 2, 4, ..], [month, day, year, ..]) => {
            // Which of the two is the month, only a number above 12 tells.
            let american = date8(&[*year, month, day].concat());
            (american.or_else(|| date8(&[*year, day, month].concat()))?, 3)
        }
        ([4, 2], [year, month]) => (date8(&[*year, month, "01"].concat())?, 2),
        ([8, ..], [date, ..]) => (date8(date)?, 1),
        _ => (epoch(first)?, 1),
    };
    let mut key = vec![date];
    for run in &runs[taken..] {
        key.push(run.parse().ok()?);
    }
    let trust = match &lengths[taken..] {
        [] if lengths[0] <= 8 => Trust::Sure,
        // A process id, unless it is a time of day.
        [.., 5 | 7] | [_, .., 4 | 6] => Trust::Times,
        _ => Trust::LiveOrTimes,
    };
    Some((key, trust))
}

/// Seconds or milliseconds since 1970, as Apache's rotatelogs and logrotate's `%s` write them.
fn epoch(digits: &str) -> Option<u64> {
    const SECONDS: std::ops::Range<u64> = 978_307_200..4_102_444_800;
    let number: u64 = digits.parse().ok()?;
    let seconds = if digits.len() == 13 { number / 1000 } else { number };
    SECONDS.contains(&seconds).then_some(number)
}

/// `YYYYMMDD` as a number, if it is a date between 2000 and 2099.
fn date8(digits: &str) -> Option<u64> {
    let number: u64 = digits.parse().ok()?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let fits = (2000..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    (fits && digits.len() == 8).then_some(number)
}

/// The runs of digits in a text that holds nothing else but single separators between them, and a `Z` at the end.
fn runs(text: &str) -> Option<Vec<&str>> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let runs: Vec<&str> = text.split(['-', '.', '_', ':', 'T', ',', '+', ' ']).collect();
    let is_run = |run: &&str| (1..=19).contains(&run.len()) && run.bytes().all(|byte| byte.is_ascii_digit());
    (runs.len() <= 9 && runs.iter().all(is_run)).then_some(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `live key trust`, with the key's numbers.
    fn said(name: &str) -> String {
        let (plain, _) = uncompressed(name);
        let Some(Reading { live, key, trust }) = read(plain) else {
            return "nothing".to_owned();
        };
        let key = match key {
            Key::Dated(numbers) => format!("{numbers:?}"),
            Key::Numbered(Reverse(number)) => format!("-{number}"),
            Key::Live => "live".to_owned(),
        };
        format!("{live} {key} {trust:?}")
    }

    #[test]
    fn names_say_which_log_and_which_piece() {
        let table: &[(&str, &str)] = &[
            // logrotate, docker, supervisor, python, log4j
            ("syslog.7.gz", "syslog -7 Sure"),
            ("app.log.10", "app.log -10 Sure"),
            ("0123abc-json.log.2.gz", "0123abc-json.log -2 Sure"),
            (
                "app-stdout---supervisor-x7f2.log.3",
                "app-stdout---supervisor-x7f2.log -3 Sure",
            ),
            ("messages.2", "messages -2 LiveOrTimes"),
            ("Xorg.0.log.old", "Xorg.0.log -1 LiveOrTimes"),
            ("app.log-20261121.gz", "app.log [20261121] Sure"),
            ("messages-20261121", "messages [20261121] LiveOrTimes"),
            ("app.log-2026112107", "app.log [20261121, 7] LiveOrTimes"),
            (
                "app.log-20261122-1795334372.gz",
                "app.log [20261122, 1795334372] LiveOrTimes",
            ),
            ("access.log.1795334372", "access.log [1795334372] LiveOrTimes"),
            ("app-20261121.log", "app.log [20261121] Sure"),
            (
                "app.log.2025-11-20_07-30-00",
                "app.log [20251120, 7, 30, 0] LiveOrTimes",
            ),
            // kubelet, pm2, lumberjack, logback, winston
            ("0.log.20251122-073000.gz", "0.log [20251122, 73000] LiveOrTimes"),
            (
                "app-out__2025-11-20_00-00-00.log",
                "app-out.log [20251120, 0, 0, 0] LiveOrTimes",
            ),
            (
                "app-2025-11-20T07-00-00.000.log.gz",
                "app.log [20251120, 7, 0, 0, 0] LiveOrTimes",
            ),
            ("app-2025-11-20.0.log.gz", "app.log [20251120, 0] LiveOrTimes"),
            ("app-2025-11-20.log.2", "app.log [20251120, 2] Sure"),
            ("app-11-20-2025-1.log.gz", "app.log [20251120, 1] LiveOrTimes"),
            ("app.log.2025-11", "app.log [20251101] Sure"),
            ("app.1.log.zip", "app.log -1 LiveAndTimes"),
            ("app3.log", "app.log -3 LiveAndTimes"),
            // Tomcat, Jetty, IIS, runit
            (
                "localhost_access_log.2025-11-20.txt",
                "localhost_access_log.txt [20251120] Sure",
            ),
            ("2025_11_20.stderrout.log", "*.stderrout.log [20251120] Sure"),
            ("2025-11-20-app.log", "app.log [20251120] Sure"),
            ("u_ex251120.log", "u_ex.log [251120] Sure"),
            ("u_ex25112107_x.log", "u_ex_x.log [25112107] Sure"),
            ("u_extend12.log", "u_extend.log [12] Sure"),
            (
                "@4000000065564f7c1b2c3d4e.s",
                "current [4611686020127543164, 455884110] Sure",
            ),
            // Names that need company: numbers of workers, hosts, versions, processes
            ("worker-1.log", "worker.log -1 LiveAndTimes"),
            ("node.1.log", "node.log -1 LiveAndTimes"),
            ("worker-1", "worker -1 LiveAndTimes"),
            ("gc-3.8.1.log", "gc-3.8.log -1 LiveAndTimes"),
            ("app-20261121-12345.log", "app.log [20261121, 12345] Times"),
            (
                "prog.INFO.20261122-073412.12345",
                "prog.INFO [20261122, 73412, 12345] Times",
            ),
            // Names that say nothing
            ("app.log", "nothing"),
            ("syslog", "nothing"),
            ("0.log", "nothing"),
            ("app.log.12345", "nothing"),
            ("app-20261321.log", "nothing"),
            ("backup-20261121.tar.gz", "nothing"),
            ("backup.tar.1", "nothing"),
            ("support-20261121.zip", "nothing"),
            ("10.0.0.1-access.log", "nothing"),
            ("", "nothing"),
            ("...", "nothing"),
            ("-1", "nothing"),
            ("\u{fffd}.1.\u{fffd}", "nothing"),
        ];
        for (name, expected) in table {
            assert_eq!(said(name), *expected, "{name}");
        }
    }

    #[test]
    fn keys_order_pieces_by_age() {
        let oldest_first: &[&[&str]] = &[
            &["app.log.10", "app.log.9.gz", "app.log.1", "app.log.0"],
            &["app.log-20251231", "app.log-20260101", "app.log-20261121.gz"],
            &[
                "app-2025-11-20.2.log",
                "app-2025-11-20.10.log",
                "app-2025-11-21.0.log",
            ],
            &[
                "app-2025-11-20.log",
                "app-2025-11-20.log.1",
                "app-2025-11-20.log.2",
            ],
            &["0.log.20251122-073000.gz", "0.log.20251122-181500"],
            &["app.log.2025-11-20-09", "app.log.2025-11-20-10"],
            &["app-12-31-2025-1.log", "app-01-01-2026-1.log"],
        ];
        for names in oldest_first {
            let keys: Vec<Key> = names
                .iter()
                .map(|name| read(uncompressed(name).0).unwrap().key)
                .collect();
            assert!(keys.is_sorted(), "{names:?}: {keys:?}");
            assert!(keys.last().unwrap() < &Key::Live);
        }
    }
}
