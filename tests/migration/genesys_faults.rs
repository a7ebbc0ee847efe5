//! Every write of a migration in Genesys Cloud meets every fault, and the end is the same.

use waba_migrate::sim::{
    genesys::happening::InGenesys,
    happening::Happening,
    script::{Effect, Event, Match, Moment, ScriptedError, Verb, When},
};

use crate::{
    organization::{End, apply_to_the_end, changes, play, stage, watch, world},
    stage::Stage,
};

/// More runs than any fault here should need.
const RUNS: usize = 4;

fn refused(status: u16, message: &str) -> Effect {
    Effect::Error(ScriptedError {
        code: status.into(),
        subcode: None,
        message: message.into(),
        details: None,
        transient: false,
        status: Some(status),
    })
}

/// What happens to writes of Genesys Cloud.
fn effects() -> Vec<Effect> {
    let moments = [Moment::BeforeEffect, Moment::AfterEffect];
    let lost = moments
        .into_iter()
        .flat_map(|moment| [Effect::Cut(moment), Effect::ServerError(moment)]);
    let refusals = [
        Effect::Throttle { minutes: 2 },
        refused(401, "Invalid login credentials."),
        refused(409, "The version is outdated."),
    ];
    lost.chain(refusals).collect()
}

/// Those of Meta meet all of them in tests of their own.
fn effects_at_meta() -> Vec<Effect> {
    let moments = [Moment::BeforeEffect, Moment::AfterEffect];
    moments.into_iter().map(Effect::Cut).collect()
}

/// Every call of an undisturbed migration that changes something, or logs in: its method, its place among
/// the calls of that method, and its path.
fn calls() -> Vec<(Verb, u32, String)> {
    let stage = stage();
    assert!(stage.apply().is_done());
    let calls = stage.sim.requests();
    let verbs = [
        (Verb::Post, "POST"),
        (Verb::Put, "PUT"),
        (Verb::Patch, "PATCH"),
        (Verb::Delete, "DELETE"),
    ];
    let of = |(verb, name)| {
        let own = calls.iter().filter(move |call| call.method == name);
        own.zip(1..)
            .map(move |(call, nth)| (verb, nth, call.path.clone()))
    };
    verbs.into_iter().flat_map(of).collect()
}

#[test]
fn whatever_is_lost_on_the_way_the_organization_ends_the_same() {
    let (before, expected) = (world(), End::undisturbed());
    let mut cases = Vec::new();
    for (verb, nth, path) in calls() {
        let is_genesys = path.starts_with("api/v2/") || path.starts_with("oauth/");
        let effects = match is_genesys {
            true => effects(),
            false => effects_at_meta(),
        };
        for effect in effects {
            let name = format!("{path} ({verb:?} {nth}), {effect:?}");
            cases.push((name, (Match::nth(verb, "*", nth), effect)));
        }
    }
    assert!(cases.len() > 170, "{}", cases.len());
    let failed = play(cases, |name, (on, effect)| {
        let mut stage = stage();
        watch(&mut stage);
        stage.sim.fault(on, effect);
        apply_to_the_end(&mut stage, RUNS, name);
        expected.check(&stage, &before, name);
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn before_call(stage: &Stage, on: Match, what: InGenesys) {
    let event = Event {
        when: When::BeforeCall(on),
        what: Happening::Genesys(what),
    };
    stage.sim.edit(|world| world.schedule(event));
}

#[test]
fn a_token_that_ends_before_any_write_is_replaced() {
    let (before, expected) = (world(), End::undisturbed());
    let writes = calls().into_iter();
    let writes = writes.filter(|(.., path)| path.starts_with("api/v2/"));
    let cases: Vec<_> = writes
        .map(|(verb, nth, path)| {
            let on = Match::nth(verb, "*", nth);
            (format!("{path} ({verb:?} {nth})"), on)
        })
        .collect();
    assert!(cases.len() >= 18, "{}", cases.len());
    let failed = play(cases, |name, on| {
        let mut stage = stage();
        watch(&mut stage);
        before_call(&stage, on, InGenesys::TokensExpired);
        // An activation is sent once by each run, whatever the answer.
        let runs = if name.contains("embeddedsignup") {
            2
        } else {
            1
        };
        apply_to_the_end(&mut stage, runs, name);
        expected.check(&stage, &before, name);
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The campaign and the rule set are edited by somebody right before each write of them. (Queues have no
/// version, so nothing can tell there.)
#[test]
fn somebody_who_is_faster_loses_nothing() {
    let before = world();
    let undisturbed = stage();
    assert!(undisturbed.apply().is_done());
    let usual = changes(&undisturbed, &before);
    for (path, name, times) in [
        ("*/messagingcampaigns/*", "Winter offer", 4),
        ("*/digitalrulesets/*", "Senders by country", 1),
    ] {
        for nth in 1..=times {
            let mut stage = stage();
            watch(&mut stage);
            let on = Match::nth(Verb::Put, path, nth);
            let edited = InGenesys::Edited { name: name.into() };
            before_call(&stage, on, edited);
            apply_to_the_end(&mut stage, 1, name);
            let mut ours: Vec<_> = usual.lines().map(str::to_owned).collect();
            let changed = changes(&stage, &before);
            let theirs: Vec<_> = changed
                .lines()
                .filter(|line| !ours.iter().any(|usual| usual == line))
                .map(str::to_owned)
                .collect();
            ours.retain(|usual| !changed.lines().any(|line| line == usual));
            assert_eq!(ours, Vec::<String>::new(), "{name} {nth}: left undone");
            // The campaign is written three times only.
            let is_edited = nth <= 3;
            assert_eq!(
                theirs.len(),
                usize::from(is_edited),
                "{name} {nth}: {theirs:?}"
            );
            assert!(theirs.iter().all(|line| line.contains("Somebody was here")));
        }
    }
}
