//! Rules about business profiles.

use crate::plan::{
    document::{Document, Profile},
    sink::Sink,
};

/// Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/business-profiles/>
const MOST_WEBSITES: usize = 2;

/// A profile shows at most two websites.
pub fn websites_at_most_two(document: &Document, sink: &mut Sink<'_>) {
    let defaults = document
        .defaults
        .as_ref()
        .and_then(|defaults| defaults.number.as_ref());
    let shared = defaults.and_then(|number| number.profile.as_ref());
    let own = document
        .numbers
        .iter()
        .flatten()
        .filter_map(|number| number.profile.as_ref());
    for profile in shared.into_iter().chain(own) {
        check(profile, sink);
    }
}

fn check(profile: &Profile, sink: &mut Sink<'_>) {
    let websites = profile.websites.as_deref().unwrap_or_default();
    if let Some(third) = websites.get(MOST_WEBSITES) {
        sink.fail(
            "profile-limit",
            &third.spot,
            format!(
                "a profile has at most {MOST_WEBSITES} websites, not {}",
                websites.len()
            ),
            "keep the two that matter most",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn a_profile_has_two_websites() {
        check(
            "[https://a.example]",
            "[https://a.example, http://b.example, https://c.example]",
            &[
                "17:78 error[profile-limit] numbers[0].profile.websites[2]: a profile has at most 2 websites, not 3 | keep the two that matter most",
            ],
        );
        check(
            "websites: [https://a.example]",
            "websites: [a.example]",
            &[
                "17:41 error[profile-limit] numbers[0].profile.websites[0]: `a.example` is not a web address | begin with https://, like https://example.com",
            ],
        );
        check(
            "about: Hello",
            "about: \"\"",
            &[
                "17:23 error[profile-limit] numbers[0].profile.about: the text is empty | use 1 to 139 characters",
            ],
        );
        check(
            "about: Hello",
            "about: no",
            &[
                "17:23 error[type-wrong] numbers[0].profile.about: `no` without quotes is a yes-or-no value to YAML; text is wanted | put it in quotes: \"no\"",
            ],
        );
        check(
            "about: Hello",
            "email: nobody",
            &[
                "17:23 error[profile-limit] numbers[0].profile.email: `nobody` is not an e-mail address | write it like hello@example.com",
            ],
        );
    }
}
