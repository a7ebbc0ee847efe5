//! Writes back what stood in a business profile before runs of this plan set it.
//!
//! Field by field, and only those that still say what was set. Meta takes no empty `about` and no
//! empty `vertical`: one that was empty before stays.
//!
//! In doubt: the profile, read and compared field by field, proves it; only what still differs is
//! sent again.

use serde_json::{Map, Value, json};

use super::{super::Call, KEPT_NOTHING, fresh, is_over, stays, unreadable};
use crate::{
    api::meta::{
        CallError,
        write::{self, PROFILE_FIELDS},
    },
    ids::{Address, NumberStep},
    journal::deeds::Deed,
    phone::Phone,
    plan::Number,
    resource::{Observed, profile::Profile},
    snapshot::Snapshot,
    step::{Action, Change, Context, Decision, Outcome, StepError, StepKind, context::Repeat},
};

/// Fields that cannot be emptied.
const NEVER_EMPTY: [&str; 2] = ["about", "vertical"];

/// Takes a profile back.
#[derive(Clone, Debug)]
pub struct ProfileUndo {
    phone: Phone,
}

/// What becomes of the fields that were set.
#[derive(Default)]
struct Fields {
    /// Written back: name, value now, value before.
    back: Vec<(&'static str, Value, Value)>,
    /// Not written back, with the reason.
    stay: Vec<(&'static str, Value, &'static str)>,
}

impl Fields {
    fn of(deed: &Deed<'_>, profile: &Profile) -> Self {
        let mut fields = Self::default();
        for name in PROFILE_FIELDS {
            let Some(set) = deed.set.get(name) else {
                continue;
            };
            let now = profile.fields().get(name).cloned().unwrap_or_default();
            let before = deed.before.map(|before| before.get(name));
            match before.flatten() {
                Some(before) if profile.says(name, before) => {}
                _ if !profile.says(name, set) => {
                    let why = "says something else by now";
                    fields.stay.push((name, now, why));
                }
                None => fields.stay.push((name, now, KEPT_NOTHING)),
                Some(before) => match written(name, before) {
                    Some(before) => fields.back.push((name, now, before)),
                    None => {
                        let why = "was empty before, and Meta takes no empty one";
                        fields.stay.push((name, now, why));
                    }
                },
            }
        }
        fields
    }

    fn told(&self) -> String {
        let told = self
            .stay
            .iter()
            .map(|(name, _, why)| format!("{name} {why}"));
        told.collect::<Vec<_>>().join("; ")
    }
}

/// The value that makes a field as it was. `None`: there is none.
fn written(name: &str, before: &Value) -> Option<Value> {
    match before {
        Value::Null if NEVER_EMPTY.contains(&name) => None,
        Value::Null if name == "websites" => Some(json!([])),
        Value::Null => Some(json!("")),
        before => Some(before.clone()),
    }
}

impl ProfileUndo {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
        }
    }

    fn judge(&self, fields: &Fields, path: Call) -> Decision {
        let told = fields.told();
        let with = |change: Change| {
            let stay = fields.stay.iter();
            stay.fold(change, |change, (name, now, _)| {
                change.seen(name, now.clone())
            })
        };
        if fields.back.is_empty() {
            return match told.is_empty() {
                true => Decision::done("the profile is as it was before"),
                false => Decision::Change(with(stays(told))),
            };
        }
        let reason = match told.is_empty() {
            true => "it says what a run of this plan set".to_owned(),
            false => format!("it says what a run of this plan set; {told}"),
        };
        let change = with(Change::new(Action::Update, reason)).call(path);
        let back = fields.back.iter();
        Decision::Change(back.fold(change, |change, (name, now, before)| {
            change
                .field(name, now.clone(), before.clone())
                .seen(name, now.clone())
        }))
    }
}

impl StepKind for ProfileUndo {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::ProfileUndo)
    }

    fn describe(&self) -> String {
        format!("Write the earlier business profile of {} back", self.phone)
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let step = Address::number(&self.phone, NumberStep::Profile);
        let Some(deed) = seen.history.deeds.of(&step) else {
            return Decision::done("no run of this plan set its profile");
        };
        let number = match seen.target.number(&self.phone) {
            Observed::Present(number) if number.is_registered() => number,
            Observed::Present(_) | Observed::Absent => {
                return Decision::done("the number is not registered on the target");
            }
            Observed::Unknown(why) => {
                let what = "the list of the target's numbers";
                return unreadable("numbers-unreadable", self.address(), what, &why);
            }
        };
        match seen.profiles.get(&self.phone) {
            Some(Observed::Present(profile)) => {
                let call = Call::number(Some(&number.id), "whatsapp_business_profile");
                self.judge(&Fields::of(&deed, profile), call)
            }
            Some(Observed::Unknown(why)) => {
                let what = format!("the profile of {}", self.phone);
                unreadable("profile-unreadable", self.address(), &what, why)
            }
            Some(Observed::Absent) | None => Decision::done("the number shows no profile"),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let id = cx.number_id(&self.phone)?;
        let read = Profile::read(&id);
        let look = || async {
            let profile = Profile::of(cx.target.list(&read).await?);
            cx.seen()
                .profiles
                .insert(self.phone.clone(), Observed::Present(profile));
            Ok::<_, CallError>(is_over(self, cx).then_some(()))
        };
        look().await.map_err(|source| StepError::Call {
            doing: format!("read the profile of {}", self.phone),
            source,
        })?;
        let change = match fresh(self, cx)? {
            Ok(change) => change,
            Err(outcome) => return Ok(outcome),
        };
        let fields = change.fields.into_iter();
        let fields: Map<_, _> = fields.map(|field| (field.path, field.after)).collect();
        let names = fields.keys().cloned().collect::<Vec<_>>().join(", ");
        let write = write::set_profile(&id, fields);
        let doing = format!("write the earlier profile of {} back", self.phone);
        cx.write(&self.address(), &doing, &write, Repeat::AfterLookup, look)
            .await?;
        Ok(Outcome::Done(format!("wrote {names} back")))
    }
}
