//! What a line looks like when it has no header of its own: could it go on what stands above it?
//!
//! In: a line's body (no transport prefix, no colour). Out: its [`Shape`]. It looks at one line
//! only; `record::boundary` puts the shapes together.

/// What the first characters of a body say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing but white space.
    Blank,
    /// Begins with white space: a frame, a caret line, a wrapped line.
    Indented,
    /// `Traceback (most recent call last):`, also behind a level
    TracebackHead,
    /// `  + Exception Group Traceback (most recent call last):` of Python; all its lines are moved in
    GroupHead,
    /// `app/models/order.rb:3:in 'load'` of Ruby, with or without a message
    RubyFrame,
    /// `Stack trace:`, `#0 /srv/app/index.php(3): load()`, `Next RuntimeException: ...` of PHP
    PhpTrace,
    /// `** (MatchError) no match of right hand side value: []` of Elixir
    ElixirHead,
    /// `Last message: ...`, `State: ...`, `Function: ...` of Elixir
    ElixirNote,
    /// `During handling of the above exception ...`, `The above exception was the direct cause ...`
    ChainText,
    /// `Caused by: ...`
    CausedBy,
    /// `thread 'main' panicked at src/main.rs:1:5:` (its message follows on the next line)
    RustPanicHead,
    /// `panic: ...`, `fatal error: ...` of the Go runtime
    GoPanicHead,
    /// `goroutine 1 [running]:`, `created by ...`, `main.main()`, `exit status 2`
    GoFrame,
    /// `/srv/app/server.js:12`, `node:events:502`: the head of a Node.js crash
    NodeHead,
    /// `events.js:160`, `internal/modules/cjs/loader.js:584`: the head of a crash in the own code of Node.js up to 16,
    /// which prints no version at its end
    OldNodeHead,
    /// `Node.js v20.20.2`: the end of a Node.js crash
    NodeTrailer,
    /// `note: run with ...`, `stack backtrace:` of Rust
    RustNote,
    /// A closing bracket.
    Closing,
    /// `[SQL: ...]`, `(Background on this error at: ...)`
    Opening,
    /// A dotted name followed by a colon or nothing: `ValueError: ...`, `category`, `HINT: ...`
    Name,
    /// Anything else: the beginning of an event.
    Words,
}

