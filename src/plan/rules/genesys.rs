//! Rules about Genesys Cloud: the organization, its region, and who is used there.

use super::numbers::{defaults, numbers};
use crate::plan::{choices::Method, document::Document, nearest::nearest, sink::Sink};

/// The domains of all regions.
///
/// Source: <https://developer.genesys.cloud/platform/api/>
const REGIONS: [&str; 18] = [
    "mypurecloud.com",
    "usw2.pure.cloud",
    "use2.us-gov-pure.cloud",
    "cac1.pure.cloud",
    "mxc1.pure.cloud",
    "sae1.pure.cloud",
    "mypurecloud.ie",
    "euw2.pure.cloud",
    "euc2.pure.cloud",
    "aps1.pure.cloud",
    "apse1.pure.cloud",
    "mypurecloud.com.au",
    "mypurecloud.jp",
    "apne2.pure.cloud",
    "apne3.pure.cloud",
    "mec1.pure.cloud",
    "mypurecloud.de",
    "edee1.eusc-pure.cloud",
];

/// A number of Genesys Cloud belongs to an organization.
pub fn organization_missing(document: &Document, sink: &mut Sink<'_>) {
    if document.genesys.is_some() {
        return;
    }
    let own = numbers(document).iter().map(|number| &number.genesys);
    let shared = defaults(document).map(|defaults| &defaults.genesys);
    for genesys in own.chain(shared).flatten() {
        sink.fail(
            "genesys-missing",
            &genesys.spot,
            "the plan does not say which Genesys Cloud organization this is about",
            "add `genesys:` with region, client_id and client_secret to the plan",
        );
    }
}

/// A new region may come any day, so an unknown one is only doubted.
pub fn region_unknown(document: &Document, sink: &mut Sink<'_>) {
    let genesys = document.genesys.as_ref();
    let Some(region) = genesys.and_then(|genesys| genesys.region.as_ref()) else {
        return;
    };
    let domain = region.value.0.as_str();
    if REGIONS.contains(&domain) {
        return;
    }
    let hint = match nearest(domain, REGIONS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write the domain of your organization, like mypurecloud.de or euw2.pure.cloud"
            .to_owned(),
    };
    sink.warn(
        "region-unknown",
        &region.spot,
        format!("`{domain}` is no region that this release knows"),
        hint,
    );
}

/// An accepted intent leaves no place for the activation in Genesys Cloud that Genesys describes.
pub fn method(document: &Document, sink: &mut Sink<'_>) {
    let shared = defaults(document);
    let default = shared.and_then(|defaults| defaults.method.as_ref());
    let everywhere = shared.is_some_and(|defaults| defaults.genesys.is_some());
    for number in numbers(document) {
        let Some(method) = number.method.as_ref().or(default) else {
            continue;
        };
        let used = number.genesys.is_some() || everywhere;
        if used && method.value == Method::SolutionIntent {
            sink.fail(
                "genesys-method",
                &method.spot,
                "a number of Genesys Cloud is not moved by a migration intent",
                "use `method: otp` (its code is handed in ahead) or `method: embedded_signup`",
            );
        }
    }
}

/// The placeholder's integration is deleted, so it is no number that moves.
pub fn placeholder_moves(document: &Document, sink: &mut Sink<'_>) {
    let genesys = document.genesys.as_ref();
    let Some(placeholder) = genesys.and_then(|genesys| genesys.placeholder.as_ref()) else {
        return;
    };
    let mut phones = numbers(document)
        .iter()
        .filter_map(|number| number.phone.as_ref());
    if let Some(moved) = phones.find(|phone| phone.value == placeholder.value) {
        let line = sink.line_of(&moved.spot.place);
        sink.fail(
            "placeholder-moves",
            &placeholder.spot,
            format!("{} is moved by this plan, see line {line}", placeholder.value.international()),
            "name the number that was onboarded on the target only for the payment line, or delete this",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    const ORGANIZATION: &str =
        "genesys: { region: mypurecloud.de, client_id: { env: A }, client_secret: { env: B } }";

    #[test]
    fn a_number_of_genesys_cloud_has_an_organization() {
        let used = "    pin: { env: PIN_A }\n    genesys: { flow: keep }\n";
        check(
            "    pin: { env: PIN_A }\n",
            used,
            &[
                "17:14 error[genesys-missing] numbers[0].genesys: the plan does not say which Genesys Cloud organization this is about | add `genesys:` with region, client_id and client_secret to the plan",
            ],
        );
        check("numbers:\n", &format!("{ORGANIZATION}\nnumbers:\n"), &[]);
    }

    #[test]
    fn an_unknown_region_is_doubted() {
        let region = |region: &str| ORGANIZATION.replace("mypurecloud.de", region) + "\nnumbers:\n";
        check(
            "numbers:\n",
            &region("mypurecloud.dee"),
            &[
                "14:20 warning[region-unknown] genesys.region: `mypurecloud.dee` is no region that this release knows | did you mean `mypurecloud.de`?",
            ],
        );
        check(
            "numbers:\n",
            &region("api.example"),
            &[
                "14:20 warning[region-unknown] genesys.region: `api.example` is no region that this release knows | write the domain of your organization, like mypurecloud.de or euw2.pure.cloud",
            ],
        );
    }

    #[test]
    fn an_intent_brings_no_number_to_genesys_cloud() {
        let number = format!(
            "{ORGANIZATION}\nnumbers:\n  - phone: \"+44 20 7946 0000\"\n    pin: {{ env: C }}\n    method: solution_intent\n    solution_id: \"5\"\n    genesys: {{ flow: keep }}\n"
        );
        check(
            "numbers:\n",
            &number,
            &[
                "18:13 error[genesys-method] numbers[0].method: a number of Genesys Cloud is not moved by a migration intent | use `method: otp` (its code is handed in ahead) or `method: embedded_signup`",
            ],
        );
    }

    #[test]
    fn the_placeholder_is_another_number() {
        let with = |phone: &str| {
            ORGANIZATION.replace(
                "{ env: B } }",
                &format!("{{ env: B }}, placeholder: {phone:?} }}"),
            ) + "\nnumbers:\n"
        };
        check("numbers:\n", &with("+49 30 555000"), &[]);
        check(
            "numbers:\n",
            &with("+4930901820"),
            &[
                "14:99 error[placeholder-moves] genesys.placeholder: +49 30 901820 is moved by this plan, see line 16 | name the number that was onboarded on the target only for the payment line, or delete this",
            ],
        );
    }
}
