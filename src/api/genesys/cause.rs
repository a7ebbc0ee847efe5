//! What an error of Genesys Cloud means: what is wrong, and what to do about it.

use std::fmt;

use super::error::ApiError;
use crate::{
    api::call::Retry,
    finding::{Finding, Who},
};

/// What is wrong, and what to do about it.
struct Cause {
    rule: &'static str,
    what: String,
    hint: String,
}

/// Makes the finding of a call that Genesys Cloud refused.
pub fn finding(subject: impl fmt::Display, error: &ApiError) -> Finding {
    let Cause { rule, what, hint } = of(error);
    Finding::fail(rule, subject, what)
        .observed(error)
        .ask(Who::Us, hint)
}

fn of(error: &ApiError) -> Cause {
    match error.status {
        _ if error.is_credential() => credential(error),
        _ if matches!(error.retry(), Retry::Later(_)) => cause(
            "rate-limit",
            "a rate limit of Genesys Cloud is reached",
            "run it again when the limit has passed; it goes on where it stopped",
        ),
        _ if error.retry() == Retry::Soon => cause(
            "genesys-trouble",
            "Genesys Cloud had an error of its own",
            "run it again: it looks at the world before it sends anything",
        ),
        _ if error.limit.is_some() => cause(
            "genesys-limit",
            "a limit of the Genesys Cloud organization is reached",
            "remove what is not used any more, or ask Genesys for a higher limit",
        ),
        404 | 410 => cause(
            "genesys-missing",
            "Genesys Cloud does not have this any more",
            "look whether somebody deleted it, then run plan again",
        ),
        409 => cause(
            "genesys-conflict",
            "it was changed meanwhile, or it is in use",
            "run it again: it reads the newest state first; if that does not help, look at what Genesys Cloud says",
        ),
        _ => cause(
            "genesys-error",
            "this release does not know the error that Genesys Cloud answered",
            "look at what it says, and give its support the correlation id if that does not help",
        ),
    }
}

fn credential(error: &ApiError) -> Cause {
    let missing = error.missing_permissions();
    if error.status == 401 || error.at_login {
        return cause(
            "genesys-login",
            "Genesys Cloud does not let the OAuth client in",
            "check genesys.client_id and genesys.client_secret, that the client is active, and genesys.region: an OAuth client belongs to one region",
        );
    }
    if missing.is_empty() {
        return cause(
            "genesys-permission",
            "the OAuth client may not do this in Genesys Cloud",
            "give the OAuth client a role that may, in the division of the object",
        );
    }
    let names = missing.join(", ");
    let (one, all) = match (error.code.as_str(), missing.len()) {
        ("missing.any.permissions", _) => ("one of the permissions", "one of "),
        (_, 1) => ("the permission", ""),
        _ => ("the permissions", ""),
    };
    Cause {
        rule: "genesys-permission",
        what: format!("the OAuth client lacks {one} {names}"),
        hint: format!(
            "give the OAuth client a role with {all}{names}, in the division of the object"
        ),
    }
}

fn cause(rule: &'static str, what: &str, hint: &str) -> Cause {
    let (what, hint) = (what.to_owned(), hint.to_owned());
    Cause { rule, what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, code: &str) -> ApiError {
        ApiError {
            status,
            code: code.into(),
            ..ApiError::default()
        }
    }

    #[test]
    fn every_error_has_a_meaning() {
        #[track_caller]
        fn check(error: &ApiError, rule: &str) {
            let finding = finding("genesys", error);
            assert_eq!(&*finding.rule, rule);
            assert!(finding.hint.is_some() && finding.observed.is_some());
        }
        let at_login = |status| ApiError {
            at_login: true,
            ..error(status, "")
        };
        check(&at_login(400), "genesys-login");
        check(&at_login(503), "genesys-trouble");
        check(&error(401, ""), "genesys-login");
        check(&error(403, "not.authorized"), "genesys-permission");
        check(&error(403, "other"), "genesys-error");
        check(&error(404, "not.found"), "genesys-missing");
        check(&error(409, ""), "genesys-conflict");
        check(&error(429, "too.many.requests"), "rate-limit");
        check(&error(500, ""), "genesys-trouble");
        check(&error(501, ""), "genesys-error");
        let limit = Some(super::super::error::Limit::default());
        let limit = ApiError {
            limit,
            ..error(400, "")
        };
        check(&limit, "genesys-limit");
    }

    #[test]
    fn missing_permissions_are_named() {
        let error = ApiError {
            message: "missing the following permission(s): routing:queue:edit".into(),
            ..error(403, "missing.permissions")
        };
        let found = finding("genesys", &error);
        insta::assert_snapshot!(found.message, @"the OAuth client lacks the permission routing:queue:edit");
        insta::assert_snapshot!(found.hint.unwrap_or_default(), @"give the OAuth client a role with routing:queue:edit, in the division of the object");
    }
}
