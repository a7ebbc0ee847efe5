//! Phone numbers: the key of a number in plans, addresses, journals and comparisons.
//!
//! The Graph API shows one number in several spellings (`+1 631-555-5555`, `+33 6 12 34 56 78`,
//! `16315555555`), so a [`Phone`] keeps the digits only. This is the only module that knows
//! `rlibphonenumber`, which splits the country code off: `POST /{WABA}/phone_numbers` wants both
//! parts apart.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/>

use std::{fmt, str::FromStr};

use rlibphonenumber::{PhoneNumber, PhoneNumberFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A phone number in international form, without separators. Shown as `+4930901820`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone {
    digits: String,
}

/// Why a text is not a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// It does not begin with `+`.
    #[error("a phone number begins with + and the country code, like \"+49 30 901820\"")]
    NoPlus,
    /// It has something else than digits, spaces and the usual separators.
    #[error("a phone number has digits, spaces and - . ( ) / only")]
    Character,
    /// E.164 numbers have 7 to 15 digits.
    #[error("a phone number has 7 to 15 digits with its country code")]
    Length,
    /// It holds the zero that is dialled inside the country only, like `+49 (0)30 901820`.
    #[error(
        "leave out the 0 that is dialled inside the country only: +49 30 901820, not +49 (0)30 901820"
    )]
    TrunkZero,
    /// The first digits are no country code in use.
    #[error("no country has this code")]
    CountryCode,
}

impl Phone {
    /// Returns the digits, country code first, without `+`.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Returns the country code and the national number, as `cc` and `phone_number` of the API.
    pub fn split(&self) -> (String, String) {
        let parsed = parse(&self.digits).expect("checked when this Phone was made");
        let country = parsed.country_code.to_string();
        let national = self.digits[country.len()..].to_owned();
        (country, national)
    }

    /// Returns the number spaced for people, like `+49 30 901820`.
    pub fn international(&self) -> String {
        let parsed = parse(&self.digits).expect("checked when this Phone was made");
        let spaced = parsed.format_as(PhoneNumberFormat::International);
        // An older spelling of a number is not shown as the newer one.
        if self.is_shown_as(&spaced) {
            spaced.into_owned()
        } else {
            self.to_string()
        }
    }

    /// Returns other spellings under which the API may know the same subscriber: some countries have
    /// changed the length of their numbers, and accounts keep the one they began with.
    pub fn other_spellings(&self) -> Vec<Self> {
        let respelled = RESPELLED.iter().find_map(|(country, respell)| {
            let national = self.digits.strip_prefix(country)?;
            Some((country, respell(national)))
        });
        let Some((country, nationals)) = respelled else {
            return Vec::new();
        };
        let spell = |national: String| format!("+{country}{national}").parse().ok();
        nationals.into_iter().filter_map(spell).collect()
    }

    /// Returns whether the number is one its country could have given out. Meta's test numbers
    /// (`+1 555…`) are not, so this is never more than a hint.
    pub fn is_plausible(&self) -> bool {
        parse(&self.digits).is_some_and(|parsed| parsed.is_valid())
    }

    /// Returns whether `display` (any of the API's spellings) shows this number.
    pub fn is_shown_as(&self, display: &str) -> bool {
        self.digits
            .bytes()
            .eq(display.bytes().filter(u8::is_ascii_digit))
    }

    /// Reads one of the API's own spellings, with or without `+`.
    pub fn from_display(display: &str) -> Option<Self> {
        let digits: String = display.chars().filter(char::is_ascii_digit).collect();
        Self::from_str(&format!("+{digits}")).ok()
    }
}

/// Makes other spellings of a national number.
type Respell = fn(&str) -> Vec<String>;

/// Countries with two spellings of one number, and how one becomes the other: their numbering plans
/// have changed, and accounts keep what was right when a number was registered.
/// Source: the national numbering plans at <https://www.itu.int/oth/T0202.aspx?parent=T0202>
const RESPELLED: &[(&str, Respell)] = &[("52", mexico), ("55", brazil), ("225", ivory_coast)];

/// Until 2019 a `1` stood after the country code of mobile numbers.
fn mexico(national: &str) -> Vec<String> {
    match (national.len(), national.strip_prefix('1')) {
        (11, Some(rest)) => vec![rest.to_owned()],
        (10, _) => vec![format!("1{national}")],
        _ => Vec::new(),
    }
}

/// Mobile numbers got a ninth digit, a 9 after the two digits of their area.
fn brazil(national: &str) -> Vec<String> {
    let Some((area, local)) = national.split_at_checked(2) else {
        return Vec::new();
    };
    match (local.len(), local.as_bytes().first()) {
        (9, Some(b'9')) => vec![format!("{area}{}", &local[1..])],
        (8, Some(b'6'..=b'9')) => vec![format!("{area}9{local}")],
        _ => Vec::new(),
    }
}

