//! Switches: every behaviour of the Graph API that Meta does not document, or documents in two
//! ways, has a name here and a default. The rules read them; nothing else does.
//!
//! Each field's words end with its default and, where sources contradict each other, with
//! "unconfirmed".

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{Category, RejectedReason, TemplateStatus};

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }
    )+};
}

pub(super) use choices;

choices! {
    /// Which HTTP status an error carries.
    ErrorStatus {
        /// The one Meta's older table names for the code.
        ByCode,
        /// 400, whatever the code.
        Always400,
    }
    /// What happens to the source's node when the target has registered the number.
    SourceAfterMove {
        /// Reading it answers 100/33.
        Gone,
        /// It stays, with `status: MIGRATED`.
        Migrated,
    }
    /// What a second `POST /{WABA}/phone_numbers` for the same number answers.
    SecondAdd {
        /// Error 2388012.
        Refused,
        /// The id of the number that is already there.
        SameId,
    }
    /// How `display_phone_number` is spelled.
    DisplaySpelling {
        /// `+49 30 901820`.
        Spaced,
        /// `4930901820`.
        Digits,
    }
    /// Which ids `migrated_templates` names.
    MigratedIds {
        /// The source's templates.
        Source,
        /// The copies.
        Copies,
    }
    /// How `failed_templates` looks.
    FailedShape {
        /// `{"id": "reason"}`, and `{}` when empty.
        Object,
        /// `{"id": "reason"}`, and `[]` when empty, as PHP does.
        PhpObject,
        /// `[{"id": "…", "reason": "…"}]`.
        List,
    }
    /// What becomes of a template that the target already has.
    RepeatedCopy {
        /// It is named in `failed_templates`.
        Failed,
        /// It is named nowhere.
        Skipped,
    }
    /// What a page of templates that is too large does.
    LargePages {
        /// Answers code 1, "reduce the amount of data".
        Refused,
        /// Answers the largest page that works.
        Clamped,
    }
    /// What bytes for an upload that is complete get.
    FinishedUpload {
        /// Error 100.
        Refused,
        /// The handle again, when there are no bytes and the offset is the length.
        SameHandle,
    }
    /// How the handle of an upload that came in several parts looks.
    HandleLines {
        /// One line, however many parts there were.
        One,
        /// A line for each part.
        PerPart,
    }
    /// Where FLOW buttons of copied templates lead.
    CopiedFlowIds {
        /// To the target's flow of the same name; where there is none, to the source's flow.
        Mapped,
        /// To the source's flow.
        Kept,
    }
    /// What becomes of a template whose category Meta finds wrong when it is created or edited.
    CategoryChange {
        /// It gets the category that Meta finds right.
        Automatic,
        /// So only with `allow_category_change`; else the review refuses it with
        /// `INCORRECT_CATEGORY`.
        WhenAllowed,
    }
    /// What becomes of an approved template that is deleted. Others are gone at once.
    DeletedTemplates {
        /// It is listed as `PENDING_DELETION` for 30 days.
        PendingDeletion,
        /// It is gone at once.
        Gone,
    }
    /// What a copy of more templates than one call manages does before it ends.
    SlowCopy {
        /// Copies nothing.
        Nothing,
        /// Copies as many as one call manages.
        Part,
        /// Copies all.
        All,
    }
    /// How a copy of more templates than one call manages ends.
    SlowCopyEnd {
        /// With error 1, "reduce the amount of data", after 30 seconds.
        Error,
        /// No answer comes.
        Silence,
    }
    /// Whether the webhook handshake with an override URL succeeds. The simulator sends nothing.
    Handshake {
        /// The callback answered with the challenge.
        Accept,
        /// The callback answered 404: error 2200.
        Fail,
    }
    /// What deregister says of a number that is not registered.
    DeregisterIdle {
        /// Error 133010.
        NotRegistered,
        /// Error 100 with subcode 2207051.
        InvalidParameter,
    }
    /// On which account a migration intent is set.
    IntentOn {
        /// On one that holds live numbers: the source. Elsewhere it is error 100.
        NumbersAccount,
        /// On any.
        AnyAccount,
    }
    /// What an accepted migration intent brings about.
    AcceptedIntent {
        /// The source's live numbers appear on the target, verified.
        BringsNumbers,
        /// They can be added to the target, and are verified from the start.
        AllowsAdd,
    }
    /// What register does with the PIN of a number that is already registered.
    Reregister {
        /// Succeeds and keeps the PIN that is set, as the account model of 2026 says.
        KeepPin,
        /// Succeeds with the same PIN only, else 133005.
        MatchPin,
    }
}

