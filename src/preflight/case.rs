//! What the rules look at: the plan, what was seen, and what still has to move.
//!
//! It judges nothing. Numbers and templates are sorted once here, because every rule asks for the
//! same ones.

use std::fmt;

use jiff::Timestamp;

use super::genesys::Scope;
use crate::{
    inventory::Inventory,
    phone::Phone,
    plan::{Number, Plan},
    resource::{
        phone_number::PhoneNumber,
        waba::{Waba, WabaDetails},
    },
    snapshot::{Account, Snapshot},
};

/// One plan against one snapshot.
pub(super) struct Case<'a> {
    pub(super) plan: &'a Plan,
    pub(super) seen: &'a Snapshot,
    /// Numbers that still have to move, in the plan's order. The rest is past every precondition.
    pub(super) moving: Vec<Moving<'a>>,
    /// What becomes of the source's templates; `None` where one side cannot be read.
    pub(super) templates: Option<Inventory>,
    /// What is left to do in Genesys Cloud; `None` where the plan has nothing there.
    pub(super) genesys: Option<Scope<'a>>,
}

/// A number that still has to move, with what both accounts show of it.
pub(super) struct Moving<'a> {
    pub(super) number: &'a Number,
    pub(super) on_source: Option<&'a PhoneNumber>,
    pub(super) on_target: Option<&'a PhoneNumber>,
}

/// Which of the two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// An account that can be read.
pub(super) struct Readable<'a> {
    pub(super) side: Side,
    pub(super) subject: String,
    pub(super) waba: &'a Waba,
    account: &'a Account,
}

impl<'a> Case<'a> {
    pub(super) fn new(plan: &'a Plan, seen: &'a Snapshot) -> Self {
        let moving = plan.numbers.iter().filter_map(|number| {
            let on_target = seen.target.known(&number.phone);
            let is_past = on_target.is_some_and(PhoneNumber::is_registered);
            (!is_past).then(|| Moving {
                number,
                on_source: seen.source.known(&number.phone),
                on_target,
            })
        });
        Self {
            plan,
            seen,
            moving: moving.collect(),
            templates: Inventory::of(&plan.templates, seen, seen.at),
            genesys: Scope::of(plan, seen),
        }
    }

    /// Returns whether nothing is left to move.
    pub(super) fn is_over(&self) -> bool {
        self.moving.is_empty()
    }

    /// Names the source in findings.
    pub(super) fn source(&self) -> String {
        format!("source {}", self.plan.source.waba)
    }

    /// Names the target in findings.
    pub(super) fn target(&self) -> String {
        format!("target {}", self.plan.target.waba)
    }

    /// Returns the moving numbers that the source shows.
    pub(super) fn on_source(&self) -> impl Iterator<Item = (&Moving<'a>, &'a PhoneNumber)> {
        self.moving
            .iter()
            .filter_map(|moving| Some((moving, moving.on_source?)))
    }

    /// Returns the accounts whose own state can stop a move, as long as something is left to move.
    pub(super) fn accounts(&self) -> Vec<Readable<'a>> {
        let both = [
            (Side::Source, self.source(), &self.seen.source),
            (Side::Target, self.target(), &self.seen.target),
        ];
        let readable = both.into_iter().filter(|_| !self.is_over());
        let readable = readable.filter_map(|(side, subject, account)| {
            let waba = account.waba.present()?;
            Some(Readable {
                side,
                subject,
                waba,
                account,
            })
        });
        readable.collect()
    }
}

impl<'a> Readable<'a> {
    /// Returns what else the account shows.
    pub(super) fn details(&self) -> Option<&'a WabaDetails> {
        self.account.details.present()
    }

    /// Returns why that cannot be read.
    pub(super) fn no_details(&self) -> Option<String> {
        self.account.details.unknown().map(ToString::to_string)
    }
}

impl Moving<'_> {
    /// Names the number in findings.
    pub(super) fn subject(&self) -> String {
        subject_of(&self.number.phone)
    }
}

/// Names a number in findings.
pub(super) fn subject_of(phone: &Phone) -> String {
    format!("number[\"{phone}\"]")
}

/// Shows a moment in findings.
pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
