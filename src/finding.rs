//! Findings: what a rule saw, whether it passes, and who has to do what about it.
//!
//! One type serves `validate`, `preflight`, `plan`, failing calls of `apply` and the journal, so people read one
//! kind of message and programs parse one kind of object. A finding says everything in words; it
//! never decides an exit code.

use std::{borrow::Cow, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a rule came to. `Unknown` is never treated as `Pass`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The rule is broken.
    Fail,
    /// What the rule needs could not be read.
    Unknown,
    /// The rule holds.
    Pass,
}

/// How much it matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can go on before this is mended.
    Error,
    /// Worth a look; does not stop anything.
    Warning,
    /// Good to know.
    Info,
}

/// Who has to act.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The person who runs this program.
    Us,
    /// The owner of the source WABA.
    SourceOwner,
    /// The customer whose number it is.
    Customer,
    /// An administrator of the target's business portfolio.
    BusinessAdmin,
    /// An administrator of the Genesys Cloud organization.
    GenesysAdmin,
    /// Meta: there is nothing to do but wait or ask its support.
    Meta,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Us => "you",
            Self::SourceOwner => "the source's owner",
            Self::Customer => "the customer",
            Self::BusinessAdmin => "an admin of the target's business",
            Self::GenesysAdmin => "a Genesys Cloud admin",
            Self::Meta => "Meta",
        })
    }
}

/// A place in a file the user wrote. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// The file as it was named on the command line.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
    /// The lines it stands in, with secrets masked.
    pub snippet: String,
}

/// One observation of one rule about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule's stable id, like `phone-duplicate`.
    pub rule: Cow<'static, str>,
    /// What it came to.
    pub verdict: Verdict,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: an address, a route in the plan like `numbers[0].pin`, or an account.
    pub subject: String,
    /// One sentence: what is wrong, or what holds.
    pub message: String,
    /// What was seen, in the API's own words.
    pub observed: Option<String>,
    /// Who has to act.
    pub who: Option<Who>,
    /// What exactly to do.
    pub hint: Option<String>,
    /// The API field that will show that it is done.
    pub proof: Option<String>,
    /// Where in the plan it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

impl Finding {
    fn new(
        rule: &'static str,
        verdict: Verdict,
        severity: Severity,
        subject: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.into(),
            verdict,
            severity,
            subject: subject.to_string(),
            message: message.into(),
            observed: None,
            who: None,
            hint: None,
            proof: None,
            span: None,
        }
    }

    /// A broken rule that stops what it is about.
    pub fn fail(
        rule: &'static str,
        subject: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Verdict::Fail, Severity::Error, subject, message)
    }

    /// A broken rule that stops nothing.
    pub fn warn(
        rule: &'static str,
        subject: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Verdict::Fail, Severity::Warning, subject, message)
    }

    /// A rule that could not be checked. `severity` says whether going on is too risky.
    pub fn unknown(
        rule: &'static str,
        severity: Severity,
        subject: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Verdict::Unknown, severity, subject, message)
    }

    /// A rule that holds.
    pub fn pass(
        rule: &'static str,
        subject: impl fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Verdict::Pass, Severity::Info, subject, message)
    }

    /// Adds what was seen.
    pub fn observed(mut self, observed: impl fmt::Display) -> Self {
        self.observed = Some(observed.to_string());
        self
    }

    /// Adds who has to do what.
    pub fn ask(mut self, who: Who, hint: impl Into<String>) -> Self {
        self.who = Some(who);
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do, where it is plain who has to.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the API field that will show that it is done.
    pub fn proof(mut self, proof: impl Into<String>) -> Self {
        self.proof = Some(proof.into());
        self
    }

    /// Adds the place in the plan.
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Returns whether this finding stops what it is about.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Error && self.verdict != Verdict::Pass
    }
}
