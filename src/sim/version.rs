//! Graph API versions: which live at a moment, and as which one a call is served.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/changelog/versions>

use jiff::{Timestamp, civil::date, tz::TimeZone};

/// Major version, day of release, day of expiry (year, month, day).
type Row = (u16, (i16, i8, i8), Option<(i16, i8, i8)>);

const VERSIONS: [Row; 10] = [
    (17, (2023, 5, 23), Some((2025, 9, 12))),
    (18, (2023, 9, 12), Some((2026, 1, 26))),
    (19, (2024, 1, 23), Some((2026, 5, 21))),
    (20, (2024, 5, 21), Some((2026, 9, 24))),
    (21, (2024, 10, 2), Some((2027, 1, 21))),
    (22, (2025, 1, 21), Some((2027, 5, 20))),
    (23, (2025, 5, 29), Some((2027, 10, 8))),
    (24, (2025, 10, 8), Some((2028, 2, 18))),
    (25, (2026, 2, 18), Some((2028, 7, 29))),
    (26, (2026, 7, 29), None),
];

/// Returns the major version that serves a call, or nothing when there is no such version (yet).
///
/// A call without version gets the oldest living one, and so does one with an expired version.
pub fn served(asked: Option<&str>, now: Timestamp) -> Option<u16> {
    let living = |row: &&Row| row.2.is_none_or(|day| now < start(day));
    let oldest = VERSIONS.iter().find(living)?.0;
    let Some(text) = asked else {
        return Some(oldest);
    };
    let major: u16 = text.strip_prefix('v')?.strip_suffix(".0")?.parse().ok()?;
    let row = VERSIONS.iter().find(|row| row.0 == major)?;
    (start(row.1) <= now).then_some(major.max(oldest))
}

fn start((year, month, day): (i16, i8, i8)) -> Timestamp {
    date(year, month, day)
        .to_zoned(TimeZone::UTC)
        .expect("the table has real days only")
        .timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_served_by_living_versions() {
        #[track_caller]
        fn check(asked: Option<&str>, at: &str, expected: Option<u16>) {
            assert_eq!(
                served(asked, at.parse().unwrap()),
                expected,
                "{asked:?} {at}"
            );
        }
        check(Some("v25.0"), "2026-11-22T00:00:00Z", Some(25));
        check(None, "2026-11-22T00:00:00Z", Some(21));
        check(Some("v19.0"), "2026-11-22T00:00:00Z", Some(21));
        check(Some("v21.0"), "2027-02-01T00:00:00Z", Some(22));
        check(Some("v26.0"), "2026-07-28T00:00:00Z", None);
        check(Some("v99.0"), "2026-11-22T00:00:00Z", None);
        check(Some("v25.1"), "2026-11-22T00:00:00Z", None);
    }
}
