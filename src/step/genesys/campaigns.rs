//! Campaigns that send from a number: stopped before it falls silent, on again when it is heard.
//!
//! In doubt: the campaign's status tells. A change carries the version that was read, so a second one
//! of the same is refused.
//!
//! Source: <https://developer.genesys.cloud/routing/outbound/>

use super::{
    goal::{has_stopped, label},
    replace::{Replaced, replace},
};
use crate::{
    api::genesys::write,
    ids::{Address, CampaignId},
    resource::genesys::campaign::{Campaign, CampaignStatus},
    step::{Context, Outcome, StepError},
};

/// Turns one campaign on or off. Off has been reached only when it says so: see [`wait_until_off`].
pub(super) async fn turn(
    cx: &Context<'_>,
    step: &Address,
    id: &CampaignId,
    status: &CampaignStatus,
) -> Result<Replaced, StepError> {
    let doing = format!("turn the campaign {id} {status}");
    let change = |campaign: &Campaign| {
        // One that is on its way there is left to go on.
        let is_there = match status {
            CampaignStatus::Off => campaign.is_off() || !campaign.is_on(),
            // One that has come to its own end is not begun again.
            _ => !has_stopped(campaign),
        };
        if is_there {
            None
        } else {
            campaign.with_status(status)
        }
    };
    let write = |changed: crate::resource::genesys::raw::Changed| {
        let paths = changed.paths();
        write::replace_campaign(id, changed.object, &paths)
    };
    replace(cx, step, &doing, &Campaign::read(id), change, write).await
}

/// Waits until campaigns have stopped. An outcome: one of them has not.
pub(super) async fn wait_until_off(
    cx: &Context<'_>,
    step: &Address,
    ids: &[CampaignId],
) -> Result<Option<Outcome>, StepError> {
    let reader = cx.organization()?.reader;
    for id in ids {
        let look = || async {
            let found = reader.find(&Campaign::read(id)).await;
            let found = found.map_err(|source| StepError::Call {
                doing: format!("read the campaign {id}"),
                source,
            })?;
            Ok(found.is_none_or(|campaign| campaign.is_off()).then_some(()))
        };
        let waiting_for = format!("the campaign {} to stop", name(cx, id));
        let stopped = cx.poll(step, &waiting_for, cx.options.wait, look).await?;
        if stopped.is_none() {
            return Ok(Some(Outcome::Parked {
                reason: format!("the campaign {} is still stopping", name(cx, id)),
                next: "run apply again when it has stopped; the number is served as before".into(),
            }));
        }
    }
    Ok(None)
}

fn name(cx: &Context<'_>, id: &CampaignId) -> String {
    let seen = cx.seen();
    let campaigns = seen
        .organization
        .as_ref()
        .and_then(|all| all.campaigns.present());
    let known = campaigns.and_then(|all| all.iter().find(|one| one.id == *id));
    label(known.map_or("", |one| &one.name), id.as_str())
}
