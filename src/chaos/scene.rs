//! What all parts of a play look at: the simulated world, the faults to come, the witness, and
//! whether the process has died.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    disk::Disk,
    faults::{Fault, Kind, Place, Trouble},
    invariants::Witness,
};
use crate::{
    ids::{RunId, TemplateKey, WabaId},
    journal::Entry,
    phone::Phone,
    report::events,
    sim::{Simulator, happening::Happening, script::Moment, words::TemplateStatus, world::World},
};

/// How many places of a kind a play has reached.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    pub(super) writes: u32,
    pub(super) reads: u32,
    pub(super) lines: u32,
}

/// What a person sets right again.
#[derive(Clone, Debug)]
enum Mend {
    Token(String),
    TwoStep(Phone),
    Template(TemplateKey),
    Payment,
}

/// What becomes of one call.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// Nothing special.
    Plain,
    /// This strikes it.
    Struck(Trouble),
    /// The process dies.
    Death(Moment),
}

pub(super) struct State {
    faults: Vec<Fault>,
    pub(super) reached: Reached,
    pub(super) struck: BTreeMap<Kind, u32>,
    /// How far the machine's clock is off.
    pub(super) skew: SignedDuration,
    /// The run that is under way, and how much of its journal the witness has seen.
    run: Option<(RunId, u64)>,
    /// The process is dead: this much of its journal was written.
    dead: Option<u64>,
    /// Somebody wants to start the same migration now.
    second: bool,
    mends: Vec<(Timestamp, Mend)>,
    pub(super) rejected: Vec<TemplateKey>,
    /// Everything that was shown.
    pub(super) shown: String,
    pub(super) witness: Witness,
}

/// The scene of one play.
pub(super) struct Scene {
    pub(super) simulator: Simulator,
    pub(super) disk: Disk,
    target: WabaId,
    state: Mutex<State>,
}

/// How long people take to set right what went wrong, in minutes: within a run that waits for it.
const PEOPLE_ACT: SignedDuration = SignedDuration::from_mins(100);

impl Scene {
    pub(super) fn new(
        simulator: Simulator,
        disk: Disk,
        target: WabaId,
        faults: Vec<Fault>,
        witness: Witness,
    ) -> Arc<Self> {
        let state = State {
            faults,
            reached: Reached::default(),
            struck: BTreeMap::new(),
            skew: SignedDuration::ZERO,
            run: None,
            dead: None,
            second: false,
            mends: Vec::new(),
            rejected: Vec::new(),
            shown: String::new(),
            witness,
        };
        Arc::new(Self {
            simulator,
            disk,
            target,
            state: Mutex::new(state),
        })
    }

