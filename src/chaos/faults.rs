//! What goes wrong in a play, and how it is drawn from a seed. Pure: the seed decides everything.

use std::fmt;

use super::manner::{Draw, Manner};
use crate::{ids::TemplateKey, phone::Phone, sim::script::Moment};

/// A generator of numbers that look like chance: SplitMix64.
///
/// Source: Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 1 to `most`; 1 where `most` is smaller.
    pub fn up_to(&mut self, most: u32) -> u32 {
        let rolled = self.roll() % u64::from(most.max(1));
        1 + u32::try_from(rolled).unwrap_or_default()
    }

    /// Picks one. `None`: there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let most = u32::try_from(from.len()).unwrap_or(u32::MAX);
        from.get(self.up_to(most) as usize - 1)
    }
}

/// Makes the enum of kinds, the list of all, and their words.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $words:literal;)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $kind,)+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// Returns what it is called.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $words,)+ }
            }
        }
    };
}

kinds! {
    /// The connection breaks, and nothing has happened.
    CutBefore = "cut before the effect";
    /// The request was delivered; only its answer is lost.
    CutAfter = "answer lost";
    /// No answer comes, and nothing has happened.
    TimeoutBefore = "timeout before the effect";
    /// No answer comes, but it has happened.
    TimeoutAfter = "timeout after the effect";
    /// Status 500, and nothing has happened.
    ErrorBefore = "500 before the effect";
    /// Status 500, but it has happened.
    ErrorAfter = "500 after the effect";
    /// Meta asks for a pause.
    Throttling = "throttling";
    /// Meta says that something went wrong, and that it may work later.
    Transient = "passing error";
    /// The answer comes late.
    Late = "late answer";
    /// The process dies with its request written and not delivered.
    DeathBeforeEffect = "death before the effect";
    /// The process dies between effect and answer.
    DeathAfterEffect = "death between effect and answer";
    /// The process dies right after a line of the journal is on disk.
    DeathAfterLine = "death after a journal line";
    /// The process dies in the middle of a line of the journal.
    DeathInLine = "death in a journal line";
    /// A token is revoked, and given back by a person.
    Revoked = "token revoked";
    /// The owner switches two-step verification on again, and later off.
    TwoStepOn = "two-step verification on again";
    /// Every second read shows another state for a while.
    Flapping = "flapping states";
    /// A template that was approved is rejected, and approved after an appeal.
    Rejected = "late rejection";
    /// A template that was approved is rejected for good.
    RejectedForGood = "rejection for good";
    /// The target's payment method goes, and comes back.
    Unpaid = "payment method gone";
    /// The target's webhooks are unsubscribed.
    Unsubscribed = "unsubscribed";
    /// The clock of the machine jumps; a person sets it right between two runs.
    ClockJump = "clock jump";
    /// The machine sleeps: time passes, and it notices nothing.
    Suspended = "suspended machine";
    /// Somebody starts the same migration once more meanwhile.
    SecondRunner = "second runner";
}

impl Kind {
    /// Whether somebody else changes the world by it, or what of it can be seen.
    pub fn is_foreign(self) -> bool {
        match self {
            Self::TwoStepOn
            | Self::Flapping
            | Self::Rejected
            | Self::RejectedForGood
            | Self::Unpaid
            | Self::Unsubscribed => true,
            Self::CutBefore
            | Self::CutAfter
            | Self::TimeoutBefore
            | Self::TimeoutAfter
            | Self::ErrorBefore
            | Self::ErrorAfter
            | Self::Throttling
            | Self::Transient
            | Self::Late
            | Self::DeathBeforeEffect
            | Self::DeathAfterEffect
            | Self::DeathAfterLine
            | Self::DeathInLine
            | Self::Revoked
            | Self::ClockJump
            | Self::Suspended
            | Self::SecondRunner => false,
        }
    }
}

/// Where in a play a fault strikes, counted from 1 over all its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a write.
    Write(u32),
    /// At a read.
    Read(u32),
    /// At a line of the journal.
    Line(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(nth) => write!(f, "write {nth}"),
            Self::Read(nth) => write!(f, "read {nth}"),
            Self::Line(nth) => write!(f, "journal line {nth}"),
        }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The connection breaks.
    Cut(Moment),
    /// No answer comes.
    Timeout(Moment),
    /// Status 500.
    ServerError(Moment),
    /// Meta asks for a pause of so many minutes.
    Throttled(u32),
    /// Error 131000.
    Transient,
    /// The answer comes so many seconds late.
    Late(u32),
    /// The process dies at a call.
    Death(Moment),
    /// The process dies after a line, or in its middle.
    DeathAtLine {
        /// In its middle.
        is_torn: bool,
    },
    /// The token of that name is revoked.
    Revoked(String),
    /// The owner of the number switches two-step verification on.
    TwoStepOn(Phone),
    /// Every second of so many reads shows another state.
    Flapping(u32),
    /// A template is rejected.
    Rejected {
        /// Which, on the target.
        template: TemplateKey,
        /// No appeal helps.
        for_good: bool,
    },
    /// The payment method is gone.
    Unpaid,
    /// No app is subscribed.
    Unsubscribed,
    /// The machine's clock jumps by so many seconds.
    ClockJump(i64),
    /// The machine sleeps for so many seconds.
    Suspended(u32),
    /// Somebody starts the same migration once more.
    SecondRunner,
}

