//! What can go wrong with a call, and what may be done about it.
//!
//! A [`GraphError`] keeps everything the API said. Meta's migration errors put their number now in
//! `code`, now in `error_subcode`, so [`GraphError::is`] looks at both. Where the body
//! says more than the HTTP status, the body decides.
//!
//! Sources: <https://developers.facebook.com/docs/graph-api/guides/error-handling> and
//! <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>.

use std::{fmt, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::cause::{self, Cause, Class};
use crate::api::call::Retry;

/// An error as the Graph API reports it, with secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphError {
    /// HTTP status of the answer.
    pub status: u16,
    /// `code`.
    pub code: i64,
    /// `error_subcode`.
    pub subcode: Option<i64>,
    /// Developer text.
    pub message: String,
    /// `is_transient`; may be missing or wrongly false.
    pub is_transient: bool,
    /// `error_user_title`, in the language of the token's user.
    pub title: Option<String>,
    /// `error_user_msg`, likewise.
    pub user_message: Option<String>,
    /// `error_data.details`, or `error_data` when that is a string.
    pub details: Option<String>,
    /// `fbtrace_id`: what Meta's support asks for.
    pub trace_id: Option<String>,
    /// Minutes until access is regained, from the usage header.
    pub regain_minutes: Option<u64>,
}

/// Stands for a `code` that the API left out. 0 is a code of its own.
const NO_CODE: i64 = -1;

/// How long to wait for a rate limit that names no time.
const LIMIT_PAUSE: Duration = Duration::from_secs(60);

/// Too many wrong PINs, and PINs guessed too fast.
const TELLS_REST: [i64; 2] = [133_008, 133_009];

impl GraphError {
    /// Returns whether `number` stands in `code` or in `error_subcode`.
    pub fn is(&self, number: i64) -> bool {
        self.code == number || self.subcode == Some(number)
    }

    /// Returns what this error allows. Where the body says what it means, neither `is_transient` nor
    /// the HTTP status changes that: a wrong PIN stays wrong with status 500.
    pub fn retry(&self) -> Retry {
        match cause::of(self).map(|cause| cause.class) {
            Some(Class::Backoff) => Retry::Soon,
            Some(Class::Limit) => Retry::Later(self.limit_pause()),
            Some(Class::Rest(_) | Class::ReadFirst | Class::Never) => Retry::Never,
            Some(Class::Marked) | None if self.is_transient || self.status >= 500 => Retry::Soon,
            Some(Class::Marked) | None => Retry::Never,
        }
    }

    fn limit_pause(&self) -> Duration {
        let named = self.regain_minutes.filter(|&minutes| minutes > 0);
        named.map_or(LIMIT_PAUSE, |minutes| Duration::from_secs(60 * minutes))
    }

    /// Returns how long the number (or template) this is about has to be left alone: as long as the
    /// details say where Meta's table refers to them, else what the table says, else an hour.
    pub fn rest(&self) -> Option<Duration> {
        match cause::of(self)?.class {
            Class::Rest(rest) => Some(self.named_rest().unwrap_or(rest)),
            Class::Backoff | Class::Limit | Class::ReadFirst | Class::Never | Class::Marked => None,
        }
    }

    /// The waiting time in details like "Try again in 12 hours": for PIN guesses it stands nowhere else.
    fn named_rest(&self) -> Option<Duration> {
        const MOST: Duration = Duration::from_secs(30 * 24 * 3600);
        const UNITS: [(&str, u64); 4] = [
            ("second", 1),
            ("minute", 60),
            ("hour", 3600),
            ("day", 24 * 3600),
        ];
        let details = self.details.as_deref()?.to_ascii_lowercase();
        if !TELLS_REST.iter().any(|&code| self.is(code)) {
            return None;
        }
        let words: Vec<&str> = details.split(|c: char| !c.is_alphanumeric()).collect();
        words.windows(2).find_map(|pair| {
            let number: u64 = pair[0].parse().ok()?;
            let (_, seconds) = UNITS.iter().find(|(unit, _)| pair[1].starts_with(unit))?;
            Some(Duration::from_secs(number.saturating_mul(*seconds)).min(MOST))
        })
    }

