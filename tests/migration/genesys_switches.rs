//! What the description of Genesys Cloud leaves open: whichever way it is, the numbers end live, or the
//! run says by name what stands in the way and nothing is lost.

use waba_migrate::sim::{
    genesys::{
        switches::{
            ActivatingStatus, ActivationFailure, ActivationForm, CreatedStatus, DeleteAnswer,
            FailedStatus, GenesysSwitches, LargePage, NumberSpelling, RecipientId, Since,
        },
        words::SignupVersion,
    },
    world::World,
};

use crate::organization::{self, End, apply_to_the_end, play, stage_with, switch, watch};

/// What may differ from the undisturbed end.
type Case = (&'static str, fn(&mut GenesysSwitches));

/// Everything with which one run ends live.
const TOLERATED: &[Case] = &[
    ("refuses logins with 401", |it| it.oauth_error_status = 401),
    ("does not tell expired tokens", |it| {
        it.tells_expired_tokens = false
    }),
    ("allows few calls a minute", |it| it.calls_per_minute = 60),
    ("429 without Retry-After", |it| {
        it.calls_per_minute = 60;
        it.retry_after = false;
    }),
    ("read lag", |it| it.read_lag_ms = 20_000),
    ("list lag", |it| it.list_lag_ms = 60_000),
    ("both lag", |it| {
        it.read_lag_ms = 45_000;
        it.list_lag_ms = 30_000;
    }),
    ("deleted ones are listed", |it| it.ghost_ms = 5_000),
    ("deleted ones are listed for long", |it| {
        it.ghost_ms = 120_000
    }),
    ("slow creation", |it| it.create_seconds = 240),
    ("created as Starting", |it| {
        it.created_status = CreatedStatus::Starting
    }),
    ("popup v2", |it| it.signup_version = SignupVersion::V2),
    ("popup v2, number spelled with spaces", |it| {
        it.signup_version = SignupVersion::V2;
        it.number_spelling = NumberSpelling::Spaced;
    }),
    ("popup v2, digits", |it| {
        it.signup_version = SignupVersion::V2;
        it.number_spelling = NumberSpelling::Digits;
    }),
    ("spaced", |it| it.number_spelling = NumberSpelling::Spaced),
    ("digits", |it| it.number_spelling = NumberSpelling::Digits),
    ("odd status of offers", |it| {
        it.available_status = Some("SHINY".into())
    }),
    ("account shown at once", |it| it.waba_shown = Since::Create),
    ("recipient at once", |it| it.recipient_since = Since::Create),
    ("recipient when created", |it| {
        it.recipient_since = Since::Completed
    }),
    ("other id for recipients", |it| {
        it.recipient_id = RecipientId::Other
    }),
    ("other id, at once", |it| {
        it.recipient_id = RecipientId::Other;
        it.recipient_since = Since::Create;
    }),
    ("activation as of v2", |it| {
        it.activation_form = ActivationForm::V2
    }),
    ("activation as of v4", |it| {
        it.activation_form = ActivationForm::V4
    }),
    ("slow activation", |it| it.activation_seconds = 180),
    ("activation that does not show", |it| {
        it.activating_status = ActivatingStatus::Unchanged;
        it.activation_seconds = 120;
    }),
    ("odd status", |it| it.odd_status = Some("Warming".into())),
    ("odd status for long", |it| {
        it.odd_status = Some("Warming".into());
        it.activation_seconds = 240;
    }),
    ("second integration", |it| it.second_integration = true),
    ("no payment line", |it| it.attaches_payment = false),
    ("payment line stays", |it| it.payment_ends_with_last = false),
    ("delete answers 200", |it| {
        it.delete_answer = DeleteAnswer::Entity
    }),
    ("slow deletion", |it| it.deletion_seconds = 400),
    ("deletion fails once", |it| it.failing_deletions = 1),
    ("deletes routed ones", |it| it.deletes_routed = true),
    ("400 for routed ones", |it| it.routed_deletion_status = 400),
    ("{} clears flows", |it| it.empty_clears_flow = true),
    ("404 for unknown flows", |it| it.unknown_flow_status = 404),
    ("stopping takes minutes", |it| it.stopping_seconds = 300),
    ("running campaigns change", |it| {
        it.running_campaigns_change = true
    }),
    ("no calls to start and stop", |it| {
        it.campaign_start_stop = false
    }),
    ("starts dangling campaigns", |it| it.starts_dangling = true),
    ("empty lists have entities", |it| {
        it.omits_empty_entities = false
    }),
    ("sparse pages", |it| it.sparse_pages = true),
    ("large pages are refused", |it| {
        it.large_pages = LargePage::Refused
    }),
    ("failures as of others", |it| {
        it.failed_status = FailedStatus::Incomplete;
        it.activation_failure = ActivationFailure::Refused;
    }),
];

#[test]
fn whatever_is_left_open_one_run_ends_live() {
    let expected = End::undisturbed();
    let cases = TOLERATED.iter();
    let cases = cases.map(|(name, change)| ((*name).to_owned(), change));
    let failed = play(cases.collect(), |name, change| {
        let edit = |world: &mut World| switch(world, change);
        let mut before = organization::world();
        edit(&mut before);
        let mut stage = stage_with(edit);
        watch(&mut stage);
        apply_to_the_end(&mut stage, 1, name);
        expected.check(&stage, &before, name);
    });
    assert!(failed.is_empty(), "{failed:?}");
}
