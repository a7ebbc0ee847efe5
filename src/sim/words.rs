//! The API's own words: enumerations of the WhatsApp Business Management API as the simulator's
//! world uses them. They carry no rules.
//!
//! Values: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/>
//! and <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/>

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word as the API spells it.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// Returns the word as the API spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads the word as the API spells it.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

pub(super) use words;

words! {
    /// `status` of a phone number.
    NumberStatus {
        /// Sends and receives.
        Connected = "CONNECTED",
        /// Added, not registered.
        Pending = "PENDING",
        /// No longer registered.
        Disconnected = "DISCONNECTED",
        /// Not verified.
        Unverified = "UNVERIFIED",
        /// Under watch for quality.
        Flagged = "FLAGGED",
        /// May send less.
        RateLimited = "RATE_LIMITED",
        /// May not start conversations.
        Restricted = "RESTRICTED",
        /// Closed by Meta.
        Banned = "BANNED",
        /// Deleted by its owner.
        Deleted = "DELETED",
        /// Lives on another WABA now.
        Migrated = "MIGRATED",
        /// Not known.
        Unknown = "UNKNOWN",
    }
    /// `platform_type` of a phone number.
    Platform {
        /// Registered on the Cloud API.
        CloudApi = "CLOUD_API",
        /// Registered on the former on-premises API.
        OnPremise = "ON_PREMISE",
        /// Not registered.
        NotApplicable = "NOT_APPLICABLE",
    }
    /// `code_verification_status` of a phone number.
    CodeVerification {
        /// No code was handed in yet.
        NotVerified = "NOT_VERIFIED",
        /// The code was right.
        Verified = "VERIFIED",
        /// Verified long ago; harmless for a connected number.
        Expired = "EXPIRED",
    }
    /// `name_status` and `new_name_status` of a phone number.
    NameStatus {
        /// Reviewed and accepted.
        Approved = "APPROVED",
        /// May be used, never reviewed.
        AvailableWithoutReview = "AVAILABLE_WITHOUT_REVIEW",
        /// Refused.
        Declined = "DECLINED",
        /// Accepted too long ago.
        Expired = "EXPIRED",
        /// Under review.
        PendingReview = "PENDING_REVIEW",
        /// No name.
        None = "NONE",
        /// No such name.
        NonExists = "NON_EXISTS",
    }
    /// `quality_rating` of a number, `quality_score.score` of a template.
    Quality {
        /// High.
        Green = "GREEN",
        /// Medium.
        Yellow = "YELLOW",
        /// Low.
        Red = "RED",
        /// Not rated yet.
        Unknown = "UNKNOWN",
    }
    /// `account_mode` of a phone number.
    AccountMode {
        /// A real number.
        Live = "LIVE",
        /// One of Meta's test numbers.
        Sandbox = "SANDBOX",
    }
    /// `account_review_status` of a WABA.
    Review {
        /// Accepted.
        Approved = "APPROVED",
        /// Under review.
        Pending = "PENDING",
        /// Refused.
        Rejected = "REJECTED",
    }
    /// `business_verification_status` of a WABA, in lower case as the API has it.
    Verification {
        /// Finished.
        Verified = "verified",
        /// Not begun.
        NotVerified = "not_verified",
        /// Under way.
        Pending = "pending",
        /// Waits for documents.
        PendingNeedMoreInfo = "pending_need_more_info",
        /// Did not pass.
        Failed = "failed",
        /// Refused.
        Rejected = "rejected",
        /// Taken back.
        Revoked = "revoked",
    }
    /// `status` of a template.
    TemplateStatus {
        /// Can be sent.
        Approved = "APPROVED",
        /// Under review.
        Pending = "PENDING",
        /// Refused.
        Rejected = "REJECTED",
        /// Paused for low quality.
        Paused = "PAUSED",
        /// Closed for low quality.
        Disabled = "DISABLED",
        /// The owner asked for a second review.
        InAppeal = "IN_APPEAL",
        /// Over the WABA's limit.
        LimitExceeded = "LIMIT_EXCEEDED",
        /// Being deleted.
        PendingDeletion = "PENDING_DELETION",
        /// Deleted.
        Deleted = "DELETED",
        /// Unused for a year.
        Archived = "ARCHIVED",
    }
    /// `category` of a template.
    Category {
        /// One-time passwords.
        Authentication = "AUTHENTICATION",
        /// Everything promotional.
        Marketing = "MARKETING",
        /// Tied to a transaction.
        Utility = "UTILITY",
    }
    /// `parameter_format` of a template.
    ParameterFormat {
        /// `{{1}}`.
        Positional = "POSITIONAL",
        /// `{{first_name}}`.
        Named = "NAMED",
    }
    /// `status` of a flow.
    FlowStatus {
        /// Can be changed, not sent.
        Draft = "DRAFT",
        /// Can be sent, no longer changed.
        Published = "PUBLISHED",
        /// Can no longer be sent.
        Deprecated = "DEPRECATED",
        /// May send little: its endpoint does not work well.
        Throttled = "THROTTLED",
        /// May not send: its endpoint does not work.
        Blocked = "BLOCKED",
    }
    /// One of the `categories` of a flow.
    FlowCategory {
        /// New customers.
        SignUp = "SIGN_UP",
        /// Known customers.
        SignIn = "SIGN_IN",
        /// Appointments.
        AppointmentBooking = "APPOINTMENT_BOOKING",
        /// Interested people.
        LeadGeneration = "LEAD_GENERATION",
        /// Questions.
        ContactUs = "CONTACT_US",
        /// Help.
        CustomerSupport = "CUSTOMER_SUPPORT",
        /// Opinions.
        Survey = "SURVEY",
        /// Purchases.
        Shopping = "SHOPPING",
        /// Anything else.
        Other = "OTHER",
    }
    /// `sub_category` of a template.
    SubCategory {
        /// The details of an order.
        OrderDetails = "ORDER_DETAILS",
        /// Where an order stands.
        OrderStatus = "ORDER_STATUS",
        /// Where an order stands, with more to see.
        RichOrderStatus = "RICH_ORDER_STATUS",
    }
    /// `rejected_reason` of a template.
    RejectedReason {
        /// It harms somebody.
        AbusiveContent = "ABUSIVE_CONTENT",
        /// It belongs to another category.
        IncorrectCategory = "INCORRECT_CATEGORY",
        /// Its form is wrong.
        InvalidFormat = "INVALID_FORMAT",
        /// It promotes where it must not.
        Promotional = "PROMOTIONAL",
        /// It deceives.
        Scam = "SCAM",
        /// Its text does not suit its tag.
        TagContentMismatch = "TAG_CONTENT_MISMATCH",
    }
    /// `type` of a template's component.
    ComponentType {
        /// Stands above the text.
        Header = "HEADER",
        /// The text.
        Body = "BODY",
        /// Stands below the text.
        Footer = "FOOTER",
        /// Up to ten buttons.
        Buttons = "BUTTONS",
        /// An offer that ends.
        LimitedTimeOffer = "LIMITED_TIME_OFFER",
        /// Cards side by side.
        Carousel = "CAROUSEL",
        /// Asks whether the business may call.
        CallPermissionRequest = "CALL_PERMISSION_REQUEST",
    }
    /// `format` of a header.
    HeaderFormat {
        /// A line of text.
        Text = "TEXT",
        /// A picture.
        Image = "IMAGE",
        /// A film.
        Video = "VIDEO",
        /// A file.
        Document = "DOCUMENT",
        /// A moving picture.
        Gif = "GIF",
        /// A place.
        Location = "LOCATION",
        /// An item of the catalog.
        Product = "PRODUCT",
    }
    /// `type` of a button.
    ButtonType {
        /// Answers with its label.
        QuickReply = "QUICK_REPLY",
        /// Opens a page.
        Url = "URL",
        /// Calls a number.
        PhoneNumber = "PHONE_NUMBER",
        /// Copies a code of an offer.
        CopyCode = "COPY_CODE",
        /// Opens a flow.
        Flow = "FLOW",
        /// Hands over a one-time password.
        Otp = "OTP",
        /// Shows the catalog.
        Catalog = "CATALOG",
        /// Shows several items of the catalog.
        MultiProduct = "MPM",
        /// Shows one item of the catalog.
        SingleProduct = "SPM",
        /// Calls the business over WhatsApp.
        VoiceCall = "VOICE_CALL",
        /// Opens an app.
        App = "APP",
        /// Asks for the customer's contact.
        RequestContactInfo = "REQUEST_CONTACT_INFO",
    }
    /// `otp_type` of a button.
    OtpType {
        /// The customer copies the code.
        CopyCode = "COPY_CODE",
        /// The app fills it in at one tap.
        OneTap = "ONE_TAP",
        /// The app fills it in by itself.
        ZeroTap = "ZERO_TAP",
    }
    /// `status` of a migration intent.
    IntentStatus {
        /// Waits for the customer.
        Initiated = "INITIATED",
        /// The customer agreed.
        Accepted = "ACCEPTED",
        /// A number has moved.
        Completed = "COMPLETED",
        /// The customer declined.
        Rejected = "REJECTED",
    }
    /// What a customer answers to a migration intent.
    Decision {
        /// Yes.
        Accepted = "ACCEPTED",
        /// No.
        Rejected = "REJECTED",
    }
    /// `type` of a token in `debug_token`.
    TokenKind {
        /// A person's.
        User = "USER",
        /// A system user's.
        SystemUser = "SYSTEM_USER",
        /// The app's own.
        App = "APP",
    }
}
