//! Finds what must not be shown of a plan file: literals where a secret belongs, and tokens.
//!
//! Works on the raw text, so that it also holds for a file that is not YAML, and on the tree where
//! there is one, which also knows escapes, aliases and odd spellings of keys. When in doubt it
//! hides too much. It does not say that a literal is wrong: that is a rule's business.

use std::{collections::BTreeSet, ops::Range};

use crate::yaml::{Node, Scalar, Value};

/// Keys whose values are secrets, in any case of letters, wherever they stand.
const SECRET_KEYS: [&str; 10] = [
    "token",
    "pin",
    "secret",
    "app_secret",
    "verify_token",
    "client_secret",
    "client_id",
    "password",
    "code",
    "access_token",
];
/// The ways a secret may be referred to.
const REFERENCES: [&str; 3] = ["env", "file", "command"];
/// How access tokens of the Graph API begin, and how many letters and digits follow at least.
/// Source: <https://developers.facebook.com/docs/facebook-login/guides/access-tokens> shows them;
/// the prefix is observation (unconfirmed).
const TOKEN: (&str, usize) = ("EAA", 20);
/// Words shorter than this are hidden where they stand, but not looked for elsewhere.
const SHORTEST_WORD: usize = 4;
/// With more words than this nothing of the file is shown: looking for each would take too long.
const MOST_WORDS: usize = 1_000;

/// What must not be shown.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// Ranges of bytes of the file, in order.
    ranges: Vec<Range<usize>>,
    /// Texts that are hidden wherever they occur, longest first.
    words: Vec<String>,
}

impl Hidden {
    /// Looks through a file.
    pub(crate) fn find(text: &str, tree: Option<&Node>) -> Self {
        let mut ranges = in_text(text);
        ranges.extend(tokens(text));
        let mut words = BTreeSet::new();
        match tree {
            Some(tree) => in_tree(tree, &mut ranges, &mut words),
            None => words.extend(
                ranges
                    .iter()
                    .flat_map(|range| words_of(&text[range.clone()])),
            ),
        }
        Self::of(ranges, words)
    }

    /// Looks through a file whose texts may hold any word before a colon: believes the tree alone.
    pub(crate) fn find_in_prose(text: &str, tree: &Node) -> Self {
        let (mut ranges, mut words) = (tokens(text), BTreeSet::new());
        in_tree(tree, &mut ranges, &mut words);
        Self::of(ranges, words)
    }

    fn of(mut ranges: Vec<Range<usize>>, words: BTreeSet<String>) -> Self {
        ranges.sort_by_key(|range| range.start);
        let mut words: Vec<String> = words.into_iter().collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self { ranges, words }
    }

    /// Returns a piece of the file with every hidden character replaced, so that columns stay.
    pub(crate) fn piece(&self, text: &str, piece: Range<usize>) -> String {
        let near = self.ranges.partition_point(|range| range.start < piece.end);
        let hidden: Vec<&Range<usize>> = self.ranges[..near]
            .iter()
            .filter(|range| range.end > piece.start)
            .collect();
        let stars: String = text[piece.clone()]
            .char_indices()
            .map(|(at, c)| {
                let at = at + piece.start;
                let hide = hidden.iter().any(|range| range.contains(&at));
                if hide && !c.is_whitespace() { '*' } else { c }
            })
            .collect();
        if self.words.len() > MOST_WORDS {
            return stars
                .chars()
                .map(|c| if c.is_alphanumeric() { '*' } else { c })
                .collect();
        }
        self.sentence(&stars)
    }

    /// Returns a text of ours that may quote the file.
    pub(crate) fn sentence(&self, text: &str) -> String {
        if self.words.len() > MOST_WORDS {
            return without_quotations(text);
        }
        let mut shown = text.to_owned();
        for word in &self.words {
            if shown.contains(word.as_str()) {
                shown = shown.replace(word.as_str(), &"*".repeat(word.chars().count()));
            }
        }
        for token in tokens(&shown).into_iter().rev() {
            let stars = "*".repeat(token.len());
            shown.replace_range(token, &stars);
        }
        shown
    }
}

/// Returns a sentence of ours with stars for what it quotes between backticks.
fn without_quotations(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let stars = |part: &str| "*".repeat(part.chars().count());
    let parts: Vec<String> = parts
        .map(|(index, part)| {
            if index % 2 == 1 {
                stars(part)
            } else {
                part.into()
            }
        })
        .collect();
    parts.join("`")
}

/// Returns whether a key's value is a secret.
fn is_secret_key(key: &str) -> bool {
    SECRET_KEYS
        .iter()
        .any(|secret| key.eq_ignore_ascii_case(secret))
}

