//! Sets the business profile of a number that is live on the target.
//!
//! The wanted profile is the plan's; without one it is the source's, kept right before the number
//! left. Only fields that differ are sent, so repeating it changes nothing. A profile picture is
//! not carried over: reading gives a URL, writing wants an upload.
//!
//! In doubt: the profile is read and compared, field by field; only what still differs is sent again,
//! which changes nothing that was set already.

use serde_json::{Map, Value};

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind, context::Repeat, keepsakes,
};
use crate::{
    api::meta::{CallError, write},
    finding::{Finding, Severity},
    ids::{Address, NumberStep},
    phone::Phone,
    plan::Number,
    resource::{Observed, profile::Profile as Seen},
    snapshot::Snapshot,
    step::Call,
};

/// Sets a profile.
#[derive(Clone, Debug)]
pub struct Profile {
    phone: Phone,
    wanted: Option<Seen>,
}

impl Profile {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
            wanted: number.profile.as_ref().map(Seen::wanted),
        }
    }

    /// The plan's profile, or the one kept from the source.
    fn wanted(&self, seen: &Snapshot) -> Option<Seen> {
        let kept = || match seen.history.kept(&self.address(), keepsakes::PROFILE) {
            Some(Value::Object(fields)) => Some(Seen::from_fields(fields.clone())),
            _ => None,
        };
        self.wanted.clone().or_else(kept)
    }

    /// What stands in the fields that will be set, for whoever takes them back.
    fn before(&self, seen: &Snapshot, fields: &Map<String, Value>) -> Map<String, Value> {
        let profile = seen.profiles.get(&self.phone).and_then(Observed::present);
        let before = |name: &String| profile?.fields().get(name).cloned();
        fields
            .keys()
            .map(|name| (name.clone(), before(name).unwrap_or_default()))
            .collect()
    }

    fn before_live(&self) -> Decision {
        let Some(wanted) = &self.wanted else {
            return Decision::Change(
                Change::new(
                    Action::Update,
                    "the source's profile is carried over once the number is live",
                )
                .call(Call::number(None, "whatsapp_business_profile")),
            );
        };
        if wanted.fields().is_empty() {
            return Decision::done("the plan leaves the profile alone");
        }
        let change = Change::new(Action::Update, "set once the number is live");
        Decision::Change(
            with_fields(change, wanted.fields(), None)
                .call(Call::number(None, "whatsapp_business_profile")),
        )
    }
}

fn with_fields(change: Change, wanted: &Map<String, Value>, seen: Option<&Seen>) -> Change {
    wanted.iter().fold(change, |change, (name, after)| {
        let before = seen.map(|seen| seen.fields().get(name).cloned().unwrap_or_default());
        let change = match &before {
            Some(before) => change.seen(name, before.clone()),
            None => change.unseen(name),
        };
        change.field(name, before.unwrap_or_default(), after.clone())
    })
}

impl StepKind for Profile {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::Profile)
    }

    fn describe(&self) -> String {
        match &self.wanted {
            Some(_) => format!("Set the business profile of {}", self.phone),
            None => format!("Carry the source's business profile of {} over", self.phone),
        }
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::number(&self.phone, NumberStep::Live)]
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let Some(number) = seen
            .target
            .known(&self.phone)
            .filter(|number| number.is_registered())
        else {
            return self.before_live();
        };
        let Some(wanted) = &self.wanted else {
            let kept = seen
                .history
                .kept(&self.address(), keepsakes::PROFILE)
                .is_some();
            if !kept || seen.history.done.contains(&self.address()) {
                return Decision::done("nothing is left to carry over");
            }
            return Decision::Change(
                Change::new(
                    Action::Update,
                    "the source's profile was kept and not yet carried over",
                )
                .call(Call::number(Some(&number.id), "whatsapp_business_profile")),
            );
        };
        match seen.profiles.get(&self.phone) {
            Some(Observed::Present(profile)) => {
                let differing = wanted.differs_from(profile);
                if differing.is_empty() {
                    return Decision::done("the profile is as wanted");
                }
                let change = Change::new(Action::Update, "the profile differs");
                Decision::Change(
                    with_fields(change, &differing, Some(profile))
                        .call(Call::number(Some(&number.id), "whatsapp_business_profile")),
                )
            }
            Some(Observed::Unknown(why)) => {
                let message = format!("the profile of {} cannot be read: {why}", self.phone);
                let rule = "profile-unreadable";
                Decision::blocked(Finding::unknown(
                    rule,
                    Severity::Error,
                    self.address(),
                    message,
                ))
            }
            Some(Observed::Absent) | None => self.before_live(),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let wanted = self.wanted(&cx.seen());
        let Some(wanted) = wanted.filter(|wanted| !wanted.fields().is_empty()) else {
            return Ok(Outcome::Already("there is no profile to carry over".into()));
        };
        let id = cx.number_id(&self.phone)?;
        let read = Seen::read(&id);
        let differing = || async {
            let profile = Seen::of(cx.target.list(&read).await?);
            let differing = wanted.differs_from(&profile);
            cx.seen()
                .profiles
                .insert(self.phone.clone(), Observed::Present(profile));
            Ok::<_, CallError>(differing)
        };
        let reading = |source| StepError::Call {
            doing: format!("read the profile of {}", self.phone),
            source,
        };
        let fields = differing().await.map_err(reading)?;
        if fields.is_empty() {
            return Ok(Outcome::Already("the profile is as wanted".into()));
        }
        cx.as_reviewed(self)?;
        let before = self.before(&cx.seen(), &fields);
        cx.keep_before(&self.address(), &before)?;
        let names = fields.keys().cloned().collect::<Vec<_>>().join(", ");
        let write = write::set_profile(&id, fields);
        let doing = format!("set the profile of {}", self.phone);
        let lookup = || async { Ok(differing().await?.is_empty().then_some(())) };
        cx.write(&self.address(), &doing, &write, Repeat::AfterLookup, lookup)
            .await?;
        Ok(Outcome::Done(format!("set {names}")))
    }
}
