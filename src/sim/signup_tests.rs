//! Numbers that are verified, how they come to be, and how long it lasts.

use std::time::Duration;

use serde_json::json;

use super::tests::{Bench, refused};

#[test]
fn a_verification_expires_unless_it_is_used() {
    let two_weeks = Duration::from_secs(14 * 24 * 3600);
    let status = |bench: &Bench, id: &str| {
        bench.get(id, json!({"fields": "code_verification_status"}))["code_verification_status"]
            .clone()
    };
    let bench = Bench::new();
    let id = bench.add();
    bench.verify(&id);
    bench.sim.advance(two_weeks - Duration::from_secs(1));
    assert_eq!(status(&bench, &id), "VERIFIED");
    bench.sim.advance(Duration::from_secs(1));
    assert_eq!(status(&bench, &id), "EXPIRED");
    refused(&bench.register(&id), 133_006, None, "verified before");
    bench.verify(&id);
    assert_eq!(bench.register(&id), json!({"success": true}));
    bench.sim.advance(two_weeks);
    assert_eq!(status(&bench, &id), "VERIFIED");
    bench.post(&format!("{id}/deregister"), json!({}));
    assert_eq!(status(&bench, &id), "VERIFIED", "it was used");

    let bench = Bench::with(|world| world.switches.verification_days = 0);
    let id = bench.add();
    bench.verify(&id);
    bench.sim.advance(two_weeks * 10);
    assert_eq!(bench.register(&id), json!({"success": true}));
}
