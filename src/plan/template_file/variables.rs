//! The variables in a text: `{{1}}` or `{{first_name}}`.

/// The variables of a text, and what looks like one but is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Variables<'t> {
    /// What stands between the braces, in order.
    pub names: Vec<&'t str>,
    /// Pieces of the text with braces that do not fit, like `{{ 1 }}` or `{{1}`.
    pub malformed: Vec<&'t str>,
    /// Whether the text begins with one, space aside.
    pub at_start: bool,
    /// Whether it ends with one, space aside.
    pub at_end: bool,
    /// How many words stand beside them.
    pub words: usize,
}

/// The most characters shown of something malformed.
const SHOWN: usize = 20;

impl<'t> Variables<'t> {
    /// Looks through a text.
    pub(super) fn of(text: &'t str) -> Self {
        let mut found = Self::default();
        let text = text.trim();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            found.take_plain(&rest[..at]);
            let inner = &rest[at + 2..];
            let Some((name, after)) = inner.split_once("}}") else {
                found.malformed.push(start_of(&rest[at..]));
                return found;
            };
            if is_name(name) {
                found.at_start |= at == 0 && rest.len() == text.len();
                found.at_end = after.is_empty();
                found.names.push(name);
                rest = after;
            } else {
                found
                    .malformed
                    .push(start_of(&rest[at..at + 4 + name.len()]));
                // What is open may hide another one.
                rest = if name.contains("{{") { inner } else { after };
            }
        }
        found.take_plain(rest);
        found
    }

    /// Returns whether a name is a number.
    pub(super) fn is_position(name: &str) -> bool {
        name.bytes().all(|b| b.is_ascii_digit())
    }

    /// Returns a text with a plain letter in the place of every variable.
    pub(super) fn filled(text: &str) -> String {
        let mut pieces = text.split("{{");
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            filled.push('x');
            filled += piece.split_once("}}").map_or(piece, |(_, after)| after);
        }
        filled
    }

    fn take_plain(&mut self, text: &'t str) {
        if let Some(at) = text.find("}}") {
            let from = text[..at].rfind(char::is_whitespace).map_or(0, |n| n + 1);
            let from = text.ceil_char_boundary(from);
            self.malformed.push(&text[from..at + 2]);
        }
        let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
        self.words += text.split_whitespace().filter(is_word).count();
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn start_of(text: &str) -> &str {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found() {
        #[track_caller]
        fn check(text: &str, names: &[&str], malformed: &[&str], edges: (bool, bool)) {
            let found = Variables::of(text);
            assert_eq!(found.names, names, "{text}");
            assert_eq!(found.malformed, malformed, "{text}");
            assert_eq!((found.at_start, found.at_end), edges, "{text}");
        }
        check("", &[], &[], (false, false));
        check("Hi {{1}}, {{2}}.", &["1", "2"], &[], (false, false));
        check(" {{1}} is here ", &["1"], &[], (true, false));
        check("Hi {{first_name}}", &["first_name"], &[], (false, true));
        check("{{1}}", &["1"], &[], (true, true));
        check("Hi {{ 1 }} you", &[], &["{{ 1 }}"], (false, false));
        check("Hi {{1} you", &[], &["{{1} you"], (false, false));
        check("Hi {1}} you", &[], &["{1}}"], (false, false));
        check("Hi {{}} you", &[], &["{{}}"], (false, false));
        check("Hi {{a {{1}} you", &["1"], &["{{a {{1}}"], (false, false));
        check("Hi {1} you", &[], &[], (false, false));
        check("é{{ü}}é", &[], &["{{ü}}"], (false, false));
        check("ü\u{3000}}}", &[], &["}}"], (false, false));
    }

    #[test]
    fn words_beside_variables_are_counted() {
        assert_eq!(Variables::of("Thank you {{1}}, order {{2}}.").words, 3);
        assert_eq!(Variables::of("{{1}} - {{2}}").words, 0);
    }
}
