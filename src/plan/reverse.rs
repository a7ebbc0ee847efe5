//! The plan of a migration back: source and target swapped, the numbers that were moved, and nothing
//! else. A person reads and completes it. Pure.
//!
//! JSON texts stand for YAML ones: a quoted text of the one is one of the other.

use std::path::Path;

use serde_json::json;

use super::{Genesys, MessageFlow, Method, Number, NumberGenesys, OtpChannel, Plan};
use crate::{phone::Phone, secret::SecretRef};

/// The longest name of a plan.
const NAME: usize = 63;

/// What a person has to decide, above everything else.
const HEAD: &str = "\
# The way back: written by `waba-migrate undo --reverse-plan`, to be read and completed by a person.
#
# It is a migration like any other, with a point of no return of its own. Keep it beside the first plan,
# from where its secrets are found. Before it is used:
#
# * The old account has to take the numbers back: payment, reviews and room are checked by `preflight`.
# * Each PIN is the one that the number gets at register. The references are those of the first plan:
#   put another value behind them, or name another place.
# * Two-step verification of each number has to be switched off where it is now.
# * Give every number a window, and say which one goes first (`needs`).
# * Templates and webhooks of the old account are left as they are: see that they are still there.
#
# Then: validate, rehearse, preflight, plan -o, and have the change set reviewed.
";

/// Writes the plan that moves these numbers back. `None`: there is none to move.
pub fn reverse(plan: &Plan, phones: &[Phone]) -> Option<String> {
    let numbers: Vec<_> = plan
        .numbers
        .iter()
        .filter(|number| phones.contains(&number.phone))
        .collect();
    if numbers.is_empty() {
        return None;
    }
    let beside = plan.path.parent().unwrap_or(Path::new(""));
    let mut text = format!(
        "{HEAD}version: 1\nname: {}\n\ngraph:\n  api_version: {}\n",
        name(plan),
        json!(plan.graph.api_version)
    );
    if let Some(app) = &plan.graph.app_id {
        text += &format!("  app_id: {}\n", json!(app.as_str()));
    }
    if let Some(secret) = &plan.graph.app_secret {
        text += &format!("  app_secret: {}\n", reference(secret, beside));
    }
    text += &format!(
        "\n# Where the numbers are now.\nsource:\n  waba: {}\n  token: {}\n",
        json!(plan.target.waba.as_str()),
        reference(&plan.target.token, beside)
    );
    text += &format!(
        "\n# Where they came from.\ntarget:\n  waba: {}\n  token: {}\n",
        json!(plan.source.waba.as_str()),
        reference(plan.source_token(), beside)
    );
    text += "\nnumbers:\n";
    for one in numbers {
        text += &number(one, beside);
    }
    if let Some(genesys) = &plan.genesys {
        text += &organization(genesys, beside);
    }
    Some(text + "\ntemplates:\n  copy: []\n")
}

/// The name with `-back`, as far as there is room.
fn name(plan: &Plan) -> String {
    const END: &str = "-back";
    let room = NAME - END.len();
    let name: String = plan.name.chars().take(room).collect();
    json!(format!("{}{END}", name.trim_end_matches('-'))).to_string()
}

fn number(number: &Number, beside: &Path) -> String {
    let Number {
        phone,
        method,
        pin,
        otp,
        needs: _,
        window: _,
        profile: _,
        genesys,
    } = number;
    let channel = match otp.channel {
        OtpChannel::Sms => "sms",
        OtpChannel::Voice => "voice",
    };
    let mut text = format!(
        "  - phone: {}\n    pin: {}\n",
        json!(phone.to_string()),
        reference(pin, beside)
    );
    text += &match method {
        Method::EmbeddedSignup => "    method: embedded_signup\n".to_owned(),
        Method::Otp => format!(
            "    otp: {{ channel: {}, language: {} }}\n",
            channel,
            json!(otp.language)
        ),
        Method::SolutionIntent(_) => {
            "    # It came by a migration intent; the way back takes a one-time code.\n    method: otp\n"
                .to_owned()
        }
    };
    if let Some(genesys) = genesys {
        text += &in_genesys(genesys);
    }
    text
}

fn in_genesys(number: &NumberGenesys) -> String {
    let flow = match &number.flow {
        MessageFlow::Keep => "keep".to_owned(),
        MessageFlow::Named(name) => json!(name).to_string(),
    };
    match &number.integration_name {
        Some(name) => format!(
            "    genesys: {{ flow: {flow}, integration_name: {} }}\n",
            json!(name)
        ),
        None => format!("    genesys: {{ flow: {flow} }}\n"),
    }
}