/// Returns whether `name` can be the name of an environment variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Finds what looks like an access token.
pub(super) fn tokens(text: &str) -> Vec<Range<usize>> {
    let (prefix, least) = TOKEN;
    let mut found: Vec<Range<usize>> = Vec::new();
    for (start, _) in text.match_indices(prefix) {
        if found.last().is_some_and(|last| last.end > start) {
            continue;
        }
        let rest = &text[start + prefix.len()..];
        let run = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        if run >= least {
            found.push(start..start + prefix.len() + run);
        }
    }
    found
}

fn words_of(region: &str) -> impl Iterator<Item = String> {
    region
        .split(|c: char| c.is_whitespace() || "\"'{}[],:".contains(c))
        .filter(|word| word.len() >= SHORTEST_WORD && !REFERENCES.contains(word))
        .map(str::to_owned)
}

/// Finds the values after secret keys without understanding YAML.
fn in_text(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut is_broken = false;
    while let Some(colon) = text[from..].find(':').map(|at| at + from) {
        from = colon + 1;
        let Some(key) = key_before(text, colon) else {
            continue;
        };
        if !is_secret_key(&text[key.clone()]) {
            continue;
        }
        let closed = if is_broken {
            Closed::No
        } else {
            closed_end(text, colon + 1)
        };
        is_broken |= matches!(closed, Closed::Never);
        let region = match closed {
            Closed::At(end) => colon + 1..end,
            Closed::No | Closed::Never => open_region(text, key.start, colon + 1),
        };
        from = region.end.max(from);
        found.extend(literal_part(text, region));
    }
    found
}

/// Returns the word that ends at a colon, without quotes.
fn key_before(text: &str, colon: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut end = colon;
    while end > 0 && colon - end < 32 && matches!(bytes[end - 1], b' ' | b'\t' | b'"' | b'\'') {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && end - start < 32 && is_word(bytes[start - 1]) {
        start -= 1;
    }
    (start < end).then_some(start..end)
}

/// Returns how far the value of a key may go whose end cannot be seen from quotes or brackets: the
/// rest of the line, the next one if there is no rest, and all lines that are indented further than
/// the key, or than its line if the key stands in brackets.
fn open_region(text: &str, key: usize, start: usize) -> Range<usize> {
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |n| at + n);
    let line_start = text[..key].rfind('\n').map_or(0, |n| n + 1);
    let before = &text[line_start..key];
    let column = if before.contains(['{', ',']) {
        before.len() - before.trim_start_matches([' ', '\t']).len()
    } else {
        before.len()
    };
    let mut end = line_end(start);
    let mut is_empty = text[start..end].trim().is_empty();
    while end < text.len() {
        let line = &text[end + 1..line_end(end + 1)];
        let body = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - body.len();
        let is_item = body.starts_with("- ") || body.trim_end() == "-";
        let is_inside = body.trim().is_empty()
            || indent > column
            || indent == column && is_item
            || is_empty && key_of(body).is_none();
        if !is_inside {
            break;
        }
        is_empty &= body.trim().is_empty();
        end += 1 + line.len();
    }
    start..end
}

/// Returns the first word of a line if a colon follows it: another key, which ends an empty value.
fn key_of(body: &str) -> Option<&str> {
    let (word, rest) = body.trim_start_matches("- ").split_once(':')?;
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (plain && (rest.is_empty() || rest.starts_with([' ', '\r']))).then_some(word)
}

/// Where a value ends that begins with a quote or a bracket.
enum Closed {
    /// After this byte.
    At(usize),
    /// It does not begin so, or more text follows on its last line.
    No,
    /// Nowhere. Later values are then not looked at, to look through a broken file only once.
    Never,
}

fn closed_end(text: &str, colon: usize) -> Closed {
    let rest = text[colon..].trim_start_matches([' ', '\t']);
    if !rest.starts_with(['{', '[', '"', '\'']) {
        return Closed::No;
    }
    let Some(end) = bracket_end(text, text.len() - rest.len()) else {
        return Closed::Never;
    };
    let rest = text[end..]
        .split('\n')
        .next()
        .unwrap_or_default()
        .trim_start();
    let ends = rest.is_empty() || rest.starts_with([',', '}', ']', '#']);
    if ends { Closed::At(end) } else { Closed::No }
}

