//! A WhatsApp Business Account as it is seen.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>

use serde::Deserialize;

use super::words;
use crate::{
    api::meta::Read,
    finding::{Finding, Who},
    ids::{BusinessId, WabaId},
};

words! {
    /// `account_review_status`.
    Review {
        /// Reviewed and good.
        Approved = "APPROVED",
        /// Under review.
        Pending = "PENDING",
        /// Refused.
        Rejected = "REJECTED",
    }
}

/// A WABA. Fields the API leaves out are `None`, which for some of them means something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Waba {
    /// Its id.
    pub id: WabaId,
    /// Its name.
    pub name: Option<String>,
    /// Meta's review of the account.
    pub account_review_status: Option<Review>,
    /// `verified` in lower case when the owning portfolio is.
    pub business_verification_status: Option<String>,
    /// The portfolio that owns it.
    pub owner_business_info: Option<Business>,
    /// The portfolio it works for, when a partner owns it.
    pub on_behalf_of_business_info: Option<Business>,
    /// How it pays. **Absent means no payment method.**
    pub primary_funding_id: Option<String>,
}

/// What else a WABA shows. Not every version and every token shows it, and one unknown field fails
/// a whole read: so it is read apart, and nothing rests on it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WabaDetails {
    /// `ACTIVE`; other words are not documented.
    pub status: Option<String>,
    /// Who owns it. Sources contradict each other about the words, so they are shown as they come.
    pub ownership_type: Option<String>,
    /// What keeps it from sending.
    pub health_status: Option<Health>,
    /// In which older systems name templates. Every account has its own.
    pub message_template_namespace: Option<String>,
}

/// `health_status`: the account, and everything it rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Each thing on its own.
    pub entities: Option<Vec<Entity>>,
}

/// One thing of a `health_status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Entity {
    /// `WABA`, `BUSINESS`, `APP` and others.
    pub entity_type: Option<String>,
    /// AVAILABLE, LIMITED or BLOCKED.
    pub can_send_message: Option<String>,
    /// Why not.
    pub errors: Option<Vec<HealthError>>,
}

/// Why a thing cannot send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HealthError {
    /// Like 141006.
    pub error_code: Option<i64>,
    /// In Meta's words.
    pub error_description: Option<String>,
}

/// A business portfolio, as far as a WABA tells.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Business {
    /// Its id.
    pub id: BusinessId,
    /// Its name.
    pub name: Option<String>,
    /// State of the "Messaging For" request, for `on_behalf_of_business_info`.
    pub status: Option<String>,
}

impl Waba {
    /// Reads one. The payment field needs more access than a source may give, so only the target's
    /// is asked for.
    pub fn read(id: &WabaId, with_payment: bool) -> Read<Self> {
        let payment = if with_payment {
            "primary_funding_id,"
        } else {
            ""
        };
        let fields = format!(
            "id,name,account_review_status,business_verification_status,{payment}owner_business_info,on_behalf_of_business_info"
        );
        Read::new(format!("/{id}")).with("fields", fields)
    }

    /// Reads the details of one.
    pub fn read_details(id: &WabaId) -> Read<WabaDetails> {
        Read::new(format!("/{id}")).with(
            "fields",
            "status,ownership_type,health_status,message_template_namespace",
        )
    }

    /// Returns the business this account stands for: the one its partner works for, else its owner.
    pub fn end_business(&self) -> Option<&BusinessId> {
        let business = self.on_behalf_of_business_info.as_ref();
        let business = business.or(self.owner_business_info.as_ref());
        business.map(|business| &business.id)
    }

    /// Returns whether two accounts stand for the same end business. `None`: one of them does not
    /// say for whom it stands.
    pub fn same_business(&self, other: &Self) -> Option<bool> {
        Some(self.end_business()? == other.end_business()?)
    }
}

/// The finding of a target that cannot pay: the API leaves `primary_funding_id` out.
pub fn no_payment(target: &WabaId) -> Finding {
    Finding::fail(
        "payment",
        format!("target {target}"),
        "the target has no payment method",
    )
    .observed("primary_funding_id is absent")
    .ask(
        Who::BusinessAdmin,
        "add a payment method in WhatsApp Manager > Billing, or attach a credit line",
    )
    .proof("GET /{WABA}?fields=primary_funding_id is present")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waba(owner: Option<&str>, on_behalf_of: Option<&str>) -> Waba {
        let business = |id: &str| serde_json::json!({"id": id});
        serde_json::from_value(serde_json::json!({
            "id": "1",
            "owner_business_info": owner.map(business),
            "on_behalf_of_business_info": on_behalf_of.map(business),
        }))
        .unwrap()
    }

    #[test]
    fn two_accounts_share_a_business_by_owner_or_on_behalf_of() {
        #[track_caller]
        fn check(one: Waba, two: Waba, expected: Option<bool>) {
            assert_eq!(one.same_business(&two), expected);
            assert_eq!(two.same_business(&one), expected);
        }
        check(waba(Some("7"), None), waba(Some("7"), None), Some(true));
        check(waba(Some("7"), None), waba(Some("8"), None), Some(false));
        check(
            waba(Some("7"), None),
            waba(Some("8"), Some("7")),
            Some(true),
        );
        check(waba(Some("7"), None), waba(None, None), None);
        // Two customers of one partner.
        check(
            waba(Some("9"), Some("7")),
            waba(Some("9"), Some("8")),
            Some(false),
        );
    }
}
