//! Text goes into Markdown: the only ways in.
//!
//! In: text from a log, from a signature page, or made by the program. Out: Markdown
//! that cannot leave the place it is put in, in any of the common renderers.
//!
//! | text | in a line | in a table cell | as a block |
//! |---|---|---|---|
//! | from a log: hostile | [`span`] | [`cell`] | [`fence`] |
//! | sentences of the program that may quote names or system messages | [`plain`] | [`plain`] | |
//! | our own Markdown: signature pages, sentences with spans in them | [`line()`] | [`row`] | [`page`], [`step`] |
//!
//! Text from a log ends up in code, always: renderers link addresses, mentions, issue
//! numbers and commit ids in any other place, after every escape has been undone.
//! Rule S ([`visible`]) is applied here once more; text that has been through it stays
//! as it is. The limits of 16 backticks and the gutter answer limits of real renderers:
//! cmark ignores span delimiters of more than 80 backticks and keeps the length of a
//! fence in eight bits.

use std::fmt::Write;

use crate::report::visible::visible;

/// Longest run of backticks that is shown as such.
const BACKTICKS_SHOWN: usize = 16;

/// Longest line in a fence, in characters.
const FENCE_LINE: usize = 2000;

/// Punctuation that may follow a word or a span.
const CLOSING: [char; 4] = [',', '.', ';', ':'];

/// What stands for text that is empty.
const EMPTY: &str = "(empty line)";

/// Hostile text in a line of prose: a code span.
pub fn span(text: &str) -> String {
    let text = visible(text.as_bytes(), None);
    let (text, ticks) = tame_backticks(text);
    if text.is_empty() {
        return EMPTY.to_owned();
    }
    let delimiter = "`".repeat(ticks + 1);
    let pad = padding(&text);
    format!("{delimiter}{pad}{text}{pad}{delimiter}")
}

/// Hostile text in a table cell: a code span without pipes and backticks, at most `limit`
/// characters long.
pub fn cell(text: &str, limit: Option<usize>) -> String {
    let text = visible(text.as_bytes(), limit)
        .replace('|', "\\x7C")
        .replace('`', "\\x60");
    if text.is_empty() {
        return EMPTY.to_owned();
    }
    let pad = padding(&text);
    format!("`{pad}{text}{pad}`")
}

/// Hostile text as a block: a fence whose every line has a gutter with its number.
/// `numbers` are the lines' numbers; -1 marks a line that stands for lines left out.
/// Must stand at column 0, never in a list item or a quote.
pub fn fence(text: &str, numbers: &[i64]) -> String {
    let mut body = String::with_capacity(text.len() + 64);
    for (index, line) in text.split('\n').enumerate() {
        let line = visible(line.as_bytes(), Some(FENCE_LINE));
        // Writing to a String cannot fail.
        let _ = match numbers.get(index) {
            Some(0) => writeln!(body, "{:6} │ {line}", ""),
            Some(number) if *number > 0 => writeln!(body, "{number:6} │ {line}"),
            Some(_) => writeln!(body, "{:>6} │ {line}", "…"),
            None => writeln!(body, "{:6} │ {line}", ""),
        };
    }
    let (body, ticks) = tame_backticks(body);
    let delimiter = "`".repeat((ticks + 1).max(3));
    format!("\n{delimiter}text\n{body}{delimiter}\n")
}

/// A sentence that may hold names or messages from outside, for a paragraph or a table
/// cell. Ordinary words stay words; whatever else there is goes into code spans, and so
/// does what already stands between backticks.
pub fn plain(text: &str) -> String {
    let one_line: Vec<&str> = text.split_whitespace().collect();
    let text = visible(one_line.join(" ").as_bytes(), None);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('`') {
        let (before, after) = rest.split_at(at);
        let quoted = &after[..code_span(after)];
        push_words(&mut out, before);
        push_apart(&mut out, &cell(unquote(quoted), None), before.ends_with(' '));
        rest = &after[quoted.len()..];
    }
    push_words(&mut out, rest);
    if out.is_empty() { EMPTY.to_owned() } else { out }
}

/// Our own Markdown on one line, outside tables.
pub fn line(markdown: &str) -> String {
    let words: Vec<&str> = markdown.split_whitespace().collect();
    escape_tags(&words.join(" "))
}

/// Our own Markdown in a table cell.
pub fn row(markdown: &str) -> String {
    line(markdown).replace("\\|", "|").replace('|', "\\|")
}

