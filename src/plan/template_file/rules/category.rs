//! What follows from the category.

use super::super::document::{ButtonKind, Category, ComponentKind, HeaderFormat, Template};
use crate::plan::{decode::Spot, sink::Sink};

/// How long a message may wait, by category. General knowledge:
/// <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates> gives
/// the field alone.
pub(super) fn time_to_live(template: &Template, sink: &mut Sink<'_>) {
    let (Some(category), Some(ttl)) = (template.category(), &template.message_send_ttl_seconds)
    else {
        return;
    };
    let (range, or_month) = match category {
        Category::Authentication => (30..=900, true),
        Category::Utility => (30..=43_200, true),
        Category::Marketing => (43_200..=2_592_000, false),
    };
    let seconds = ttl.value.0;
    if range.contains(&seconds) || (or_month && seconds == -1) {
        return;
    }
    let name = category.as_str();
    let month = if or_month { ", or -1 for 30 days" } else { "" };
    sink.fail(
        "template-ttl-range",
        &ttl.spot,
        format!("{seconds} seconds are not allowed for {name}"),
        format!("use {} to {}{month}", range.start(), range.end()),
    );
}

/// Kinds that Meta shows in marketing templates only. It does not say that others are refused: a
/// warning. GIF headers are documented for marketing alone.
pub(super) fn marketing_kinds(template: &Template, sink: &mut Sink<'_>) {
    let Some(category) = template.category() else {
        return;
    };
    if category != Category::Utility {
        return;
    }
    for component in template.everywhere() {
        if component.header_format() == Some(HeaderFormat::Gif) {
            let message = "a GIF header belongs to MARKETING templates";
            let hint = "write `category: MARKETING`, or show an IMAGE";
            sink.fail("template-category-kind", &component.spot, message, hint);
        }
        if let Some(kind) = &component.kind
            && matches!(
                kind.value,
                ComponentKind::LimitedTimeOffer | ComponentKind::Carousel
            )
        {
            advise(kind.value.as_str(), &kind.spot, sink);
        }
    }
    for button in template.buttons() {
        if let Some(kind) = &button.kind
            && matches!(
                kind.value,
                ButtonKind::CopyCode | ButtonKind::Catalog | ButtonKind::Mpm | ButtonKind::Spm
            )
        {
            advise(kind.value.as_str(), &kind.spot, sink);
        }
    }
}

fn advise(kind: &str, spot: &Spot, sink: &mut Sink<'_>) {
    let message = format!("Meta documents {kind} for MARKETING templates");
    let hint = "write `category: MARKETING`, or expect that Meta moves it there or refuses it";
    sink.warn("template-category-kind", spot, message, hint);
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{CARDS, CODE, NAMED, OFFER, RICH, check};

    #[test]
    fn messages_wait_within_limits() {
        let ttl = "message_send_ttl_seconds: 600";
        let set = |seconds: &str| format!("message_send_ttl_seconds: {seconds}");
        for good in ["30", "43200", "-1"] {
            check(NAMED, ttl, &set(good), &[]);
        }
        for bad in ["29", "43201", "-2", "0"] {
            check(NAMED, ttl, &set(bad), &["5:27 error[template-ttl-range]"]);
        }
        check(
            NAMED,
            ttl,
            &set("\"600\""),
            &["5:27 error[template-number-form]"],
        );
        check(
            NAMED,
            ttl,
            &set("1e3"),
            &["5:27 error[template-number-form]"],
        );
        check(
            CODE,
            "seconds: 60",
            "seconds: 901",
            &["4:27 error[template-ttl-range]"],
        );
        check(
            RICH,
            "MARKETING\n",
            "MARKETING\nmessage_send_ttl_seconds: 43200\n",
            &[],
        );
        check(
            RICH,
            "MARKETING\n",
            "MARKETING\nmessage_send_ttl_seconds: -1\n",
            &["4:27 error[template-ttl-range]"],
        );
    }

    #[test]
    fn kinds_of_marketing_are_told() {
        check(
            OFFER,
            "MARKETING",
            "UTILITY",
            &[
                "6:13 warning[template-category-kind]",
                "10:17 warning[template-category-kind]",
            ],
        );
        check(
            CARDS,
            "MARKETING",
            "utility",
            &["6:11 warning[template-category-kind]"],
        );
        check(
            RICH,
            "MARKETING",
            "promotion",
            &["3:11 error[choice-unknown]"],
        );
    }
}
