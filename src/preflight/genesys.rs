//! What stands in the way in Genesys Cloud. Steps that meet the same say it in the same words.

use std::fmt;

use crate::{
    finding::{Finding, Severity, Who},
    phone::Phone,
    resource::{
        Trouble, Why,
        genesys::integration::{Integration, IntegrationStatus},
    },
    snapshot::organization::Integrations,
};

/// Where a person looks at integrations.
const ADMIN: &str = "Genesys Cloud > Admin > Message > Platforms";

/// What shows which integrations a number has.
const INTEGRATIONS: &str = "GET /conversations/messaging/integrations/whatsapp";

/// The finding of a number that several integrations claim.
pub(crate) fn contested(
    subject: impl fmt::Display,
    phone: &Phone,
    all: &Integrations<'_>,
) -> Finding {
    let Integrations { old, new } = all;
    let stays = |one: &&&Integration| one.status != Some(IntegrationStatus::Deleting);
    let (count, place) = match new.len() > 1 {
        true => (new.len(), "the target"),
        false => (old.iter().filter(stays).count(), "the account it leaves"),
    };
    let message = format!("{count} integrations of {place} claim this number");
    let shown = old.iter().chain(new).map(|one| with_status(one));
    let hint = format!(
        "delete all but the one that is used in {ADMIN}: which one is to move with {phone} is not for a program to choose"
    );
    Finding::fail("genesys-contested", subject, message)
        .observed(shown.collect::<Vec<_>>().join("; "))
        .ask(Who::GenesysAdmin, hint)
        .proof(format!("{INTEGRATIONS} shows the number once per account"))
}

/// The finding of a number without an integration that its message flow could be kept from.
pub(crate) fn integration_missing(subject: impl fmt::Display, phone: &Phone) -> Finding {
    let message =
        "no integration in Genesys Cloud has this number, so there is no message flow to keep";
    let hint = format!(
        "check region and organization, and look for {phone} in {ADMIN}; or name a flow for it in the plan (genesys.flow)"
    );
    Finding::fail("genesys-integration-missing", subject, message)
        .observed("no entry")
        .ask(Who::Us, hint)
        .proof(format!("{INTEGRATIONS} shows the number"))
}

/// The finding of a part of the organization that cannot be read.
pub(crate) fn unreadable(subject: impl fmt::Display, why: &Why) -> Finding {
    let message = format!("what it has in Genesys Cloud cannot be read: {why}");
    if why.trouble == Trouble::Credential {
        return Finding::fail("genesys-credential", subject, message).ask(
            Who::GenesysAdmin,
            "check the OAuth client of the plan, and give it a role with what is missing",
        );
    }
    Finding::unknown("genesys-unreadable", Severity::Error, subject, message).ask(
        Who::Us,
        "run it again; if that does not help, look at what Genesys Cloud says",
    )
}

fn with_status(one: &Integration) -> String {
    format!("{} ({}, {})", one.id, one.name, one.status_word())
}
