//! The rules of every play, by name, and what breaks them. Pure.

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $words:literal;)+) => {
        /// A rule that was broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule { $($(#[$doc])* $rule,)+ }

        impl Rule {
            /// Returns what it says.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$rule => $words,)+ }
            }
        }
    };
}

rules! {
    /// A register for a number that is registered.
    RegisterTwice = "no irreversible call twice for one number";
    /// A register while a safety step is undone.
    RegisterTooEarly = "no register before its safety steps";
    /// A register outside the number's window.
    OutsideWindow = "no register outside its window";
    /// A second activation of a number in one run, or one while another is at work.
    ActivatedTwice = "no second activation while one may be at work";
    /// Two numbers that nobody hears.
    TwoSilent = "no second number silent";
    /// A write that no journal line announces.
    WithoutIntent = "no write without an intent on disk";
    /// A write of a step in doubt, and nobody has looked.
    LookupSkipped = "no lookup skipped";
    /// Another code although one may be on its way.
    CodeTwice = "no second code unless a person asks for it";
    /// A secret in a byte that was written.
    SecretWritten = "no secret in any byte written";
    /// Too many register calls.
    LedgerExceeded = "the ledger is never exceeded";
    /// A reviewed change set that is stale, and nobody else has changed anything.
    StaleByItself = "own progress never makes a change set stale";
    /// A second runner that was let in.
    SecondRunner = "one runner at a time";
    /// A journal that cannot be read again.
    JournalUnreadable = "the journal stays readable";
    /// An end that is not the undisturbed one.
    OtherEnd = "the end is the undisturbed one";
    /// No end.
    NoEnd = "running again comes to an end";
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub rule: Rule,
    /// What happened.
    pub what: String,
}

impl Breach {
    /// Says that a rule was broken.
    pub fn new(rule: Rule, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { rule, what }
    }
}