/// Our own Markdown as paragraphs, lists and code blocks: headings become bold lines,
/// what looks like an HTML tag (`<port>`) becomes text, an open code block is closed.
pub fn page(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut prose = String::new();
    let mut fences = Fences::default();
    let mut listed = false;
    for line in markdown.trim_end().lines() {
        let inside = fences.take(line);
        listed |= starts_item(line);
        let code_line = !listed && prose.is_empty() && line.starts_with("    ");
        if inside || code_line {
            flush(&mut out, &mut prose);
            out.push_str(line);
            out.push('\n');
        } else if line.trim().is_empty() {
            flush(&mut out, &mut prose);
            out.push('\n');
        } else if let Some(words) = heading(line) {
            flush(&mut out, &mut prose);
            let _ = write!(out, "\n**{}**\n\n", escape_tags(words));
        } else if prose.is_empty() || !underlines(line) {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    flush(&mut out, &mut prose);
    out.push_str(&fences.closing());
    out.truncate(out.trim_end().len());
    out
}

/// [`page`] as the content of a list item: all lines but the first are indented.
pub fn step(markdown: &str, indent: usize) -> String {
    let text = page(markdown);
    let mut lines = text.trim_start_matches('\n').lines();
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push('\n');
        if !line.is_empty() {
            let _ = write!(out, "{:indent$}{line}", "");
        }
    }
    out
}

/// Follows the code fences of a Markdown text, line by line.
#[derive(Debug, Default)]
pub(super) struct Fences {
    open: Option<(char, usize)>,
    indent: usize,
}

impl Fences {
    /// Takes the next line; true if it belongs to a code block, its fences included.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        match self.open {
            Some((mark, length)) => {
                if line.len() >= length && line.chars().all(|c| c == mark) {
                    self.open = None;
                }
                true
            }
            None => {
                self.open = opening(line);
                self.indent = indent;
                self.open.is_some()
            }
        }
    }

    /// The line that closes a block that is still open.
    fn closing(&self) -> String {
        self.open
            .map(|(mark, length)| " ".repeat(self.indent) + &mark.to_string().repeat(length))
            .unwrap_or_default()
    }
}

fn opening(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && (mark == '~' || !info.contains('`'))).then_some((mark, length))
}

/// Spells out all backticks if a run of them is too long to be quoted safely.
/// Gives the text and its longest run of backticks.
fn tame_backticks(text: String) -> (String, usize) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    if longest > BACKTICKS_SHOWN {
        (text.replace('`', "\\x60"), 0)
    } else {
        (text, longest)
    }
}

/// The blank that a code span needs where its text would touch the delimiter, or where
/// the renderer would take a blank of the text for padding.
fn padding(text: &str) -> &'static str {
    let ticks = text.starts_with('`') || text.ends_with('`');
    let blanks = text.starts_with(' ') && text.ends_with(' ') && !text.trim_matches(' ').is_empty();
    if ticks || blanks { " " } else { "" }
}

/// Writes calm words as they are and everything between them as spans.
fn push_words(out: &mut String, text: &str) {
    let mut odd: Vec<&str> = Vec::new();
    let mut spaced = text.starts_with(' ');
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if is_calm(word, out.is_empty()) {
            push_odd(out, &mut odd, &mut spaced);
            push_apart(out, word, spaced);
            spaced = true;
        } else {
            odd.push(word);
        }
    }
    push_odd(out, &mut odd, &mut spaced);
}

/// A run of words that are not calm, its closing punctuation outside of the span.
fn push_odd(out: &mut String, odd: &mut Vec<&str>, spaced: &mut bool) {
    if !odd.is_empty() {
        let text = odd.join(" ");
        let quoted = match text.trim_end_matches(CLOSING) {
            "" => text.as_str(),
            quoted => quoted,
        };
        push_apart(out, &cell(quoted, None), *spaced);
        out.push_str(&text[quoted.len()..]);
        *spaced = true;
        odd.clear();
    }
}

/// Two spans must not touch, or their delimiters would become one.
fn push_apart(out: &mut String, piece: &str, spaced: bool) {
    let touching = out.ends_with('`') && piece.starts_with('`');
    if !out.is_empty() && !out.ends_with(' ') && (spaced || touching) {
        out.push(' ');
    }
    out.push_str(piece);
}