impl Trouble {
    /// Returns its kind.
    pub fn kind(&self) -> Kind {
        use Moment::{AfterEffect, BeforeEffect};
        match self {
            Self::Cut(BeforeEffect) => Kind::CutBefore,
            Self::Cut(AfterEffect) => Kind::CutAfter,
            Self::Timeout(BeforeEffect) => Kind::TimeoutBefore,
            Self::Timeout(AfterEffect) => Kind::TimeoutAfter,
            Self::ServerError(BeforeEffect) => Kind::ErrorBefore,
            Self::ServerError(AfterEffect) => Kind::ErrorAfter,
            Self::Throttled(_) => Kind::Throttling,
            Self::Transient => Kind::Transient,
            Self::Late(_) => Kind::Late,
            Self::Death(BeforeEffect) => Kind::DeathBeforeEffect,
            Self::Death(AfterEffect) => Kind::DeathAfterEffect,
            Self::DeathAtLine { is_torn: false } => Kind::DeathAfterLine,
            Self::DeathAtLine { is_torn: true } => Kind::DeathInLine,
            Self::Revoked(_) => Kind::Revoked,
            Self::TwoStepOn(_) => Kind::TwoStepOn,
            Self::Flapping(_) => Kind::Flapping,
            Self::Rejected {
                for_good: false, ..
            } => Kind::Rejected,
            Self::Rejected { for_good: true, .. } => Kind::RejectedForGood,
            Self::Unpaid => Kind::Unpaid,
            Self::Unsubscribed => Kind::Unsubscribed,
            Self::ClockJump(_) => Kind::ClockJump,
            Self::Suspended(_) => Kind::Suspended,
            Self::SecondRunner => Kind::SecondRunner,
        }
    }
}

/// A fault and where it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub at: Place,
    /// What.
    pub what: Trouble,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, at) = (self.what.kind().as_str(), self.at);
        match &self.what {
            Trouble::Throttled(minutes) => write!(f, "{kind} for {minutes} min at {at}"),
            Trouble::Late(seconds) | Trouble::Suspended(seconds) => {
                write!(f, "{kind}, {seconds} s, at {at}")
            }
            Trouble::Revoked(token) => write!(f, "{kind} (`{token}`) at {at}"),
            Trouble::TwoStepOn(phone) => write!(f, "{kind} ({phone}) at {at}"),
            Trouble::Flapping(reads) => write!(f, "{kind} for {reads} reads from {at}"),
            Trouble::Rejected { template, .. } => write!(f, "{kind} of {template} at {at}"),
            Trouble::ClockJump(seconds) => write!(f, "{kind} of {seconds:+} s at {at}"),
            Trouble::Cut(_)
            | Trouble::Timeout(_)
            | Trouble::ServerError(_)
            | Trouble::Transient
            | Trouble::Death(_)
            | Trouble::DeathAtLine { .. }
            | Trouble::Unpaid
            | Trouble::Unsubscribed
            | Trouble::SecondRunner => write!(f, "{kind} at {at}"),
        }
    }
}

/// How large an undisturbed play is, and what in it can go wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Its writes.
    pub writes: u32,
    /// Its reads.
    pub reads: u32,
    /// Its journal lines.
    pub lines: u32,
    /// The tokens' names.
    pub tokens: Vec<String>,
    /// The numbers.
    pub phones: Vec<Phone>,
    /// Required templates as they stand on the target at the end.
    pub templates: Vec<TemplateKey>,
    /// Whether the plan itself subscribes an app.
    pub subscribes: bool,
}

/// The most faults of one play.
const MOST_FAULTS: u32 = 4;

/// Seconds by which clocks jump: a correction, a summer time, a wrong day.
const JUMPS: [i64; 8] = [-90_000, -3_600, -90, -2, 2, 90, 3_600, 90_000];

/// Seconds for which machines sleep.
const NAPS: [u32; 4] = [60, 900, 5_400, 36_000];

impl Extent {
    /// Draws a play: its faults, and how it is carried out. A later place than the play reaches strikes
    /// nothing.
    pub fn draw(&self, seed: u64) -> Draw {
        let mut dice = Dice::new(seed);
        let faults = dice.up_to(MOST_FAULTS);
        let mut drawn = Vec::new();
        while drawn.len() < faults as usize {
            let kind = *dice.pick(Kind::ALL).expect("there are kinds");
            drawn.extend(self.fault(kind, &mut dice));
        }
        Draw {
            manner: Manner::draw(&mut dice),
            faults: drawn,
        }
    }

