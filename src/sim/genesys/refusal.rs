//! The error envelope of Genesys Cloud, and a constructor for each refusal the rules know.
//!
//! It does not decide when something is refused. Codes of single services are not published: those
//! here are made up after the pattern of the published ones.

use serde_json::{Map, Value, json};

use crate::sim::{error::GraphError, script::ScriptedError};

/// A refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `code`.
    pub code: &'static str,
    /// `message`, with its parameters filled in.
    pub message: String,
    /// `messageParams`, where the message has any.
    pub params: Vec<(&'static str, String)>,
    /// `entityId`.
    pub entity: Option<Box<str>>,
    /// `details[].errorCode`.
    pub detail: Option<Box<str>>,
    /// `limit.value`: calls of a token in a minute.
    pub limit: Option<u32>,
    /// The header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// Makes a refusal.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            ..Self::default()
        }
    }

    /// Names the object it is about.
    pub fn about(mut self, id: &str) -> Self {
        self.entity = Some(id.into());
        self
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(404, "not.found", "The requested resource was not found.")
    }

    /// 400: the request makes no sense.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "bad.request", message)
    }

    /// 400: a value is none of those allowed.
    pub fn value(value: &str, kind: &'static str, allowed: &str) -> Self {
        let message = format!(
            "Value [{value}] is not valid for field type [{kind}]. Allowable values are: {allowed}"
        );
        Self {
            params: vec![("value", value.to_owned()), ("type", kind.to_owned())],
            ..Self::new(400, "invalid.value", message)
        }
    }

    /// 409: not in this state.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "conflict", message)
    }

    /// 409: somebody changed it in between.
    pub fn stale(sent: &str, present: &str) -> Self {
        let message = format!(
            "An unexpected version was provided: {sent}. The current version is {present}."
        );
        Self::new(409, "version.mismatch", message)
    }

    /// 501, like no real answer: Genesys Cloud has this and the simulator has not.
    pub fn not_simulated(what: &str) -> Self {
        let message = format!("The simulator does not offer {what}.");
        Self::new(501, "not.simulated", message)
    }

    /// 429: too much, for so many seconds.
    pub fn too_many(seconds: u32) -> Self {
        let message =
            format!("Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds");
        Self {
            retry_after: Some(seconds),
            params: vec![("retryAfter", seconds.to_string())],
            ..Self::new(429, "too.many.requests.retry.after", message)
        }
    }

    /// 500.
    pub fn broken() -> Self {
        let message = "The server encountered an unexpected condition which prevented it from fulfilling the request.";
        Self::new(500, "internal.server.error", message)
    }

    /// Returns the body of the answer.
    pub fn body(&self, context: &str) -> Value {
        let mut body = Map::new();
        body.insert("message".into(), json!(self.message));
        body.insert("code".into(), json!(self.code));
        body.insert("status".into(), json!(self.status));
        if let Some(id) = &self.entity {
            body.insert("entityId".into(), json!(id));
        }
        if !self.params.is_empty() {
            let mut template = self.message.clone();
            for (name, value) in &self.params {
                template = template.replacen(value, &format!("{{{name}}}"), 1);
            }
            let params: Map<String, Value> = self
                .params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            body.insert("messageWithParams".into(), json!(template));
            body.insert("messageParams".into(), params.into());
        }
        if let Some(value) = self.limit {
            let key = "client.credentials.token.rate.per.minute";
            let limit = json!({"key": key, "namespace": "platform.api", "value": value});
            body.insert("limit".into(), limit);
        }
        let details = self.detail.iter().map(|code| json!({"errorCode": code}));
        body.insert("contextId".into(), json!(context));
        body.insert("details".into(), details.collect());
        body.insert("errors".into(), json!([]));
        Value::Object(body)
    }
}

/// An error of the script, as Genesys Cloud would put it: a `code` that is a status counts as one.
impl From<&ScriptedError> for Refusal {
    fn from(scripted: &ScriptedError) -> Self {
        let named = u16::try_from(scripted.code).ok();
        let named = named.filter(|code| (400..=599).contains(code));
        let status = scripted.status.or(named).unwrap_or(400);
        Self {
            detail: scripted.details.as_deref().map(Box::from),
            ..Self::new(status, code_of(status), scripted.message.clone())
        }
    }
}

/// What Meta said, as an integration may tell it.
impl From<&GraphError> for Refusal {
    fn from(error: &GraphError) -> Self {
        let shown = error.user.as_ref().map(|user| user.1.as_str());
        let told = error.details.as_deref().or(shown);
        let detail = match error.subcode {
            Some(subcode) => format!("{}/{subcode}", error.code),
            None => error.code.to_string(),
        };
        Self {
            detail: Some(detail.into()),
            ..Self::bad(told.unwrap_or(&error.message))
        }
    }
}

/// The code that any operation answers with a status.
fn code_of(status: u16) -> &'static str {
    match status {
        401 => "bad.credentials",
        403 => "missing.permissions",
        404 => "not.found",
        408 => "client.timeout",
        409 => "conflict",
        410 => "gone",
        413 => "request.entity.too.large",
        415 => "unsupported.media.type",
        422 => "payload.or.params.invalid",
        429 => "too.many.requests",
        503 => "service.unavailable",
        504 => "request.timeout",
        500..=599 => "internal.server.error",
        _ => "bad.request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_holds_what_is_known() {
        let refusal = Refusal::value("x", "Status", "on, off").about("7");
        insta::assert_json_snapshot!(refusal.body("c-1"), @r#"
        {
          "code": "invalid.value",
          "contextId": "c-1",
          "details": [],
          "entityId": "7",
          "errors": [],
          "message": "Value [x] is not valid for field type [Status]. Allowable values are: on, off",
          "messageParams": {
            "type": "Status",
            "value": "x"
          },
          "messageWithParams": "Value [{value}] is not valid for field type [{type}]. Allowable values are: on, off",
          "status": 400
        }
        "#);
    }
}