/// The organization as it is. The placeholder stays out: it belongs to the way there.
fn organization(genesys: &Genesys, beside: &Path) -> String {
    let Genesys {
        region,
        client_id,
        client_secret,
        pauses_campaigns,
        repoints_responses,
        placeholder: _,
    } = genesys;
    let or_leave = |wanted: &bool, word: &'static str| if *wanted { word } else { "leave" };
    format!(
        "\ngenesys:\n  region: {}\n  client_id: {}\n  client_secret: {}\n  campaigns: {}\n  canned_responses: {}\n",
        json!(region),
        reference(client_id, beside),
        reference(client_secret, beside),
        or_leave(pauses_campaigns, "pause"),
        or_leave(repoints_responses, "repoint"),
    )
}

/// Where a secret is, as a plan in the same folder has it.
fn reference(secret: &SecretRef, beside: &Path) -> String {
    match secret {
        SecretRef::Env(name) => format!("{{ env: {} }}", json!(name)),
        SecretRef::File(path) => {
            let way = path.strip_prefix(beside).unwrap_or(path);
            let way = way.to_string_lossy().replace('\\', "/");
            format!("{{ file: {} }}", json!(way))
        }
        SecretRef::Command { argv, folder: _ } => format!("{{ command: {} }}", json!(argv)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        load::{Source, load},
        testing::{VALID, edited, read},
    };

    fn reversed(text: &str) -> String {
        let plan = read(text).plan.expect("a valid plan");
        let phones: Vec<_> = plan
            .numbers
            .iter()
            .map(|number| number.phone.clone())
            .collect();
        let text = reverse(&plan, &phones).expect("numbers to move back");
        let loaded = load(Source {
            name: "back.yaml",
            path: Path::new("/plans/back.yaml"),
            bytes: text.as_bytes(),
        });
        assert_eq!(loaded.findings, Vec::new(), "{text}");
        let back = loaded.plan.expect("a valid plan");
        assert_eq!(back.source.waba, plan.target.waba);
        assert_eq!(back.source_token(), &plan.target.token);
        assert_eq!(back.target.waba, plan.source.waba);
        assert_eq!(&back.target.token, plan.source_token());
        assert_eq!(back.graph.api_version, plan.graph.api_version);
        assert_eq!(back.graph.app_id, plan.graph.app_id);
        assert_eq!(back.numbers.len(), plan.numbers.len());
        for (one, two) in plan.numbers.iter().zip(&back.numbers) {
            assert_eq!((&one.phone, &one.pin), (&two.phone, &two.pin));
        }
        assert!(back.templates.copy.is_empty());
        text
    }

    #[test]
    fn a_plan_back_is_a_plan() {
        let text = reversed(VALID);
        let (_, below) = text.split_once("version: 1").expect("a head");
        insta::assert_snapshot!(below.trim(), @r#"
        name: "acme-back"

        graph:
          api_version: "v25.0"
          app_id: "1"

        # Where the numbers are now.
        source:
          waba: "20"
          token: { env: "TARGET" }

        # Where they came from.
        target:
          waba: "10"
          token: { env: "SOURCE" }

        numbers:
          - phone: "+4930901820"
            pin: { env: "PIN_A" }
            otp: { channel: sms, language: "de" }
          - phone: "+33142685300"
            pin: { env: "PIN_B" }
            otp: { channel: sms, language: "de" }

        templates:
          copy: []
        "#);
    }

    #[test]
    fn every_reference_and_method_comes_back() {
        reversed(&edited("{ env: PIN_A }", "{ file: 'a \"b\" #.txt' }"));
        reversed(&edited(
            "{ env: PIN_A }",
            "{ command: [./pin.sh, 'x: \\', \"\\t\"] }",
        ));
        reversed(&edited("name: acme", &format!("name: {}", "a".repeat(63))));
        let signup = edited(
            "    pin: { env: PIN_B }",
            "    pin: { env: PIN_B }\n    method: embedded_signup",
        );
        assert!(reversed(&signup).contains("method: embedded_signup"));
    }

    #[test]
    fn without_numbers_there_is_no_way_back() {
        let plan = read(VALID).plan.expect("a valid plan");
        assert_eq!(reverse(&plan, &[]), None);
    }
}
