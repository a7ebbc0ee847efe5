//! What stands in the way in Genesys Cloud. Steps that meet the same say it in the same words.

pub(super) mod access;
pub(super) mod account;
pub(super) mod number;
mod scope;

use std::fmt;

pub(super) use scope::Scope;

use crate::{
    finding::{Finding, Severity, Who},
    phone::Phone,
    resource::{
        Trouble, Why,
        genesys::integration::{Integration, IntegrationStatus},
    },
    snapshot::organization::Integrations,
};

/// What findings about the organization itself are about.
const ORGANIZATION: &str = "genesys";

/// What findings about the OAuth client and its roles are about.
const CLIENT: &str = "genesys.client_id";

/// Where a person looks at integrations.
const ADMIN: &str = "Genesys Cloud > Admin > Message > Platforms";

/// What shows which integrations a number has.
const INTEGRATIONS: &str = "GET /conversations/messaging/integrations/whatsapp";

/// The rule of an organization, or a part of it, that cannot be read.
pub(super) const READABLE: &str = "genesys-readable";

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
        "delete all but the one that is used, in {ADMIN}: which of them is {phone} is for a person to say"
    );
    Finding::fail("genesys-contested", subject, message)
        .observed(shown.collect::<Vec<_>>().join("; "))
        .ask(Who::GenesysAdmin, hint)
        .proof(format!("{INTEGRATIONS} shows it once per account"))
}

/// The finding of a number without an integration that its message flow could be kept from.
pub(crate) fn integration_missing(subject: impl fmt::Display, phone: &Phone) -> Finding {
    let message =
        "no integration in Genesys Cloud has this number, so there is no message flow to keep";
    let hint = format!(
        "check genesys.region and the OAuth client's organization, and look for {phone} in {ADMIN}; if it is new there, name its flow in the plan (genesys.flow)"
    );
    Finding::fail("genesys-integration-missing", subject, message)
        .observed("no entry")
        .ask(Who::Us, hint)
        .proof(format!("{INTEGRATIONS} shows it"))
}

/// The finding of an organization, or a part of it, that cannot be read.
pub(crate) fn unreadable(subject: impl fmt::Display, why: &Why) -> Finding {
    let message = format!("Genesys Cloud cannot be read: {why}");
    if why.trouble == Trouble::Credential {
        let (rule, hint) = match why.lacks.is_empty() {
            true => ("genesys-credential", access::CHECK_CLIENT.to_owned()),
            false => ("genesys-permission", access::give(&why.lacks.join(", "))),
        };
        return Finding::fail(rule, subject, message)
            .observed(&why.said)
            .ask(Who::GenesysAdmin, hint)
            .proof("the read is answered");
    }
    let hint = match why.trouble {
        Trouble::Limit => "run it again when the limit has passed",
        Trouble::Missing | Trouble::Credential => {
            "check what the plan says of the organization (genesys), and what is said above"
        }
        Trouble::Failure => {
            "run it again; if that does not help, look at what is said above, and at the status page of Genesys Cloud"
        }
    };
    let said = if why.said.is_empty() {
        &why.reason
    } else {
        &why.said
    };
    Finding::unknown(READABLE, Severity::Error, subject, message)
        .observed(said)
        .ask(Who::Us, hint)
        .proof("the read is answered")
}

fn with_status(one: &Integration) -> String {
    let account = one.waba.as_deref().unwrap_or("not shown");
    let (name, id, status) = (&one.name, &one.id, one.status_word());
    format!("{name} ({id}, {status}, account {account})")
}

/// Names a thing by what people call it, and by its id.
fn called(name: &str, id: impl fmt::Display) -> String {
    format!("{name} ({id})")
}

/// Counts things in words.
fn count(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

/// Names the first ones and counts the rest.
fn some(names: &[String], most: usize) -> String {
    let mut text = names[..names.len().min(most)].join("; ");
    if names.len() > most {
        text += &format!("; and {} more", names.len() - most);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::preflight::is_credential;

    fn why(trouble: Trouble, lacks: &[&str]) -> Why {
        Why {
            reason: "no".into(),
            said: "Genesys Cloud refused: no".into(),
            trouble,
            lacks: lacks.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_credential_or_unknown() {
        #[track_caller]
        fn check(why: &Why, rule: &str, credential: bool, hint: &str) {
            let finding = unreadable("number", why);
            assert_eq!(
                (&*finding.rule, is_credential(&finding)),
                (rule, credential)
            );
            assert!(finding.blocks() && finding.hint.is_some_and(|it| it.contains(hint)));
        }
        let lacks = why(Trouble::Credential, &["routing:queue:view", "a:b:c"]);
        let named = "a role with routing:queue:view, a:b:c";
        check(&lacks, "genesys-permission", true, named);
        let refused = why(Trouble::Credential, &[]);
        check(&refused, "genesys-credential", true, "genesys.region");
        check(&why(Trouble::Failure, &[]), READABLE, false, "run it again");
        check(&why(Trouble::Limit, &[]), READABLE, false, "has passed");
        check(&why(Trouble::Missing, &[]), READABLE, false, "(genesys)");
    }

    #[test]
    fn those_that_claim_a_number_are_named_and_counted_where_they_stay() {
        let one = |id: &str, status: &str, waba: Option<&str>| -> Integration {
            let fields = json!({"id": id, "name": "WA", "status": status, "whatsAppBusinessAccountId": waba});
            serde_json::from_value(fields).unwrap()
        };
        let (active, broken) = (one("a", "Active", Some("10")), one("b", "Error", None));
        let leaving = one("c", "Deleting", Some("10"));
        let phone = "+49 30 901820".parse().unwrap();
        let old = Integrations {
            old: vec![&active, &broken, &leaving],
            new: vec![],
        };
        let finding = contested("number", &phone, &old);
        insta::assert_snapshot!(finding.message, @"2 integrations of the account it leaves claim this number");
        insta::assert_snapshot!(finding.observed.unwrap(), @"WA (a, Active, account 10); WA (b, Error, account not shown); WA (c, Deleting, account 10)");
        let new = Integrations {
            old: vec![&leaving],
            new: vec![&active, &broken],
        };
        let finding = contested("number", &phone, &new);
        insta::assert_snapshot!(finding.message, @"2 integrations of the target claim this number");
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<_> = (0..4).map(|it: u8| it.to_string()).collect();
        assert_eq!(some(&names, 4), "0; 1; 2; 3");
        assert_eq!(some(&names, 2), "0; 1; and 2 more");
        assert_eq!(
            (count(1, "queue"), count(2, "queue")),
            ("1 queue".into(), "2 queues".into())
        );
    }
}
