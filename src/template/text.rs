//! One spelling for texts that mean the same.

/// The entities that an answer may hold where a request had the character, besides numbers.
const ENTITIES: [(&str, char); 5] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
];

/// The longest entity, without `&` and `;`.
const LONGEST: usize = 8;

/// Returns a text without entities. Nothing is unescaped twice.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain += before;
        let name = after
            .split_once(';')
            .filter(|(name, _)| name.len() <= LONGEST);
        match name.and_then(|(name, after)| Some((character(name)?, after))) {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain + rest
}

fn character(entity: &str) -> Option<char> {
    let number = match entity.strip_prefix('#') {
        None => {
            return ENTITIES
                .iter()
                .find(|(name, _)| *name == entity)
                .map(|(_, is)| *is);
        }
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        },
    };
    char::from_u32(number.ok()?)
}

/// Returns a text without entities, with `\n` at the end of lines, without space at its end, and
/// with variables as `{{1}}`.
pub(super) fn canonical(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    tight_variables(unescaped(&text).trim_end())
}

/// The same for a URL: variables may come percent-encoded, and a host alone with a slash.
pub(super) fn canonical_url(url: &str) -> String {
    let url = canonical(url)
        .replace("%7B%7B", "{{")
        .replace("%7D%7D", "}}")
        .replace("%7b%7b", "{{")
        .replace("%7d%7d", "}}");
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    if after_scheme.is_empty() || after_scheme.contains(['/', '?', '#', '{']) {
        url
    } else {
        url + "/"
    }
}

/// Returns the digits of a phone number.
pub(super) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

fn tight_variables(text: &str) -> String {
    let mut tight = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        tight += before;
        tight += "{{";
        let Some((name, after)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        tight += name.trim();
        tight += "}}";
        rest = after;
    }
    tight + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_text_are_one_text() {
        #[track_caller]
        fn check(spelled: &str, expected: &str) {
            assert_eq!(canonical(spelled), expected);
            assert_eq!(canonical(expected), expected, "twice is once");
        }
        assert_eq!(unescaped("&amp;lt;"), "&lt;", "once");
        check("Fish &amp; chips &lt;3\r\n ", "Fish & chips <3");
        check("it&#039;s &quot;{{ 1 }}&quot;", "it's \"{{1}}\"");
        check(
            "it&#x27;s &apos;new&apos; &eacute; & more;",
            "it's 'new' &eacute; & more;",
        );
        check("a {{b", "a {{b");
        check("{{1}} and {{ name}}", "{{1}} and {{name}}");
        check("مرحبا {{1}} 🎉", "مرحبا {{1}} 🎉");
    }

    #[test]
    fn spellings_of_one_address_are_one_address() {
        #[track_caller]
        fn check(spelled: &str, expected: &str) {
            assert_eq!(canonical_url(spelled), expected);
        }
        check("https://ex.com", "https://ex.com/");
        check("https://ex.com/%7B%7B1%7D%7D", "https://ex.com/{{1}}");
        check(
            "https://ex.com?a=1&amp;b={{1}}",
            "https://ex.com?a=1&b={{1}}",
        );
        assert_eq!(digits("+49 (30) 90-18"), "49309018");
    }
}