/// What Meta's review says of templates that are created or edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewRule {
    /// The template's name, with `*` for any run of characters.
    pub name: String,
    /// `status` after the review; absent: `APPROVED`.
    #[serde(default = "approved")]
    pub status: TemplateStatus,
    /// `rejected_reason`; absent: none.
    #[serde(default)]
    pub reason: Option<RejectedReason>,
    /// The category that Meta finds right; absent: the one asked for.
    #[serde(default)]
    pub category: Option<Category>,
    /// How long the review takes; absent: `review_seconds`.
    #[serde(default)]
    pub after_seconds: Option<u32>,
}

fn approved() -> TemplateStatus {
    TemplateStatus::Approved
}

/// Every behaviour that is a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// HTTP status of errors. Default `by_code`; unconfirmed.
    pub error_status: ErrorStatus,
    /// The source's node after the move. Default `gone`; unconfirmed.
    pub source_after_move: SourceAfterMove,
    /// A second add of one number. Default `refused`; unconfirmed.
    pub second_add: SecondAdd,
    /// Spelling of `display_phone_number`. Default `spaced`; all spellings are observed.
    pub display_spelling: DisplaySpelling,
    /// Whether `phone_number` may be the whole E.164 number without `cc`, as the OpenAPI document
    /// has it and the guide has not. Default `false`; unconfirmed.
    pub accepts_e164_without_cc: bool,
    /// Whether a name `AVAILABLE_WITHOUT_REVIEW` may migrate. Default `false`; unconfirmed.
    pub accepts_unreviewed_names: bool,
    /// Whether add checks the target's payment method; register does always. Default `true`.
    pub payment_checked_at_add: bool,
    /// Requests for a code per hour before 136024/2388367. Default 3; unconfirmed.
    pub max_code_requests: u32,
    /// Wrong codes before a new one is needed. Default 5; unconfirmed.
    pub max_code_guesses: u32,
    /// Error code of a wrong one-time code. Default 136025; unconfirmed.
    pub wrong_code_error: u32,
    /// How long a one-time code works, in seconds. Default 600.
    pub code_seconds: u32,
    /// Days until a number that was verified and never registered has to be verified again; 0 means
    /// never. Default 14; unconfirmed: only pages of partners say so.
    pub verification_days: u32,
    /// Wrong PINs before 133008. Default 5; unconfirmed.
    pub max_pin_guesses: u32,
    /// Register again. Default `keep_pin`.
    pub reregister: Reregister,
    /// Deregister of an unregistered number. Default `not_registered`; unconfirmed.
    pub deregister_idle: DeregisterIdle,
    /// Where a migration intent is set. Default `numbers_account`; unconfirmed.
    pub intent_on: IntentOn,
    /// What an accepted migration intent brings about. Default `brings_numbers`; unconfirmed.
    pub accepted_intent: AcceptedIntent,
    /// Reads after register that show PENDING every second time. Default 0.
    pub flapping_reads: u32,
    /// Seconds until copies of templates appear in lists. Default 3; unconfirmed.
    pub copy_seconds: u32,
    /// Status of copies when they appear. Default APPROVED.
    pub copy_status: TemplateStatus,
    /// Seconds until a template is decided: a copy that appeared PENDING, one that was created or
    /// edited. Default 60.
    pub review_seconds: u32,
    /// Whether templates that are created are decided at once. Default `false`; both happen.
    pub reviews_at_once: bool,
    /// What the review says of templates that are created or edited; the first that fits counts.
    /// Default none: all are approved.
    pub reviews: Vec<ReviewRule>,
    /// A wrong category. Default `automatic`; unconfirmed.
    pub category_change: CategoryChange,
    /// Names that Meta keeps for its sample templates. Default none: which they are is not documented.
    pub sample_names: BTreeSet<String>,
    /// Words that a body needs for each of its variables, 0 for no check. Default 2; unconfirmed.
    pub words_per_variable: usize,
    /// Templates that may be created on a WABA in an hour. Default 100.
    pub creations_per_hour: usize,
    /// Error code of a creation beyond that. Default 80008; unconfirmed.
    pub too_many_creations_error: u32,
    /// Error subcode of one edit too many of an approved template. Default none; unconfirmed.
    pub too_many_edits_subcode: Option<u32>,
    /// A deleted template. Default `pending_deletion`; unconfirmed.
    pub deleted_templates: DeletedTemplates,
    /// How long the name of a deleted template stays blocked that was not approved, in seconds.
    /// Default 60; unconfirmed.
    pub deletion_seconds: u32,
    /// Whether components come back in another order, by type. Default `false`; unconfirmed.
    pub reorders_components: bool,
    /// Whether texts come back with HTML entities. Default `false`; unconfirmed.
    pub escapes_text: bool,
    /// Whether the button of an authentication template comes back as type URL. Default `false`;
    /// unconfirmed.
    pub shows_otp_as_url: bool,
    /// Whether the texts that Meta writes for authentication templates come back. Default `true`;
    /// unconfirmed.
    pub shows_authentication_texts: bool,
    /// Whether optional keys that were left out come back with their defaults. Default `false`;
    /// unconfirmed.
    pub adds_defaults: bool,
    /// Whether an unrated template has no `quality_score`; else its score is `UNKNOWN`. Default
    /// `true`; unconfirmed.
    pub hides_unknown_quality: bool,
    /// Copies that end REJECTED at their review: name (with `*`) to reason. Default none.
    pub rejected_copies: BTreeMap<String, String>,
    /// Templates that are not copied at all: name (with `*`) to reason. Default none.
    pub refused_copies: BTreeMap<String, String>,
    /// Ids in `migrated_templates`. Default `source`; unconfirmed.
    pub migrated_ids: MigratedIds,
    /// Shape of `failed_templates`. Default `object`; unconfirmed.
    pub failed_shape: FailedShape,
    /// A template the target has already. Default `failed`; unconfirmed.
    pub repeated_copy: RepeatedCopy,
    /// FLOW buttons of copied templates. Default `mapped`; unconfirmed.
    pub copied_flow_ids: CopiedFlowIds,
    /// Whether copies of flows keep `endpoint_uri`. Default `false`; unconfirmed.
    pub copied_flow_endpoints: bool,
    /// Whether lists of flows show every field of a flow, not only those shown when none are asked
    /// for. Default `true`; unconfirmed.
    pub full_flow_lists: bool,
    /// Flows that are not copied: name (with `*`) to the message. Default none.
    pub refused_flows: BTreeMap<String, String>,
    /// Whether the content of an upload needs the scheme `OAuth` in its `Authorization` header, as
    /// the guide has it. Default `true`; unconfirmed.
    pub upload_needs_oauth: bool,
    /// How long an upload can be resumed, in seconds. Default 86400; unconfirmed.
    pub upload_seconds: u32,
    /// Bytes for an upload that is complete. Default `refused`; unconfirmed.
    pub finished_upload: FinishedUpload,
    /// The handle of an upload in several parts. Default `per_part`; unconfirmed.
    pub handle_lines: HandleLines,
    /// How long the link to a template's media works, in seconds. Default 3600; unconfirmed.
    pub media_link_seconds: u32,
    /// Whether a template that has a `correct_category` other than its own is not copied. Default
    /// `true`; unconfirmed.
    pub refuses_incorrect_category: bool,
    /// How many templates one call copies in the 30 seconds it has. Default 500: every page.
    pub copies_per_call: usize,
    /// What a copy of more than that does. Default `part`; unconfirmed.
    pub slow_copy: SlowCopy,
    /// How it ends. Default `error`; unconfirmed.
    pub slow_copy_end: SlowCopyEnd,
    /// A page of 500 templates or more with components. Default `refused`.
    pub large_pages: LargePages,
    /// Whether an empty page with `next` stands before every page but the first. Default `false`.
    pub empty_pages: bool,
    /// How long a cursor works, in seconds. Default 3600; unconfirmed.
    pub cursor_seconds: u32,
    /// Whether the legacy protocol features still work. Default `false`; list unconfirmed.
    pub legacy_protocol: bool,
    /// The webhook handshake. Default `accept`.
    pub callback_handshake: Handshake,
    /// Whether calls count against the hourly limits. Default `true`.
    pub rate_limits: bool,
    /// How long every answer takes, in milliseconds. Default 0.
    pub latency_ms: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            error_status: ErrorStatus::ByCode,
            source_after_move: SourceAfterMove::Gone,
            second_add: SecondAdd::Refused,
            display_spelling: DisplaySpelling::Spaced,
            accepts_e164_without_cc: false,
            accepts_unreviewed_names: false,
            payment_checked_at_add: true,
            max_code_requests: 3,
            max_code_guesses: 5,
            wrong_code_error: 136_025,
            code_seconds: 600,
            verification_days: 14,
            max_pin_guesses: 5,
            reregister: Reregister::KeepPin,
            deregister_idle: DeregisterIdle::NotRegistered,
            intent_on: IntentOn::NumbersAccount,
            accepted_intent: AcceptedIntent::BringsNumbers,
            flapping_reads: 0,
            copy_seconds: 3,
            copy_status: TemplateStatus::Approved,
            review_seconds: 60,
            reviews_at_once: false,
            reviews: Vec::new(),
            category_change: CategoryChange::Automatic,
            sample_names: BTreeSet::new(),
            words_per_variable: 2,
            creations_per_hour: 100,
            too_many_creations_error: 80008,
            too_many_edits_subcode: None,
            deleted_templates: DeletedTemplates::PendingDeletion,
            deletion_seconds: 60,
            reorders_components: false,
            escapes_text: false,
            shows_otp_as_url: false,
            shows_authentication_texts: true,
            adds_defaults: false,
            hides_unknown_quality: true,
            rejected_copies: BTreeMap::new(),
            refused_copies: BTreeMap::new(),
            migrated_ids: MigratedIds::Source,
            failed_shape: FailedShape::Object,
            repeated_copy: RepeatedCopy::Failed,
            copied_flow_ids: CopiedFlowIds::Mapped,
            copied_flow_endpoints: false,
            full_flow_lists: true,
            refused_flows: BTreeMap::new(),
            upload_needs_oauth: true,
            upload_seconds: 86_400,
            finished_upload: FinishedUpload::Refused,
            handle_lines: HandleLines::PerPart,
            media_link_seconds: 3600,
            refuses_incorrect_category: true,
            copies_per_call: 500,
            slow_copy: SlowCopy::Part,
            slow_copy_end: SlowCopyEnd::Error,
            large_pages: LargePages::Refused,
            empty_pages: false,
            cursor_seconds: 3600,
            legacy_protocol: false,
            callback_handshake: Handshake::Accept,
            rate_limits: true,
            latency_ms: 0,
        }
    }
}
