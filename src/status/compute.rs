//! Plan, change set and snapshot in, status out. Pure.
//!
//! What is to do was decided by the steps; the journal tells since when they wait. This file only
//! finds, for every number, the first thing that keeps it from going on.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    AttemptsStatus, FORMAT_VERSION, GenesysStatus, IntentStatus, NumberPhase, NumberStatus, Party,
    Side, Standing, Status, StepStatus, Summary, TemplatesStatus, Turn, Waiting, WindowStatus,
};
use crate::{
    changeset::{ChangeEntry, ChangeSet, WindowRef},
    finding::Finding,
    id_map::IdMap,
    ids::{Address, NumberStep, SolutionId, WabaId},
    journal::number::Attempts,
    phone::Phone,
    plan::{Method, Number, Opening, Plan, Window},
    resource::{
        Observed,
        phone_number::{PhoneNumber, Platform, Status as Word, Verification},
    },
    snapshot::{Account, Snapshot},
    step::{Action, Phase},
};

/// Tells where a plan stands.
pub fn status(plan: &Plan, changes: &ChangeSet, seen: &Snapshot) -> Status {
    let look = Look {
        changes: by_address(changes),
        findings: &changes.findings,
        seen,
        target: &plan.target.waba,
    };
    let numbers: Vec<_> = plan
        .numbers
        .iter()
        .map(|number| look.number(number))
        .collect();
    let intents = plan.solutions().into_iter();
    Status {
        format_version: FORMAT_VERSION,
        plan: changes.plan.clone(),
        source: changes.source.clone(),
        target: changes.target.clone(),
        seen_at: seen.at,
        summary: summary(&numbers),
        numbers,
        steps: look.steps(changes),
        templates: look.templates(),
        inventory: changes.templates.clone(),
        flows: changes.flows.clone(),
        map: IdMap::of(plan, seen, seen.at),
        intents: intents.map(|solution| intent(solution, seen)).collect(),
    }
}

/// All that is known, with the changes by their addresses.
struct Look<'a> {
    changes: BTreeMap<&'a str, &'a ChangeEntry>,
    findings: &'a [Finding],
    seen: &'a Snapshot,
    /// The account that receives the numbers.
    target: &'a WabaId,
}

/// What comes next for a number.
struct Next<'a> {
    /// The number's own step that it comes before, or that it is.
    own: &'a ChangeEntry,
    step: &'a ChangeEntry,
    sentence: String,
    waiting: Option<Waiting>,
    is_blocked: bool,
}

impl<'a> Next<'a> {
    fn ready(own: &'a ChangeEntry, step: &'a ChangeEntry) -> Self {
        Self {
            own,
            step,
            sentence: step.description.clone(),
            waiting: None,
            is_blocked: false,
        }
    }

    fn waits(mut self, waiting: Waiting) -> Self {
        self.waiting = Some(waiting);
        self
    }

    fn says(mut self, sentence: impl Into<String>) -> Self {
        self.sentence = sentence.into();
        self
    }

    fn turn(&self) -> Turn {
        match &self.waiting {
            _ if self.is_blocked => Turn::Blocked,
            Some(_) => Turn::Waiting,
            None => Turn::Ready,
        }
    }
}

impl Waiting {
    fn new(party: Party, what: impl Into<String>) -> Self {
        Self {
            party,
            number: None,
            what: what.into(),
            since: None,
            until: None,
        }
    }

    fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }
}