    /// Returns whether the token is to blame: invalid, expired, or without a permission.
    pub fn is_credential(&self) -> bool {
        cause::of(self).is_some_and(Cause::is_credential)
    }

    /// Returns whether what was sent is to blame, and not who sent it or how often.
    pub fn judges(&self) -> bool {
        !self.is_credential() && self.retry() == Retry::Never
    }

    /// Returns whether the object does not exist, or is not ours to see: the API does not say which.
    pub fn is_missing_object(&self) -> bool {
        self.code == 803 || (self.code == 100 && self.subcode == Some(33))
    }

    /// Reads the error of an answer's body. `None`: the body reports no error. What reports one in an
    /// unknown form is an error too: taking it for an answer would make things look absent.
    pub(super) fn parse(
        status: u16,
        body: &[u8],
        mask: impl Fn(&str) -> String,
    ) -> Result<Option<Self>, serde_json::Error> {
        // Without this, a list would pass for an object whose members come in order.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(serde::de::Error::custom("it is no JSON object"));
        }
        let Some(error) = serde_json::from_slice::<Envelope>(body)?.error else {
            return Ok(None);
        };
        let text = |value: Option<&Value>| {
            value
                .and_then(Value::as_str)
                .map(&mask)
                .filter(|text| !text.is_empty())
        };
        let number = |name| error.get(name).and_then(number);
        let data = error.get("error_data");
        let message = error.get("message").or(Some(&error));
        Ok(Some(Self {
            status,
            code: number("code").unwrap_or(NO_CODE),
            subcode: number("error_subcode"),
            message: text(message).unwrap_or_default(),
            is_transient: error.get("is_transient") == Some(&Value::Bool(true)),
            title: text(error.get("error_user_title")),
            user_message: text(error.get("error_user_msg")),
            details: text(data.and_then(|data| data.get("details")).or(data)),
            trace_id: text(error.get("fbtrace_id")),
            regain_minutes: None,
        }))
    }
}

impl GraphError {
    /// Says what the API said, without the trace id: the same world gives the same words.
    pub fn words(&self) -> String {
        let mut words = format!(
            "the API refused: {}",
            self.title.as_deref().unwrap_or(&self.message)
        );
        if self.title.is_some() {
            words += &format!(
                ": {}",
                self.user_message.as_deref().unwrap_or(&self.message)
            );
        }
        if let Some(details) = &self.details {
            words += &format!(": {details}");
        }
        words + &format!(" ({})", self.numbers())
    }

    /// Names code and subcode.
    pub fn numbers(&self) -> String {
        match (self.code, self.subcode) {
            (NO_CODE, None) => "no code".to_owned(),
            (code, None) => format!("code {code}"),
            (code, Some(subcode)) => format!("code {code}/{subcode}"),
        }
    }
}

impl GraphError {
    /// Says everything the API said, each thing once and on one line, with its numbers and the trace
    /// id last.
    pub fn whole(&self) -> String {
        let texts = [&self.title, &self.user_message, &self.details];
        let texts = texts.into_iter().flatten().chain([&self.message]);
        let mut said: Vec<String> = Vec::new();
        for text in texts.map(|text| one_line(text)) {
            let holds = |one: &str, other: &str| one.to_lowercase().contains(&other.to_lowercase());
            if !said.iter().any(|known| holds(known, &text)) {
                said.retain(|known| !holds(&text, known));
                said.push(text);
            }
        }
        let mut numbers = self.numbers();
        if let Some(trace_id) = &self.trace_id {
            numbers += &format!(", trace {trace_id}");
        }
        match said.is_empty() {
            true => numbers,
            false => format!("{} ({numbers})", said.join(". ")),
        }
    }
}

