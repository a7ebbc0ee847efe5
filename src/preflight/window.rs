//! Cut-over windows: still to come or open, and long enough.

use super::case::Case;
use crate::{
    finding::{Finding, Who},
    plan::{Opening, Window, window::CUT_OVER},
};

pub(super) fn open_in_time(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for moving in &case.moving {
        if let Some(window) = &moving.number.window {
            findings.push(judge(case, moving.subject(), window));
        }
    }
}

fn judge(case: &Case<'_>, subject: String, window: &Window) -> Finding {
    const MOVE: &str = "give it a later window in the plan";
    let (name, minutes) = (&window.name, CUT_OVER.as_mins());
    let is_short = window
        .to
        .timestamp()
        .duration_since(window.from.timestamp())
        < CUT_OVER;
    let (rule, message) = match window.opening(case.seen.at, CUT_OVER) {
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