impl<'a> Look<'a> {
    fn number(&self, number: &Number) -> NumberStatus {
        let phone = &number.phone;
        let (on_source, on_target) = (&self.seen.source, &self.seen.target);
        let known = on_target.known(phone).or_else(|| on_source.known(phone));
        let next = self.next(number);
        let step = next.as_ref().map(|next| next.step);
        NumberStatus {
            phone: phone.clone(),
            name: known.and_then(|number| number.verified_name.clone()),
            phase: self.phase(phone, next.as_ref()),
            turn: next.as_ref().map_or(Turn::Done, Next::turn),
            source: side(on_source, phone, |number| {
                source_standing(number, on_target.known(phone).is_some())
            }),
            target: side(on_target, phone, target_standing),
            genesys: number
                .genesys
                .as_ref()
                .and_then(|_| GenesysStatus::of(self.target, phone, self.seen)),
            step: step.map(|step| step.address.clone()),
            action: step.map(|step| step.action),
            window: self.window(number),
            attempts: self.attempts(phone),
            waiting: next.as_ref().and_then(|next| next.waiting.clone()),
            next: next.map(|next| next.sentence),
        }
    }

    /// The first thing that keeps a number from going on, or the first thing to do. `None`: nothing
    /// is left to do.
    fn next(&self, number: &Number) -> Option<Next<'a>> {
        let steps = NumberStep::ALL.iter();
        let open: Vec<_> = steps
            .filter_map(|step| self.open(Address::number(&number.phone, *step).as_str()))
            .collect();
        let first = *open.first()?;
        let next = self
            .blocked(number, first)
            .or_else(|| self.code_is_out(&number.phone, &open))
            .unwrap_or_else(|| self.ahead(number, first));
        Some(next)
    }

    fn phase(&self, phone: &Phone, next: Option<&Next<'_>>) -> NumberPhase {
        match next.map(|next| next.own.phase) {
            None => NumberPhase::Done,
            Some(_) if !self.has_begun(phone) => NumberPhase::NotStarted,
            Some(Phase::Prepare) => NumberPhase::Prepare,
            Some(Phase::Verify) => NumberPhase::Verify,
            Some(Phase::CutOver) => NumberPhase::CutOver,
            Some(Phase::Settle | Phase::TakeBack) => NumberPhase::Settle,
        }
    }

    fn has_begun(&self, phone: &Phone) -> bool {
        let history = &self.seen.history;
        let mut steps = NumberStep::ALL
            .iter()
            .map(|step| Address::number(phone, *step));
        self.seen.target.known(phone).is_some()
            || steps.any(|step| history.done.contains(&step) || history.waiting.contains_key(&step))
    }

    /// A finding about this number, about its solution or about the accounts.
    fn blocked(&self, number: &Number, first: &'a ChangeEntry) -> Option<Next<'a>> {
        let mut findings = self.findings.iter();
        let finding = findings.find(|finding| finding.blocks() && concerns(finding, number))?;
        let own = format!("number[\"{}\"].", number.phone);
        let step = self.open(&finding.subject);
        let party = finding.who.map_or(Party::Us, Party::from);
        let sentence = finding.hint.clone();
        let next = Next::ready(
            step.filter(|step| step.address.starts_with(&own))
                .unwrap_or(first),
            step.unwrap_or(first),
        );
        let sentence = sentence.unwrap_or_else(|| next.sentence.clone());
        Some(Next {
            is_blocked: true,
            ..next
                .waits(Waiting::new(party, in_short(&finding.message)))
                .says(sentence)
        })
    }

    /// A code lives for minutes: it comes before all that can be done meanwhile.
    fn code_is_out(&self, phone: &Phone, open: &[&'a ChangeEntry]) -> Option<Next<'a>> {
        let codes = &self.seen.history.number(phone).codes;
        let sent = codes.out?;
        self.seen.target.known(phone)?;
        let verify = *open.iter().find(|step| step.kind == "verify")?;
        let (what, how) = if codes.is_refused {
            (
                "another code: the last one was refused",
                format!("apply --new-code {phone}"),
            )
        } else {
            (
                "the one-time code",
                format!("verify-code PLAN {phone} CODE"),
            )
        };
        let waiting = Waiting::new(Party::Us, what).since(Some(sent));
        let sentence = format!("{}: {how}", verify.description);
        Some(Next::ready(verify, verify).waits(waiting).says(sentence))
    }

    /// What the first open step of a number comes to.
    fn ahead(&self, number: &Number, own: &'a ChangeEntry) -> Next<'a> {
        let step = self.foremost(&number.phone, own);
        if let Some(other) = other_number(step, &number.phone) {
            let waiting = Waiting {
                number: Some(other.clone()),
                ..Waiting::new(Party::Number, format!("{other} to be live"))
            };
            return Next::ready(own, own).waits(waiting.since(self.since(&own.address)));
        }
        let next = Next::ready(own, step);
        match party(step) {
            Some(party) => {
                let since = self.since(&step.address);
                let waiting = Waiting::new(party, in_short(&step.reason)).since(since);
                let next = match &step.gate {
                    // It is one of several things that its step does.
                    Some(gate) if party == Party::GenesysAdmin => next.says(&*gate.instructions),
                    _ => next,
                };
                self.by_name(&number.phone, next.waits(waiting))
            }
            None if step.is_cut_over() => self.held_back(number, next),
            None => self.resting(next),
        }
    }

    /// A gate whose proof the source does not show is passed by name.
    fn by_name(&self, phone: &Phone, next: Next<'a>) -> Next<'a> {
        let known = self.seen.source.known(phone);
        let is_shown = known.is_some_and(|number| number.is_pin_enabled.is_some());
        if next.step.kind != "two_step_off" || is_shown {
            return next;
        }
        let (sentence, address) = (&next.step.description, &next.step.address);
        let sentence = format!("{sentence}, then: apply --confirm '{address}'");
        next.says(sentence)
    }

    /// The step that has to be done first, of all that a step rests on: people before Meta, and
    /// what `apply` does by itself last. The steps of other numbers are theirs.
    fn foremost(&self, phone: &Phone, step: &'a ChangeEntry) -> &'a ChangeEntry {
        let rank = |step: &&ChangeEntry| match step.action {
            Action::Gate => 0,
            Action::Wait => 1,
            Action::Create | Action::Update | Action::Delete | Action::Call | Action::None => 2,
        };
        let needs = step.needs.iter().filter_map(|need| self.open(need));
        let foremost = needs.map(|need| match other_number(need, phone) {
            Some(_) => need,
            None => self.foremost(phone, need),
        });
        foremost.min_by_key(rank).unwrap_or(step)
    }

    /// What keeps a number back whose register is due, by the same questions that `apply` asks before it.
    fn held_back(&self, number: &Number, next: Next<'a>) -> Next<'a> {
        let (phone, now) = (&number.phone, self.seen.at);
        let history = self.seen.history.number(phone);
        let since = self.since(&next.step.address);
        if history.is_pin_refused {
            let waiting = Waiting::new(Party::Us, "another PIN: Meta refused the last one");
            let how =
                format!("Correct the PIN where the plan reads it, then: apply --new-pin {phone}");
            return next.waits(waiting.since(since)).says(how);
        }
        if let Some(free) = history.attempts.free_from(now) {
            let what = "register attempts: Meta allows ten in 72 hours";
            let waiting = Waiting::new(Party::Meta, what).since(since).until(free);
            return next.waits(waiting).says("Find out why the attempts failed");
        }
        let next = self.resting(next);
        match &number.window {
            Some(window) if next.waiting.is_none() && begins(number, next.step) => {
                let opening = window.opening(now, number.cut_over_takes());
                in_window((window, opening), next, since)
            }
            Some(_) | None => next,
        }
    }

    /// A pause that Meta asked for.
    fn resting(&self, next: Next<'a>) -> Next<'a> {
        let mut resting = self.seen.history.resting.iter();
        let until = resting.find(|(step, _)| step.as_str() == next.step.address);
        match until {
            Some((_, until)) if *until > self.seen.at => {
                let since = self.since(&next.step.address);
                let waiting = Waiting::new(Party::Meta, "the end of a pause that Meta asked for");
                next.waits(waiting.since(since).until(*until))
            }
            Some(_) | None => next,
        }
    }

    fn window(&self, number: &Number) -> Option<WindowStatus> {
        let window = number.window.as_deref()?;
        self.open(Address::number(&number.phone, number.cut_over_begins()).as_str())?;
        let takes = number.cut_over_takes();
        Some(WindowStatus {
            window: WindowRef::of(window, takes),
            opening: window.opening(self.seen.at, takes).into(),
        })
    }

    fn attempts(&self, phone: &Phone) -> AttemptsStatus {
        let attempts = &self.seen.history.number(phone).attempts;
        AttemptsStatus {
            used: attempts.used(self.seen.at),
            of: Attempts::LIMIT,
            free_from: attempts.free_from(self.seen.at),
        }
    }

    fn templates(&self) -> TemplatesStatus {
        const STEP: &str = "templates.approved";
        let step = self.changes.get(STEP);
        let ready = self.open(STEP).is_none();
        TemplatesStatus {
            ready,
            what: step.map(|step| step.reason.clone()).unwrap_or_default(),
            since: self.since(STEP).filter(|_| !ready),
            pending: if ready {
                BTreeMap::new()
            } else {
                self.seen.pending_since()
            },
        }
    }

    /// The steps of the accounts and of templates that have something to do.
    fn steps(&self, changes: &ChangeSet) -> Vec<StepStatus> {
        let is_own = |step: &&ChangeEntry| {
            let is_number = step.address.starts_with("number[");
            let is_intent = step.address.starts_with("solution[");
            !is_number && !is_intent
        };
        let steps = changes.to_do().filter(is_own).map(|step| {
            let waiting = self.seen.history.waiting.get(&Address::read(&step.address));
            StepStatus {
                address: step.address.clone(),
                action: step.action,
                reason: waiting
                    .map_or(&step.reason, |waiting| &waiting.reason)
                    .clone(),
                blocked: step.blocked,
                since: waiting.map(|waiting| waiting.since),
            }
        });
        steps.collect()
    }

    /// A step that has something to do.
    fn open(&self, address: &str) -> Option<&'a ChangeEntry> {
        let step = *self.changes.get(address)?;
        (step.action != Action::None).then_some(step)
    }

    /// Since when a step waits, as the journal has it.
    fn since(&self, address: &str) -> Option<Timestamp> {
        let mut waiting = self.seen.history.waiting.iter();
        let (_, waiting) = waiting.find(|(step, _)| step.as_str() == address)?;
        Some(waiting.since)
    }
}

fn by_address(changes: &ChangeSet) -> BTreeMap<&str, &ChangeEntry> {
    let changes = changes.changes.iter();
    changes
        .map(|change| (change.address.as_str(), change))
        .collect()
}

/// Only the beginning of a cut-over is bound to its window.
fn begins(number: &Number, step: &ChangeEntry) -> bool {
    Address::number(&number.phone, number.cut_over_begins()).as_str() == step.address
}

fn in_window<'a>(
    (window, opening): (&Window, Opening),
    next: Next<'a>,
    since: Option<Timestamp>,
) -> Next<'a> {
    let (party, what) = match opening {
        Opening::Open => return next,
        Opening::Before => {
            let what = format!(
                "its window `{}`, which opens {}",
                window.name,
                window.opens()
            );
            let waiting = Waiting::new(Party::Window, what).since(since);
            return next.waits(waiting.until(window.from.timestamp()));
        }
        Opening::TooShort => (Party::Us, "too little is left of"),
        Opening::Over => (Party::Us, "it is too late for"),
    };
    let what = format!(
        "{what} its window `{}`, which closes {}",
        window.name,
        window.closes()
    );
    next.waits(Waiting::new(party, what).since(since))
        .says("Give it another window in the plan")
}

/// For whom a gate or a wait is. `None`: `apply` does it.
fn party(step: &ChangeEntry) -> Option<Party> {
    match step.action {
        Action::Gate => Some(
            step.gate
                .as_ref()
                .map_or(Party::Us, |gate| gate.owner.into()),
        ),
        Action::Wait => Some(Party::Meta),
        Action::Create | Action::Update | Action::Delete | Action::Call | Action::None => None,
    }
}

/// A reason without what the API said: its error numbers are for `plan` and for logs.
fn in_short(reason: &str) -> &str {
    let ends = ["cannot be read", "is refused"];
    let ends = ends.iter().filter_map(|end| {
        let at = reason.find(&format!("{end}: "))?;
        Some(at + end.len())
    });
    &reason[..ends.min().unwrap_or(reason.len())]
}

/// The other number a step belongs to.
fn other_number(step: &ChangeEntry, phone: &Phone) -> Option<Phone> {
    let address = Address::read(&step.address);
    address.phone().filter(|other| other != phone)
}

/// Whether a finding stops this number: those of other numbers and of other solutions do not.
fn concerns(finding: &Finding, number: &Number) -> bool {
    let is_of = |thing: &str, id: &str| finding.subject.starts_with(&format!("{thing}[\"{id}\"]"));
    if finding.subject.starts_with("number[") {
        return is_of("number", &number.phone.to_string());
    }
    if finding.subject.starts_with("solution[") {
        return match &number.method {
            Method::SolutionIntent(solution) => is_of("solution", solution.as_str()),
            Method::Otp | Method::EmbeddedSignup => false,
        };
    }
    true
}

fn side(
    account: &Account,
    phone: &Phone,
    standing: impl Fn(Option<&PhoneNumber>) -> Standing,
) -> Side {
    let seen = account.number(phone);
    let number = seen.present().copied();
    let standing = match &seen {
        Observed::Unknown(_) => Standing::Unknown,
        Observed::Present(_) | Observed::Absent => standing(number),
    };
    let word = |word: Option<&str>| word.map(str::to_owned);
    Side {
        standing,
        phone_number_id: number.map(|number| number.id.to_string()),
        status: word(number.and_then(|number| number.status.as_ref().map(Word::as_str))),
        platform_type: word(
            number.and_then(|number| number.platform_type.as_ref().map(Platform::as_str)),
        ),
        code_verification_status: word(number.and_then(|number| {
            number
                .code_verification_status
                .as_ref()
                .map(Verification::as_str)
        })),
    }
}

fn source_standing(number: Option<&PhoneNumber>, is_on_target: bool) -> Standing {
    match number {
        Some(number) if number.is_live() => Standing::Live,
        Some(number) if number.status == Some(Word::Banned) => Standing::Banned,
        Some(_) => Standing::Offline,
        None if is_on_target => Standing::MovedAway,
        None => Standing::Absent,
    }
}

fn target_standing(number: Option<&PhoneNumber>) -> Standing {
    match number {
        Some(number) if number.is_live() => Standing::Live,
        Some(number) if number.status == Some(Word::Banned) => Standing::Banned,
        Some(number) if number.is_registered() => Standing::Registered,
        Some(number) if number.is_verified() => Standing::Verified,
        Some(_) => Standing::Added,
        None => Standing::Absent,
    }
}

fn summary(numbers: &[NumberStatus]) -> Summary {
    let in_turn = |turn| numbers.iter().filter(|number| number.turn == turn).count();
    let live = |number: &&NumberStatus| number.target.standing == Standing::Live;
    Summary {
        numbers: numbers.len(),
        live: numbers.iter().filter(live).count(),
        done: in_turn(Turn::Done),
        ready: in_turn(Turn::Ready),
        waiting: in_turn(Turn::Waiting),
        blocked: in_turn(Turn::Blocked),
    }
}

fn intent(solution: &SolutionId, seen: &Snapshot) -> IntentStatus {
    let id = seen
        .history
        .migration_intent(&Address::solution_intent(solution));
    let intent = seen.intent(solution);
    let status = intent.present().and_then(|intent| intent.status.as_ref());
    IntentStatus {
        solution: solution.to_string(),
        id: id.map(|id| id.to_string()),
        status: status.map(ToString::to_string),
    }
}
