//! Reads the rate headers and says how long to keep quiet.
//!
//! Every answer tells how many calls of the current window are used (`inin-ratelimit-count`), how
//! many it has (`inin-ratelimit-allowed`) and when the next one begins (`inin-ratelimit-reset`, in
//! seconds). An answer with status 429 tells when to come back (`Retry-After`, in seconds).
//!
//! Source: <https://developer.genesys.cloud/platform/api/rate-limits>

use std::time::Duration;

use crate::api::transport::Response;

/// Where no header tells when the window ends: it has a minute.
const WINDOW: u64 = 60;

/// A hostile or broken header cannot ask for more than a day, nor a window for more than an hour.
const LONGEST: u64 = 24 * 3600;
const LONGEST_WINDOW: u64 = 3600;

/// Calls of a window that reads leave to writes, at most, and which part of it.
const MOST_RESERVED: u64 = 8;
const RESERVED_PART: u64 = 20;

/// What an answer's headers say about the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// The window is used up: nothing goes out for so long.
    pub(super) stop: Option<Duration>,
    /// The window is nearly used up: what can wait waits for so long.
    pub(super) slow: Option<Duration>,
    /// What an error says about when to come back.
    pub(super) retry_after: Option<Duration>,
}

impl Pace {
    /// Reads all headers; what cannot be understood says nothing.
    pub(super) fn of(response: &Response) -> Self {
        let number = |name| response.header(name)?.trim().parse::<u64>().ok();
        let pause = |seconds: u64, most| Duration::from_secs(seconds.clamp(1, most));
        let reset = number("inin-ratelimit-reset");
        let named = number("retry-after").or(reset);
        let mut pace = Self {
            retry_after: named.map(|seconds| pause(seconds, LONGEST)),
            ..Self::default()
        };
        let used = number("inin-ratelimit-count").zip(number("inin-ratelimit-allowed"));
        if let Some((count, allowed)) = used.filter(|(_, allowed)| *allowed > 0) {
            let left = allowed.saturating_sub(count);
            let reserve = MOST_RESERVED.min(allowed / RESERVED_PART);
            let reset = Some(pause(reset.unwrap_or(WINDOW), LONGEST_WINDOW));
            pace.stop = reset.filter(|_| left == 0);
            pace.slow = reset.filter(|_| left <= reserve);
        }
        pace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&str, &str)]) -> Pace {
        let headers = headers.iter();
        Pace::of(&Response {
            status: 200,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: Vec::new(),
        })
    }

    fn used(count: &str, allowed: &str, reset: &str) -> Pace {
        of(&[
            ("inin-ratelimit-count", count),
            ("inin-ratelimit-allowed", allowed),
            ("inin-ratelimit-reset", reset),
        ])
    }

    #[test]
    fn calls_slow_down_before_the_window_is_used_up() {
        #[track_caller]
        fn check(pace: Pace, slow: Option<u64>, stop: Option<u64>) {
            let seconds = |pause: Option<Duration>| pause.map(|pause| pause.as_secs());
            assert_eq!((seconds(pace.slow), seconds(pace.stop)), (slow, stop));
        }
        check(used("1", "300", "59"), None, None);
        check(used("291", "300", "20"), None, None);
        check(used("292", "300", "20"), Some(20), None);
        check(used("300", "300", "20"), Some(20), Some(20));
        check(used("400", "300", "0"), Some(1), Some(1));
        check(used("9", "10", "5"), None, None);
        check(used("300", "300", "99999999"), Some(3600), Some(3600));
        check(used("300", "300", "soon"), Some(60), Some(60));
    }

    #[test]
    fn broken_headers_say_nothing() {
        for pace in [
            used("many", "300", ""),
            used("-1", "300", ""),
            used("5", "0", ""),
            of(&[("inin-ratelimit-count", "300")]),
            of(&[]),
        ] {
            assert_eq!(pace, Pace::default());
        }
    }

    #[test]
    fn an_error_says_when_to_come_back() {
        let after = |headers: &[(&str, &str)]| of(headers).retry_after.map(|it| it.as_secs());
        assert_eq!(after(&[("retry-after", "7")]), Some(7));
        let both = [("inin-ratelimit-reset", "9"), ("retry-after", "7")];
        assert_eq!(after(&both), Some(7));
        assert_eq!(after(&both[..1]), Some(9));
        assert_eq!(after(&[("retry-after", "99999999999")]), Some(86_400));
        assert_eq!(after(&[("retry-after", "tomorrow")]), None);
    }
}