    /// Draws a fault of a kind. `None`: this play has nothing that could go wrong so.
    pub fn fault(&self, kind: Kind, dice: &mut Dice) -> Option<Fault> {
        let at = self.place(kind, dice);
        let what = self.trouble(kind, dice)?;
        Some(Fault { at, what })
    }

    /// Writes are struck more often than reads: there are fewer, and they matter more. Plays that
    /// are disturbed are longer than the undisturbed one.
    fn place(&self, kind: Kind, dice: &mut Dice) -> Place {
        let longer = |number: u32| number + number / 2;
        match kind {
            Kind::DeathAfterLine | Kind::DeathInLine => Place::Line(dice.up_to(longer(self.lines))),
            _ if dice.up_to(10) <= 6 => Place::Write(dice.up_to(longer(self.writes))),
            _ => Place::Read(dice.up_to(longer(self.reads))),
        }
    }

    fn trouble(&self, kind: Kind, dice: &mut Dice) -> Option<Trouble> {
        use Moment::{AfterEffect, BeforeEffect};
        Some(match kind {
            Kind::CutBefore => Trouble::Cut(BeforeEffect),
            Kind::CutAfter => Trouble::Cut(AfterEffect),
            Kind::TimeoutBefore => Trouble::Timeout(BeforeEffect),
            Kind::TimeoutAfter => Trouble::Timeout(AfterEffect),
            Kind::ErrorBefore => Trouble::ServerError(BeforeEffect),
            Kind::ErrorAfter => Trouble::ServerError(AfterEffect),
            Kind::Throttling => Trouble::Throttled(*dice.pick(&[1, 3, 20, 90])?),
            Kind::Transient => Trouble::Transient,
            Kind::Late => Trouble::Late(*dice.pick(&[1, 10, 25])?),
            Kind::DeathBeforeEffect => Trouble::Death(BeforeEffect),
            Kind::DeathAfterEffect => Trouble::Death(AfterEffect),
            Kind::DeathAfterLine => Trouble::DeathAtLine { is_torn: false },
            Kind::DeathInLine => Trouble::DeathAtLine { is_torn: true },
            Kind::Revoked => Trouble::Revoked(dice.pick(&self.tokens)?.clone()),
            Kind::TwoStepOn => Trouble::TwoStepOn(dice.pick(&self.phones)?.clone()),
            Kind::Flapping => Trouble::Flapping(*dice.pick(&[1, 3, 6])?),
            Kind::Rejected | Kind::RejectedForGood => Trouble::Rejected {
                template: dice.pick(&self.templates)?.clone(),
                for_good: kind == Kind::RejectedForGood,
            },
            Kind::Unpaid => Trouble::Unpaid,
            Kind::Unsubscribed if self.subscribes => Trouble::Unsubscribed,
            Kind::Unsubscribed => return None,
            Kind::ClockJump => Trouble::ClockJump(*dice.pick(&JUMPS)?),
            Kind::Suspended => Trouble::Suspended(*dice.pick(&NAPS)?),
            Kind::SecondRunner => Trouble::SecondRunner,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent() -> Extent {
        Extent {
            writes: 7,
            reads: 40,
            lines: 35,
            tokens: vec!["target".into()],
            phones: vec!["+49 30 901820".parse().unwrap()],
            templates: vec![TemplateKey::new("order", "de")],
            subscribes: true,
        }
    }

    #[test]
    fn the_dice_are_those_of_the_paper() {
        let mut dice = Dice::new(1_234_567);
        let rolled = [dice.roll(), dice.roll(), dice.roll()];
        assert_eq!(
            rolled,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn a_seed_draws_the_same_faults_again() {
        let words = |seed| {
            let faults = extent().draw(seed);
            faults.words().join("; ")
        };
        assert_eq!(words(1), words(1));
        assert_ne!(words(1), words(2));
    }

    #[test]
    fn every_kind_is_drawn_and_called_by_its_own_name() {
        let mut dice = Dice::new(1);
        for &kind in Kind::ALL {
            let fault = extent().fault(kind, &mut dice).unwrap();
            assert_eq!(fault.what.kind(), kind);
            assert!(fault.to_string().starts_with(kind.as_str()), "{fault}");
        }
        let drawn: std::collections::BTreeSet<_> = (0..500)
            .flat_map(|seed| extent().draw(seed).faults)
            .map(|fault| fault.what.kind())
            .collect();
        assert_eq!(drawn.len(), Kind::ALL.len());
    }

    #[test]
    fn what_a_play_does_not_have_cannot_go_wrong() {
        let nothing = Extent::default();
        let mut dice = Dice::new(1);
        for kind in [
            Kind::Revoked,
            Kind::TwoStepOn,
            Kind::Rejected,
            Kind::Unsubscribed,
        ] {
            assert_eq!(nothing.fault(kind, &mut dice), None, "{kind:?}");
        }
    }
}
