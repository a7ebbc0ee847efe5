//! Keeps secrets out of everything an API says: answers like to quote what they refuse.

use std::sync::{Mutex, PoisonError};

use crate::secret::Secret;

/// The secrets of one connection. Every one it has ever sent stays hidden.
pub(super) struct Hidden(Mutex<Vec<Secret>>);

/// The secrets of one moment.
pub(super) struct Masks(Vec<Secret>);

impl Hidden {
    /// Hides these from the start.
    pub(super) fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(Mutex::new(secrets.into_iter().collect()))
    }

    /// Hides one more from now on.
    pub(super) fn add(&self, secret: &Secret) {
        let mut hidden = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !hidden.iter().any(|known| known.expose() == secret.expose()) {
            hidden.push(secret.clone());
        }
    }

    /// Returns what masks an answer.
    pub(super) fn masks(&self) -> Masks {
        Masks(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
    }
}

impl Masks {
    /// Masks every hidden value in a text of the API.
    pub(super) fn mask(&self, text: &str) -> String {
        self.0
            .iter()
            .map(Secret::expose)
            .filter(|secret| secret.len() >= 4)
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// Returns the beginning of a body that is not what it should be, on one line.
    pub(super) fn excerpt(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // What is left out may have parted a secret.
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        let short: String = self.mask(&line).chars().take(120).collect();
        if short.is_empty() {
            "an empty body".into()
        } else {
            format!("it begins with `{short}`")
        }
    }
}

/// Takes a header for the id by which an API's support finds a call. What does not look like one is
/// left out.
pub(super) fn plain_id(id: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(is_plain)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_masked() {
        let masks = Hidden::new([Secret::new("EAAtoken")]).masks();
        let body = "<html>\n\u{1b}[31m bad token EAAtoken ".to_owned() + &"x".repeat(500);
        let shown = masks.excerpt(body.as_bytes());
        assert!(
            shown.starts_with("it begins with `<html> [31m bad token *** xxx"),
            "{shown}"
        );
        assert!(shown.len() < 150);
        assert_eq!(masks.excerpt(b"EAA\x01token"), "it begins with `***`");
    }

    #[test]
    fn what_was_hidden_once_stays_hidden() {
        let hidden = Hidden::new([]);
        for secret in ["older", "newer", "newer", "pin"] {
            hidden.add(&Secret::new(secret));
        }
        assert_eq!(hidden.masks().mask("older newer pin"), "*** *** pin");
    }

    #[test]
    fn only_what_looks_like_an_id_is_taken_for_one() {
        #[track_caller]
        fn check(header: &str, taken: bool) {
            assert_eq!(plain_id(header).is_some(), taken, "{header}");
        }
        check("AdG3x_9-Zw0", true);
        check("2f2f4f7e-9a52-4a05-9a7d-7b6e6ed0f3b1", true);
        check("", false);
        check("\u{1b}[31mA", false);
        check(&"A".repeat(65), false);
    }
}
