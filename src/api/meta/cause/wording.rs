//! What an error says, as words to look for.
//!
//! Case, punctuation and apostrophes do not matter, and a word is found by its beginning, so
//! "approv" finds "approved" and "approval". It knows no error number.

use crate::api::meta::error::GraphError;

/// All texts of an error. Every word has a space on each side.
pub(super) struct Said(String);

/// One of the two accounts of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Account {
    Source,
    Target,
}

const NAMES: [(Account, &[&str]); 2] = [
    (
        Account::Source,
        &[
            "source",
            "origin",
            "old account",
            "old waba",
            "old whatsapp",
            "previous account",
            "previous waba",
            "current account",
            "current waba",
            "current whatsapp",
            "existing account",
            "existing waba",
        ],
    ),
    (
        Account::Target,
        &[
            "target",
            "destination",
            "receiving",
            "recipient",
            "new account",
            "new waba",
            "new whatsapp",
            "your account",
            "your waba",
            "your whatsapp",
        ],
    ),
];

/// What an account has to go through before it may take part.
pub(super) const READY: &[&str] = &[
    "verif",
    "unverif",
    "approv",
    "unapprov",
    "review",
    "reject",
    "pending",
    "set up",
    "setup",
    "configur",
    "incomplete",
];

impl Said {
    pub(super) fn by(error: &GraphError) -> Self {
        let texts = [&error.title, &error.user_message, &error.details];
        let texts = texts.into_iter().flatten().chain([&error.message]);
        Self(texts.map(|text| plain(text)).collect())
    }

    /// Returns whether words begin with this.
    pub(super) fn has(&self, words: &str) -> bool {
        self.find(words).next().is_some()
    }

    /// Returns the account that is not ready, by where it is named: "review of the source", else
    /// "the source … is not approved", else the first one.
    pub(super) fn account(&self) -> Option<Account> {
        let ready = READY.iter().flat_map(|word| self.find(word)).min()?;
        let mut named: Vec<_> = NAMES
            .iter()
            .flat_map(|(account, names)| names.iter().map(|name| (*account, *name)))
            .flat_map(|(account, name)| self.find(name).map(move |at| (at, account)))
            .collect();
        named.sort_unstable();
        let before = named.iter().rfind(|(at, _)| *at < ready);
        let after = named.iter().find(|(at, _)| *at > ready);
        let (first, second) = match self.goes_on_with_of(ready) {
            true => (after, before),
            false => (before, after),
        };
        first.or(second).map(|(_, account)| *account)
    }

    fn find<'a>(&'a self, words: &'a str) -> impl Iterator<Item = usize> + 'a {
        let begins = |at: &usize| self.0[..*at].ends_with(' ');
        self.0.match_indices(words).map(|(at, _)| at).filter(begins)
    }

    fn goes_on_with_of(&self, at: usize) -> bool {
        let next = self.0[at..].split(' ').nth(1);
        next.is_some_and(|word| ["of", "for", "on"].contains(&word))
    }
}

/// The line break keeps the end of one text apart from the beginning of the next.
fn plain(text: &str) -> String {
    let without = text.to_lowercase().replace(['\'', '’'], "");
    let words = without
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut plain = String::from(" ");
    for word in words {
        plain.push_str(word);
        plain.push(' ');
    }
    plain + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Said {
        Said(plain(text))
    }

    #[test]
    fn case_and_punctuation_do_not_matter_and_words_are_found_by_their_beginning() {
        let said = said("The \"Messaging-For\" request isn't APPROVED.");
        assert!(said.has("messaging for") && said.has("isnt approv"));
        assert!(!said.has("proved") && !said.has("for approv"));
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        let error = GraphError {
            title: Some("Not another".into()),
            user_message: Some("Business".into()),
            ..GraphError::default()
        };
        assert!(!Said::by(&error).has("another business"));
    }

    #[test]
    fn of_two_accounts_the_one_that_is_not_ready_is_blamed() {
        #[track_caller]
        fn check(text: &str, expected: Option<Account>) {
            assert_eq!(said(text).account(), expected, "{text}");
        }
        let (source, target) = (Some(Account::Source), Some(Account::Target));
        check(
            "The source is not set up properly and cannot move to the destination.",
            source,
        );
        check(
            "Cannot migrate from source to target because the target has not been approved.",
            target,
        );
        check(
            "Cannot move to the destination: the review of the source is pending.",
            source,
        );
        check("Pending approval: destination account", target);
        check("The account is not approved.", None);
        check("Source and destination", None);
    }
}