/// In 2021 numbers went from 8 to 10 digits: two digits of their operator were put before them.
fn ivory_coast(national: &str) -> Vec<String> {
    const OPERATORS: [&str; 6] = ["01", "05", "07", "21", "25", "27"];
    match national.split_at_checked(2) {
        Some((operator, rest)) if national.len() == 10 && OPERATORS.contains(&operator) => {
            vec![rest.to_owned()]
        }
        _ if national.len() == 8 => OPERATORS
            .map(|operator| format!("{operator}{national}"))
            .to_vec(),
        _ => Vec::new(),
    }
}

fn parse(digits: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(format!("+{digits}"), None).ok()
}

impl FromStr for Phone {
    type Err = PhoneError;

    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let rest = text.trim().strip_prefix('+').ok_or(PhoneError::NoPlus)?;
        let separator =
            |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{202f}');
        if rest.chars().any(|c| !c.is_ascii_digit() && !separator(c)) {
            return Err(PhoneError::Character);
        }
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        if !(7..=15).contains(&digits.len()) {
            return Err(PhoneError::Length);
        }
        let parsed = parse(&digits).ok_or(PhoneError::CountryCode)?;
        if !digits.starts_with(&parsed.country_code.to_string()) {
            return Err(PhoneError::CountryCode);
        }
        let canonical = parsed.format_as(PhoneNumberFormat::E164);
        if rest.contains("(0)") || canonical.strip_prefix('+') != Some(digits.as_str()) {
            return Err(PhoneError::TrunkZero);
        }
        Ok(Self { digits })
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.digits)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone(+{})", self.digits)
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str), PhoneError>) {
        let split = text.parse::<Phone>().map(|phone| phone.split());
        let expected = expected.map(|(cc, national)| (cc.to_owned(), national.to_owned()));
        assert_eq!(split, expected, "{text}");
    }

    #[test]
    fn numbers_are_split_into_country_code_and_national_number() {
        check("+49 30 901820", Ok(("49", "30901820")));
        check("+1 (631) 555-5555", Ok(("1", "6315555555")));
        check("+33 6 12 34 56 78", Ok(("33", "612345678")));
        check("+37080012345", Ok(("370", "80012345")));
        check("+39 06 1234 5678", Ok(("39", "0612345678")));
        check("+1 555 012 3456", Ok(("1", "5550123456")));
    }

    #[test]
    fn numbers_of_some_countries_have_two_spellings() {
        #[track_caller]
        fn check(one: &str, other: &str) {
            let phone = |text: &str| text.parse::<Phone>().unwrap();
            assert!(
                phone(one).other_spellings().contains(&phone(other)),
                "{one}"
            );
            assert!(
                phone(other).other_spellings().contains(&phone(one)),
                "{other}"
            );
            for text in [one, other] {
                assert!(
                    phone(text).is_shown_as(&phone(text).international()),
                    "{text}"
                );
                let (country, national) = phone(text).split();
                assert_eq!(format!("{country}{national}"), phone(text).digits());
            }
        }
        check("+55 11 98765 4321", "+55 11 8765 4321");
        check("+52 55 1234 5678", "+52 1 55 1234 5678");
        check("+225 07 01 23 45 67", "+225 01 23 45 67");
        for only in ["+55 11 3456 7890", "+49 30 901820", "+225 99 01 23 45 67"] {
            assert_eq!(only.parse::<Phone>().unwrap().other_spellings(), []);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        check("49 30 901820", Err(PhoneError::NoPlus));
        check("+49 30 90182O", Err(PhoneError::Character));
        check("+49 30", Err(PhoneError::Length));
        check("+49 30 901820 901820 901820", Err(PhoneError::Length));
        check("+999 30 901820", Err(PhoneError::CountryCode));
        check("+49 (0)30 901820", Err(PhoneError::TrunkZero));
        check("+49 030 901820", Err(PhoneError::TrunkZero));
        check("+٤٩٣٠٩٠١٨٢٠", Err(PhoneError::Character));
    }

    #[test]
    fn every_spelling_of_the_api_is_the_same_number() {
        let phone: Phone = "+1 631 555 5555".parse().unwrap();
        for display in ["+1 631-555-5555", "16315555555", "+16315555555"] {
            assert!(phone.is_shown_as(display), "{display}");
            assert_eq!(Phone::from_display(display), Some(phone.clone()));
        }
        assert!(!phone.is_shown_as("+1 631-555-5556"));
    }
}
