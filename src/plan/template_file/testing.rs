//! For tests of this module: valid templates, and what is found when they are changed.

use std::path::Path;

use super::{
    load::{Loaded, Source, load},
    media::Shelf,
};
use crate::{finding::Finding, plan::files::MemoryFiles};

/// A template with a text header, a body, a footer and buttons of many kinds.
pub(super) const RICH: &str = "\
name: seasonal_promotion
language: en_US
category: MARKETING
components:
  - { type: HEADER, format: TEXT, text: \"Our {{1}} is on!\", example: { header_text: [Summer Sale] } }
  - type: BODY
    text: \"Shop through {{1}} with code {{2}} to get more.\"
    example: { body_text: [[August, 25OFF]] }
  - { type: FOOTER, text: Manage your subscriptions below }
  - type: BUTTONS
    buttons:
      - { type: QUICK_REPLY, text: Unsubscribe }
      - { type: URL, text: Shop, url: \"https://ex.com/{{1}}\", example: [\"https://ex.com/a\"] }
      - { type: PHONE_NUMBER, text: Call, phone_number: \"+4930901820\" }
      - { type: COPY_CODE, example: 25OFF }
      - { type: FLOW, text: Open, flow_id: \"1234567890\", flow_action: navigate, navigate_screen: A }
";

/// A template whose variables have names.
pub(super) const NAMED: &str = "\
name: welcome_named
language: en_US
category: UTILITY
parameter_format: NAMED
message_send_ttl_seconds: 600
components:
  - type: BODY
    text: \"Hi {{first_name}}, your order {{order_id}} is ready.\"
    example:
      body_text_named_params:
        - { param_name: first_name, example: Pablo }
        - { param_name: order_id, example: \"860198\" }
";

/// A template that hands over one-time codes.
pub(super) const CODE: &str = "\
name: login_code
language: en_US
category: AUTHENTICATION
message_send_ttl_seconds: 60
components:
  - { type: BODY, add_security_recommendation: true }
  - { type: FOOTER, code_expiration_minutes: 10 }
  - type: BUTTONS
    buttons:
      - type: OTP
        otp_type: ONE_TAP
        text: Copy Code
        autofill_text: Autofill
        supported_apps: [{ package_name: com.example.shrub, signature_hash: K8a/AINcGX7 }]
";

/// A template with an offer that ends, and a picture.
pub(super) const OFFER: &str = "\
name: offer_2026
language: en_US
category: MARKETING
components:
  - { type: header, format: image, example: { header_handle: [media/offer.png] } }
  - { type: LIMITED_TIME_OFFER, limited_time_offer: { text: Expiring offer!, has_expiration: true } }
  - { type: BODY, text: \"Good news, {{1}}! Use code {{2}}.\", example: { body_text: [[Pablo, CARIBE25]] } }
  - type: BUTTONS
    buttons:
      - { type: COPY_CODE, example: CARIBE25 }
      - { type: URL, text: Book now!, url: \"https://ex.com/o?code={{1}}\", example: [\"https://ex.com/o?code=n3\"] }
";

/// A carousel of two cards.
pub(super) const CARDS: &str = "\
name: carousel_media
language: en_US
category: MARKETING
components:
  - { type: BODY, text: \"Rare succulents for {{1}}!\", example: { body_text: [[Pablo]] } }
  - type: CAROUSEL
    cards:
      - components:
          - { type: HEADER, format: IMAGE, example: { header_handle: [media/offer.png] } }
          - { type: BODY, text: Aloe }
          - { type: BUTTONS, buttons: [{ type: QUICK_REPLY, text: More }] }
      - components:
          - { type: HEADER, format: IMAGE, example: { header_handle: [media/second.png] } }
          - { type: BODY, text: Crassula }
          - { type: BUTTONS, buttons: [{ type: QUICK_REPLY, text: More }] }
";

/// All of them.
pub(super) const ALL: [&str; 5] = [RICH, NAMED, CODE, OFFER, CARDS];

/// The smallest beginning that tells a PNG.
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The smallest beginning that tells a JPEG.
pub(super) const JPEG: &[u8] = b"\xff\xd8\xff\xe0";
/// The smallest beginning that tells an MP4.
pub(super) const MP4: &[u8] = b"\0\0\0\x18ftypmp42";
/// The smallest beginning that tells a PDF.
pub(super) const PDF: &[u8] = b"%PDF-1.7";

/// The files beside the templates.
pub(super) fn files() -> MemoryFiles {
    MemoryFiles::default()
        .with("/plans/templates/media/offer.png", PNG)
        .with("/plans/templates/media/second.png", PNG)
}

/// Reads a text as `templates/t.yaml`, with these files beside it.
pub(super) fn read_with(text: &str, files: &MemoryFiles) -> Loaded {
    let source = Source {
        name: "templates/t.yaml",
        path: Path::new("/plans/templates/t.yaml"),
        bytes: text.as_bytes(),
    };
    load(source, &mut Shelf::new(files))
}

/// Returns a template with one text replaced.
#[track_caller]
pub(super) fn edited(template: &str, from: &str, to: &str) -> String {
    assert!(template.contains(from), "the template has no {from:?}");
    template.replacen(from, to, 1)
}

/// Returns findings as `line:column severity[rule]`.
pub(super) fn places(loaded: &Loaded) -> Vec<String> {
    let place = |finding: &Finding| {
        let span = finding.span.as_ref().expect("every finding has a place");
        let severity = format!("{:?}", finding.severity).to_lowercase();
        format!("{}:{} {severity}[{}]", span.line, span.column, finding.rule)
    };
    loaded.findings.iter().map(place).collect()
}

/// Checks the findings of a template with one text replaced.
#[track_caller]
pub(super) fn check(template: &str, from: &str, to: &str, expected: &[&str]) {
    let loaded = read_with(&edited(template, from, to), &files());
    assert_eq!(
        places(&loaded),
        expected,
        "{from} -> {to}: {:#?}",
        loaded.findings
    );
    let blocked = loaded.findings.iter().any(Finding::blocks);
    assert_eq!(
        loaded.definition.is_none(),
        blocked,
        "a definition exists exactly when nothing blocks"
    );
    for finding in &loaded.findings {
        assert!(finding.hint.is_some(), "{finding:?} has no hint");
    }
}
