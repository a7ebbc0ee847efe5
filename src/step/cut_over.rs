//! When a number may be cut over: inside its window, and only so many in one run.
//!
//! A window is judged twice: before everything is read for the last time (there a run may wait for
//! it to open), and right before the call. What has begun is not stopped half way: only the start
//! of a cut-over is bound to its window.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;

use super::{Context, Outcome, StepError};
use crate::{
    ids::Address,
    journal::number::Attempts,
    phone::Phone,
    plan::{Number, Opening, Policy, Window},
};

/// When one number may be cut over, and how long that takes.
#[derive(Clone, Debug)]
pub(super) struct CutOver {
    pub(super) window: Option<Arc<Window>>,
    takes: SignedDuration,
}

impl CutOver {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            window: number.window.clone(),
            takes: number.cut_over_takes(),
        }
    }
}

/// How many cut-overs a run may still begin: `policy.max_cut_overs`.
#[derive(Debug)]
pub struct CutOvers {
    most: Option<u64>,
    /// What sets the limit, for people.
    limited_by: &'static str,
    begun: Mutex<u64>,
}

impl CutOvers {
    /// Takes the limit of a plan.
    pub fn of(policy: &Policy) -> Self {
        Self {
            most: policy.max_cut_overs,
            limited_by: "policy.max_cut_overs",
            begun: Mutex::new(0),
        }
    }

    /// Lowers the limit to what was accepted, if anything was said of it.
    pub fn at_most(mut self, accepted: Option<u64>) -> Self {
        let lowers = accepted.is_some_and(|accepted| self.most.is_none_or(|most| accepted < most));
        if lowers {
            self.most = accepted;
            self.limited_by = "--accept cut-over";
        }
        self
    }

    /// Takes one. An outcome: there is none left. A register that fails has used its own up: after
    /// a failed canary nobody wants the next number to try.
    pub(super) fn take(&self) -> Option<Outcome> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = self.judge(*begun);
        *begun += u64::from(spent.is_none());
        spent
    }

    /// Returns the same outcome without taking one: nothing has to be read for a number that will
    /// not be cut over in this run.
    pub(super) fn spent(&self) -> Option<Outcome> {
        self.judge(*self.begun.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn judge(&self, begun: u64) -> Option<Outcome> {
        let most = self.most.filter(|most| begun >= *most)?;
        Some(Outcome::Parked {
            reason: format!("{} lets one run begin {most}", self.limited_by),
            next: "run apply again for the next ones".into(),
        })
    }
}

/// Returns what keeps a cut-over from starting now. `None`: nothing.
pub(super) fn closed(cut_over: &CutOver, cx: &Context<'_>) -> Option<Outcome> {
    let takes = cut_over.takes;
    let ends_before = |deadline| cx.clock.now().duration_until(deadline) < takes;
    if cx.options.deadline.is_some_and(ends_before) {
        return Some(Outcome::Parked {
            reason: format!(
                "the run ends soon (--deadline), and a cut-over takes up to {} minutes",
                takes.as_mins()
            ),
            next: "run apply again; it goes on where it stopped".into(),
        });
    }
    let window = cut_over.window.as_deref()?;
    match window.opening(cx.clock.now(), takes) {
        Opening::Open => None,
        Opening::Before => Some(Outcome::Parked {
            reason: format!("its window `{}` opens {}", window.name, window.opens()),
            next: "run apply again then; everything else can be done before".into(),
        }),
        Opening::TooShort => Some(Outcome::Parked {
            reason: format!(
                "what is left of its window `{}` is too short: it closes {}, and a cut-over takes up to {} minutes",
                window.name,
                window.closes(),
                takes.as_mins()
            ),
            next: "give it another window in the plan, then run apply again".into(),
        }),
        Opening::Over => Some(Outcome::Parked {
            reason: format!("its window `{}` closed {}", window.name, window.closes()),
            next: "give it another window in the plan, then run apply again".into(),
        }),
    }
}

/// Returns what keeps a number from being registered once more. `None`: nothing.
pub(super) fn attempts_used_up(cx: &Context<'_>, phone: &Phone) -> Option<Outcome> {
    let now = cx.clock.now();
    let seen = cx.seen();
    let attempts = &seen.history.number(phone).attempts;
    let free = attempts.free_from(now)?;
    Some(Outcome::Parked {
        reason: format!(
            "{} of the {} register attempts that Meta allows in 72 hours are used; the rest is kept for emergencies",
            attempts.used(now),
            Attempts::LIMIT
        ),
        next: format!("find out why they failed, and run apply again from {free:.0} on"),
    })
}

impl Context<'_> {
    /// Waits for a window to open, as long as this run waits for anything: on a terminal as long as
    /// it takes, else only when it opens within `--wait`. An outcome: it is not open.
    pub(super) async fn enter(
        &self,
        step: &Address,
        cut_over: &CutOver,
    ) -> Result<Option<Outcome>, StepError> {
        let takes = cut_over.takes;
        if let Some(window) = cut_over.window.as_deref()
            && window.opening(self.clock.now(), takes) == Opening::Before
        {
            let look = || async {
                let opening = window.opening(self.clock.now(), takes);
                Ok((opening != Opening::Before).then_some(()))
            };
            let patience = self.patience_for_window(window);
            let waiting_for = format!("its window `{}` to open {}", window.name, window.opens());
            self.poll(step, &waiting_for, patience, look).await?;
        }
        Ok(closed(cut_over, self))
    }

    fn patience_for_window(&self, window: &Window) -> Option<Duration> {
        let opens_in = self.clock.now().duration_until(window.from.timestamp());
        let opens_in = opens_in.unsigned_abs();
        match self.options.wait {
            _ if self.options.attended && self.options.wait != Some(Duration::ZERO) => None,
            Some(wait) if opens_in > wait => Some(Duration::ZERO),
            wait => wait,
        }
    }
}
