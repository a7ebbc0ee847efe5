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
