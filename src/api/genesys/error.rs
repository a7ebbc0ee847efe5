//! An error of Genesys Cloud, with everything it says.
//!
//! All of its fields are optional, and codes are words that may change without notice: what follows
//! from an error is decided by the HTTP status, and by few codes beside it.
//!
//! Source: the type `ErrorBody` of the official SDKs,
//! <https://github.com/MyPureCloud/platform-client-sdk-python>, and
//! <https://developer.genesys.cloud/platform/api/rate-limits>.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::api::{call::Retry, hidden::plain_id};

/// An error as Genesys Cloud reports it. Where it came as an answer, secrets are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status of the answer, or what an object says it would have been.
    pub status: u16,
    /// `code`, as it came; empty where there is none.
    pub code: String,
    /// `message`.
    pub message: String,
    /// `messageParams`: what was put into the message.
    pub params: BTreeMap<String, String>,
    /// `entityId`: what it is about.
    pub entity_id: Option<String>,
    /// `limit`: set when a limit of the platform is reached.
    pub limit: Option<Limit>,
    /// `details`, and what stands in `errors`.
    pub details: Vec<Detail>,
    /// What Genesys' support asks for.
    pub correlation_id: Option<String>,
    /// When the same may work again, from the headers.
    pub retry_after: Option<Duration>,
    /// Whether the login said so: what was to be sent has not left.
    pub at_login: bool,
}

/// One of several things that are wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Its code.
    pub code: Option<String>,
    /// The field it is about.
    pub field: Option<String>,
    /// What is wrong.
    pub message: Option<String>,
}

/// A limit of the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// Its name.
    pub key: String,
    /// What it belongs to, like `messaging`.
    pub namespace: String,
    /// How high it is.
    pub value: Option<i64>,
}

/// How long to wait for a rate limit that names no time: the window has a minute.
const LIMIT_PAUSE: Duration = Duration::from_secs(60);

/// The most things that are kept of what is wrong.
const MOST_DETAILS: usize = 20;

/// How deep errors may stand within errors.
const DEEPEST: usize = 3;

/// Codes of 403 that only another role, division or client mends.
const FORBIDDEN: [&str; 4] = [
    "missing.permissions",
    "missing.any.permissions",
    "missing.division.permission",
    "not.authorized",
];

