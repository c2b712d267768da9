//! How often a text occurs in ordinary logs.
//!
//! In: a few bytes. Out: an estimate of how often they stand at a random place. It is read
//! from a table of pairs of neighbouring bytes, counted over logs of 47 programs (servers, databases,
//! operating systems, builds) that weigh the same, and does not depend on the logs that are scanned.

/// Bytes that are told apart. Letters count without case, all digits as 0; anything else is the
/// row and column behind the last.
const BYTES: &[u8; 60] = b"abcdefghijklmnopqrstuvwxyz0 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// How rare each byte is: halvings below one in four places, in hexadecimal.
const SINGLE: &[u8; 61] = b"3433244437534334733245565611d3898996697544548a69a9666f5b686a4";

/// How rare each byte (row) followed by another (column) is: halvings below one in 16 places.
#[rustfmt::skip]
const PAIRS: [&[u8; 61]; 61] = [
    b"8645875a5a9454a5e45368887c66e9ffbfeeffff777ccfcffffbff9effffb",
    b"7888699f6786c96ec87e79ef6d58fbffafff9ffb9a9ebfbfffffffafffffe",
    b"476848b57e56a738b76569db9f67f8ffbfdbff987987dfcffbffbf9ff9ffa",
    b"5786488b6cc87868e7796b9c7754f5ffffc9cfb77776bf7fff7dcf7fffdf7",
    b"574476887b955395633486757e63f5facdb98d9766768f7dffb98f6ddebf8",
    b"589977dd5fa8cc4ee7788feebc67f9ffbecfefff9c9bfdbfffff7fcfffffc",
    b"999d4e886ce99879d78b79feaba5f7fffdcfbffcd789ff9ffffe8f9fffdf8",
    b"6ba75cff6f7fbb69f6e58ccfdf96faffffffafcd8bca9fbffffcaf8dffffd",
    b"7754676bee845247c654c6e8e7a8f8ffffffdfffa98bffbffbfcffaff8fff",
    b"afff7ffdaf7fcfaccb9feebedf78ffffffffffffefffffcffffffffffffff",
    b"88cd5e997ef8aa8bee897adfef86f9ffffffdafda898ffbeffffff7effdfb",
    b"5a974bba4f85ab4beb7769af8a85f7fffeffbf98a889cf9ff9adcfadfdff9",
    b"47884bbd6ee87b569b6a8ebbac75f9ffffefbfff9888ff8ffffcaf8efaffc",
    b"595445495c999648c95367d79f64f7ffffabdffc7787bf9fccec8f8fffaa9",
    b"7755a76c8e664356f355577778a4f8ffffff9ffd9b77dfbffffccfbfffffb",
    b"5a866ea86c959a56d5667dad8da6f7ffdff8dfeb9878ffbfffd7ff7fffffc",
    b"eebefdcfbaeddffebeed6eeff88cfdffffffff9f9cc9ffbfffdffffffffff",
    b"596639895f696648b55666ad6f75f6f9fbeb9efa8776ff8ff9bb7f8efbff9",
    b"696948755f778966d7536b7e7894f6ffbcfc9e997667af7fafc8bf7ffa9f7",
    b"486a39c53fe87945f5656c896c93d6fffdc79de96767ff7ffc89af7defbf8",
    b"97786b886fc66595d5559ffaf87afdfffffbfffee8ffcfcfffffffcffffff",
    b"6cbf5fcf6eddccadffacef9fee89f9fffffeffffc9f9ffdfffffffdffffff",
    b"6dea7ec86eacb96cf97dcb8eefa9fbffffffefffd9daffefffffffdffffff",
    b"9c8d7cfa8cfd89f9fce7cffc7d78f8fffffa9f9d7a9abfafffcfff9ffffff",
    b"bdbb9befaeda68b8fc76caefeeb6f7ffffee9ff9a8a9cf8ffeabef9fafffa",
    b"bdff7dfb7ff8fd9dffbfffffe8c6f8fffffffffffecfffeffffffffffffff",
    b"6656669bbcbc89bcca8aabc8c802f57f68bd6f7543557fd9aff85f6ff7795",
    b"454554664865545594446758ba31f5bcfb85a99f4b66987baa5b9f8a6a8f5",
    b"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
    b"696777777c966787a6667889fd66f9f9feffdcf48d83ffffdaaa7f7fdf6f7",
    b"ffdefdfffffffffffddffeffff79ff7ffffffffffffffffffffffffffffff",
    b"ffd8fffffffbfffafaafbffffffffffffffffffffafffffffffffffffffff",
    b"99f7ffffffffffffffffffffff7ffffffffffffffffffffffffffffffffff",
    b"aebeeeefbffcffbeebffafdffffbfffffafffffffffffffffffffffffffff",
    b"9fbfcefffffffdfffebadfffffbafcfbffffaffaffdaffffffffffffffcfa",
    b"bf9c99c9ab9a8ba9fd99bdacff7cfffdffaf7adfffcffffffbffffffffffa",
    b"ffffffffffffeffffffffffffff6faffffbfaf89e9f7cfffff9bffffffff7",
    b"ffbfffffffffffceffaffdffffa9fcffffffe8feffbfcfffffffffffffffc",
    b"9e9fff9a9cf99f9fff9fffe9ff7bfffffff8ffdfffffffffffffdffffffff",
    b"a9dfccdddffdbdebfbcbbfafff84f4fffffffc9fffffffffffb8dfffafcf8",
    b"7966898a78aa76a8d8787d9dff44f8ffaeffffff7feffffaffcfafffffffd",
    b"796979777a988897c988a99aca37ffffff9afffff7ffffffffffffffffff7",
    b"786888888b888787f8788879eb49fbdfbfffcbfffc8ffeffbfdfffafffffd",
    b"9ebcb9ccd7ca89db9fabffeffc43f4fffffffffccf88ffafff69dfcf6fffa",
    b"fbffffffbfffbfffbffbfffbfff6ffffffffff9fffffffffffffffffffffc",
    b"fdffffffffffdfeffffffffffd9dfffffffffffffffffdbffffffffffffff",
    b"cabca9ea9dcdeaf9f8aacfcfff56f8effffdffdfbf9ffca9ffcfffffbfffd",
    b"fffffffddffffffffffffffffff8fffffffffffdfeffffbdffffdfbeffffd",
    b"fffffdfffffdfefcfdbcffffffbafffffffffffffffffffffffffffffffff",
    b"efffffffffffbffffcf9ffffff8afffffffffffffffffffffffffffffffff",
    b"bdbb8fca9ffa98b8c879ffbfff5ff7ffffffffdfddbefdfffffb9fff8fff7",
    b"9fafbbfbffefdff7faafafffffeff6fffffffffffefffffffff6ffffdffff",
    b"fffffffffffffffffffffffffff5ffffffffdff7dfc6ffefffffffffff8f7",
    b"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    b"988988b869987a98a8778bcfff6affffffffffff9fffffffffffff9ffffff",
    b"ffdfeffffffffdfdffeefdfffffcffffffffdffcfdddfefffffffffffffff",
    b"ffafdbdcbfcb9adcebcbffffff98f5ffffcffffffffffffffffaffffcf9ff",
    b"9faffefcefffceabf98fefffff89fffffffffffffffffffffffffffffffff",
    b"fffffffffffffffffffffffffff7fafffffbfff6fffaffffffff8fffff7f7",
    b"afffffffffffffffffffffffff9afffffffffffffffffffffffffffffffaf",
    b"78766789888978897ffffffffffffffffffffffffffffffffffffffffffff",
];

