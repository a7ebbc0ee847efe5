//! Numbers of a Genesys Cloud organization move, and nothing else in it changes.

use crate::{
    organization::{self, BERLIN, MUNICH, changes, is_silent, org, stage, watch},
    stage::phone,
};

#[test]
fn two_numbers_move_and_nothing_else_changes() {
    let before = organization::world();
    let mut stage = stage();
    watch(&mut stage);
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert!(stage.plan().is_empty());
    assert_eq!(stage.diff(), []);
    insta::assert_snapshot!(changes(&stage, &before), @r#"
    campaigns[Winter offer] whatsAppConfig.whatsAppIntegration.id: "old integration of +49891234567" -> "new integration of +49891234567"
    integrations[+4930901820] name: "Acme Berlin (partner)" -> "WhatsApp Berlin"
    integrations[+4930901820] waba: "102290129340398" -> "215589313241560"
    integrations[+49891234567] name: "Acme Munich (partner)" -> "WhatsApp Munich"
    integrations[+49891234567] waba: "102290129340398" -> "215589313241560"
    integrations[Payment line] is gone
    queues[Berlin support] outboundMessagingAddresses.whatsAppRecipient.id: "old recipient of +4930901820" -> "new recipient of +4930901820"
    queues[Munich returns] outboundMessagingAddresses.whatsAppRecipient.id: "old recipient of +49891234567" -> "new recipient of +49891234567"
    queues[Munich support] outboundMessagingAddresses.whatsAppRecipient.id: "old recipient of +49891234567" -> "new recipient of +49891234567"
    recipients[+4930901820] integration: "old integration of +4930901820" -> "new integration of +4930901820"
    recipients[+49891234567] integration: "old integration of +49891234567" -> "new integration of +49891234567"
    recipients[Payment line] is gone
    responses[Appointment (de)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Appointment (en)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Order confirmation (de)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Order confirmation (en)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Order delayed (de)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Order delayed (en)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Order shipped (de)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Order shipped (en)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Welcome back (de)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Welcome back (en)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Winter offer (de)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    responses[Winter offer (en)] messagingTemplate.whatsApp.namespace: "beeb8da1_658e_ec67_f893_a2eefb32555e" -> "71bb54d8_d101_b5b9_c34d_0bff90150280"
    rule_sets[Senders by country] rules.0.actions.1.setWhatsAppIntegrationActionSettings.whatsAppIntegrationId: "old integration of +49891234567" -> "new integration of +49891234567"
    "#);
    stage.sim.world(|world| {
        for number in [BERLIN, MUNICH] {
            assert!(!is_silent(world, &phone(number)), "{number} is silent");
        }
        let tally = org(world).tally;
        assert_eq!((tally.activations, tally.repeated_activations), (2, 0));
    });
    assert_eq!(stage.sent("/register"), 0, "Genesys Cloud registers");
    let meta = stage.end_state();
    for number in ["+4930901820", "+49891234567"] {
        let live = format!("{number} on 215589313241560: CONNECTED CLOUD_API VERIFIED pin true");
        assert!(meta.contains(&live), "{meta}");
    }
}
