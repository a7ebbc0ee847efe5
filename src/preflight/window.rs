//! Cut-over windows: still to come or open, and long enough.

use jiff::SignedDuration;

use super::case::Case;
use crate::{
    finding::{Finding, Who},
    plan::{Opening, Window},
};

pub(super) fn open_in_time(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for moving in &case.moving {
        if let Some(window) = &moving.number.window {
            let takes = moving.number.cut_over_takes();
            findings.push(judge(case, moving.subject(), window, takes));
        }
    }
}

fn judge(case: &Case<'_>, subject: String, window: &Window, takes: SignedDuration) -> Finding {
    const MOVE: &str = "give it a later window in the plan";
    let (name, minutes) = (&window.name, takes.as_mins());
    let is_short = window
        .to
        .timestamp()
        .duration_since(window.from.timestamp())
        < takes;
    let (rule, message) = match window.opening(case.seen.at, takes) {
        Opening::Over => (
            "window-past",
            format!("its window `{name}` is over since {}", window.closes()),
        ),
        Opening::TooShort => (
            "window-short",
            format!(
                "its window `{name}` closes {}: a cut-over takes up to {minutes} minutes and does not fit any more",
                window.closes()
            ),
        ),
        Opening::Before | Opening::Open if is_short => (
            "window-short",
            format!("its window `{name}` is shorter than the {minutes} minutes of a cut-over"),
        ),
        Opening::Before | Opening::Open => {
            return Finding::pass("window-past", subject, "its window is open or to come");
        }
    };
    Finding::warn(rule, subject, message)
        .ask(Who::Us, MOVE)
        .proof(format!("windows.{name} in the plan"))
}
