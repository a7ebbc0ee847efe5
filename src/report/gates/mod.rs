//! What people are asked to do, as a mail that can be sent on: in English or German.
//!
//! It talks of the plan alone and reads nothing of the world, so that a mail can be written before
//! anything else is done.
//!
//! Source of the clicks: <https://developers.facebook.com/docs/whatsapp/business-management-api/guides/migrating-phone-numbers-between-wabas-programmatically>
//! and <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/support/migrating-phone-numbers-among-solution-partners-via-embedded-signup>

mod popup;

use serde::Serialize;

use crate::{
    finding::Who,
    ids::{Address, NumberStep, SolutionId},
    plan::{Method, Number, Plan, Window},
};

/// A language that mails can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
}

/// A mail that asks for one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GateText {
    /// The gate it opens.
    pub gate: Address,
    /// Who is asked.
    pub to: Who,
    /// The language it is written in.
    pub language: Language,
    /// The subject of the mail.
    pub subject: String,
    /// The mail.
    pub body: String,
}

/// Writes the mails that a number needs, in the order of its gates.
pub fn texts(plan: &Plan, number: &Number, language: Language) -> Vec<GateText> {
    let two_step = two_step_off(plan, number, language);
    let other = match &number.method {
        _ if number.genesys.is_some() => Some(popup::text(plan, number, language)),
        Method::Otp => None,
        Method::EmbeddedSignup => Some(signup(plan, number, language)),
        Method::SolutionIntent(solution) => Some(accept(plan, number, solution, language)),
    };
    [two_step].into_iter().chain(other).collect()
}

/// Renders mails as text, with a line between two of them.
pub fn render(texts: &[GateText]) -> String {
    let mails = texts.iter().map(|text| {
        let subject = match text.language {
            Language::En => "Subject",
            Language::De => "Betreff",
        };
        format!("{subject}: {}\n\n{}", text.subject, text.body)
    });
    mails.collect::<Vec<_>>().join("\n---\n\n")
}

/// When the move is planned: two lines, or nothing.
fn planned(number: &Number, language: Language) -> String {
    let Some(window) = &number.window else {
        return String::new();
    };
    match language {
        Language::En => format!(
            "The move is planned from {}\nto {}.\n",
            window.opens(),
            window.closes()
        ),
        Language::De => format!(
            "Der Umzug ist geplant von {}\nbis {}.\n",
            german(&window.from, window),
            german(&window.to, window)
        ),
    }
}

fn german(moment: &jiff::Zoned, window: &Window) -> String {
    format!("{} {}", moment.strftime("%d.%m.%Y %H:%M"), window.zone())
}

fn two_step_off(plan: &Plan, number: &Number, language: Language) -> GateText {
    let (phone, source) = (number.phone.international(), &plan.source.waba);
    let planned = planned(number, language);
    let (subject, body) = match language {
        Language::En => (
            format!("Please turn off two-step verification for {phone}"),
            format!(
                "Hello,

we are moving the WhatsApp number {phone} to another WhatsApp Business
Account. Meta allows that only while two-step verification of the number is
off, and only you can turn it off:

1. Open WhatsApp Manager and choose the account {source}.
2. Go to Account tools > Phone numbers and choose {phone}.
3. Open Two-step verification and choose Turn off.
4. Open the link in the e-mail that Meta sends you, and confirm.

Please leave it off until we tell you that the move is done.
{planned}Until then the number works as it does today; nothing changes for your
customers. After the move it has a two-step PIN again.

Thank you!
"
            ),
        ),
        Language::De => (
            format!("Bitte die Verifizierung in zwei Schritten für {phone} ausschalten"),
            format!(
                "Guten Tag,

wir ziehen die WhatsApp-Nummer {phone} in ein anderes WhatsApp-
Business-Konto um. Meta lässt das nur zu, solange die Verifizierung in zwei
Schritten für die Nummer ausgeschaltet ist, und ausschalten können nur Sie sie:

1. Den WhatsApp Manager öffnen und das Konto {source} wählen.
2. Unter Konto-Tools > Telefonnummern die Nummer {phone} wählen.
3. „Verifizierung in zwei Schritten“ öffnen und „Ausschalten“ wählen.
4. Den Link in der E-Mail von Meta öffnen und bestätigen.

Bitte lassen Sie sie aus, bis wir Ihnen melden, dass der Umzug erledigt ist.
{planned}Bis dahin funktioniert die Nummer wie bisher; für Ihre Kundinnen und Kunden
ändert sich nichts. Nach dem Umzug hat sie wieder eine PIN.

Vielen Dank!
"
            ),
        ),
    };
    GateText {
        gate: Address::number(&number.phone, NumberStep::TwoStepOff),
        to: Who::SourceOwner,
        language,
        subject,
        body,
    }
}

