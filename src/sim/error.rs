//! The error envelope of the Graph API, and a constructor for each refusal the rules know.
//!
//! It does not decide when something is refused. Envelope:
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>; codes:
//! <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

use serde_json::{Map, Value, json};

use super::switches::ErrorStatus;

/// A refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphError {
    /// `code`.
    pub code: u32,
    /// `error_subcode`.
    pub subcode: Option<u32>,
    /// `message`, for developers.
    pub message: String,
    /// `type`; `OAuthException` when absent.
    pub kind: Option<&'static str>,
    /// `error_user_title` and `error_user_msg`; boxed, to keep results small.
    pub user: Option<Box<(String, String)>>,
    /// `error_data.details`.
    pub details: Option<String>,
    /// The parameter that `error_data.blame_field_specs` names.
    pub blamed: Option<&'static str>,
    /// `is_transient`.
    pub is_transient: bool,
    /// The HTTP status, where the code alone does not tell it.
    pub status: Option<u16>,
}

impl GraphError {
    /// Makes an error with code and message, which gets the usual `(#code)` in front.
    pub fn new(code: u32, message: impl AsRef<str>) -> Self {
        Self {
            code,
            message: format!("(#{code}) {}", message.as_ref()),
            ..Self::default()
        }
    }

    /// Adds a subcode.
    pub fn subcode(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    /// Adds what a person is shown.
    pub fn user(mut self, title: &str, text: impl Into<String>) -> Self {
        self.user = Some(Box::new((title.to_owned(), text.into())));
        self
    }

    /// Adds `error_data.details`.
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// Marks it as worth a retry.
    pub fn transient(mut self) -> Self {
        self.is_transient = true;
        self
    }

    /// 100: a parameter is missing or wrong.
    pub fn parameter(message: impl AsRef<str>) -> Self {
        Self::new(100, message)
    }

    /// 100/33: no such object, no access to it, or not with this method.
    pub fn no_object(method: &str, id: &str) -> Self {
        let verb = match method {
            "GET" => "get",
            "DELETE" => "delete",
            _ => "post",
        };
        Self {
            code: 100,
            subcode: Some(33),
            message: format!(
                "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, \
                 or does not support this operation. Please read the Graph API documentation at \
                 https://developers.facebook.com/docs/graph-api"
            ),
            kind: Some("GraphMethodException"),
            ..Self::default()
        }
    }

    /// 100: an object has no such field or list.
    pub fn no_field(name: &str, node_type: &str) -> Self {
        Self::parameter(format!(
            "Tried accessing nonexisting field ({name}) on node type ({node_type})"
        ))
    }

    /// 3, with a status of its own: Graph has this and the simulator has not.
    pub fn not_simulated(what: &str) -> Self {
        Self {
            status: Some(501),
            ..Self::new(3, format!("The simulator does not offer {what}"))
        }
    }

    /// 2500: the path leads nowhere.
    pub fn unknown_path(path: &str) -> Self {
        Self {
            code: 2500,
            message: format!("Unknown path components: {path}"),
            ..Self::default()
        }
    }

    /// 190: the token does not open anything.
    pub fn token(subcode: Option<u32>, message: &str) -> Self {
        Self {
            code: 190,
            subcode,
            message: message.to_owned(),
            ..Self::default()
        }
    }

    /// 200: the token lacks a permission.
    pub fn permission(permission: &str) -> Self {
        Self::new(
            200,
            format!(
                "You do not have the necessary permissions required to perform this action: {permission}"
            ),
        )
    }

    /// 131031: the account is banned and cannot be changed.
    pub fn locked() -> Self {
        Self::new(131_031, "Business Account locked").details(
            "The WhatsApp Business account is locked for a violation of WhatsApp policies.",
        )
    }

    /// 80008: the WABA's hourly calls are used up.
    pub fn throttled() -> Self {
        Self::new(
            80008,
            "There have been too many calls to this WhatsApp Business account. Wait a bit and try again. For more info, please \
             refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
        )
    }

    /// 100/2388103 and its kin: a refused migration, whose cause is in the text only.
    pub fn migration(subcode: u32, title: &str, text: &str) -> Self {
        Self::parameter("Invalid parameter")
            .subcode(subcode)
            .user(title, text)
    }

    /// 100 in the manner of template calls: the message says nothing, a person's text does.
    pub fn template(title: &str, text: impl Into<String>) -> Self {
        Self {
            code: 100,
            message: "Invalid parameter".into(),
            ..Self::default()
        }
        .user(title, text)
    }

    /// 100: a value that is none of the words Graph knows there.
    pub fn not_one_of(parameter: &str, words: &[&str], got: &str) -> Self {
        Self::parameter(format!(
            "Param {parameter} must be one of {{{}}} - got \"{got}\".",
            words.join(", ")
        ))
    }

    /// 1: there is more to do than fits into one call.
    pub fn too_much_data() -> Self {
        Self {
            code: 1,
            message: "Please reduce the amount of data you're asking for, then retry your request"
                .into(),
            status: Some(500),
            ..Self::default()
        }
    }

    /// Returns the HTTP status.
    ///
    /// The table is Meta's older one, known through third-party copies: unconfirmed, so
    /// [`ErrorStatus::Always400`] switches it off.
    pub fn http_status(&self, switch: ErrorStatus) -> u16 {
        if let Some(status) = self.status {
            return status;
        }
        match (switch, self.code) {
            (ErrorStatus::Always400, _) => 400,
            (ErrorStatus::ByCode, 0 | 102 | 190) => 401,
            (ErrorStatus::ByCode, 10 | 200..=299 | 368 | 130_403 | 131_005 | 131_031) => 403,
            (ErrorStatus::ByCode, 803) => 404,
            (ErrorStatus::ByCode, 4 | 130_429 | 131_048 | 131_056) => 429,
            (ErrorStatus::ByCode, 3 | 131_000 | 131_045 | 133_000) => 500,
            (ErrorStatus::ByCode, 2 | 131_016 | 131_057 | 133_004) => 503,
            (ErrorStatus::ByCode, _) => 400,
        }
    }

    /// Returns the body of the answer.
    pub fn body(&self, trace: &str) -> Value {
        let mut error = Map::new();
        error.insert("message".into(), json!(self.message));
        error.insert("type".into(), json!(self.kind.unwrap_or("OAuthException")));
        error.insert("code".into(), json!(self.code));
        if let Some(subcode) = self.subcode {
            error.insert("error_subcode".into(), json!(subcode));
        }
        if self.user.is_some() || self.is_transient {
            error.insert("is_transient".into(), json!(self.is_transient));
        }
        if let Some((title, text)) = self.user.as_deref() {
            error.insert("error_user_title".into(), json!(title));
            error.insert("error_user_msg".into(), json!(text));
        }
        if let Some(details) = &self.details {
            error.insert(
                "error_data".into(),
                json!({"messaging_product": "whatsapp", "details": details}),
            );
        } else if let Some(parameter) = self.blamed {
            error.insert(
                "error_data".into(),
                json!({"blame_field_specs": [[parameter]]}),
            );
        }
        error.insert("fbtrace_id".into(), json!(trace));
        json!({ "error": error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_holds_what_is_known() {
        let error =
            GraphError::new(133_005, "Two step verification PIN Mismatch").details("no match");
        insta::assert_json_snapshot!(error.body("A1b2"), @r#"
        {
          "error": {
            "code": 133005,
            "error_data": {
              "details": "no match",
              "messaging_product": "whatsapp"
            },
            "fbtrace_id": "A1b2",
            "message": "(#133005) Two step verification PIN Mismatch",
            "type": "OAuthException"
          }
        }
        "#);
    }

    #[test]
    fn the_status_follows_the_code_unless_switched_off() {
        #[track_caller]
        fn check(code: u32, by_code: u16) {
            let error = GraphError::new(code, "x");
            assert_eq!(error.http_status(ErrorStatus::ByCode), by_code, "{code}");
            assert_eq!(error.http_status(ErrorStatus::Always400), 400, "{code}");
        }
        check(190, 401);
        check(200, 403);
        check(100, 400);
        check(80008, 400);
        check(131_000, 500);
        check(2, 503);
    }
}
