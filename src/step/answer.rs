//! What came of a write, in the words of the journal.

use crate::{
    api::{CallError, Sent, genesys::ApiError, meta::GraphError},
    journal::Answer,
};

/// What came of a write, as the journal keeps it.
pub fn answer(sent: &Sent) -> Answer {
    match &sent.result {
        Ok(_) => Answer::Accepted {
            trace_id: sent.trace_id.clone(),
        },
        Err(error) if error.leaves_doubt() => Answer::InDoubt {
            message: error.to_string(),
        },
        Err(CallError::Refused(error)) => refused(error),
        Err(CallError::Declined(error)) if !error.at_login => declined(error),
        Err(error) => Answer::NotSent {
            message: error.to_string(),
        },
    }
}

fn refused(error: &GraphError) -> Answer {
    Answer::Refused {
        code: error.code,
        subcode: error.subcode,
        error_code: None,
        message: error.to_string(),
        judged: error.judges(),
        rest: error.rest().map(|rest| rest.as_secs()),
        trace_id: error.trace_id.clone(),
    }
}

fn declined(error: &ApiError) -> Answer {
    Answer::Refused {
        code: error.status.into(),
        subcode: None,
        error_code: Some(error.code.clone()).filter(|code| !code.is_empty()),
        message: error.to_string(),
        judged: error.judges(),
        rest: None,
        trace_id: error.correlation_id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_genesys_cloud_is_kept_with_its_word_and_correlation_id() {
        let sent = |error: ApiError| Sent {
            result: Err(CallError::Declined(Box::new(error))),
            trace_id: Some("c-1".into()),
        };
        let error = ApiError {
            status: 409,
            code: "conflict".into(),
            message: "in use".into(),
            correlation_id: Some("c-1".into()),
            ..ApiError::default()
        };
        let expected = Answer::Refused {
            code: 409,
            subcode: None,
            error_code: Some("conflict".into()),
            message: error.to_string(),
            judged: true,
            rest: None,
            trace_id: Some("c-1".into()),
        };
        assert_eq!(answer(&sent(error.clone())), expected);
        let status = |status, at_login| {
            answer(&sent(ApiError {
                status,
                at_login,
                ..error.clone()
            }))
        };
        assert!(matches!(status(504, false), Answer::InDoubt { .. }));
        assert!(matches!(
            status(429, false),
            Answer::Refused { judged: false, .. }
        ));
        assert!(matches!(status(503, true), Answer::NotSent { .. }));
        assert!(matches!(status(401, true), Answer::NotSent { .. }));
    }
}
