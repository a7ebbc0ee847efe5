//! Odd integrations: accounts and numbers that are not shown, popups that do more or less than expected.

use std::time::Duration;

use serde_json::{Value, json};
use waba_migrate::{
    journal::StepEnd,
    sim::{
        genesys::{
            happening::InGenesys,
            switches::{GenesysSwitches, Since},
        },
        happening::Happening,
        world::World,
    },
};

use crate::{
    organization::{
        BERLIN, End, MUNICH, activations, apply_to_the_end, changes, finish_popup, is_silent, org,
        org_mut, stage_with, switch, watch,
    },
    stage::phone,
};

const ATTACH_BERLIN: &str = "number[\"+4930901820\"].genesys_attach";

/// Shows something else of the old integrations of both numbers.
fn shown(world: &mut World, name: &str, value: &Value) {
    for number in [BERLIN, MUNICH] {
        let org = org_mut(world);
        let id = org
            .integrations_of(&phone(number))
            .next()
            .map(|it| it.id.clone());
        let it = org
            .integration_mut(&id.expect("the old one"))
            .expect("the old one");
        it.raw.insert(name.to_owned(), value.clone());
    }
}

/// One run ends live, and the end is the undisturbed one.
#[track_caller]
fn ends_live(name: &str, edit: impl Fn(&mut World)) {
    let expected = End::undisturbed();
    let mut before = crate::organization::world();
    edit(&mut before);
    let mut stage = stage_with(&edit);
    watch(&mut stage);
    apply_to_the_end(&mut stage, 1, name);
    expected.check(&stage, &before, name);
}

#[test]
fn old_integrations_that_show_no_account_are_known_by_their_number() {
    ends_live("no account", |world| {
        shown(world, "whatsAppBusinessAccountId", &json!(null))
    });
}

#[test]
fn old_integrations_of_an_unheard_status_are_released() {
    ends_live("odd status", |world| {
        shown(world, "status", &json!("Hibernating"))
    });
}

#[test]
fn an_old_integration_that_shows_no_number_stops_the_run() {
    let mut stage = stage_with(|world| shown(world, "phoneNumber", &json!(null)));
    watch(&mut stage);
    let run = stage.apply();
    let rules = run.rules();
    assert!(
        rules
            .iter()
            .any(|rule| rule == "genesys-integration-missing"),
        "{rules:?}"
    );
    assert_eq!(stage.writes(), Vec::<String>::new());
}

type Case = (&'static str, fn(&mut GenesysSwitches));

/// Ways of the API not to show what a new integration is of.
const HIDDEN: [Case; 4] = [
    ("account shown when active", |it| {
        it.waba_shown = Since::Active
    }),
    ("numbers offered without digits", |it| {
        it.available_with_number = false
    }),
    ("no numbers offered", |it| it.v4_lists_numbers = false),
    ("neither account nor numbers", |it| {
        it.waba_shown = Since::Active;
        it.v4_lists_numbers = false;
    }),
];

#[test]
fn a_new_integration_that_shows_little_is_known_by_being_new() {
    for (name, change) in HIDDEN {
        ends_live(name, |world| switch(world, change));
    }
}

#[test]
fn a_popup_that_activates_needs_no_activation() {
    let edit = |world: &mut World| switch(world, |it| it.popup_activates = true);
    let expected = End::undisturbed();
    let mut before = crate::organization::world();
    edit(&mut before);
    let mut stage = stage_with(edit);
    watch(&mut stage);
    apply_to_the_end(&mut stage, 1, "popup");
    expected.is_reached(&stage, &before, "popup");
    assert_eq!(activations(&stage).0, 0);
}

#[test]
fn a_deletion_that_deregisters_at_meta_changes_nothing_else() {
    let edit = |world: &mut World| switch(world, |it| it.deletion_deregisters = true);
    let mut before = crate::organization::world();
    edit(&mut before);
    let undisturbed = crate::organization::stage();
    assert!(undisturbed.apply().is_done());
    let mut stage = stage_with(edit);
    watch(&mut stage);
    apply_to_the_end(&mut stage, 1, "deregisters");
    assert_eq!(changes(&stage, &before), changes(&undisturbed, &before));
    assert!(stage.plan().is_empty());
    let meta = stage.end_state();
    for number in ["+4930901820", "+49891234567"] {
        let live = format!("{number} on 215589313241560: CONNECTED CLOUD_API VERIFIED pin true");
        assert!(meta.contains(&live), "{meta}");
    }
}

#[test]
fn a_creation_that_fails_is_for_the_admin() {
    let edit = |world: &mut World| {
        switch(world, |it| it.failing_creates = 1);
        org_mut(world).admin = None;
    };
    let expected = End::undisturbed();
    let mut before = crate::organization::world();
    edit(&mut before);
    let mut stage = stage_with(edit);
    watch(&mut stage);
    stage.options.wait = Some(Duration::from_secs(3600));
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Parked, "{}", run.ends());
    finish_popup(&stage, BERLIN);
    let run = stage.apply();
    let (end, note) = run.end(ATTACH_BERLIN);
    assert_eq!(end, StepEnd::Failed, "{}", run.ends());
    assert!(note.contains("could not be created"), "{note}");
    assert_eq!(activations(&stage).0, 0);
    let gone = InGenesys::IntegrationDeleted {
        phone: phone(BERLIN),
    };
    stage
        .sim
        .edit(|world| world.happen(&Happening::Genesys(gone)));
    stage.sim.advance(Duration::from_secs(60));
    finish_popup(&stage, BERLIN);
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Done, "{}", run.ends());
    finish_popup(&stage, MUNICH);
    apply_to_the_end(&mut stage, 1, "creation");
    expected.check(&stage, &before, "creation");
}

/// The popup is finished while the old integration is still there.
#[test]
fn a_popup_that_is_finished_too_early_is_used_when_its_time_comes() {
    let edit = |world: &mut World| switch(world, |it| it.second_integration = true);
    let expected = End::undisturbed();
    let mut before = crate::organization::world();
    edit(&mut before);
    let mut stage = stage_with(edit);
    watch(&mut stage);
    stage.options.attended = false;
    stage.options.wait = Some(Duration::from_secs(60));
    stage.sim.advance(Duration::from_secs(1800));
    for _ in 0..2 {
        stage.apply();
    }
    finish_popup(&stage, BERLIN);
    stage.options.attended = true;
    stage.options.wait = Some(Duration::from_secs(24 * 3600));
    apply_to_the_end(&mut stage, 1, "early");
    expected.check(&stage, &before, "early");
    stage.sim.world(|world| {
        assert_eq!(org(world).tally.activations, 2);
        assert!(!is_silent(world, &phone(BERLIN)));
    });
}
