//! The people of a play: how they start a run, and what they do between two.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    organization::{is_untouched, silent},
    play::Play,
    process::RunEnd,
    rules::{Breach, Rule},
};
use crate::{
    apply::Report,
    ids::NumberStep,
    journal::{JournalError, StepEnd},
    phone::Phone,
    step::Options,
};

/// What people want of the next run.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) new_codes: BTreeSet<Phone>,
    new_pins: BTreeSet<Phone>,
}

/// The time between two runs.
const PAUSE: Duration = Duration::from_secs(45 * 60);

/// The longest pause between two looks. Days pass in a play, and every look costs.
const POLL: Duration = Duration::from_secs(300);

/// How long somebody at a terminal waits.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// How long a run waits that has nobody at a terminal.
const WAIT: Duration = Duration::from_secs(30);

impl Play<'_> {
    pub(super) fn options(&self, people: &Wishes) -> Options {
        let attended = self.draw.manner.is_attended;
        Options {
            wait: Some(if attended { PATIENCE } else { WAIT }),
            attended,
            deadline: None,
            poll_interval: POLL,
            new_codes: people.new_codes.clone(),
            new_pins: people.new_pins.clone(),
            confirmed: BTreeSet::new(),
            user: "rehearsal".into(),
        }
    }

    /// Has a change set reviewed, where this play wants that and none is at hand.
    pub(super) async fn have_reviewed(&mut self) -> Result<(), JournalError> {
        if self.draw.manner.is_reviewed && self.approved.is_none() {
            self.approved = Some(self.review().await?);
            self.foreign = self.foreign_changes();
        }
        Ok(())
    }

    /// How often somebody else has changed the world, or something that a change set rests on.
    fn foreign_changes(&self) -> u32 {
        let state = self.scene.state();
        let foreign = state.struck.iter().filter(|(kind, _)| kind.is_foreign());
        foreign.map(|(_, times)| times).sum()
    }

    /// A change set that is stale is made anew. Only what others do may make it stale.
    fn judge_review(&mut self, end: &RunEnd) {
        let stale: Vec<_> = match end {
            RunEnd::Stale(findings) => findings.iter().map(|it| it.message.clone()).collect(),
            RunEnd::Ended(report) => stale_steps(report).collect(),
            RunEnd::Nothing | RunEnd::Blocked(_) | RunEnd::Died => return,
        };
        if stale.is_empty() {
            return;
        }
        if self.foreign_changes() == self.foreign && !self.has_lost_journal() {
            let breach = Breach::new(Rule::StaleByItself, stale.join("; "));
            self.scene.state().witness.breaches.push(breach);
        }
        self.approved = None;
    }

    /// Whether the journal was lost so far.
    pub(super) fn has_lost_journal(&self) -> bool {
        let lost_after = self.draw.manner.loses_journal_after;
        lost_after.is_some_and(|run| self.runs > run)
    }

    /// People set right what went wrong, read the report, and start the next run some time later.
    pub(super) fn people_act(
        &mut self,
        end: &RunEnd,
        has_changed: bool,
    ) -> std::io::Result<Wishes> {
        self.judge_review(end);
        self.scene.mend(|_| true);
        self.hear_silent(end);
        self.scene.state().skew = SignedDuration::ZERO;
        self.scene.simulator.advance(self.pause(has_changed));
        let loses = self.draw.manner.loses_journal_after == Some(self.runs);
        if loses && self.lose_by_then() {
            self.scene.disk.clear()?;
            self.scene.state().witness.journal_is_lost();
        }
        Ok(match end {
            RunEnd::Ended(report) => wishes(report),
            RunEnd::Nothing | RunEnd::Stale(_) | RunEnd::Blocked(_) | RunEnd::Died => {
                Wishes::default()
            }
        })
    }

    /// A template that is rejected for good stops a run before its first write, also one that would end
    /// the silence of a number. A person then takes it out of `required`; here Meta gives in, which comes
    /// to the same.
    fn hear_silent(&self, end: &RunEnd) {
        let simulator = &self.scene.simulator;
        let is_silent = || simulator.world(|world| !silent(world, &self.plan).is_empty());
        if matches!(end, RunEnd::Blocked(_)) && is_silent() {
            self.scene.give_in();
        }
    }

    /// Returns whether the journal may be lost now. What a number's old integration in Genesys Cloud was
    /// stands there alone, so it is lost before that is touched, or not at all.
    fn lose_by_then(&mut self) -> bool {
        let simulator = &self.scene.simulator;
        let may_be = simulator.world(|world| is_untouched(world, &self.plan));
        if !may_be {
            self.draw.manner.loses_journal_after = None;
        }
        may_be
    }

    /// Where nobody sits at a terminal and nothing is left to do before a window opens, the next run
    /// is started then.
    fn pause(&self, has_changed: bool) -> Duration {
        let now = self.scene.now();
        let opens = |opens: &Timestamp| *opens > now;
        let windows = self.plan.windows.iter();
        let next = windows
            .map(|window| window.from.timestamp())
            .filter(opens)
            .min();
        match next.filter(|_| !self.draw.manner.is_attended && !has_changed) {
            Some(opens) => opens.duration_since(now).unsigned_abs(),
            None => PAUSE,
        }
    }
}

fn stale_steps(report: &Report) -> impl Iterator<Item = String> {
    let ended = report.ended.iter();
    let stale = ended.filter(|ended| ended.end == StepEnd::Stale);
    stale.map(|ended| format!("{}: {}", ended.step, ended.note))
}

/// What a report makes people want.
fn wishes(report: &Report) -> Wishes {
    let mut wishes = Wishes::default();
    for ended in &report.ended {
        let is_good = matches!(
            ended.end,
            StepEnd::Done | StepEnd::Already | StepEnd::NotStarted
        );
        match ended.step.number_step().filter(|_| !is_good) {
            Some((phone, NumberStep::Verify | NumberStep::RequestCode)) => {
                wishes.new_codes.insert(phone);
            }
            Some((phone, NumberStep::Register)) => {
                wishes.new_pins.insert(phone);
            }
            _ => {}
        }
    }
    wishes
}
