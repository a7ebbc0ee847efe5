//! What an error of the API means for a migration: what is wrong, who has to act, what to do, and
//! whether trying again helps.
//!
//! One table per section of Meta's error reference, one row per meaning; the first row that fits
//! counts. It calls nothing and repeats nothing. Titles and texts come in the language of the
//! token's user and change without notice: they choose the advice, but a text that no row knows
//! never makes a call repeatable.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

mod account;
mod generic;
mod migration;
mod registration;
mod templates;
mod wording;

use std::{fmt, time::Duration};

use self::wording::{Account, Said};
use super::error::GraphError;
use crate::finding::{Finding, Who};

/// What an error means and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Stable id; the same as preflight's rule where that checks the same.
    pub id: &'static str,
    /// One plain sentence: what is wrong.
    pub what: &'static str,
    /// Whether and when the same call may work.
    pub class: Class,
    /// Who has to act.
    pub who: Who,
    /// What exactly to do.
    pub hint: &'static str,
    /// The API field that will show that it is done.
    pub proof: Option<&'static str>,
}

/// Whether and when the same call may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Soon, by itself. Writes look at the state first.
    Backoff,
    /// When a limit for all calls has passed.
    Limit,
    /// When the number (or template) was left alone for so long.
    Rest(Duration),
    /// Perhaps, when the state was read first; never by itself.
    ReadFirst,
    /// Not before somebody has acted.
    Never,
    /// The number does not tell; `is_transient` and the HTTP status do.
    Marked,
}

/// What to do about a limit.
pub(in crate::api) const AFTER_LIMIT: &str = generic::LIMIT.hint;

/// Ids of the causes that only another token, permission or app secret mends.
const CREDENTIAL: [&str; 3] = ["token-invalid", "token-permission", "app-secret"];

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// All rows. Numbers of migrations and templates come as subcodes of 100, so those stand first.
const TABLES: [&[Row]; 5] = [
    migration::ROWS,
    templates::ROWS,
    registration::ROWS,
    account::ROWS,
    generic::ROWS,
];

/// Returns what is known about an error.
pub fn of(error: &GraphError) -> Option<&'static Cause> {
    let said = Said::by(error);
    let mut rows = TABLES.into_iter().flatten();
    let row = rows.find(|row| row.on.fits(error) && row.fits(&said))?;
    Some(&row.cause)
}

/// Makes the finding of a refused call, the same kind that preflight makes.
pub fn finding(subject: impl fmt::Display, error: &GraphError) -> Finding {
    let Some(cause) = of(error) else {
        return unknown(subject.to_string(), error);
    };
    let subject = subject.to_string();
    let hint = for_number(cause.hint, &subject);
    let finding = Finding::fail(cause.id, subject, cause.what)
        .observed(error.whole())
        .ask(cause.who, hint);
    match cause.proof {
        Some(proof) => finding.proof(proof),
        None => finding,
    }
}

/// Puts the number into a command like `apply --new-code PHONE`.
fn for_number(hint: &str, subject: &str) -> String {
    let phone = subject
        .strip_prefix("number[\"")
        .and_then(|rest| rest.split_once('"'));
    match phone {
        Some((phone, _)) => hint.replace(" PHONE", &format!(" {phone}")),
        None => hint.to_owned(),
    }
}

fn unknown(subject: String, error: &GraphError) -> Finding {
    let stops = match subject.starts_with("number[") {
        true => "only this number stops, the others go on",
        false => "only what needs this stops, the rest goes on",
    };
    let hint = format!(
        "look at what Meta says, and give its support the trace id if that does not help; {stops}"
    );
    let message = "this release does not know the error that Meta answered";
    Finding::fail("api-error", subject, message)
        .observed(error.whole())
        .ask(Who::Us, hint)
}

impl Cause {
    /// Returns whether the token, its permissions or the app secret are to blame.
    pub fn is_credential(&self) -> bool {
        CREDENTIAL.contains(&self.id)
    }

    const fn proof(mut self, proof: &'static str) -> Self {
        self.proof = Some(proof);
        self
    }
}

const fn cause(
    id: &'static str,
    what: &'static str,
    class: Class,
    who: Who,
    hint: &'static str,
) -> Cause {
    Cause {
        id,
        what,
        class,
        who,
        hint,
        proof: None,
    }
}

/// A line of a table.
struct Row {
    on: On,
    /// Each group has a word that must be there.
    words: &'static [&'static [&'static str]],
    account: Option<Account>,
    cause: Cause,
}

/// Where an error has which number. Small numbers mean other things in `error_subcode` than in
/// `code`; the large ones come in either.
enum On {
    Code(&'static [i64]),
    CodeAlone(i64),
    CodeFrom(i64, i64),
    Subcode(i64, &'static [i64]),
    Either(&'static [i64]),
}

impl On {
    fn fits(&self, error: &GraphError) -> bool {
        match self {
            Self::Code(codes) => codes.contains(&error.code),
            Self::CodeAlone(code) => *code == error.code && error.subcode.is_none(),
            Self::CodeFrom(first, last) => (*first..=*last).contains(&error.code),
            Self::Subcode(code, subcodes) => {
                *code == error.code && error.subcode.is_some_and(|sub| subcodes.contains(&sub))
            }
            Self::Either(numbers) => numbers.iter().any(|&number| error.is(number)),
        }
    }
}

impl Row {
    const fn new(on: On, cause: Cause) -> Self {
        Self {
            on,
            words: &[],
            account: None,
            cause,
        }
    }

    const fn says(mut self, words: &'static [&'static [&'static str]]) -> Self {
        self.words = words;
        self
    }

    const fn blames(mut self, account: Account) -> Self {
        self.account = Some(account);
        self
    }

    fn fits(&self, said: &Said) -> bool {
        let is_said = |group: &&[&str]| group.iter().any(|word| said.has(word));
        let is_blamed = self
            .account
            .is_none_or(|account| said.account() == Some(account));
        is_blamed && self.words.iter().all(is_said)
    }
}

#[cfg(test)]
mod tests;
