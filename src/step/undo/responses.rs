//! Gives canned responses of Genesys Cloud the namespace back that they named before runs of this plan
//! changed it.
//!
//! Only those that still name what was set. What the API ignored when it was set, and a person changed
//! by hand since, is that person's. A carousel keeps the new integration of its number: the old one is
//! gone.
//!
//! In doubt: the response, read again, proves it; only what still differs is sent again.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{KEPT_NOTHING, fresh, stays};
use crate::{
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, WabaId},
    plan::Plan,
    resource::{
        Observed,
        genesys::{raw::Changed, response::Response},
    },
    snapshot::Snapshot,
    step::{
        Action, Change, Context, Decision, Outcome, StepError, StepKind,
        genesys_responses::namespace,
        response_changes::{field_path, labels, put},
        response_writes::{look, rewrite, untaken},
        words::count,
    },
};

/// Takes the repointing of canned responses back.
#[derive(Clone, Debug)]
pub struct GenesysResponsesUndo {
    target: WabaId,
}

/// What was set, and what stood there before.
struct Back {
    set: String,
    before: Map<String, Value>,
    /// Those that never became what was set.
    untaken: BTreeSet<String>,
}

/// What becomes of one response.
enum Fate<'a> {
    /// It is as it was, or no affair of ours.
    Over,
    /// It names what was set: what it named before.
    Back(&'a str),
    /// It names something else by now.
    Stays(&'a str),
}

impl Back {
    fn fate<'a>(&'a self, response: &'a Response) -> Fate<'a> {
        let id = response.id.as_str();
        let before = self.before.get(id).and_then(Value::as_str);
        let now = response.template().and_then(|template| template.namespace);
        match (before, now) {
            (Some(before), Some(now)) if before != now && !self.untaken.contains(id) => {
                match now == self.set {
                    true => Fate::Back(before),
                    false => Fate::Stays(now),
                }
            }
            _ => Fate::Over,
        }
    }

    fn change(&self, response: &Response) -> Option<Changed> {
        match self.fate(response) {
            Fate::Back(before) => response.repointed(Some(before), None),
            Fate::Over | Fate::Stays(_) => None,
        }
    }
}

impl GenesysResponsesUndo {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            target: plan.target.waba.clone(),
        }
    }

    /// `None`: no run of this plan changed any.
    fn back(&self, seen: &Snapshot) -> Option<Result<Back, &'static str>> {
        let step = Address::account(AccountStep::GenesysResponses);
        let deed = seen.history.deeds.of(&step)?;
        let Some(before) = deed.before else {
            return Some(Err(KEPT_NOTHING));
        };
        Some(Ok(Back {
            set: namespace(seen, &self.target, &seen.target).unwrap_or_default(),
            before: before.clone(),
            untaken: untaken(seen, &step),
        }))
    }

    fn unreadable(&self, what: &str) -> Decision {
        let rule = "genesys-responses-unreadable";
        let finding = Finding::unknown(rule, Severity::Error, self.address(), what)
            .ask(Who::Us, "see what it says; then run it again");
        Decision::blocked(finding)
    }

    fn judge(&self, back: &Back, responses: &[Response]) -> Decision {
        let mut change = Change::new(Action::Update, "");
        let (mut others, mut number) = (0, 0);
        let labels = labels(responses);
        let mut sorted: Vec<_> = responses.iter().collect();
        sorted.sort_by_key(|one| (&labels[&one.id], &one.id));
        for response in sorted {
            let id = response.id.as_str();
            match back.fate(response) {
                Fate::Over => {}
                Fate::Stays(now) => {
                    others += 1;
                    change = change.seen(id, now);
                }
                Fate::Back(before) => {
                    number += 1;
                    let path = field_path(&labels[&response.id]);
                    change = change
                        .field(&format!("{path}.namespace"), &*back.set, before)
                        .seen(id, &*back.set)
                        .call(put(response));
                }
            }
        }
        let told = match others {
            0 => String::new(),
            1 => "1 canned response names another namespace by now".to_owned(),
            more => format!("{more} canned responses name another namespace by now"),
        };
        if number == 0 {
            return match told.is_empty() {
                true => Decision::done("every canned response is as it was before"),
                false => {
                    let precondition = change.precondition;
                    let stays = stays(told);
                    Decision::Change(Change {
                        precondition,
                        ..stays
                    })
                }
            };
        }
        let verb = if number == 1 { "names" } else { "name" };
        change.reason = format!(
            "{} {verb} what a run of this plan set",
            count(number, "canned response")
        );
        if !told.is_empty() {
            change.reason += &format!("; {told}");
        }
        Decision::Change(change)
    }
}

impl StepKind for GenesysResponsesUndo {
    fn address(&self) -> Address {
        Address::account(AccountStep::GenesysResponsesUndo)
    }

    fn describe(&self) -> String {
        "Give canned responses of Genesys Cloud their earlier template namespace back".into()
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let back = match self.back(seen) {
            None => return Decision::done("no run of this plan changed canned responses"),
            Some(Err(reason)) => {
                return Decision::Change(stays(reason).seen("before", Value::Null));
            }
            Some(Ok(back)) => back,
        };
        let responses = seen.organization.as_ref().map(|one| &one.responses);
        match responses {
            Some(Observed::Present(_)) if back.set.is_empty() => self.unreadable(
                "the template namespace of the target cannot be read, so nobody knows what was set",
            ),
            Some(Observed::Present(responses)) => self.judge(&back, responses),
            Some(Observed::Unknown(why)) => {
                let what = format!("the canned responses of Genesys Cloud cannot be read: {why}");
                self.unreadable(&what)
            }
            Some(Observed::Absent) | None => {
                let reason = "the plan names no Genesys Cloud organization any more";
                Decision::Change(stays(reason).seen("organization", Value::Null))
            }
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        look(cx).await?;
        if let Err(outcome) = fresh(self, cx)? {
            return Ok(outcome);
        }
        let back = self.back(&cx.seen());
        let Some(Ok(back)) = back else {
            return Ok(Outcome::Already("there is nothing to take back".into()));
        };
        let ids: Vec<_> = {
            let seen = cx.seen();
            let organization = seen.organization.as_ref();
            let responses = organization.and_then(|one| one.responses.present());
            let differing = responses.into_iter().flatten();
            let differing = differing.filter(|one| back.change(one).is_some());
            differing.map(|one| one.id.clone()).collect()
        };
        let change = |response: &Response| back.change(response);
        let came = rewrite(cx, &self.address(), &ids, &change).await?;
        let findings = came.findings(&self.address());
        match findings.is_empty() {
            true => Ok(Outcome::Done(format!(
                "{} given their namespace back",
                count(came.written, "canned response")
            ))),
            false => Err(StepError::Failed(findings)),
        }
    }
}