impl ApiError {
    /// Reads the error of an answer. `None`: the body is no JSON object, so somebody else answered.
    pub fn parse(status: u16, body: &[u8], mask: impl Fn(&str) -> String) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        body.is_object().then(|| Self::of(&body, status, &mask))
    }

    fn of(body: &Value, status: u16, mask: &dyn Fn(&str) -> String) -> Self {
        let text = |name: &str| text(body, name, mask);
        let mut details = Vec::new();
        collect(body, mask, DEEPEST, &mut details);
        Self {
            status,
            code: text("code").or(text("error")).unwrap_or_default(),
            message: ["message", "description", "error_description"]
                .into_iter()
                .find_map(text)
                .unwrap_or_default(),
            params: params(body, mask),
            entity_id: text("entityId"),
            limit: limit(body, mask),
            details,
            correlation_id: text("contextId").filter(|id| plain_id(id).is_some()),
            retry_after: None,
            at_login: false,
        }
    }

    /// Returns what this error allows.
    pub fn retry(&self) -> Retry {
        match self.status {
            429 => Retry::Later(self.retry_after.unwrap_or(LIMIT_PAUSE)),
            501 => Retry::Never,
            408 | 500.. => Retry::Soon,
            _ => Retry::Never,
        }
    }

    /// Returns whether the OAuth client is to blame: unknown, expired, or without a permission.
    pub fn is_credential(&self) -> bool {
        match self.status {
            400..500 if self.at_login => self.retry() == Retry::Never,
            401 => true,
            403 => FORBIDDEN.contains(&&*self.code),
            _ => false,
        }
    }

    /// Returns whether what was sent is to blame, and not who sent it or how often.
    pub fn judges(&self) -> bool {
        !self.at_login && !self.is_credential() && self.retry() == Retry::Never
    }

    /// Returns whether the object is not there, or not there any more.
    pub fn is_missing_object(&self) -> bool {
        !self.at_login && matches!(self.status, 404 | 410)
    }

    /// Returns the permissions that the OAuth client lacks, like `routing:queue:edit`, as far as the
    /// error names them. (Of `missing.any.permissions` one is enough.)
    pub fn missing_permissions(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.status != 403 || !self.code.starts_with("missing.") {
            return missing;
        }
        for text in [&self.message].into_iter().chain(self.params.values()) {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "_:*-".contains(c);
            for word in text.split(|c| !is_part(c)) {
                let parts: Vec<_> = word.split(':').collect();
                let is_permission = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
                if is_permission && !missing.iter().any(|known| known == word) {
                    missing.push(word.to_owned());
                }
            }
        }
        missing
    }

    /// Says what the API said, without the correlation id: the same world gives the same words.
    pub fn words(&self) -> String {
        let mut said = vec![one_line(&self.message)];
        said.extend(self.details.iter().map(Detail::words));
        if let Some(limit) = &self.limit {
            said.push(limit.words());
        }
        said.retain(|text| !text.is_empty());
        let who = match self.at_login {
            true => "the login of Genesys Cloud refused",
            false => "Genesys Cloud refused",
        };
        match said.is_empty() {
            true => format!("{who} ({})", self.numbers()),
            false => format!("{who}: {} ({})", said.join("; "), self.numbers()),
        }
    }

    /// Names status and code.
    pub fn numbers(&self) -> String {
        match (self.status, one_line(&self.code)) {
            (0, code) if code.is_empty() => "no code".to_owned(),
            (0, code) => code,
            (status, code) if code.is_empty() => format!("HTTP {status}"),
            (status, code) => format!("HTTP {status}, {code}"),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())?;
        match &self.correlation_id {
            Some(id) => write!(f, " [correlation id {}]", one_line(id)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApiError {}

/// Errors stand in objects, too: why an integration was not created or not activated.
impl<'de> Deserialize<'de> for ApiError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let body = Value::deserialize(deserializer)?;
        let status = body.get("status").and_then(Value::as_u64);
        let status = status.and_then(|status| status.try_into().ok());
        let mut error = Self::of(&body, status.unwrap_or_default(), &str::to_owned);
        if let Some(text) = body.as_str() {
            text.clone_into(&mut error.message);
        }
        Ok(error)
    }
}

impl Detail {
    fn words(&self) -> String {
        let field = self.field.as_ref().map(|field| format!("`{field}`"));
        let code = self.code.clone();
        let parts = [field, code, self.message.clone()];
        one_line(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

impl Limit {
    fn words(&self) -> String {
        let value = self.value.map(|value| format!(" is {value}"));
        let value = value.unwrap_or_default();
        one_line(&format!(
            "the limit {} of {}{value}",
            self.key, self.namespace
        ))
    }
}

/// A text of an object, masked. What is empty says nothing.
fn text(body: &Value, name: &str, mask: &dyn Fn(&str) -> String) -> Option<String> {
    let text = body.get(name)?.as_str().map(mask)?;
    (!text.is_empty()).then_some(text)
}

fn params(body: &Value, mask: &dyn Fn(&str) -> String) -> BTreeMap<String, String> {
    let params = body.get("messageParams").and_then(Value::as_object);
    let shown = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        (mask(name), mask(&value))
    };
    params.into_iter().flatten().map(shown).collect()
}

fn limit(body: &Value, mask: &dyn Fn(&str) -> String) -> Option<Limit> {
    let limit = body.get("limit").filter(|limit| limit.is_object())?;
    Some(Limit {
        key: text(limit, "key", mask).unwrap_or_default(),
        namespace: text(limit, "namespace", mask).unwrap_or_default(),
        value: limit.get("value").and_then(Value::as_i64),
    })
}

fn collect(body: &Value, mask: &dyn Fn(&str) -> String, depth: usize, into: &mut Vec<Detail>) {
    let list = |name| body.get(name).and_then(Value::as_array).into_iter();
    for detail in list("details").flatten() {
        into.push(Detail {
            code: text(detail, "errorCode", mask),
            field: text(detail, "fieldName", mask),
            message: None,
        });
    }
    for error in list("errors").flatten() {
        into.push(Detail {
            code: text(error, "code", mask),
            field: None,
            message: text(error, "message", mask),
        });
        if depth > 0 {
            collect(error, mask, depth - 1, into);
        }
    }
    into.truncate(MOST_DETAILS);
}

/// A text without line breaks and without its last full stop.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, body: &str) -> ApiError {
        let mask = |text: &str| text.replace("s3cret", "***");
        ApiError::parse(status, body.as_bytes(), mask).unwrap()
    }

    #[test]
    fn everything_it_says_is_kept_and_masked() {
        let error = parse(
            400,
            r#"{"message":"Bad\nthing s3cret.","code":"bad.request","status":400,"entityId":"9a0c",
                "messageParams":{"id":"9a0c","n":3},"contextId":"c-1",
                "details":[{"errorCode":"E1","fieldName":"name"},{"fieldName":7},"x"],
                "errors":[{"message":"inner s3cret","code":"i","errors":[{"message":"deep"}]}],
                "limit":{"key":"whatsapp.integrations","namespace":"messaging","value":300}}"#,
        );
        assert_eq!(
            (error.message.as_str(), &*error.code),
            ("Bad\nthing ***.", "bad.request")
        );
        assert_eq!(error.params.get("n").map(String::as_str), Some("3"));
        insta::assert_snapshot!(error, @"Genesys Cloud refused: Bad thing ***; `name` E1; i inner ***; deep; the limit whatsapp.integrations of messaging is 300 (HTTP 400, bad.request) [correlation id c-1]");
        assert!(!error.words().contains("c-1"));
    }

    #[test]
    fn partial_and_odd_errors_are_errors() {
        assert_eq!(
            parse(500, "{}").to_string(),
            "Genesys Cloud refused (HTTP 500)"
        );
        let odd = r#"{"message":{"a":1},"code":5,"details":"x","errors":{},"limit":[],"messageParams":[1],"contextId":null}"#;
        assert_eq!(
            parse(409, odd).to_string(),
            "Genesys Cloud refused (HTTP 409)"
        );
        for body in ["", "<html>", "[]", "\"x\"", "null"] {
            assert_eq!(ApiError::parse(404, body.as_bytes(), str::to_owned), None);
        }
    }

    #[test]
    fn a_refused_login_says_why() {
        let body = r#"{"error":"invalid_client","description":"client not found","error_description":"client not found"}"#;
        let error = ApiError {
            at_login: true,
            ..parse(400, body)
        };
        insta::assert_snapshot!(error, @"the login of Genesys Cloud refused: client not found (HTTP 400, invalid_client)");
        assert!(error.is_credential() && !error.judges());
        let busy = ApiError {
            at_login: true,
            ..parse(429, "{}")
        };
        assert!(!busy.is_credential());
    }

    #[test]
    fn the_status_decides_what_may_follow() {
        #[track_caller]
        fn check(status: u16, expected: Retry) {
            assert_eq!(parse(status, "{}").retry(), expected, "{status}");
        }
        for status in [408, 500, 502, 503, 504, 520] {
            check(status, Retry::Soon);
        }
        for status in [400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 501] {
            check(status, Retry::Never);
        }
        check(429, Retry::Later(Duration::from_secs(60)));
        let named = ApiError {
            retry_after: Some(Duration::from_secs(7)),
            ..parse(429, "{}")
        };
        assert_eq!(named.retry(), Retry::Later(Duration::from_secs(7)));
    }

    #[test]
    fn only_the_client_and_its_roles_are_credentials() {
        #[track_caller]
        fn check(status: u16, code: &str, credential: bool) {
            let error = parse(status, &format!(r#"{{"code":"{code}"}}"#));
            assert_eq!(error.is_credential(), credential, "{code}");
        }
        check(401, "credentials.expired", true);
        check(401, "", true);
        check(403, "missing.permissions", true);
        check(403, "missing.any.permissions", true);
        check(403, "missing.division.permission", true);
        check(403, "not.authorized", true);
        check(403, "feature.toggle.off", false);
        check(400, "missing.permissions", false);
        check(404, "not.found", false);
    }

    #[test]
    fn missing_permissions_are_named() {
        #[track_caller]
        fn check(body: &str, expected: &[&str]) {
            assert_eq!(parse(403, body).missing_permissions(), expected, "{body}");
        }
        check(
            r#"{"code":"missing.permissions","message":"Unable to perform the requested action. You are missing the following permission(s): routing:queue:edit, messaging:integration:*.","messageParams":{"permissions":"[routing:queue:edit]"}}"#,
            &["routing:queue:edit", "messaging:integration:*"],
        );
        check(
            r#"{"code":"missing.any.permissions","message":"You must have at least one of the following permissions: [architect:flow:view, architect:flow:search]"}"#,
            &["architect:flow:view", "architect:flow:search"],
        );
        check(
            r#"{"code":"missing.division.permission","messageParams":{"p":["outbound:whatsAppCampaign:edit"]}}"#,
            &["outbound:whatsAppCampaign:edit"],
        );
        check(
            r#"{"code":"missing.permissions","message":"at 12:30:00:1 a::b :c:d"}"#,
            &[],
        );
        check(
            r#"{"code":"not.authorized","message":"routing:queue:edit"}"#,
            &[],
        );
    }

    #[test]
    fn an_error_within_an_object_is_read_too() {
        let read = |text: &str| serde_json::from_str::<ApiError>(text).unwrap();
        let error = read(r#"{"message":"Invalid PIN","code":"pin.invalid","status":400}"#);
        assert_eq!((error.status, error.judges()), (400, true));
        insta::assert_snapshot!(read("\"broken\""), @"Genesys Cloud refused: broken (no code)");
        insta::assert_snapshot!(read("7"), @"Genesys Cloud refused (no code)");
        insta::assert_snapshot!(read(r#"{"status":70000,"code":"x"}"#), @"Genesys Cloud refused (x)");
    }
}
