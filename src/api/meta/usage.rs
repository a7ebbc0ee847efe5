//! Reads the usage headers and says until when to keep quiet.
//!
//! `X-Business-Use-Case-Usage` and `X-App-Usage` give percentages of the limits (they may pass
//! 100) and `estimated_time_to_regain_access` in minutes.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::api::transport::Response;

/// Full use without a named waiting time: how long to pause.
const FULL_PAUSE: Duration = Duration::from_secs(60);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    #[serde(rename = "type")]
    kind: String,
    call_count: f64,
    total_cputime: f64,
    total_time: f64,
    estimated_time_to_regain_access: f64,
}

impl Usage {
    fn is_full(&self) -> bool {
        self.call_count.max(self.total_cputime).max(self.total_time) >= 100.0
    }

    fn minutes(&self) -> u64 {
        // A hostile or broken header cannot ask for more than a day.
        self.estimated_time_to_regain_access
            .clamp(0.0, 1440.0)
            .ceil() as u64
    }
}

/// The kind of limit that calls on an account count against.
const MANAGEMENT: &str = "whatsapp_business_management";

/// What an answer's headers say about the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Minutes until access is regained; zero when nothing is blocked.
    pub(super) regain_minutes: u64,
    /// Whether some limit is used up.
    pub(super) is_full: bool,
    /// How much of an account's hourly calls is used, in percent, by the id of the account.
    pub(super) calls: Vec<(String, u32)>,
}

impl Load {
    /// Reads both headers; what cannot be understood says nothing.
    pub(super) fn of(response: &Response) -> Self {
        let business = response
            .header("x-business-use-case-usage")
            .and_then(|text| serde_json::from_str::<BTreeMap<String, Vec<Usage>>>(text).ok())
            .unwrap_or_default();
        let app = response
            .header("x-app-usage")
            .and_then(|text| serde_json::from_str::<Usage>(text).ok());
        let all = || business.values().flatten().chain(&app);
        Self {
            regain_minutes: all().map(Usage::minutes).max().unwrap_or_default(),
            is_full: all().any(Usage::is_full),
            calls: calls(&business),
        }
    }

    /// Returns how long the next call has to wait.
    pub(super) fn pause(&self) -> Option<Duration> {
        match (self.regain_minutes, self.is_full) {
            (0, false) => None,
            (0, true) => Some(FULL_PAUSE),
            (minutes, _) => Some(Duration::from_secs(60 * minutes)),
        }
    }
}

fn calls(business: &BTreeMap<String, Vec<Usage>>) -> Vec<(String, u32)> {
    let of_account = |(id, usages): (&String, &Vec<Usage>)| {
        let management = usages.iter().find(|usage| usage.kind == MANAGEMENT)?;
        Some((
            id.clone(),
            management.call_count.clamp(0.0, 1000.0).ceil() as u32,
        ))
    };
    business.iter().filter_map(of_account).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: Option<u64>) {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let response = Response {
            status: 200,
            headers,
            body: Vec::new(),
        };
        assert_eq!(
            Load::of(&response).pause(),
            expected.map(Duration::from_secs),
            "{value}"
        );
    }

    #[test]
    fn only_a_full_limit_makes_the_next_call_wait() {
        check(
            "x-app-usage",
            r#"{"call_count":28,"total_cputime":25,"total_time":25}"#,
            None,
        );
        check(
            "x-app-usage",
            r#"{"call_count":100,"total_cputime":25,"total_time":25}"#,
            Some(60),
        );
        check(
            "x-business-use-case-usage",
            r#"{"524126980791429":[{"type":"whatsapp","call_count":98,"estimated_time_to_regain_access":0},
                {"type":"whatsapp_business_management","call_count":117,"estimated_time_to_regain_access":12}]}"#,
            Some(720),
        );
    }

    #[test]
    fn the_calls_of_an_account_are_those_of_its_management() {
        let value = r#"{"7":[{"type":"whatsapp","call_count":98},{"type":"whatsapp_business_management","call_count":11.2}],
            "8":[{"type":"whatsapp","call_count":98}]}"#;
        let headers = vec![("x-business-use-case-usage".to_owned(), value.to_owned())];
        let response = Response {
            status: 200,
            headers,
            body: Vec::new(),
        };
        assert_eq!(Load::of(&response).calls, [("7".to_owned(), 12)]);
    }

    #[test]
    fn broken_headers_say_nothing() {
        check("x-app-usage", "soon", None);
        check("x-business-use-case-usage", "[]", None);
        check(
            "x-app-usage",
            r#"{"call_count":1,"estimated_time_to_regain_access":1e300}"#,
            Some(86_400),
        );
    }
}
