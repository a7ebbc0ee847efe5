//! Switches of the Genesys Cloud side: what its description leaves open, with a name and a default.
//!
//! Each field's words end with its default and, where nothing but an inference speaks for it, with
//! "unconfirmed".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::SignupVersion;
use crate::sim::switches::choices;

choices! {
    /// What a deletion answers.
    DeleteAnswer {
        /// 204 without a body.
        NoContent,
        /// 200 and the integration.
        Entity,
    }
    /// When something of an integration is there.
    Since {
        /// From the start.
        Create,
        /// Once `createStatus` is `Completed`.
        Completed,
        /// Once `status` is `Active`.
        Active,
    }
    /// Which id a recipient has.
    RecipientId {
        /// The integration's.
        Same,
        /// Its own.
        Other,
    }
    /// Which body an activation needs.
    ActivationForm {
        /// That of the signup which made the integration: a number for v2, a name for v4.
        BySignup,
        /// PIN and number.
        V2,
        /// PIN and name.
        V4,
    }
    /// How an activation that fails is told.
    ActivationFailure {
        /// The call is accepted; the integration ends in `failed_status`.
        Status,
        /// The call is refused with 400.
        Refused,
    }
    /// Whether an activation that failed is told with its cause.
    ActivationError {
        /// "Unknown error saving integration", as the user interface says.
        Generic,
        /// With Meta's code and text.
        Meta,
    }
    /// `status` of an integration whose activation failed.
    FailedStatus {
        /// `Error`.
        Error,
        /// `Failed`.
        Failed,
        /// `Incomplete`.
        Incomplete,
    }
    /// `status` of an integration that was created and not activated.
    CreatedStatus {
        /// `Incomplete`.
        Incomplete,
        /// `Starting`.
        Starting,
    }
    /// `status` of an integration whose activation is under way.
    ActivatingStatus {
        /// `Starting`.
        Starting,
        /// What it was before.
        Unchanged,
    }
    /// How numbers are spelled.
    NumberSpelling {
        /// `+4930901820`.
        E164,
        /// `+49 30 901820`.
        Spaced,
        /// `4930901820`.
        Digits,
    }
    /// What a page larger than 100 gets.
    LargePage {
        /// 100 entities.
        Clamped,
        /// 400.
        Refused,
    }
    /// What the update of a canned response does with `messagingTemplate`.
    ResponseUpdate {
        /// Takes it over.
        Applied,
        /// Leaves it as it is, and answers 200 with the old one.
        TemplateIgnored,
    }
}