/// A text without line breaks and without its last full stop.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').to_owned()
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())?;
        match &self.trace_id {
            Some(trace_id) => write!(f, " [trace {trace_id}]"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for GraphError {}

#[derive(Deserialize)]
struct Envelope {
    error: Option<Value>,
}

/// Flows report their error numbers as strings, everything else as integers.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, body: &str) -> Option<GraphError> {
        let mask = |text: &str| text.replace("EAAsecret", "***");
        GraphError::parse(status, body.as_bytes(), mask).unwrap_or_default()
    }

    #[test]
    fn a_number_rests_as_long_as_the_details_say() {
        #[track_caller]
        fn check(code: i64, details: &str, seconds: u64) {
            let error = GraphError {
                code,
                details: Some(details.into()),
                ..GraphError::default()
            };
            assert_eq!(
                error.rest(),
                Some(Duration::from_secs(seconds)),
                "{details}"
            );
        }
        check(
            133_008,
            "Too many incorrect PINs. Try again in 12 hours.",
            12 * 3600,
        );
        check(133_009, "Wait 90 seconds before the next attempt", 90);
        check(133_008, "Try again later.", 3600);
        check(133_008, "Try again in 99999999999999 days", 30 * 24 * 3600);
        check(133_016, "More than 10 attempts in 3 hours", 72 * 3600);
    }

    #[test]
    fn everything_the_api_says_is_kept_and_masked() {
        let error = parse(
            400,
            r#"{"error":{"message":"(#100) Invalid parameter EAAsecret","type":"OAuthException","code":100,"error_subcode":2388103,
                "is_transient":false,"error_user_title":"Cannot Migrate Phone Number","error_user_msg":"Set up payment.",
                "error_data":{"messaging_product":"whatsapp","details":"no payment"},"fbtrace_id":"AdG3x"}}"#,
        )
        .unwrap();
        assert!(error.is(100) && error.is(2_388_103) && !error.is(33));
        assert_eq!(error.message, "(#100) Invalid parameter ***");
        assert_eq!(
            error.to_string(),
            "the API refused: Cannot Migrate Phone Number: Set up payment.: no payment (code 100/2388103) [trace AdG3x]"
        );
        assert_eq!(error.retry(), Retry::Never);
    }

    #[test]
    fn odd_envelopes_are_read_too() {
        let error = parse(
            200,
            r#"{"error":{"code":"4233041","error_data":"dup","message":"x"}}"#,
        )
        .unwrap();
        assert_eq!(
            (error.code, error.details.as_deref()),
            (4_233_041, Some("dup"))
        );
        assert_eq!(parse(200, r#"{"data":[]}"#), None);
        assert_eq!(parse(502, "<html>"), None);
        let nameless = parse(400, r#"{"error":{}}"#).unwrap();
        assert!(!nameless.is_credential() && nameless.retry() == Retry::Never);
    }

    #[test]
    fn an_error_in_an_unknown_form_is_an_error() {
        let text = parse(200, r#"{"data":[],"error":"invalid_request EAAsecret"}"#).unwrap();
        assert_eq!(
            (text.code, &*text.message),
            (NO_CODE, "invalid_request ***")
        );
        let odd = r#"{"data":[],"error":{"code":190,"message":7,"is_transient":"yes"}}"#;
        let odd = parse(200, odd).unwrap();
        assert_eq!((odd.code, &*odd.message), (190, ""));
        assert_eq!(parse(200, r#"{"data":[],"error":null}"#), None);
        let read = |body: &[u8]| GraphError::parse(200, body, str::to_owned).is_ok();
        assert!(!read(b"[[],null]"));
        assert!(!read(br#"{"error":{"code":1},"error":null,"data":[]}"#));
    }

    #[test]
    fn the_kind_of_error_decides_what_may_follow() {
        #[track_caller]
        fn check(status: u16, code: i64, subcode: Option<i64>, expected: Retry) {
            let error = GraphError {
                status,
                code,
                subcode,
                ..GraphError::default()
            };
            assert_eq!(error.retry(), expected, "{code}/{subcode:?}");
        }
        check(400, 2, None, Retry::Soon);
        check(400, 100, Some(2_494_100), Retry::Soon);
        check(500, 100, None, Retry::Soon);
        check(500, 133_000, None, Retry::Never);
        check(500, 133_005, None, Retry::Never);
        check(500, 999, None, Retry::Soon);
        check(400, 133_005, None, Retry::Never);
        check(400, 136_024, Some(2_388_367), Retry::Never);
        check(400, 80_008, None, Retry::Later(Duration::from_secs(60)));
        let named = GraphError {
            code: 4,
            regain_minutes: Some(12),
            ..GraphError::default()
        };
        assert_eq!(named.retry(), Retry::Later(Duration::from_secs(720)));
    }
}
