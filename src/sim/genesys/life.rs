//! What goes on by itself: creations, activations, deletions and campaigns come to their ends when
//! the world's clock does.

use jiff::Timestamp;

use super::{
    activation,
    ask::Ask,
    campaigns,
    integrations::add_recipient,
    organization::{Integration, Organization},
    popup::{self, Popup},
    refusal::Refusal,
    switches::Since,
    view,
    words::{CreateStatus, IntegrationStatus},
};
use crate::{
    ids::WabaId,
    phone::Phone,
    secret::Secret,
    sim::{
        script::Pending,
        words::{NumberStatus, Platform},
        world::World,
    },
};

/// How often a stubborn admin tries.
const MOST_TRIES: u32 = 500;

/// Something that will be over.
#[derive(Clone, Debug)]
pub enum Due {
    /// An integration was created.
    Created(String),
    /// The number of an integration is registered at Meta.
    Registers(String),
    /// The activation of an integration ends.
    Activated(String),
    /// An integration is gone.
    Deleted(String),
    /// A campaign has stopped.
    CampaignOff(String),
    /// An admin finishes the popup for a number that has left an account, at that try.
    Admin(Phone, WabaId, u32),
}

/// Enters something into the world's agenda.
pub fn plan(world: &mut World, at: Timestamp, due: Due) {
    world.agenda.add(at, Pending::Genesys(due));
}

/// Lets it be over.
pub fn settle(world: &mut World, org: &mut Organization, due: Due) {
    match due {
        Due::Created(id) => created(world, org, &id),
        Due::Registers(id) => activation::register_now(world, org, &id),
        Due::Activated(id) => {
            activation::register_now(world, org, &id);
            activation::end(world, org, &id);
        }
        Due::Deleted(id) => deleted(world, org, &id),
        Due::CampaignOff(id) => campaigns::stopped(world, org, &id),
        Due::Admin(phone, left, tries) => admin(world, org, (phone, left), tries),
    }
}

fn created(world: &mut World, org: &mut Organization, id: &str) {
    let (now, context) = (world.now, world.invent_uuid());
    let fails = org.tally.failed_creates < org.switches.failing_creates;
    let is_new = |it: &&mut Integration| it.create_status == CreateStatus::Initiated;
    let Some(it) = org.integration_mut(id).filter(is_new) else {
        return;
    };
    it.touch(now);
    if fails {
        it.create_status = CreateStatus::Error;
        it.turn(IntegrationStatus::Error, now);
        let refusal = Refusal::bad("The embedded signup access token is not valid.");
        it.create_error = Some(refusal.body(&context));
        org.tally.failed_creates += 1;
        return;
    }
    it.create_status = CreateStatus::Completed;
    let pin = it.pin.clone();
    let phone = it.phone.clone();
    if org.switches.recipient_since == Since::Completed {
        add_recipient(world, org, id);
    }
    // Whoever gave a PIN in the popup wanted it activated.
    if let (Some(pin), Some(phone)) = (pin, phone) {
        activation::begin(world, org, id, (phone, None, pin)).ok();
    }
}

fn deleted(world: &mut World, org: &mut Organization, id: &str) {
    let now = world.now;
    let fails = org.tally.failed_deletions < org.switches.failing_deletions;
    let Some(it) = org.integration_mut(id) else {
        return;
    };
    if it.status != IntegrationStatus::Deleting {
        return;
    }
    if fails {
        it.turn(IntegrationStatus::DeletionFailed, now);
        org.tally.failed_deletions += 1;
        return;
    }
    let (phone, waba) = (it.phone.clone(), it.waba.clone());
    remove(world, org, id);
    end_payment(world, org, &waba);
    let Some(phone) = phone else {
        return;
    };
    if org.switches.deletion_deregisters {
        deregister(world, (&waba, &phone));
    }
    if let Some(admin) = &org.admin {
        let at = world.after(admin.minutes.saturating_mul(60));
        plan(world, at, Due::Admin(phone, waba, 1));
    }
}

/// An integration goes with its recipient. What else names its id is left alone.
pub fn remove(world: &World, org: &mut Organization, id: &str) {
    let until = world.after_ms(org.switches.ghost_ms);
    if let Some(it) = org.integration(id).filter(|_| until > world.now) {
        let shown = view::integration(world, org, it, &Ask::default());
        org.ghosts.push((until, shown));
    }
    org.integrations.retain(|it| it.id != id);
    org.recipients.retain(|it| it.integration != id);
}

/// The payment line goes with the last integration that it was for.
fn end_payment(world: &mut World, org: &mut Organization, waba: &WabaId) {
    let is_used = org
        .integrations
        .iter()
        .any(|it| it.waba == *waba && it.was_active);
    if is_used || !org.switches.payment_ends_with_last || !org.payment_lines.remove(waba) {
        return;
    }
    if let Some(account) = world.wabas.get_mut(waba) {
        account.funding = None;
        account.currency = None;
    }
}

fn deregister(world: &mut World, (waba, phone): (&WabaId, &Phone)) {
    let live = |number: &&mut crate::sim::world::Number| {
        number.waba == *waba && number.phone == *phone && number.is_live()
    };
    if let Some(number) = world.numbers.values_mut().find(live) {
        number.status = NumberStatus::Disconnected;
        number.platform = Platform::NotApplicable;
    }
}

/// An admin finishes the popup where the number waits or, where it waits nowhere, on the account
/// they were told of. Until it works they try again.
fn admin(world: &mut World, org: &mut Organization, (phone, left): (Phone, WabaId), tries: u32) {
    let Some(admin) = org.admin.clone() else {
        return;
    };
    let is_served = org.integrations_of(&phone).next().is_some();
    let told = admin.waba.filter(|waba| *waba != left);
    let waits = waiting(world, &phone, &left).or(told);
    let Some(waba) = waits.filter(|_| !is_served) else {
        return;
    };
    let finished = popup::finish(world, org, &Popup::of(waba, phone.clone()));
    if finished.is_err() && tries < MOST_TRIES {
        let at = world.after(admin.minutes.max(1).saturating_mul(60));
        plan(world, at, Due::Admin(phone, left, tries + 1));
    }
}

fn waiting(world: &World, phone: &Phone, left: &WabaId) -> Option<WabaId> {
    let mut nodes = world.numbers.values();
    nodes
        .find(|number| {
            number.phone == *phone
                && number.waba != *left
                && !number.is_live()
                && number.status != NumberStatus::Migrated
        })
        .map(|number| number.waba.clone())
}

/// Makes an integration active without anybody's doing, as worlds begin.
pub fn make_active(world: &mut World, org: &mut Organization, id: &str) {
    let now = world.now;
    if let Some(it) = org.integration_mut(id) {
        it.create_status = CreateStatus::Completed;
        it.was_active = true;
        it.found_from = now;
        it.listed_from = now;
        it.status = IntegrationStatus::Active;
        it.version = 3;
    }
    add_recipient(world, org, id);
}

/// The PIN of an admin who activates in the popup and was told none.
pub fn admins_pin() -> Secret {
    Secret::new("135790")
}
