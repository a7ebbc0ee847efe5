//! What the rules about Genesys Cloud look at: the organization, and the numbers that are not yet
//! where they are to be in it.

use crate::{
    ids::{AccountStep, Address, NumberStep},
    plan::{Genesys, MessageFlow, Number, NumberGenesys, Plan},
    resource::{
        Observed, Trouble,
        genesys::{integration::Integration, recipient::Recipient, response::Response},
    },
    snapshot::{
        Snapshot,
        former::{Former, kept_former},
        organization::{Integrations, Organization},
    },
};

use super::super::case::subject_of;

/// The organization of a plan, and what is left to do in it.
pub(in super::super) struct Scope<'a> {
    pub(super) organization: &'a Organization,
    pub(super) settings: &'a Genesys,
    /// Numbers that are still to be released or attached, in the plan's order.
    pub(super) open: Vec<Used<'a>>,
    /// Whether nothing is left to do for the accounts either.
    is_account_done: bool,
}

/// A number that Genesys Cloud uses.
pub(super) struct Used<'a> {
    pub(super) number: &'a Number,
    pub(super) wanted: &'a NumberGenesys,
    /// Its integrations; `None` where they cannot be read.
    pub(super) sorted: Option<Integrations<'a>>,
    /// What earlier runs kept of its old integration.
    pub(super) kept: Option<Former>,
}

/// Where the messages of a number are to go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To the flow of this name or id.
    To(String),
    /// To nobody, as they do now.
    Nobody,
    /// Where they went is not known any more.
    Forgotten,
    /// That cannot be told: something cannot be read, or another rule says what is wrong.
    Untold,
}

impl<'a> Scope<'a> {
    /// Looks at a plan and a snapshot. `None`: the plan names no organization, or no number that it
    /// uses.
    pub(in super::super) fn of(plan: &'a Plan, seen: &'a Snapshot) -> Option<Self> {
        let (organization, settings) = (seen.organization.as_ref()?, plan.genesys.as_ref()?);
        let used = plan.numbers.iter().filter_map(|number| {
            Some(Used {
                number,
                wanted: number.genesys.as_ref()?,
                sorted: seen.integrations(&plan.target.waba, &number.phone).ok(),
                kept: kept_former(&seen.history, &number.phone),
            })
        });
        let used: Vec<_> = used.collect();
        if used.is_empty() {
            return None;
        }
        let open = used.into_iter();
        let open = open.filter(|used| !used.is_past(organization, seen));
        Some(Self {
            organization,
            settings,
            open: open.collect(),
            is_account_done: is_account_done(settings, organization, seen),
        })
    }

    /// Returns whether nothing is left to do in Genesys Cloud.
    pub(super) fn is_over(&self) -> bool {
        self.open.is_empty() && self.is_account_done
    }

    /// Returns whether the OAuth client is not let in, so that nothing at all can be read.
    pub(super) fn is_shut_out(&self) -> bool {
        let why = self.organization.token.unknown();
        why.is_some_and(|why| why.trouble == Trouble::Credential)
    }

    /// Returns the open numbers whose integrations can be told apart.
    pub(super) fn clear(&self) -> impl Iterator<Item = (&Used<'a>, &Integrations<'a>)> {
        let sorted = |used: &'_ Used<'a>| {
            used.sorted
                .as_ref()
                .filter(|all| !all.is_contested())
                .is_some()
        };
        self.open
            .iter()
            .filter(move |used| sorted(used))
            .filter_map(|used| Some((used, used.sorted.as_ref()?)))
    }
}

/// Returns whether the steps of the accounts are done, as far as runs of this plan and the lists
/// tell.
fn is_account_done(settings: &Genesys, organization: &Organization, seen: &Snapshot) -> bool {
    let was_done = |step| seen.history.done.contains(&Address::account(step));
    let names_source = |all: &Vec<Response>| {
        let mut all = all.iter();
        all.any(|one| is_of_source(one, seen))
    };
    let responses = organization.responses.present();
    let has_responses = match settings.repoints_responses {
        true => responses.map_or(!was_done(AccountStep::GenesysResponses), names_source),
        false => false,
    };
    let has_placeholder = settings.placeholder.as_ref().is_some_and(|placeholder| {
        let all = organization.integrations.present();
        all.map_or(!was_done(AccountStep::GenesysPlaceholder), |all| {
            all.iter().any(|one| one.claims(placeholder))
        })
    });
    !has_responses && !has_placeholder
}

/// Returns whether a canned response certainly belongs to the source: by its namespace.
pub(super) fn is_of_source(response: &Response, seen: &Snapshot) -> bool {
    let source = source_namespace(seen);
    source.is_some() && response.template().and_then(|it| it.namespace) == source
}

/// Returns the source's template namespace.
pub(super) fn source_namespace(seen: &Snapshot) -> Option<&str> {
    let details = seen.source.details.present()?;
    details.message_template_namespace.as_deref()
}

impl<'a> Used<'a> {
    /// Names it in findings.
    pub(super) fn subject(&self) -> String {
        subject_of(&self.number.phone)
    }

    /// Returns whether its new integration is active, its messages go where they are to go, and the
    /// old one is gone.
    fn is_past(&self, organization: &Organization, seen: &Snapshot) -> bool {
        let phone = &self.number.phone;
        let attach = Address::number(phone, NumberStep::GenesysAttach);
        let was_attached = seen.history.done.contains(&attach) && seen.target.has_registered(phone);
        let (Some(all), None) = (&self.sorted, organization.recipients.unknown()) else {
            return was_attached;
        };
        let [new] = all.new[..] else {
            return false;
        };
        let recipient = organization.recipient_of(new);
        all.old.is_empty() && new.is_active() && self.is_routed(recipient)
    }

    fn is_routed(&self, recipient: Option<&Recipient>) -> bool {
        let flow = recipient.and_then(|recipient| recipient.flow.as_ref());
        match (&self.wanted.flow, &self.kept, flow) {
            (MessageFlow::Named(word), _, Some(flow)) => {
                flow.id.as_str() == word || flow.name.as_ref() == Some(word)
            }
            (MessageFlow::Named(_), _, None) => false,
            (MessageFlow::Keep, Some(kept), flow) => match &kept.flow {
                Some(kept) => flow.is_some_and(|flow| flow.id == *kept),
                None => true,
            },
            (MessageFlow::Keep, None, flow) => flow.is_some(),
        }
    }

    /// Returns where its messages are to go.
    pub(super) fn route(&self, all: &Integrations<'_>, organization: &Organization) -> Route {
        if let MessageFlow::Named(word) = &self.wanted.flow {
            return Route::To(word.clone());
        }
        let leads = |one: &Integration| {
            let recipient = organization.recipient_of(one)?;
            Some(recipient.flow.as_ref()?.id.to_string())
        };
        let old = all.staying();
        let kept = self.kept.as_ref();
        let kept = kept.filter(|kept| old.is_none_or(|old| old.id == kept.integration));
        let before = old.and_then(leads);
        let before = before.or_else(|| Some(kept?.flow.as_ref()?.to_string()));
        if let Some(flow) = before.or_else(|| all.new.iter().find_map(|new| leads(new))) {
            return Route::To(flow);
        }
        match (&organization.recipients, old.is_some() || kept.is_some()) {
            (Observed::Unknown(_), _) => Route::Untold,
            (_, true) => Route::Nobody,
            (_, false) if all.new.is_empty() => Route::Untold,
            (_, false) => Route::Forgotten,
        }
    }
}