/// The share of places in ordinary logs at which `text` stands, 1 for the empty text.
///
/// Each byte is taken to depend on the one before it only. That is too low for common words and good
/// enough to compare.
pub(super) fn frequency(text: &[u8]) -> f64 {
    (-halvings(text)).exp2()
}

fn halvings(text: &[u8]) -> f64 {
    let pairs: i32 = text
        .windows(2)
        .map(|pair| value(PAIRS[row(pair[0])][row(pair[1])]) + 4)
        .sum();
    // Each inner byte was counted by the pairs on both sides.
    let inner = match text {
        [] => return 0.0,
        [only] => return f64::from(value(SINGLE[row(*only)]) + 2),
        [_, inner @ .., _] => inner,
    };
    let twice: i32 = inner.iter().map(|byte| value(SINGLE[row(*byte)]) + 2).sum();
    f64::from((pairs - twice).max(0))
}

/// The same for each stretch of `length` bytes in `text`, from the first to the last.
pub(super) fn frequencies(text: &[u8], length: usize) -> impl Iterator<Item = f64> {
    let rows: Vec<usize> = text.iter().map(|byte| row(*byte)).collect();
    // Halvings of each byte with the one before it, without what that one has by itself; of the first byte nothing.
    let steps: Vec<i32> = rows
        .windows(2)
        .map(|pair| value(PAIRS[pair[0]][pair[1]]) + 4 - twice(pair[0]))
        .collect();
    let last = (text.len() + 1).saturating_sub(length);
    let mut sum: i32 = steps.iter().take(length.saturating_sub(1)).sum();
    (0..last).map(move |at| {
        let own = twice(rows[at]);
        let halvings = if length > 1 { (sum + own).max(0) } else { own };
        if length > 1 && at + length <= steps.len() {
            sum += steps[at + length - 1] - steps[at];
        }
        share(halvings)
    })
}

