//! Where Meta contradicts its own documents, or says nothing, both behaviours must end well.

use waba_migrate::{
    journal::StepEnd,
    sim::{
        seed,
        switches::{
            DisplaySpelling, ErrorStatus, FailedShape, MigratedIds, RepeatedCopy, SecondAdd,
            SourceAfterMove,
        },
        words::TemplateStatus,
        world::World,
    },
};

use crate::stage::{SMALL, Stage, THREE};

/// Applies under that oddity: everything is done, nothing is left, a second run sends nothing.
#[track_caller]
fn check(what: &str, plan: &str, edit: impl FnOnce(&mut World)) {
    let stage = Stage::with(plan, edit);
    let run = stage.apply();
    assert!(run.is_done(), "{what}: {:?}\n{}", run.blocking, run.ends());
    let left: Vec<_> = stage
        .plan()
        .to_do()
        .map(|change| change.address.clone())
        .collect();
    assert_eq!(left, Vec::<String>::new(), "{what}");
    assert_eq!(stage.diff(), Vec::new(), "{what}");
    let writes = stage.writes();
    assert!(stage.apply().is_done(), "{what}");
    assert_eq!(stage.writes(), writes, "{what}: sent again");
}

#[test]
fn every_position_of_a_switch_ends_the_same() {
    for plan in [SMALL, THREE] {
        for position in [SourceAfterMove::Gone, SourceAfterMove::Migrated] {
            check("source after the move", plan, |world| {
                world.switches.source_after_move = position
            });
        }
        for position in [DisplaySpelling::Spaced, DisplaySpelling::Digits] {
            check("spelling of numbers", plan, |world| {
                world.switches.display_spelling = position
            });
        }
        for position in [ErrorStatus::ByCode, ErrorStatus::Always400] {
            check("status of errors", plan, |world| {
                world.switches.error_status = position
            });
        }
        for position in [MigratedIds::Source, MigratedIds::Copies] {
            check("ids of copies", plan, |world| {
                world.switches.migrated_ids = position
            });
        }
        for position in [SecondAdd::Refused, SecondAdd::SameId] {
            check("a second add", plan, |world| {
                world.switches.second_add = position
            });
        }
        for position in [false, true] {
            check("empty pages", plan, |world| {
                world.switches.empty_pages = position
            });
            check("payment at add", plan, |world| {
                world.switches.payment_checked_at_add = position
            });
        }
        for position in [0, 90] {
            check("late copies", plan, |world| {
                world.switches.copy_seconds = position
            });
        }
        for position in [TemplateStatus::Approved, TemplateStatus::Pending] {
            check("status of copies", plan, |world| {
                world.switches.copy_status = position
            });
        }
    }
}

/// While the status flaps the plan waits for it, and for nothing else; nothing is sent again.
#[test]
fn a_flapping_status_is_waited_for() {
    let stage = Stage::with(SMALL, |world| world.switches.flapping_reads = 7);
    assert!(stage.apply().is_done());
    let writes = stage.writes();
    for _ in 0..4 {
        let left: Vec<_> = stage.plan().to_do().map(|change| change.kind).collect();
        assert!(left.iter().all(|kind| *kind == "live"), "{left:?}");
        assert!(stage.apply().is_done());
    }
    assert_eq!(stage.writes(), writes);
    assert!(stage.plan().is_empty());
}

#[test]
fn every_shape_of_a_refused_copy_is_understood_and_stops_nothing_that_is_not_required() {
    for shape in [
        FailedShape::Object,
        FailedShape::PhpObject,
        FailedShape::List,
    ] {
        for repeated in [RepeatedCopy::Failed, RepeatedCopy::Skipped] {
            let stage = Stage::with(SMALL, |world| {
                world.switches.failed_shape = shape;
                world.switches.repeated_copy = repeated;
                world
                    .switches
                    .refused_copies
                    .insert("welcome".into(), "Incorrect category".into());
            });
            let run = stage.apply();
            assert!(
                run.ends().contains("Incorrect category"),
                "{shape:?}: {}",
                run.ends()
            );
            assert_eq!(stage.sent("/migrate_message_templates"), 1, "{shape:?}");
            stage.apply();
            assert_eq!(
                stage.sent("/migrate_message_templates"),
                1,
                "{shape:?}: asked again"
            );
            let left = stage.plan().not_migrated;
            assert!(
                left.iter()
                    .any(|left| left.reason.contains("Incorrect category")),
                "{shape:?}"
            );
        }
    }
}

#[test]
fn a_verification_that_expired_before_its_window_needs_another_code() {
    let plan = SMALL.to_owned()
        + "windows: { late: { from: 2026-12-20T22:00, to: 2026-12-21T04:00, time_zone: Europe/Berlin } }\n\
           defaults: { number: { window: late } }\n";
    for days in [0, 14] {
        let stage = Stage::with(&plan, |world| {
            world.switches.verification_days = days;
            world.now = seed::BEGINNING;
        });
        assert_eq!(
            stage.apply().end("number[\"+4930901820\"].verify").0,
            StepEnd::Done
        );
        let opens = stage.plan.windows[0].from.timestamp();
        let now = stage.sim.world(|world| world.now);
        stage.sim.advance(now.duration_until(opens).unsigned_abs());
        assert!(stage.apply().is_done());
        assert_eq!(stage.sent("/request_code"), if days == 0 { 1 } else { 2 });
        assert_eq!(stage.effects("/register"), 1);
    }
}