fn signup(plan: &Plan, number: &Number, language: Language) -> GateText {
    let (phone, target) = (number.phone.international(), &plan.target.waba);
    let (subject, body) = match language {
        Language::En => (
            format!("Please take {phone} over in Meta's signup window"),
            format!(
                "Hello,

to finish the move of the WhatsApp number {phone} we need some minutes
of yours, once two-step verification of the number is off:

1. Open the signup page that we gave you, and log in with your Meta business
   account.
2. Choose the WhatsApp Business Account {target}.
3. Choose to migrate an existing number, and enter {phone}.
4. Type the code that Meta sends to the number by text message or call.
5. Go on until the window says that you are done.

We see it by ourselves and do the rest. The number keeps working meanwhile.

Thank you!
"
            ),
        ),
        Language::De => (
            format!("Bitte {phone} im Anmeldefenster von Meta übernehmen"),
            format!(
                "Guten Tag,

um den Umzug der WhatsApp-Nummer {phone} abzuschließen, brauchen wir
einige Minuten von Ihnen, sobald die Verifizierung in zwei Schritten aus ist:

1. Die Anmeldeseite öffnen, die Sie von uns bekommen haben, und sich mit Ihrem
   Unternehmenskonto bei Meta anmelden.
2. Das WhatsApp-Business-Konto {target} wählen.
3. „Bestehende Nummer migrieren“ wählen und {phone} eingeben.
4. Den Code eingeben, den Meta per SMS oder Anruf an die Nummer schickt.
5. Weiter bis zur Meldung, dass alles fertig ist.

Wir sehen das von selbst und erledigen den Rest. Die Nummer funktioniert
währenddessen weiter.

Vielen Dank!
"
            ),
        ),
    };
    GateText {
        gate: Address::number(&number.phone, NumberStep::Signup),
        to: Who::Customer,
        language,
        subject,
        body,
    }
}

fn accept(plan: &Plan, number: &Number, solution: &SolutionId, language: Language) -> GateText {
    let (phone, source) = (number.phone.international(), &plan.source.waba);
    let (subject, body) = match language {
        Language::En => (
            format!("Please accept the migration request for {phone}"),
            format!(
                "Hello,

to move the WhatsApp number {phone} to its new provider, Meta needs your
consent:

1. Open Meta Business Suite > Business settings > Requests.
2. Open the request to migrate the account {source} to the solution
   {solution}.
3. Accept it.

We see it by ourselves and do the rest. The number keeps working meanwhile.

Thank you!
"
            ),
        ),
        Language::De => (
            format!("Bitte die Umzugsanfrage für {phone} annehmen"),
            format!(
                "Guten Tag,

um die WhatsApp-Nummer {phone} zum neuen Anbieter umzuziehen, braucht
Meta Ihre Zustimmung:

1. Meta Business Suite > Unternehmenseinstellungen > Anfragen öffnen.
2. Die Anfrage öffnen, das Konto {source} zur Lösung {solution}
   umzuziehen.
3. Die Anfrage annehmen.

Wir sehen das von selbst und erledigen den Rest. Die Nummer funktioniert
währenddessen weiter.

Vielen Dank!
"
            ),
        ),
    };
    GateText {
        gate: Address::solution_accepted(solution),
        to: Who::Customer,
        language,
        subject,
        body,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::load::{Source, load};

    const PLAN: &str = r#"
version: 1
name: acme
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
windows: { night: { from: 2026-12-05T22:00, to: 2026-12-06T04:00, time_zone: Europe/Berlin } }
defaults: { number: { pin: { env: PIN } } }
numbers:
  - { phone: "+49 30 901820", window: night }
  - { phone: "+49 89 1234567", method: embedded_signup }
  - { phone: "+33 1 42 68 53 00", method: solution_intent, solution_id: "1715120619246906" }
"#;

    fn plan() -> Plan {
        let path = Path::new("plan.yaml");
        let (name, bytes) = ("plan.yaml", PLAN.as_bytes());
        load(Source { name, path, bytes }).plan.expect("a plan")
    }

    #[test]
    fn a_mail_says_what_to_do_and_until_when() {
        let plan = plan();
        let texts = texts(&plan, &plan.numbers[0], Language::En);
        insta::assert_snapshot!(render(&texts), @r"
        Subject: Please turn off two-step verification for +49 30 901820

        Hello,

        we are moving the WhatsApp number +49 30 901820 to another WhatsApp Business
        Account. Meta allows that only while two-step verification of the number is
        off, and only you can turn it off:

        1. Open WhatsApp Manager and choose the account 102290129340398.
        2. Go to Account tools > Phone numbers and choose +49 30 901820.
        3. Open Two-step verification and choose Turn off.
        4. Open the link in the e-mail that Meta sends you, and confirm.

        Please leave it off until we tell you that the move is done.
        The move is planned from Sat 5 Dec 2026 22:00 Europe/Berlin
        to Sun 6 Dec 2026 04:00 Europe/Berlin.
        Until then the number works as it does today; nothing changes for your
        customers. After the move it has a two-step PIN again.

        Thank you!
        ");
    }

    #[test]
    fn every_method_has_its_gates_in_both_languages() {
        let plan = plan();
        let gates = |number: usize, language| {
            let texts = texts(&plan, &plan.numbers[number], language);
            assert!(
                texts
                    .iter()
                    .all(|text| !text.subject.is_empty() && text.body.len() > 100)
            );
            texts
                .iter()
                .map(|text| text.gate.to_string())
                .collect::<Vec<_>>()
        };
        for language in [Language::En, Language::De] {
            assert_eq!(
                gates(0, language),
                [r#"number["+4930901820"].two_step_off"#]
            );
            assert_eq!(
                gates(1, language),
                [
                    r#"number["+49891234567"].two_step_off"#,
                    r#"number["+49891234567"].signup"#
                ]
            );
            assert_eq!(
                gates(2, language)[1],
                r#"solution["1715120619246906"].accepted"#
            );
        }
        let german = texts(&plan, &plan.numbers[0], Language::De);
        assert!(
            german[0]
                .body
                .contains("von 05.12.2026 22:00 Europe/Berlin"),
            "{}",
            german[0].body
        );
    }
}