/// Every behaviour of Genesys Cloud that is a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GenesysSwitches {
    /// HTTP status of a refused token request: 400 or 401. Default 400; unconfirmed.
    pub oauth_error_status: u16,
    /// Whether an expired token is told from an unknown one (`credentials.expired`). Default `true`;
    /// unconfirmed.
    pub tells_expired_tokens: bool,
    /// Whether calls count against the limit of their token. Default `true`.
    pub rate_limits: bool,
    /// Calls of one token in a minute. Default 300.
    pub calls_per_minute: u32,
    /// Whether 429 comes with `Retry-After`. Default `true`; unconfirmed for every service.
    pub retry_after: bool,
    /// Milliseconds for which a new object is not found (404). Default 400.
    pub read_lag_ms: u32,
    /// Milliseconds for which a new object is in no list. Default 1500.
    pub list_lag_ms: u32,
    /// Milliseconds for which a deleted integration is still listed. Default 0; unconfirmed.
    pub ghost_ms: u32,
    /// Seconds until a new integration is `Completed`. Default 5.
    pub create_seconds: u32,
    /// `status` of an integration before its activation. Default `incomplete`; unconfirmed.
    pub created_status: CreatedStatus,
    /// New integrations that end in `createStatus: Error`, the first ones. Default 0.
    pub failing_creates: u32,
    /// Version of the popup where nobody says which. Default `v4`: v2 ended in October 2026.
    pub signup_version: SignupVersion,
    /// Whether an integration of a v4 popup lists its number in `availablePhoneNumbers`. Default
    /// `true`; unconfirmed.
    pub v4_lists_numbers: bool,
    /// Whether entries of `availablePhoneNumbers` have a `phoneNumber`. Default `true`; the model
    /// calls it optional.
    pub available_with_number: bool,
    /// `status` of those entries. Default none: the number's `status` at Meta; unconfirmed.
    pub available_status: Option<String>,
    /// Since when `whatsAppBusinessAccountId` is shown. Default `completed`; unconfirmed.
    pub waba_shown: Since,
    /// How numbers are spelled. Default `e164`; "typically", says the model.
    pub number_spelling: NumberSpelling,
    /// Since when an integration has a recipient. Default `active`; unconfirmed.
    pub recipient_since: Since,
    /// The id of a recipient. Default `same`; unconfirmed for WhatsApp.
    pub recipient_id: RecipientId,
    /// The body of an activation. Default `by_signup`.
    pub activation_form: ActivationForm,
    /// Seconds until an activation is over; in the middle the number is registered at Meta. Default
    /// 8.
    pub activation_seconds: u32,
    /// `status` until it is over. Default `starting`; unconfirmed.
    pub activating_status: ActivatingStatus,
    /// How a failed activation is told. Default `status`; unconfirmed.
    pub activation_failure: ActivationFailure,
    /// What is told of its cause. Default `generic`; unconfirmed.
    pub activation_error: ActivationError,
    /// The status it leads to. Default `error`; unconfirmed.
    pub failed_status: FailedStatus,
    /// Whether an integration whose activation failed can be activated again; else it has to be
    /// deleted. Default `true`; unconfirmed.
    pub failed_activation_repeats: bool,
    /// A status that nobody has heard of, shown while an integration is `Starting`. Default none.
    pub odd_status: Option<String>,
    /// Whether a second integration for a number is made. Default `false`; unconfirmed.
    pub second_integration: bool,
    /// Whether the popup activates as well. Default `false`; unconfirmed.
    pub popup_activates: bool,
    /// Whether the popup subscribes an app of Genesys to the account's webhooks. Default `false`;
    /// unconfirmed.
    pub subscribes_app: bool,
    /// Whether a new number that is activated brings a payment line to its account. Default `true`.
    pub attaches_payment: bool,
    /// Whether the payment line goes with the last integration of its account. Default `true`;
    /// unconfirmed.
    pub payment_ends_with_last: bool,
    /// What a deletion answers. Default `no_content`; both are documented.
    pub delete_answer: DeleteAnswer,
    /// Seconds until a deleted integration is gone. Default 10.
    pub deletion_seconds: u32,
    /// Deletions that end in `DeletionFailed`, the first ones. Default 0.
    pub failing_deletions: u32,
    /// Whether an integration can be deleted while its recipient has a flow. Default `false`;
    /// unconfirmed.
    pub deletes_routed: bool,
    /// HTTP status where it cannot: 400 or 409. Default 409; unconfirmed.
    pub routed_deletion_status: u16,
    /// Whether a deletion takes the number off the Cloud API at Meta. Default `false`; unconfirmed.
    pub deletion_deregisters: bool,
    /// Whether `{}` clears the flow of a recipient, as `{"flow":null}` does. Default `false`;
    /// unconfirmed.
    pub empty_clears_flow: bool,
    /// HTTP status for a flow that does not exist: 400 or 404. Default 400; unconfirmed.
    pub unknown_flow_status: u16,
    /// Seconds from `stopping` to `off`. Default 15.
    pub stopping_seconds: u32,
    /// Whether a running campaign can be changed; else 409. Default `false`; unconfirmed.
    pub running_campaigns_change: bool,
    /// Whether campaigns can be started and stopped by calls of their own; else 404. Default `true`.
    pub campaign_start_stop: bool,
    /// Whether a campaign can be started whose integration is gone; else 400. Default `false`;
    /// unconfirmed.
    pub starts_dangling: bool,
    /// The update of a canned response. Default `applied`; unconfirmed.
    pub response_update: ResponseUpdate,
    /// New canned responses that get 412, the first ones. Default 0.
    pub failing_preconditions: u32,
    /// Seconds until a search finds what was written. Default 5; unconfirmed.
    pub search_lag_seconds: u32,
    /// Whether an empty list has no `entities`. Default `true`.
    pub omits_empty_entities: bool,
    /// Whether pages leave `total` and `pageCount` out. Default `false`; the model calls them
    /// optional.
    pub sparse_pages: bool,
    /// A page of more than 100. Default `clamped`; unconfirmed.
    pub large_pages: LargePage,
}

impl Default for GenesysSwitches {
    fn default() -> Self {
        Self {
            oauth_error_status: 400,
            tells_expired_tokens: true,
            rate_limits: true,
            calls_per_minute: 300,
            retry_after: true,
            read_lag_ms: 400,
            list_lag_ms: 1500,
            ghost_ms: 0,
            create_seconds: 5,
            created_status: CreatedStatus::Incomplete,
            failing_creates: 0,
            signup_version: SignupVersion::V4,
            v4_lists_numbers: true,
            available_with_number: true,
            available_status: None,
            waba_shown: Since::Completed,
            number_spelling: NumberSpelling::E164,
            recipient_since: Since::Active,
            recipient_id: RecipientId::Same,
            activation_form: ActivationForm::BySignup,
            activation_seconds: 8,
            activating_status: ActivatingStatus::Starting,
            activation_failure: ActivationFailure::Status,
            activation_error: ActivationError::Generic,
            failed_status: FailedStatus::Error,
            failed_activation_repeats: true,
            odd_status: None,
            second_integration: false,
            popup_activates: false,
            subscribes_app: false,
            attaches_payment: true,
            payment_ends_with_last: true,
            delete_answer: DeleteAnswer::NoContent,
            deletion_seconds: 10,
            failing_deletions: 0,
            deletes_routed: false,
            routed_deletion_status: 409,
            deletion_deregisters: false,
            empty_clears_flow: false,
            unknown_flow_status: 400,
            stopping_seconds: 15,
            running_campaigns_change: false,
            campaign_start_stop: true,
            starts_dangling: false,
            response_update: ResponseUpdate::Applied,
            failing_preconditions: 0,
            search_lag_seconds: 5,
            omits_empty_entities: true,
            sparse_pages: false,
            large_pages: LargePage::Clamped,
        }
    }
}