fn bracket_end(text: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote: Option<u8> = None;
    let mut bytes = text.bytes().enumerate().skip(at);
    while let Some((here, byte)) = bytes.next() {
        match (quote, byte) {
            (Some(b'"'), b'\\') => {
                bytes.next();
            }
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => continue,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{' | b'[') => depth += 1,
            (None, b'}' | b']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if depth == 0 && quote.is_none() {
            return Some(here + 1);
        }
    }
    None
}

/// Returns what is left of a region when a well-formed reference is taken out.
fn literal_part(text: &str, region: Range<usize>) -> Option<Range<usize>> {
    let content = &text[region.clone()];
    let inner = content.trim();
    let inner = inner
        .strip_prefix('{')
        .map_or(inner, |inner| inner.trim_end_matches('}'))
        .trim();
    if inner.is_empty() {
        return None;
    }
    let Some((kind, value)) = inner.split_once(':') else {
        return Some(region);
    };
    let value = value.trim();
    let bare = value.trim_matches(['"', '\'']);
    match kind.trim() {
        "env" if is_variable(bare) => None,
        "file" if is_path(bare) && !bare.contains(['{', '}', ',', '\n', '#', ':']) => None,
        "command" => {
            let Some(list) = content.find('[').map(|at| region.start + at + 1) else {
                return Some(region);
            };
            let first = text[list..region.end]
                .find([',', ']', '[', '{'])
                .map_or(region.end, |n| list + n);
            let rest = text[first..region.end].trim_end_matches([']', '}', ' ', '\n']);
            (!rest.is_empty()).then(|| first..first + rest.len())
        }
        _ => Some(region),
    }
}

/// A PIN is no path.
fn is_path(text: &str) -> bool {
    !text.bytes().all(|b| b.is_ascii_digit())
}

fn in_tree(node: &Node, ranges: &mut Vec<Range<usize>>, words: &mut BTreeSet<String>) {
    match &node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter().for_each(|item| in_tree(item, ranges, words)),
        Value::Mapping(pairs) => {
            for (key, value) in pairs.iter() {
                if is_secret_key(&key.text) {
                    if !is_reference(value) {
                        hide(value, ranges, words);
                    }
                } else {
                    in_tree(value, ranges, words);
                }
            }
        }
    }
}

fn is_reference(node: &Node) -> bool {
    let Value::Mapping(pairs) = &node.value else {
        return false;
    };
    let [(key, Node { value, .. })] = &**pairs else {
        return false;
    };
    match (&*key.text, value) {
        ("env", Value::Scalar(Scalar { text, .. })) => is_variable(text),
        ("file", Value::Scalar(Scalar { text, .. })) => is_path(text),
        ("command", Value::Sequence(_)) => true,
        _ => false,
    }
}

fn hide(node: &Node, ranges: &mut Vec<Range<usize>>, words: &mut BTreeSet<String>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            ranges.extend([node.place.clone(), node.written.clone()]);
            let word = scalar.text.trim();
            if word.len() >= SHORTEST_WORD {
                words.insert(word.to_owned());
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| hide(item, ranges, words)),
        Value::Mapping(pairs) => {
            for (key, value) in pairs.iter() {
                if !REFERENCES.contains(&&*key.text) {
                    ranges.push(key.place.clone());
                    if key.text.len() >= SHORTEST_WORD {
                        words.insert(key.text.to_string());
                    }
                }
                hide(value, ranges, words);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks what is shown of a text of which no tree is known.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(
            Hidden::find(text, None).piece(text, 0..text.len()),
            expected
        );
    }

    #[test]
    fn literals_are_hidden() {
        check("pin: 123456", "pin: ******");
        check("pin: 'it''s'\nx: y", "pin: *******\nx: y");
        check("{ pin: { value: 1 }, x: y }", "{ pin: * ****** * *, x: y }");
        check("- pin: 1\n  x: y", "- pin: *\n  x: y");
        check("pin:\n- a b\n  c\nx: y", "pin:\n* * *\n  *\nx: y");
        check("pin: |\n  a\n\n  b\nx: y", "pin: *\n  *\n\n  *\nx: y");
        check("pin: \"a\nx: y", "pin: **\nx: y");
    }

    #[test]
    fn references_are_shown() {
        for text in [
            "pin: { env: PIN_A }",
            "pin:\n  env: PIN_A\nx: y",
            "{ pin: { file: ./pins/a }, x: y }",
            "a: { pin: { command: [./pin.sh] } }",
            "spin: 1",
            "url: https://a.example/?code=1",
        ] {
            let shown = Hidden::find(text, None).piece(text, 0..text.len());
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn a_hidden_word_is_hidden_everywhere() {
        check(
            "pin: hunter2\nx: hunter2 # hunter2",
            "pin: *******\nx: ******* # *******",
        );
        let hidden = Hidden::find("pin: hunter2", None);
        assert_eq!(
            hidden.sentence("`hunter2` is unknown"),
            "`*******` is unknown"
        );
    }

    #[test]
    fn arguments_of_commands_are_hidden() {
        check(
            "code: { command: [./read, --key=a] }",
            "code: { command: [./read* *******] }",
        );
    }

    #[test]
    fn tokens_are_hidden_without_a_key() {
        let token = format!("EAAG{}", "x1".repeat(12));
        check(
            &format!("a: {token}."),
            &format!("a: {}.", "*".repeat(token.len())),
        );
        check("a: EAAGshort", "a: EAAGshort");
    }
}