    /// Never held across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.state().dead.is_some()
    }

    /// Returns whether somebody wants to start the same migration now, and forgets it.
    pub(super) fn take_second(&self) -> bool {
        std::mem::take(&mut self.state().second)
    }

    /// The machine's clock.
    pub(super) fn now(&self) -> Timestamp {
        let skew = self.state().skew;
        let now = self.simulator.world(|world| world.now);
        now.saturating_add(skew).unwrap_or(now)
    }

    /// A run begins to write its journal.
    pub(super) fn run_begins(&self, run: RunId) {
        self.state().run = Some((run, 0));
    }

    /// Takes away what a dead process has not written, and shows the rest to the witness.
    pub(super) fn run_ended(&self) -> std::io::Result<()> {
        let (run, dead) = {
            let mut state = self.state();
            (state.run, state.dead.take())
        };
        if let (Some((run, _)), Some(length)) = (run, dead) {
            self.disk.cut(run, length)?;
        }
        self.show_journal();
        self.state().run = None;
        Ok(())
    }

    /// A call is about to leave: what happens right before it, and what becomes of it.
    pub(super) fn call_leaves(&self, is_write: bool) -> Fate {
        let now = self.simulator.world(|world| world.now);
        self.mend(|due| due <= now);
        let place = {
            let mut state = self.state();
            let reached = &mut state.reached;
            let (count, place): (&mut u32, fn(u32) -> Place) = match is_write {
                true => (&mut reached.writes, Place::Write),
                false => (&mut reached.reads, Place::Read),
            };
            *count += 1;
            place(*count)
        };
        self.listen();
        let mut fate = Fate::Plain;
        for trouble in self.strikes(place) {
            match trouble {
                Trouble::Death(moment) => fate = Fate::Death(moment),
                Trouble::Cut(_)
                | Trouble::Timeout(_)
                | Trouble::ServerError(_)
                | Trouble::Throttled(_)
                | Trouble::Transient
                | Trouble::Late(_) => {
                    if matches!(fate, Fate::Plain) {
                        fate = Fate::Struck(trouble);
                    }
                }
                other => self.happens(other),
            }
        }
        fate
    }

    /// Listens who hears the numbers now.
    fn listen(&self) {
        self.simulator
            .world(|world| self.state().witness.listens(world));
    }

    /// Takes the faults of a place, and counts them.
    fn strikes(&self, place: Place) -> Vec<Trouble> {
        let mut state = self.state();
        let (now, later) = std::mem::take(&mut state.faults)
            .into_iter()
            .partition(|fault: &Fault| fault.at == place);
        state.faults = later;
        for fault in &now {
            *state.struck.entry(fault.what.kind()).or_default() += 1;
        }
        now.into_iter().map(|fault| fault.what).collect()
    }

    /// Something happens to the world, the machine or the people.
    fn happens(&self, trouble: Trouble) {
        let target = self.target.clone();
        let mend = match trouble {
            Trouble::Revoked(token) => {
                let what = Happening::TokenRevoked {
                    token: token.clone(),
                };
                self.simulator.edit(|world| world.happen(&what));
                Mend::Token(token)
            }
            Trouble::TwoStepOn(phone) => {
                let what = Happening::TwoStepOn {
                    phone: phone.clone(),
                };
                self.simulator.edit(|world| world.happen(&what));
                Mend::TwoStep(phone)
            }
            Trouble::Rejected { template, for_good } => {
                if self.judge(&template, TemplateStatus::Rejected) && for_good {
                    self.state().rejected.push(template);
                    return;
                }
                Mend::Template(template)
            }
            Trouble::Unpaid => {
                let waba = target.to_string();
                let what = Happening::PaymentRemoved { waba };
                self.simulator.edit(|world| world.happen(&what));
                Mend::Payment
            }
            Trouble::Unsubscribed => {
                let waba = target.to_string();
                let what = Happening::Unsubscribed { waba };
                self.simulator.edit(|world| world.happen(&what));
                return;
            }
            Trouble::Flapping(reads) => {
                self.simulator.edit(|world| flap(world, reads));
                return;
            }
            Trouble::ClockJump(seconds) => {
                let mut state = self.state();
                state.skew += SignedDuration::from_secs(seconds);
                state.witness.is_clock_wrong = true;
                return;
            }
            Trouble::Suspended(seconds) => {
                let time = std::time::Duration::from_secs(seconds.into());
                self.simulator.advance(time);
                return;
            }
            Trouble::SecondRunner => {
                self.state().second = true;
                return;
            }
            Trouble::Cut(_)
            | Trouble::Timeout(_)
            | Trouble::ServerError(_)
            | Trouble::Throttled(_)
            | Trouble::Transient
            | Trouble::Late(_)
            | Trouble::Death(_)
            | Trouble::DeathAtLine { .. } => return,
        };
        let due = self.simulator.world(|world| world.now);
        let due = due.saturating_add(PEOPLE_ACT).unwrap_or(due);
        self.state().mends.push((due, mend));
    }

    /// Changes the status of a template on the target. Returns whether it was there.
    fn judge(&self, key: &TemplateKey, status: TemplateStatus) -> bool {
        self.simulator.edit(|world| {
            let what = self.verdict(world, key, status);
            if let Some(what) = &what {
                world.happen(what);
            }
            what.is_some()
        })
    }

    fn verdict(
        &self,
        world: &World,
        key: &TemplateKey,
        status: TemplateStatus,
    ) -> Option<Happening> {
        let mut templates = world.templates_of(&self.target);
        let (_, template) =
            templates.find(|(_, it)| TemplateKey::new(&*it.name, &it.language) == *key)?;
        Some(Happening::TemplateStatus {
            waba: self.target.to_string(),
            name: template.name.clone(),
            language: Some(template.language.clone()),
            status,
            reason: None,
        })
    }

    /// Nothing that was rejected for good stays so.
    pub(super) fn give_in(&self) {
        let rejected = std::mem::take(&mut self.state().rejected);
        for template in rejected {
            self.judge(&template, TemplateStatus::Approved);
        }
    }

    /// People set right what is due.
    pub(super) fn mend(&self, is_due: impl Fn(Timestamp) -> bool) {
        let (due, later) = std::mem::take(&mut self.state().mends)
            .into_iter()
            .partition(|(at, _): &(Timestamp, Mend)| is_due(*at));
        self.state().mends = later;
        for (_, mend) in due {
            self.set_right(mend);
        }
    }

    pub(super) fn has_mends(&self) -> bool {
        !self.state().mends.is_empty()
    }

    fn set_right(&self, mend: Mend) {
        match mend {
            Mend::Token(name) => self.simulator.edit(|world| {
                let tokens = world.tokens.iter_mut();
                let named = tokens.filter(|token| token.name == name);
                named.for_each(|token| token.revoked = false);
            }),
            // On the target it is the number's own PIN.
            Mend::TwoStep(phone) => self.simulator.edit(|world| {
                let numbers = world.numbers.values_mut();
                let left =
                    numbers.filter(|number| number.phone == phone && number.waba != self.target);
                left.for_each(|number| number.pin = None);
            }),
            Mend::Template(key) => {
                self.judge(&key, TemplateStatus::Approved);
            }
            Mend::Payment => {
                let waba = self.target.to_string();
                let what = Happening::PaymentRestored { waba };
                self.simulator.edit(|world| world.happen(&what));
            }
        }
    }

    /// The process dies now, with this much of its journal on disk.
    pub(super) fn die(&self) {
        let run = self.state().run;
        let length = run.and_then(|(run, _)| self.disk.length(run).ok());
        self.state().dead = Some(length.unwrap_or_default());
    }

    /// A line of the journal is on disk.
    pub(super) fn line_written(&self, entry: &Entry) {
        if self.is_dead() {
            return;
        }
        self.listen();
        let place = {
            let mut state = self.state();
            let lines = [events::json(entry, None), events::line(entry)];
            for line in lines.into_iter().flatten() {
                state.shown.push_str(&line);
                state.shown.push('\n');
            }
            state.reached.lines += 1;
            Place::Line(state.reached.lines)
        };
        for trouble in self.strikes(place) {
            match trouble {
                Trouble::DeathAtLine { is_torn } => {
                    self.die();
                    if is_torn {
                        self.tear();
                    }
                }
                other => self.happens(other),
            }
        }
    }

    /// Only half of the last line was written.
    fn tear(&self) {
        let mut state = self.state();
        let Some((run, _)) = state.run else { return };
        let bytes = self.disk.from(run, 0).unwrap_or_default();
        let whole = bytes.len().saturating_sub(1);
        let begins = bytes[..whole].iter().rposition(|&byte| byte == b'\n');
        let begins = begins.map_or(0, |at| at + 1);
        state.dead = Some((begins + (whole - begins) / 2) as u64);
    }

    /// Shows the witness what stands in the journal now.
    pub(super) fn show_journal(&self) {
        let mut state = self.state();
        let Some((run, seen)) = state.run else { return };
        let bytes = self.disk.from(run, seen).unwrap_or_default();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n');
        let whole = &bytes[..whole.map_or(0, |at| at + 1)];
        for line in whole.split(|&byte| byte == b'\n') {
            if let Ok(line) = serde_json::from_slice(line) {
                state.witness.line(&line);
            }
        }
        state.run = Some((run, seen + whole.len() as u64));
    }
}

fn flap(world: &mut World, reads: u32) {
    world.switches.flapping_reads = reads;
    let numbers = world.numbers.values_mut();
    numbers.for_each(|number| number.flaps_left = reads);
}