/// The shape of a body.
pub fn shape(body: &[u8]) -> Shape {
    let Some(first) = body.first() else {
        return Shape::Blank;
    };
    match first {
        b' ' | b'\t' | b'\r' if body.trim_ascii().is_empty() => Shape::Blank,
        b' ' if body.starts_with(b"  + Exception Group Traceback") => Shape::GroupHead,
        b' ' | b'\t' => Shape::Indented,
        // Where Node.js and Python point to; the first column needs no blanks.
        b'^' if body.iter().all(|byte| matches!(byte, b'^' | b'~')) => Shape::Indented,
        b'(' if body.starts_with(b"(Use `node --trace-") => Shape::Opening,
        b'}' | b']' | b')' => Shape::Closing,
        b'"' if body.starts_with(b"\"}") => Shape::Closing,
        b'*' if body.starts_with(b"** (") => Shape::ElixirHead,
        b'#' if is_php_frame(body) => Shape::PhpTrace,
        b'[' if body == b"[stacktrace]" => Shape::PhpTrace,
        b'S' if body == b"Stack trace:" => Shape::PhpTrace,
        b'N' if body.starts_with(b"Next ") && contains(body, b" in /") => Shape::PhpTrace,
        b'F' if body.starts_with(b"Function: #") => Shape::ElixirNote,
        b'L' if body.starts_with(b"Last message") => Shape::ElixirNote,
        b'S' if body.starts_with(b"State: ") => Shape::ElixirNote,
        b'C' if body.starts_with(b"Client #PID<") => Shape::ElixirNote,
        b'[' if body.starts_with(b"[SQL: ") || body.starts_with(b"[parameters: ") => Shape::Opening,
        b'[' if body.starts_with(b"[signal ") => Shape::GoFrame,
        b'(' if body.starts_with(b"(Background on this error at: ") => Shape::Opening,
        _ if body.ends_with(b"Traceback (most recent call last):") => Shape::TracebackHead,
        b'T' if body.starts_with(b"The above exception was") => Shape::ChainText,
        b'D' if body.starts_with(b"During handling of the above exception") => Shape::ChainText,
        b'C' if body.starts_with(b"Caused by:") => Shape::CausedBy,
        b't' if body.starts_with(b"thread '") && contains(body, b"panicked at") => Shape::RustPanicHead,
        b'p' if body.starts_with(b"panic: ") => Shape::GoPanicHead,
        b'f' if body.starts_with(b"fatal error: ") => Shape::GoPanicHead,
        b'S' if body == b"SIGQUIT: quit" || body == b"SIGABRT: abort" => Shape::GoPanicHead,
        b'P' if body.starts_with(b"PC=0x") => Shape::GoFrame,
        b'r' | b'c' | b'f' | b'g' if is_register(body) => Shape::GoFrame,
        b'g' if body.starts_with(b"goroutine ") && body.ends_with(b":") => Shape::GoFrame,
        b'c' if body.starts_with(b"created by ") => Shape::GoFrame,
        b'e' if body.starts_with(b"exit status ") => Shape::GoFrame,
        b'N' if body.starts_with(b"Node.js v") => Shape::NodeTrailer,
        b'n' if body.starts_with(b"note: ") => Shape::RustNote,
        b's' if body.starts_with(b"stack backtrace:") => Shape::RustNote,
        _ if is_node_head(body) => Shape::NodeHead,
        _ if is_old_node_head(body) => Shape::OldNodeHead,
        _ if is_ruby_frame(body) => Shape::RubyFrame,
        _ => name_or_words(body),
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(body, text).is_some()
}

/// `#0 /srv/app/index.php(3): load()`, `#2 {main}`.
fn is_php_frame(body: &[u8]) -> bool {
    let digits = body[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &body[1 + digits..];
    digits > 0 && (rest == b" {main}" || (rest.starts_with(b" ") && rest.ends_with(b")")))
}

/// `rax    0xca`, which Go prints below its goroutines.
fn is_register(body: &[u8]) -> bool {
    let name = body
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let value = body[name..].trim_ascii_start();
    (2..=6).contains(&name) && body.len() < 32 && value.starts_with(b"0x") && !value.contains(&b' ')
}

/// A path, a line number and `in` with the name of a method.
fn is_ruby_frame(body: &[u8]) -> bool {
    const LONGEST_PATH: usize = 256;
    let head = &body[..body.len().min(LONGEST_PATH)];
    let Some(at) = memchr::memchr_iter(b':', head).find(|at| head[*at..].starts_with(b":in ")) else {
        return false;
    };
    let digits = head[..at]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    digits > 0
        && at
            .checked_sub(digits + 1)
            .is_some_and(|colon| head[colon] == b':')
        && !head[..at].contains(&b' ')
        && matches!(head.get(at + 4), Some(b'`' | b'\''))
}

/// A path or module with a line number at the end and no blank in it.
fn is_node_head(body: &[u8]) -> bool {
    const ROOTS: &[&[u8]] = &[
        b"/",
        b"node:",
        b"file://",
        b"<anonymous_script>:",
        b"[eval]:",
        b"undefined:",
    ];
    let rooted = ROOTS.iter().any(|root| body.starts_with(root));
    let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    rooted && digits > 0 && body.get(body.len() - digits - 1) == Some(&b':') && !body.contains(&b' ')
}

fn is_old_node_head(body: &[u8]) -> bool {
    let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(path) = body[..body.len() - digits].strip_suffix(b".js:") else {
        return false;
    };
    let is_path = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/');
    digits > 0 && !path.is_empty() && path.iter().all(is_path)
}

fn name_or_words(body: &[u8]) -> Shape {
    let name = body
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'))
        .count();
    match body.get(name) {
        _ if name == 0 => Shape::Words,
        None | Some(b':') => Shape::Name,
        Some(b'(' | b'/') if is_go_frame(body) => Shape::GoFrame,
        Some(_) => Shape::Words,
    }
}

/// `main.main()`, `net/http.(*conn).serve(0xc0000b4000)`, `panic({0x48bb40, 0x521f40})`.
fn is_go_frame(body: &[u8]) -> bool {
    let Some(open) = memchr::memrchr(b'(', body).filter(|_| body.ends_with(b")")) else {
        return false;
    };
    let (name, arguments) = body.split_at(open);
    let is_word = |byte: &u8| byte.is_ascii_hexdigit() || b"(){}x,.? _".contains(byte);
    !name.contains(&b' ') && (!arguments.contains(&b' ') || arguments.iter().all(is_word))
}