/// Words and short numbers of ordinary prose, which no renderer takes for anything else.
/// Long numbers and words of hex digits could be taken for commit ids.
fn is_calm(word: &str, first: bool) -> bool {
    let closes = |c: char| c == ')' || CLOSING.contains(&c);
    if !first && word.len() <= 3 && word.chars().all(closes) {
        return true;
    }
    let core = word.strip_prefix('(').unwrap_or(word);
    let core = core.trim_end_matches([',', '.', ';', ':', ')', '?']);
    if core.is_empty() || word.len() - core.len() > 3 {
        return false;
    }
    let letters = core
        .split(['-', '\''])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic()));
    let number = core
        .split([',', '.', ':'])
        .all(|part| (1..7).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    let commit = core.len() >= 7 && core.bytes().all(|b| b.is_ascii_hexdigit());
    (letters && !commit) || (number && !first)
}

/// The text of a code span; backticks that enclose nothing are text themselves.
fn unquote(quoted: &str) -> &str {
    let text = quoted.trim_start_matches('`');
    if text.is_empty() {
        return quoted;
    }
    let text = &text[..text.len() - (quoted.len() - text.len())];
    let padded = text.strip_prefix(' ').and_then(|text| text.strip_suffix(' '));
    padded
        .filter(|inner| !inner.trim_matches(' ').is_empty())
        .unwrap_or(text)
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let words = text.trim_start_matches('#');
    let level = text.len() - words.len();
    let blank = words.is_empty() || words.starts_with([' ', '\t']);
    ((1..=6).contains(&level) && blank && line.len() - text.len() < 4)
        .then(|| words.trim().trim_end_matches('#').trim_end())
        .filter(|words| !words.is_empty())
}

/// A line that would make a heading of the paragraph above it.
fn underlines(line: &str) -> bool {
    let line = line.trim();
    line.bytes().all(|b| b == b'=') || line.bytes().all(|b| b == b'-')
}

fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with(['-', '*', '+'])
        || (after_number.len() < line.len() && after_number.starts_with(['.', ')']))
}

fn flush(out: &mut String, prose: &mut String) {
    out.push_str(&escape_tags(prose));
    prose.clear();
}

