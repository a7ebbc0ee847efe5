//! How people carry a play out: with a reviewed change set or without one, there or not, and with a
//! journal that may get lost. Pure.
//!
//! Three promises rest on the journal alone, so they end where it is lost and begin anew after that:
//!
//! * **History**: what the API forgets and a run kept. The profile that a number had on the source is not
//!   carried over any more once the number has moved, and a migration intent may be set again.
//! * **Ledger**: what left before is not counted. Meta's own limits hold.
//! * **Codes**: nobody can see whether one is on its way, so a second one may be asked for.
//!
//! What an old integration in Genesys Cloud was is history, too: a journal is not lost once one was touched.
//! (Then a person names the flow, or has the reviewed change set.)
//!
//! Everything else holds: it is decided from what is observed.

use super::faults::{Dice, Fault};

/// How a play is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// A change set is saved and reviewed, and every run carries that one out.
    pub is_reviewed: bool,
    /// Somebody sits there and waits. Else runs park, and codes come from where the plan says.
    pub is_attended: bool,
    /// The journal is lost after that run.
    pub loses_journal_after: Option<u32>,
}

impl Default for Manner {
    /// A person at a terminal.
    fn default() -> Self {
        Self {
            is_reviewed: false,
            is_attended: true,
            loses_journal_after: None,
        }
    }
}

/// The last run after which a journal is lost. Later ones have little left to do.
const LAST_LOSS: u32 = 3;

impl Manner {
    /// Draws one. Every second play is that of a person at a terminal, more or less.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut one_in = |most| dice.up_to(most) == 1;
        let (is_reviewed, is_attended) = (one_in(3), !one_in(4));
        let loses = one_in(5);
        Self {
            is_reviewed,
            is_attended,
            loses_journal_after: loses.then(|| dice.up_to(LAST_LOSS)),
        }
    }

    /// Returns what is special about it, in words.
    pub fn words(self) -> Vec<String> {
        let Self {
            is_reviewed,
            is_attended,
            loses_journal_after,
        } = self;
        let reviewed = is_reviewed.then(|| REVIEWED.to_owned());
        let unattended = (!is_attended).then(|| UNATTENDED.to_owned());
        let lost = loses_journal_after.map(|run| format!("{LOST} after run {run}"));
        [reviewed, unattended, lost].into_iter().flatten().collect()
    }

    /// Returns what is special about it, without its details.
    pub(super) fn kinds(self) -> impl Iterator<Item = &'static str> {
        let kinds = [
            self.is_reviewed.then_some(REVIEWED),
            (!self.is_attended).then_some(UNATTENDED),
            self.loses_journal_after.map(|_| LOST),
        ];
        kinds.into_iter().flatten()
    }
}

/// What a play with a reviewed change set is called.
const REVIEWED: &str = "reviewed change set";

/// What a play without people at a terminal is called.
const UNATTENDED: &str = "nobody at a terminal";

/// What a play that loses its journal is called.
const LOST: &str = "journal lost";

/// Everything that is special about one play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// How it is carried out.
    pub manner: Manner,
    /// What goes wrong in it.
    pub faults: Vec<Fault>,
}

impl Draw {
    /// Faults that meet a person at a terminal.
    pub fn of(faults: Vec<Fault>) -> Self {
        let manner = Manner::default();
        Self { manner, faults }
    }

    /// Returns all of it in words.
    pub fn words(&self) -> Vec<String> {
        let faults = self.faults.iter().map(ToString::to_string);
        self.manner.words().into_iter().chain(faults).collect()
    }
}
