//! A cut-over window, and where a moment lies in it.
//!
//! Reads no clock: the moment is handed in. Zones and changes of the clocks are `jiff`'s work: both
//! ends are moments, so a window that spans a change is as long as it really is.

use jiff::{SignedDuration, Timestamp, Zoned};

/// How long the cut-over of one number may take: register up to a minute ("15 seconds or more"),
/// until it is CONNECTED some minutes, for its status flaps.
/// Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers>
pub const CUT_OVER: SignedDuration = SignedDuration::from_mins(5);

/// How long the cut-over of a number of Genesys Cloud may take: three minutes until the old
/// integration is gone, some for the person in the popup, five until the new one is there, ten until
/// it is active. These are the limits that Genesys' own tools wait for.
/// Source: <https://registry.terraform.io/providers/MyPureCloud/genesyscloud/latest/docs/resources/conversations_messaging_integrations_whatsapp>
pub const GENESYS_CUT_OVER: SignedDuration = SignedDuration::from_mins(20);

/// A time in which cut-overs may happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// First moment, in the zone it is written in.
    pub from: Zoned,
    /// The moment after the last.
    pub to: Zoned,
}

/// Where a moment lies, seen by work that takes some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The window is not open yet.
    Before,
    /// It is open, and the work fits.
    Open,
    /// It is open, but what is left of it is too short.
    TooShort,
    /// It is over.
    Over,
}

impl Window {
    /// Returns where `now` lies for work that takes so long.
    pub fn opening(&self, now: Timestamp, takes: SignedDuration) -> Opening {
        let (from, to) = (self.from.timestamp(), self.to.timestamp());
        if now < from {
            Opening::Before
        } else if now >= to {
            Opening::Over
        } else if to.duration_since(now) < takes {
            Opening::TooShort
        } else {
            Opening::Open
        }
    }

    /// Returns the name of its time zone.
    pub fn zone(&self) -> &str {
        zone(&self.from)
    }

    /// Returns both ends in one line, like
    /// `Sat 5 Dec 2026 22:00 to Sun 6 Dec 2026 04:00 Europe/Berlin`.
    pub fn span(&self) -> String {
        format!("{} to {}", self.from.strftime(MOMENT), shown(&self.to))
    }

    /// Returns when it opens, like `Sat 5 Dec 2026 22:00 Europe/Berlin`.
    pub fn opens(&self) -> String {
        shown(&self.from)
    }

    /// Returns when it closes, in the same words.
    pub fn closes(&self) -> String {
        shown(&self.to)
    }
}

/// How moments are shown: the day first, no seconds.
const MOMENT: &str = "%a %-d %b %Y %H:%M";

fn shown(moment: &Zoned) -> String {
    format!("{} {}", moment.strftime(MOMENT), zone(moment))
}

fn zone(moment: &Zoned) -> &str {
    moment.time_zone().iana_name().unwrap_or("UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str) -> Window {
        Window {
            name: "night".into(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    #[test]
    fn a_moment_is_before_in_or_after_a_window() {
        let night = window(
            "2026-12-05T22:00[Europe/Berlin]",
            "2026-12-06T04:00[Europe/Berlin]",
        );
        let takes = SignedDuration::from_mins(5);
        #[track_caller]
        fn check(window: &Window, now: &str, takes: SignedDuration, expected: Opening) {
            assert_eq!(
                window.opening(now.parse().unwrap(), takes),
                expected,
                "{now}"
            );
        }
        check(&night, "2026-12-05T20:59:59Z", takes, Opening::Before);
        check(&night, "2026-12-05T21:00:00Z", takes, Opening::Open);
        check(&night, "2026-12-06T02:55:00Z", takes, Opening::Open);
        check(&night, "2026-12-06T02:55:01Z", takes, Opening::TooShort);
        check(&night, "2026-12-06T03:00:00Z", takes, Opening::Over);
        assert_eq!(night.opens(), "Sat 5 Dec 2026 22:00 Europe/Berlin");
        assert_eq!(night.closes(), "Sun 6 Dec 2026 04:00 Europe/Berlin");
        assert_eq!(
            night.span(),
            "Sat 5 Dec 2026 22:00 to Sun 6 Dec 2026 04:00 Europe/Berlin"
        );
    }

    #[test]
    fn a_window_over_a_change_of_the_clocks_is_as_long_as_it_is() {
        let hours = |from: &str, to: &str| {
            let window = window(from, to);
            window
                .to
                .timestamp()
                .duration_since(window.from.timestamp())
                .as_hours()
        };
        let (from, to) = (
            "2026-10-25T01:00[Europe/Berlin]",
            "2026-10-25T04:00[Europe/Berlin]",
        );
        assert_eq!(hours(from, to), 4);
        let (from, to) = (
            "2026-03-29T01:00[Europe/Berlin]",
            "2026-03-29T04:00[Europe/Berlin]",
        );
        assert_eq!(hours(from, to), 2);
    }
}