/// Makes text of what would be an HTML tag, outside code spans, and of backticks that
/// nothing closes (they would pair with those of a span that follows). `<https://...>`
/// stays a link.
fn escape_tags(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(at) = rest.find(['`', '<', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = if rest.starts_with('`') {
            let taken = code_span(rest);
            if rest[..taken].bytes().all(|b| b == b'`') {
                out.push_str(&"\\`".repeat(taken));
                rest = &rest[taken..];
                continue;
            }
            taken
        } else if let Some(escaped) = rest.strip_prefix('\\') {
            1 + escaped.chars().next().map_or(0, char::len_utf8)
        } else {
            let link = ["<https://", "<http://", "<mailto:"];
            if !link.iter().any(|start| rest.starts_with(start)) {
                out.push('\\');
            }
            1
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

/// Length of the code span at the start of `text`, or of its backticks if nothing closes them.
fn code_span(text: &str) -> usize {
    let ticks = text.len() - text.trim_start_matches('`').len();
    let mut at = ticks;
    while let Some(next) = text[at..].find('`') {
        let start = at + next;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        at = start + run;
        if run == ticks {
            return at;
        }
    }
    ticks
}

/// Hostile text and a look at what a parser makes of it, for the property tests of `render`.
#[cfg(test)]
pub(super) mod hostile {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser};

    const PIECES: &[&str] = &[
        "`",
        "``",
        "```",
        "````",
        "~~~",
        "|",
        "\\|",
        "\\\\|",
        "\\",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r```\r",
        "\n```\n",
        "\0",
        "\x1b[31m",
        "\x1b[2K",
        "\x1b]8;;http://x\x07",
        "\u{202E}",
        "\u{2066}",
        "\u{200B}",
        "\u{2028}",
        "\u{85}",
        "\t",
        "    ",
        " ",
        "  ",
        "<b>",
        "</table>",
        "<script>alert(1)</script>",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?x",
        "<img src=x onerror=y>",
        "[a](javascript:alert(1))",
        "![a](http://x/y.png)",
        "[a]: http://x",
        "[^1]",
        "[ ] ",
        "<http://x.example>",
        "http://x.example/",
        "www.example.com",
        "a@b.example",
        "@team",
        "#1",
        "deadbeef00",
        "# ",
        "\n# h\n",
        "\n---\n",
        "===",
        "> ",
        "- ",
        "1. ",
        "* ",
        "**",
        "_",
        "~~",
        "$",
        "$$",
        "##[error]",
        "\n##[error]x",
        "::set-output name=a::b",
        "##vso[task]",
        "&lt;",
        "&#96;",
        "&amp;",
        "{{ generated.host }}",
        "{% raw %}",
        "{#",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}",
        "word",
        "two words",
        "7",
        "…",
        ":",
        "|---|",
        "\n|---|\n",
    ];

    /// Text that tries to get out: pieces that mean something to Markdown, runs of
    /// backticks round the limits of real renderers, and anything else.
    pub(in crate::render) fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            8 => prop::sample::select(PIECES).prop_map(str::to_owned),
            1 => prop::sample::select(&[15_usize, 16, 17, 79, 80, 81, 255, 300][..]).prop_map(|n| "`".repeat(n)),
            1 => any::<String>(),
            1 => prop::collection::vec(any::<u8>(), 0..8)
                .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// The events of a Markdown text without its words: blocks, and where `inline`, also
    /// what stands in them. Links are kept, those of our own pages included.
    pub(in crate::render) fn skeleton(markdown: &str, inline: bool) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            let name = match event {
                Event::Text(_) | Event::SoftBreak => "text".to_owned(),
                Event::Code(_) => if inline { "code" } else { "text" }.to_owned(),
                other => format!("{other:?}"),
            };
            if name != "text" || out.last().is_none_or(|last| last != "text") {
                out.push(name);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::hostile::{hostile, skeleton};
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    fn codes(markdown: &str) -> Vec<String> {
        Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_GFM)
            .filter_map(|event| match event {
                Event::Code(text) => Some(text.to_string()),
                _ => None,
            })
            .collect()
    }

    /// What a code span must show: rule S, and backticks spelled out if there are too many.
    fn shown(text: &str) -> String {
        let text = visible(text.as_bytes(), None);
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        if longest > 16 {
            text.replace('`', "\\x60")
        } else {
            text
        }
    }

    #[test]
    fn a_span_is_longer_than_the_longest_run_of_backticks() {
        assert_eq!(span("plain"), "`plain`");
        assert_eq!(span("a`b"), "``a`b``");
        assert_eq!(span("`a"), "`` `a ``");
        assert_eq!(span("``"), "``` `` ```");
        assert_eq!(span(" a "), "`  a  `");
        assert_eq!(span(" a"), "` a`");
        assert_eq!(span("   "), "`   `");
        assert_eq!(span(""), "(empty line)");
        assert_eq!(span("a\r```\rb"), "````a\\x0D```\\x0Db````");
    }

    #[test]
    fn more_than_16_backticks_are_spelled_out() {
        let sixteen = "`".repeat(16);
        assert_eq!(
            span(&sixteen),
            format!("{} {sixteen} {}", "`".repeat(17), "`".repeat(17))
        );
        assert_eq!(span(&"`".repeat(17)), format!("`{}`", "\\x60".repeat(17)));
        let fenced = fence(&format!("`x\n{}", "`".repeat(300)), &[1, 2]);
        assert!(fenced.starts_with("\n```text\n     1 │ \\x60x\n     2 │ \\x60\\x60"));
        assert!(fenced.ends_with("\\x60\n```\n"));
    }

    #[test]
    fn a_cell_holds_neither_pipe_nor_backtick() {
        assert_eq!(cell(r"a\|b`c", None), r"`a\\x7Cb\x60c`");
        assert_eq!(cell("x | y", Some(3)), "`x \\x7C…[+2 chars]`");
        assert_eq!(cell("", None), "(empty line)");
        assert_eq!(cell(" a ", None), "`  a  `");
    }

    #[test]
    fn every_line_of_a_fence_has_a_gutter() {
        assert_eq!(
            fence("a\n```\n…\nb\r\n", &[9, 10, -1, 1_234_567]),
            "\n````text\n     9 │ a\n    10 │ ```\n     … │ …\n1234567 │ b\n       │ \n````\n"
        );
    }

    #[test]
    fn plain_keeps_calm_words_and_quotes_the_rest() {
        assert_eq!(
            plain("the gzip stream ends too early; copy it again"),
            "the gzip stream ends too early; copy it again"
        );
        assert_eq!(
            plain("api.log states no zone (UTC was assumed)."),
            "`api.log` states no zone (UTC was assumed)."
        );
        assert_eq!(
            plain("mail a@b.example www.x.org\nnow"),
            "mail `a@b.example www.x.org` now"
        );
        assert_eq!(
            plain("port `80|00` is taken, 3 times"),
            "port `80\\x7C00` is taken, 3 times"
        );
        assert_eq!(
            plain("1. no list, deadbeef, 12345678"),
            "`1`. no list, `deadbeef, 12345678`"
        );
        assert_eq!(plain("<b>`x`"), "`<b>` `x`");
        assert_eq!(plain("one ` alone"), "one `\\x60` alone");
        assert_eq!(plain(&format!("{} is new", span("a`b"))), "`a\\x60b` is new");
        assert_eq!(plain("by `a/b`; 3 s, see x_y."), "by `a/b`; 3 s, see `x_y`.");
        assert_eq!(plain(" \n"), "(empty line)");
    }

    #[test]
    fn a_page_has_no_headings_and_no_tags() {
        assert_eq!(
            page("Use <port>.\n\n### How ##\ntext"),
            "Use \\<port>.\n\n\n**How**\n\ntext"
        );
        assert_eq!(page("a\n---\nb\n===\nc"), "a\nb\nc");
        assert_eq!(
            page("see `<port>` and <https://x.org/>, \\<b>"),
            "see `<port>` and <https://x.org/>, \\<b>"
        );
        assert_eq!(
            page("```sh\necho <x>\n# no heading"),
            "```sh\necho <x>\n# no heading\n```"
        );
        assert_eq!(page("a\n\n    code <x>\n\n- item"), "a\n\n    code <x>\n\n- item");
        assert_eq!(page("<!-- never closed"), "\\<!-- never closed");
    }

    #[test]
    fn a_step_stays_in_its_item() {
        assert_eq!(
            step("Run:\n\n```sh\nx\n\ny\n```\n\nIt stops.", 3),
            "Run:\n\n   ```sh\n   x\n\n   y\n   ```\n\n   It stops."
        );
        let list = format!("1. {}\n2. next", step("Run:\n\n```sh\nx", 3));
        let events: Vec<Event<'_>> = Parser::new(&list).collect();
        let items = events
            .iter()
            .filter(|e| matches!(e, Event::End(TagEnd::Item)))
            .count();
        let lists = events
            .iter()
            .filter(|e| matches!(e, Event::Start(Tag::List(_))))
            .count();
        assert_eq!((lists, items), (1, 2));
    }

    #[test]
    fn our_own_markdown_on_one_line() {
        assert_eq!(
            line("Module `a|b`\n  has <no> ` end"),
            "Module `a|b` has \\<no> \\` end"
        );
        assert_eq!(row("a | b \\| `c|d`"), "a \\| b \\| `c\\|d`");
    }

    proptest! {
        #[test]
        fn a_span_is_one_code_span_with_the_text(text in hostile()) {
            prop_assume!(!visible(text.as_bytes(), None).is_empty());
            let place = |text: &str| format!("a {} b `c`\n\nd", span(text));
            prop_assert_eq!(skeleton(&place(&text), true), skeleton(&place("x"), true));
            prop_assert_eq!(&codes(&place(&text))[0], &shown(&text));
        }

        #[test]
        fn a_cell_is_one_code_span_with_the_text(text in hostile()) {
            prop_assume!(!visible(text.as_bytes(), None).is_empty());
            let place = |text: &str| format!("| a | b |\n|---|---|\n| {} | `c` |\n| d | e |\n", cell(text, None));
            prop_assert_eq!(skeleton(&place(&text), true), skeleton(&place("x"), true));
            let expected = visible(text.as_bytes(), None).replace('|', "\\x7C").replace('`', "\\x60");
            prop_assert_eq!(&codes(&place(&text))[0], &expected);
        }

        #[test]
        fn a_fence_ends_where_it_should(text in hostile(), first in 0_i64..2_000_000) {
            let numbers: Vec<i64> = (first..).take(text.split('\n').count()).collect();
            let place = |text: &str| format!("a\n{}\n`b`\n", fence(text, &numbers));
            // Not every parser takes a carriage return for a line end, so look for one.
            prop_assert!(!place(&text).chars().any(|c| c.is_control() && c != '\n'));
            prop_assert_eq!(skeleton(&place(&text), true), skeleton(&place("x"), true));
        }

        #[test]
        fn plain_text_is_words_and_spans(text in hostile()) {
            let place = |text: &str| format!("| a | b |\n|---|---|\n| x {} | c |\n\n- {} z\n", plain(text), plain(text));
            prop_assert_eq!(skeleton(&place(&text), false), skeleton(&place("x"), false));
        }

        #[test]
        fn a_page_leaves_no_tag_and_no_open_block(text in hostile()) {
            let markdown = format!("{}\n\n# End\n", line(&text));
            let html = skeleton(&markdown, true).iter().any(|e| e.contains("Html"));
            prop_assert!(!html);
        }
    }
}