/// One half to the power of `halvings`, 0 or more, made of the bits of its exponent: a library has a hundred thousand of them.
fn share(halvings: i32) -> f64 {
    f64::from_bits(u64::from(1023_u32.saturating_sub(halvings.unsigned_abs())) << 52)
}

/// The halvings of a byte by itself, twice, since each inner byte is counted by the pairs on both sides.
fn twice(row: usize) -> i32 {
    value(SINGLE[row]) + 2
}

/// The same for a byte, if it is told apart from others.
pub(super) fn folded(byte: u8) -> f64 {
    match row(byte) {
        row if row == usize::from(OTHER) => 0.0,
        _ if byte.is_ascii_digit() => frequency(&[byte]) / 10.0,
        _ => frequency(&[byte]),
    }
}

/// The row and column of bytes that are not told apart.
const OTHER: u8 = BYTES.len() as u8;

/// The row and column of each byte.
const ROWS: [u8; 256] = {
    let mut rows = [OTHER; 256];
    let mut row = 0;
    while row < BYTES.len() {
        rows[BYTES[row] as usize] = row as u8;
        rows[BYTES[row].to_ascii_uppercase() as usize] = row as u8;
        row += 1;
    }
    let mut digit = b'1';
    while digit <= b'9' {
        rows[digit as usize] = rows[b'0' as usize];
        digit += 1;
    }
    rows
};

fn row(byte: u8) -> usize {
    usize::from(ROWS[usize::from(byte)])
}

fn value(digit: u8) -> i32 {
    i32::from(if digit <= b'9' {
        digit - b'0'
    } else {
        digit - b'a' + 10
    })
}

#[cfg(test)]
mod tests {
    use super::frequency;

    #[test]
    fn common_texts_are_more_frequent_than_rare_ones() {
        let order: [&[u8]; 5] = [b"", b"e", b" in", b"connect", b"EADDRINUSE"];
        let frequencies = order.map(frequency);
        assert!(frequencies.is_sorted_by(|a, b| a > b), "{frequencies:?}");
        assert!(frequency(b"2026-11-") > frequency(b"kzq@xw#~"));
    }

    #[test]
    fn stretches_are_as_frequent_as_they_are_by_themselves() {
        let text = b"Connection refused (111: \xC3\xBC) while connecting";
        for length in 1..=text.len() {
            let each: Vec<f64> = text.windows(length).map(frequency).collect();
            assert_eq!(super::frequencies(text, length).collect::<Vec<_>>(), each);
        }
    }

    #[test]
    fn case_and_the_kind_of_digit_do_not_matter() {
        assert_eq!(frequency(b"Error 17"), frequency(b"ERROR 03"));
    }
}
