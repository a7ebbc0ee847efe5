//! The mail to the administrator of a Genesys Cloud organization, who has to be there when a number is cut
//! over.
//!
//! Source of the clicks: <https://help.mypurecloud.com/?p=310549>

use super::{GateText, Language, planned};
use crate::{
    finding::Who,
    ids::{Address, NumberStep},
    plan::{Method, Number, Plan},
};

pub(super) fn text(plan: &Plan, number: &Number, language: Language) -> GateText {
    let (subject, body) = match language {
        Language::En => english(plan, number),
        Language::De => german(plan, number),
    };
    GateText {
        gate: Address::number(&number.phone, NumberStep::GenesysAttach),
        to: Who::GenesysAdmin,
        language,
        subject,
        body,
    }
}

fn name(number: &Number) -> Option<&str> {
    number.genesys.as_ref()?.integration_name.as_deref()
}

fn english(plan: &Plan, number: &Number) -> (String, String) {
    let (phone, target) = (number.phone.international(), &plan.target.waba);
    let planned = planned(number, Language::En);
    let name = name(number).map_or_else(String::new, |name| format!(" Call it `{name}`."));
    let code = match number.method {
        Method::EmbeddedSignup => "Type the code that Meta sends to the number.",
        Method::Otp | Method::SolutionIntent(_) => {
            "The number is verified already; if a code is asked for all the\n   same, it is sent to the number."
        }
    };
    let body = format!(
        "Hello,

the WhatsApp number {phone} gets a new integration in Genesys Cloud.
{planned}
When we tell you that the old integration is deleted, please do this at once.
Messages to the number reach nobody until it is done:

1. In Genesys Cloud, add a WhatsApp integration and begin the signup. Log in as
   somebody who may manage the business at Meta.
2. Choose the WhatsApp Business Account {target}, no other.
3. Choose the number {phone}, no other.
   {code}
4. Save it.{name}

We see it by ourselves and do the rest: activation, settings, flow, queues and
campaigns. Please change nothing else meanwhile, and do not delete anything.

Thank you!
"
    );
    (
        format!("Please be there for the signup of {phone} in Genesys Cloud"),
        body,
    )
}

fn german(plan: &Plan, number: &Number) -> (String, String) {
    let (phone, target) = (number.phone.international(), &plan.target.waba);
    let planned = planned(number, Language::De);
    let name = name(number).map_or_else(String::new, |name| format!(" Name: „{name}“."));
    let code = match number.method {
        Method::EmbeddedSignup => "Den Code eingeben, den Meta an die Nummer schickt.",
        Method::Otp | Method::SolutionIntent(_) => {
            "Die Nummer ist schon verifiziert; wird trotzdem ein Code verlangt,\n   kommt er auf der Nummer an."
        }
    };
    let body = format!(
        "Guten Tag,

die WhatsApp-Nummer {phone} bekommt in Genesys Cloud eine neue Integration.
{planned}
Sobald wir melden, dass die alte Integration gelöscht ist, bitte sofort Folgendes
tun. Bis dahin erreichen Nachrichten an die Nummer niemanden:

1. In Genesys Cloud eine WhatsApp-Integration hinzufügen und die Anmeldung
   beginnen. Mit einem Konto anmelden, das das Unternehmen bei Meta verwalten darf.
2. Das WhatsApp-Business-Konto {target} wählen, kein anderes.
3. Die Nummer {phone} wählen, keine andere.
   {code}
4. Speichern.{name}

Wir sehen das von selbst und erledigen den Rest: Aktivierung, Einstellungen,
Flow, Warteschlangen und Kampagnen. Bitte währenddessen nichts anderes ändern und
nichts löschen.

Vielen Dank!
"
    );
    (
        format!("Bitte bei der Anmeldung von {phone} in Genesys Cloud dabei sein"),
        body,
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        plan::load::{Source, load},
        report::gates::{render, texts},
    };

    const PLAN: &str = r#"
version: 1
name: acme
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
genesys: { region: mypurecloud.de, client_id: { env: ID }, client_secret: { env: SECRET } }
defaults: { number: { pin: { env: PIN }, genesys: { flow: keep, integration_name: WhatsApp Berlin } } }
numbers: [ { phone: "+49 30 901820" }, { phone: "+49 89 1234567", method: embedded_signup } ]
"#;

    #[test]
    fn the_admin_is_told_what_to_choose() {
        let path = Path::new("plan.yaml");
        let (name, bytes) = ("plan.yaml", PLAN.as_bytes());
        let plan = load(Source { name, path, bytes }).plan.expect("a plan");
        for number in &plan.numbers {
            let phone = number.phone.international();
            for language in [Language::En, Language::De] {
                let mails = texts(&plan, number, language);
                let gates: Vec<_> = mails.iter().map(|mail| mail.gate.to_string()).collect();
                let expected = ["two_step_off", "genesys_attach"];
                assert_eq!(
                    gates,
                    expected.map(|step| format!("number[\"{}\"].{step}", number.phone))
                );
                let mail = render(&mails[1..]);
                for part in [phone.as_str(), "215589313241560", "WhatsApp Berlin"] {
                    assert!(mail.contains(part), "{mail}");
                }
                assert!(
                    mail.lines().all(|line| line.chars().count() <= 90),
                    "{mail}"
                );
            }
        }
    }
}
