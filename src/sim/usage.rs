//! Rate limits: calls per app and WABA in a moving hour, and the headers that tell of them.
//!
//! 5,000 calls an hour for an account with a registered number, 200 without.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>

use jiff::Timestamp;
use serde_json::json;

use super::{error::GraphError, world::World};
use crate::ids::{AppId, WabaId};

const HOUR: u32 = 3600;

/// How much of an account's hour is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    waba: WabaId,
    percent: usize,
    minutes: u32,
}

impl Usage {
    /// Makes a usage that says "wait so many minutes".
    pub fn exhausted(waba: WabaId, minutes: u32) -> Self {
        Self {
            waba,
            percent: 101,
            minutes,
        }
    }

    /// Returns `X-Business-Use-Case-Usage`.
    pub fn header(&self) -> (String, String) {
        let value = json!({ self.waba.as_str(): [{
            "type": "whatsapp_business_management",
            "call_count": self.percent,
            "total_cputime": self.percent / 4,
            "total_time": self.percent / 4,
            "estimated_time_to_regain_access": self.minutes,
        }]});
        ("x-business-use-case-usage".to_owned(), value.to_string())
    }
}

/// Counts a call, and refuses it when the hour is used up.
pub fn count(world: &mut World, app: &AppId, waba: &WabaId) -> (Usage, Result<(), GraphError>) {
    let limit = limit(world, waba);
    let now = world.now;
    let is_enforced = world.switches.rate_limits;
    let calls = world.calls.entry((app.clone(), waba.clone())).or_default();
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
        let minutes = u32::try_from(free_in / 60 + 1).unwrap_or(1);
        return (
            Usage::exhausted(waba.clone(), minutes),
            Err(GraphError::throttled()),
        );
    }
    calls.push_back(now);
    let usage = Usage {
        waba: waba.clone(),
        percent: calls.len() * 100 / limit,
        minutes: 0,
    };
    (usage, Ok(()))
}

fn age(moment: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(moment).as_secs()
}

fn limit(world: &World, waba: &WabaId) -> usize {
    let is_active = world
        .numbers
        .values()
        .any(|number| number.waba == *waba && number.is_live());
    if is_active { 5000 } else { 200 }
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
}
