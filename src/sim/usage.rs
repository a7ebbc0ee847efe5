//! Rate limits: calls in a moving hour, and the headers that tell of them.
//!
//! Calls on an account count per app and WABA: 5,000 an hour for an account with a registered
//! number, 200 without. All others count per app: 200 an hour for each of its users.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{error::GraphError, words::TokenKind, world::World};
use crate::ids::{AppId, WabaId};

const HOUR: u32 = 3600;
/// Calls an hour for each user of an app, and for an account without a registered number.
const FEW: usize = 200;
/// Calls an hour for an account with a registered number.
const MANY: usize = 5000;

/// How much of an hour is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Absent: the app's own hour.
    waba: Option<WabaId>,
    percent: usize,
    minutes: u32,
}

impl Usage {
    /// Makes a usage that says "wait so many minutes".
    pub fn exhausted(waba: WabaId, minutes: u32) -> Self {
        Self {
            waba: Some(waba),
            percent: 101,
            minutes,
        }
    }

    /// Returns `X-Business-Use-Case-Usage` for an account, `X-App-Usage` for an app.
    pub fn header(&self) -> (String, String) {
        let mut used: Value = json!({
            "call_count": self.percent,
            "total_cputime": self.percent / 4,
            "total_time": self.percent / 4,
        });
        let Some(waba) = &self.waba else {
            return ("x-app-usage".to_owned(), used.to_string());
        };
        used["type"] = json!("whatsapp_business_management");
        used["estimated_time_to_regain_access"] = json!(self.minutes);
        let value = json!({ waba.as_str(): [used] });
        ("x-business-use-case-usage".to_owned(), value.to_string())
    }
}

/// Counts a call on an account, and refuses it (80008) when the hour is used up.
pub fn count(world: &mut World, app: &AppId, waba: &WabaId) -> (Usage, Result<(), GraphError>) {
    let limit = account_limit(world, waba);
    let (now, is_enforced) = (world.now, world.switches.rate_limits);
    let calls = world.calls.entry((app.clone(), waba.clone())).or_default();
    let (percent, minutes) = spend(calls, limit, now, is_enforced);
    let usage = Usage {
        waba: Some(waba.clone()),
        percent,
        minutes,
    };
    let verdict = if minutes == 0 {
        Ok(())
    } else {
        Err(GraphError::throttled())
    };
    (usage, verdict)
}

/// Counts a call on no account, and refuses it (4) when the app's hour is used up.
pub fn count_app(world: &mut World, app: &AppId) -> (Usage, Result<(), GraphError>) {
    let limit = app_limit(world, app);
    let (now, is_enforced) = (world.now, world.switches.rate_limits);
    let calls = world.app_calls.entry(app.clone()).or_default();
    let (percent, minutes) = spend(calls, limit, now, is_enforced);
    let usage = Usage {
        waba: None,
        percent,
        minutes,
    };
    let verdict = if minutes == 0 {
        Ok(())
    } else {
        Err(GraphError::new(4, "Application request limit reached"))
    };
    (usage, verdict)
}

/// Returns the percentage used, and the minutes to wait: none when the call is admitted.
fn spend(
    calls: &mut VecDeque<Timestamp>,
    limit: usize,
    now: Timestamp,
    is_enforced: bool,
) -> (usize, u32) {
    while calls
        .front()
        .is_some_and(|first| age(*first, now) >= HOUR.into())
    {
        calls.pop_front();
    }
    if is_enforced && calls.len() >= limit {
        let free_in = calls
            .front()
            .map_or(0, |first| i64::from(HOUR) - age(*first, now));
        return (101, u32::try_from(free_in / 60 + 1).unwrap_or(1));
    }
    calls.push_back(now);
    (calls.len() * 100 / limit, 0)
}

fn age(moment: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(moment).as_secs()
}

fn account_limit(world: &World, waba: &WabaId) -> usize {
    let is_active = world
        .numbers
        .values()
        .any(|number| number.waba == *waba && number.is_live());
    if is_active { MANY } else { FEW }
}

fn app_limit(world: &World, app: &AppId) -> usize {
    let users: BTreeSet<&str> = world
        .tokens
        .iter()
        .filter(|token| token.app == *app && token.kind != TokenKind::App)
        .map(|token| token.user.as_str())
        .collect();
    FEW * users.len().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_a_number_has_two_hundred_calls_an_hour() {
        let mut world = World::empty(1, Timestamp::UNIX_EPOCH);
        let (app, waba): (AppId, WabaId) = ("1".parse().unwrap(), "2".parse().unwrap());
        for _ in 0..200 {
            assert_eq!(count(&mut world, &app, &waba).1, Ok(()));
        }
        let (usage, refused) = count(&mut world, &app, &waba);
        assert_eq!(refused.map_err(|error| error.code), Err(80008));
        assert!(
            usage
                .header()
                .1
                .contains("\"estimated_time_to_regain_access\":61")
        );
        world.now = world.after(3600);
        assert_eq!(count(&mut world, &app, &waba).1, Ok(()));
    }

    #[test]
    fn an_app_has_two_hundred_calls_an_hour_for_each_user() {
        let mut world = World::empty(1, Timestamp::UNIX_EPOCH);
        let app: AppId = "1".parse().unwrap();
        for _ in 0..200 {
            assert_eq!(count_app(&mut world, &app).1, Ok(()));
        }
        let (usage, refused) = count_app(&mut world, &app);
        assert_eq!(refused.map_err(|error| error.code), Err(4));
        assert_eq!(
            usage.header(),
            (
                "x-app-usage".to_owned(),
                r#"{"call_count":101,"total_cputime":25,"total_time":25}"#.to_owned()
            )
        );
    }
}
