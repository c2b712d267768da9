//! Level words and numbers.

use crate::record::Level;

/// Longest word below, and `information`.
const LONGEST: usize = 11;

/// The level that a word names, in capitals or not.
pub(super) fn from_word(word: &[u8]) -> Option<Level> {
    let mut buffer = [0_u8; LONGEST];
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let level = match &*lower {
        b"trace" | b"trac" | b"trce" | b"trc" | b"blat" | b"dbg" | b"vrb" | b"debug" | b"debg" | b"dbug"
        | b"verbose" | b"fine" | b"finer" | b"finest" | b"config" | b"debug1" | b"debug2" | b"debug3"
        | b"debug4" | b"debug5" | b"noise" => Level::Debug,
        b"info" | b"inf" | b"information" | b"log" | b"success" => Level::Info,
        b"notice" => Level::Notice,
        b"warn" | b"wrn" | b"warning" => Level::Warning,
        b"err" | b"erro" | b"error" | b"severe" => Level::Error,
        b"crit" | b"critical" | b"fatal" | b"ftl" | b"pnc" | b"alert" | b"emerg" | b"emergency"
        | b"panic" => Level::Critical,
        _ => return None,
    };
    Some(level)
}

/// As [`from_word`], for a word in capitals only.
pub(super) fn from_capitals(word: &[u8]) -> Option<Level> {
    word.first()?.is_ascii_uppercase().then_some(())?;
    word.iter()
        .all(|byte| !byte.is_ascii_lowercase())
        .then(|| from_word(word))?
}

/// The level inside brackets: `error`, `core:error`, `ERROR/MainProcess`, `passlib:WARNING`, `WARN `.
pub(super) fn from_bracket(inside: &[u8]) -> Option<Level> {
    let inside = inside.trim_ascii();
    from_word(inside).or_else(|| {
        let before_slash = inside.split(|&byte| byte == b'/').next()?;
        let after_colon = inside.rsplit(|&byte| byte == b':').next()?;
        from_word(before_slash).or_else(|| from_word(after_colon))
    })
}

/// The letter of glog, Android, MongoDB, capnslog and Ruby.
pub(super) const fn from_letter(letter: u8) -> Option<Level> {
    Some(match letter {
        b'V' | b'D' | b'T' => Level::Debug,
        b'I' => Level::Info,
        b'N' => Level::Notice,
        b'W' => Level::Warning,
        b'E' => Level::Error,
        b'F' | b'C' | b'A' => Level::Critical,
        _ => return None,
    })
}

/// The severity of syslog, 0 (emergency) to 7 (debug), with the facility still in it.
pub(super) const fn from_priority(priority: u32) -> Level {
    match priority & 7 {
        0..=2 => Level::Critical,
        3 => Level::Error,
        4 => Level::Warning,
        5 => Level::Notice,
        6 => Level::Info,
        _ => Level::Debug,
    }
}

/// A number in a JSON line: syslog's 0 to 7, or 10 to 60 of pino, bunyan and Python.
pub(super) const fn from_number(number: i64) -> Option<Level> {
    Some(match number {
        0..=7 => from_priority(number as u32),
        10..=29 => Level::Debug,
        30..=39 => Level::Info,
        40..=49 => Level::Warning,
        50..=59 => Level::Error,
        60 => Level::Critical,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_many_programs_are_known() {
        for (word, level) in [
            ("emerg", Level::Critical),
            ("CRIT", Level::Critical),
            ("FATAL", Level::Critical),
            ("SEVERE", Level::Error),
            ("Warning", Level::Warning),
            ("notice", Level::Notice),
            ("LOG", Level::Info),
            ("Information", Level::Info),
            ("DEBUG", Level::Debug),
        ] {
            assert_eq!(from_word(word.as_bytes()), Some(level), "{word}");
        }
        for word in ["", "errors", "informations", "a very long word", "é"] {
            assert_eq!(from_word(word.as_bytes()), None, "{word}");
        }
        assert_eq!(from_capitals(b"Error"), None);
        assert_eq!(from_capitals(b"DEBUG5"), Some(Level::Debug));
    }

    #[test]
    fn brackets_hold_more_than_the_word() {
        assert_eq!(from_bracket(b"core:error"), Some(Level::Error));
        assert_eq!(from_bracket(b"ERROR/MainProcess"), Some(Level::Error));
        assert_eq!(from_bracket(b"WARN "), Some(Level::Warning));
        assert_eq!(from_bracket(b"main"), None);
    }

    #[test]
    fn numbers_are_those_of_syslog_or_of_pino() {
        assert_eq!(from_priority(34), Level::Critical);
        assert_eq!(from_number(3), Some(Level::Error));
        assert_eq!(from_number(30), Some(Level::Info));
        assert_eq!(from_number(60), Some(Level::Critical));
        assert_eq!(from_number(200), None);
    }
}
