//! A business phone number as it is seen on one WABA.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/>

use serde::Deserialize;

use super::words;
use crate::{
    api::meta::{Page, Read},
    ids::{PhoneNumberId, WabaId},
    phone::Phone,
};

/// What is read of every number. One unknown field fails the whole read, so only documented ones.
const FIELDS: &str = "id,display_phone_number,verified_name,status,name_status,new_name_status,\
                      code_verification_status,platform_type,is_pin_enabled,is_on_biz_app,account_mode,quality_rating";

words! {
    /// `status`. A word this release does not know means "not usable, keep looking".
    Status {
        /// Live.
        Connected = "CONNECTED",
        /// Added, not registered.
        Pending = "PENDING",
        /// Was live.
        Disconnected = "DISCONNECTED",
        /// Moved to another WABA.
        Migrated = "MIGRATED",
        /// Banned.
        Banned = "BANNED",
    }
}

words! {
    /// `code_verification_status`. `EXPIRED` on a connected number is normal.
    Verification {
        /// Never.
        NotVerified = "NOT_VERIFIED",
        /// By a one-time code.
        Verified = "VERIFIED",
        /// Long ago.
        Expired = "EXPIRED",
    }
}

words! {
    /// `platform_type`.
    Platform {
        /// Where migrated numbers live.
        CloudApi = "CLOUD_API",
        /// The old client.
        OnPremise = "ON_PREMISE",
        /// Not registered.
        NotApplicable = "NOT_APPLICABLE",
    }
}

/// A number on a WABA.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PhoneNumber {
    /// Its id on this WABA: another one than on the source.
    pub id: PhoneNumberId,
    /// The number, in any spelling. A number without it could not be told from an absent one.
    pub display_phone_number: String,
    /// The name people see.
    pub verified_name: Option<String>,
    /// Whether it is live.
    pub status: Option<Status>,
    /// Review of the name.
    pub name_status: Option<String>,
    /// Review of a changed name; absent or `NONE` when no change is under way.
    pub new_name_status: Option<String>,
    /// Whether its owner proved it.
    pub code_verification_status: Option<Verification>,
    /// What serves it.
    pub platform_type: Option<Platform>,
    /// Whether two-step verification is on.
    pub is_pin_enabled: Option<bool>,
    /// Whether the WhatsApp Business app uses it too.
    pub is_on_biz_app: Option<bool>,
    /// `SANDBOX` for test numbers.
    pub account_mode: Option<String>,
    /// Meta's rating: GREEN, YELLOW, RED, UNKNOWN.
    pub quality_rating: Option<String>,
}

impl PhoneNumber {
    /// The largest page the API gives.
    pub const PAGE: u32 = 100;

    /// Reads all numbers of a WABA.
    pub fn list(waba: &WabaId) -> Read<Page<Self>> {
        Read::new(format!("/{waba}/phone_numbers"))
            .with("fields", FIELDS)
            .with("limit", Self::PAGE.to_string())
    }

    /// Reads one number.
    pub fn read(id: &PhoneNumberId) -> Read<Self> {
        Read::new(format!("/{id}")).with("fields", FIELDS)
    }

    /// Finds a phone among the numbers of a WABA. What has moved away leaves a node behind now and
    /// then; it is not there any more. Of several nodes the live one counts.
    ///
    /// Some countries have two spellings of one number, and the two sides may differ in theirs: where
    /// nothing is spelled as asked, the other spelling counts.
    pub fn find<'a>(numbers: &'a [Self], phone: &Phone) -> Option<&'a Self> {
        let others = || phone.other_spellings();
        Self::spelled(numbers, phone).or_else(|| {
            others()
                .iter()
                .find_map(|other| Self::spelled(numbers, other))
        })
    }

    fn spelled<'a>(numbers: &'a [Self], phone: &Phone) -> Option<&'a Self> {
        let here = numbers
            .iter()
            .filter(|number| number.is(phone) && number.status != Some(Status::Migrated));
        here.max_by_key(|number| {
            (
                number.is_live(),
                number.is_registered(),
                number.is_verified(),
            )
        })
    }

    /// Returns whether this is `phone`.
    pub fn is(&self, phone: &Phone) -> bool {
        phone.is_shown_as(&self.display_phone_number)
    }

    /// Returns whether it sends and receives through the Cloud API.
    pub fn is_live(&self) -> bool {
        self.status == Some(Status::Connected) && self.platform_type == Some(Platform::CloudApi)
    }

    /// Returns whether it was registered here. The status of a registered number can flap for a
    /// while; what serves it does not.
    pub fn is_registered(&self) -> bool {
        self.is_live() || self.platform_type == Some(Platform::CloudApi)
    }

    /// Returns whether its owner has proved it. A live number needs no proof any more.
    pub fn is_verified(&self) -> bool {
        self.is_registered() || self.code_verification_status == Some(Verification::Verified)
    }

    /// Describes where it stands, in the API's words.
    pub fn state(&self) -> String {
        let word = |word: Option<&str>| word.unwrap_or("?").to_owned();
        [
            word(self.status.as_ref().map(Status::as_str)),
            word(self.platform_type.as_ref().map(Platform::as_str)),
            word(
                self.code_verification_status
                    .as_ref()
                    .map(Verification::as_str),
            ),
        ]
        .join(", ")
    }
}

/// Says how two-step verification is switched off. No API can do it.
pub fn two_step_instructions(phone: &Phone) -> String {
    format!(
        "WhatsApp Manager > Account tools > Phone numbers > {phone} > Two-step verification > Turn off, then confirm the e-mail"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(status: &str, platform: &str, verification: &str) -> PhoneNumber {
        serde_json::from_value(serde_json::json!({
            "id": "1", "display_phone_number": "+1 631-555-5555",
            "status": status, "platform_type": platform, "code_verification_status": verification,
        }))
        .unwrap()
    }

    #[test]
    fn a_node_that_was_left_behind_is_not_the_number() {
        let phone = "+1 631 555 5555".parse().unwrap();
        let moved = number("MIGRATED", "NOT_APPLICABLE", "VERIFIED");
        let pending = number("PENDING", "NOT_APPLICABLE", "NOT_VERIFIED");
        let live = number("CONNECTED", "CLOUD_API", "VERIFIED");
        assert_eq!(
            PhoneNumber::find(std::slice::from_ref(&moved), &phone),
            None
        );
        assert_eq!(
            PhoneNumber::find(&[moved.clone(), pending.clone()], &phone),
            Some(&pending)
        );
        assert_eq!(
            PhoneNumber::find(&[live.clone(), pending, moved], &phone),
            Some(&live)
        );
    }

    #[test]
    fn a_number_is_live_when_connected_on_the_cloud_api() {
        #[track_caller]
        fn check(number: PhoneNumber, live: bool, verified: bool) {
            assert_eq!(
                (number.is_live(), number.is_verified()),
                (live, verified),
                "{}",
                number.state()
            );
        }
        check(number("CONNECTED", "CLOUD_API", "EXPIRED"), true, true);
        check(number("CONNECTED", "ON_PREMISE", "VERIFIED"), false, true);
        check(number("PENDING", "NOT_APPLICABLE", "VERIFIED"), false, true);
        check(
            number("PENDING", "NOT_APPLICABLE", "NOT_VERIFIED"),
            false,
            false,
        );
        check(number("PENDING", "NOT_APPLICABLE", "EXPIRED"), false, false);
        check(number("FROZEN", "CLOUD_API", "VERIFIED"), false, true);
    }
}
