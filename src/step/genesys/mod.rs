//! What happens to a number in Genesys Cloud: its old integration is released, and what it was is
//! given to a new one.
//!
//! Between the two nobody hears the number. So only one number of a run is in that [`Silence`], what can
//! be done before is done before, and what the delete loses ([`Former`]) is kept in the journal first.
//!
//! Source of the order: <https://help.mypurecloud.com/?p=310549>

mod activation;
mod attach;
mod campaigns;
mod furnish;
mod goal;
mod release;
mod replace;
mod silence;

pub(super) use attach::GenesysAttach;
pub(super) use goal::has_stopped;
pub(super) use release::{GenesysRelease, give_back, has_lost_its_flow};
pub use silence::Silence;

use super::{Context, StepError};
use crate::{
    finding::Finding,
    ids::{IntegrationId, WabaId},
    phone::Phone,
    plan::{Number, NumberGenesys, Plan},
    preflight::genesys::{contested, unreadable},
    resource::genesys::integration::Integration,
    snapshot::{
        Snapshot,
        former::Former,
        organization::{Integrations, Movable},
    },
};

/// A number as the steps for Genesys Cloud know it.
#[derive(Clone, Debug)]
struct Subject {
    phone: Phone,
    target: WabaId,
    wanted: NumberGenesys,
    pauses_campaigns: bool,
}

impl Subject {
    /// `None`: the number is not used there.
    fn of(plan: &Plan, number: &Number) -> Option<Self> {
        let organization = plan.genesys.as_ref()?;
        Some(Self {
            phone: number.phone.clone(),
            target: plan.target.waba.clone(),
            wanted: number.genesys.clone()?,
            pauses_campaigns: organization.pauses_campaigns,
        })
    }

    /// Names the number, as findings about it do.
    fn name(&self) -> String {
        format!("number[\"{}\"]", self.phone)
    }

    /// Sorts its integrations. `Err`: what stands in the way.
    fn integrations<'a>(&'a self, seen: &'a Snapshot) -> Result<Integrations<'a>, Box<Finding>> {
        let found = seen.integrations(&self.target, &self.phone);
        let found = found.map_err(|why| Box::new(unreadable(self.name(), &why)))?;
        match found.is_contested() {
            true => Err(Box::new(contested(self.name(), &self.phone, &found))),
            false => Ok(found),
        }
    }

    fn former(&self, seen: &Snapshot) -> Result<Option<Former>, Box<Finding>> {
        let former = seen.former(&self.target, &self.phone);
        former.map_err(|why| Box::new(unreadable(self.name(), &why)))
    }
}

impl Context<'_> {
    /// Reads again what the steps of numbers change in Genesys Cloud, and remembers it.
    pub(super) async fn look_at_organization(&self) -> Result<(), StepError> {
        let reader = self.organization()?.reader;
        let history = self.seen().history.clone();
        let movable = Movable::observe(reader, self.plan, &history).await;
        if let Some(organization) = &mut self.seen().organization {
            organization.take(movable);
        }
        Ok(())
    }
}

/// Reads the new integration of a number. `None`: it is not found, for it is new or gone.
async fn find_new(cx: &Context<'_>, id: &IntegrationId) -> Result<Option<Integration>, StepError> {
    let reader = cx.organization()?.reader;
    let found = reader.find(&Integration::read(id)).await;
    found.map_err(|source| StepError::Call {
        doing: "read the new integration".to_owned(),
        source,
    })
}

fn stopped(finding: Box<Finding>) -> StepError {
    StepError::Blocked(vec![*finding])
}
