//! The Genesys Cloud side of the world: one organization that uses numbers of the simulated accounts.
//!
//! It offers what a migration reads and writes there (integrations, recipients, flows, canned
//! responses, queues, campaigns, rule sets) and is coupled to the simulated Meta side: an activation
//! registers there. No conversation takes place. What the public description leaves open is a switch
//! (see [`switches`]); the human in the popup is [`popup`].
//!
//! Source: <https://developer.genesys.cloud/platform/api/>

pub mod access;
pub mod activation;
pub mod ask;
pub mod build;
pub mod campaigns;
pub mod catalog;
pub mod file;
pub mod front;
pub mod happening;
pub mod integrations;
pub mod life;
pub mod objects;
pub mod organization;
pub mod paging;
pub mod popup;
pub mod recipients;
pub mod refusal;
pub mod rehearsal;
pub mod responses;
pub mod seed;
pub mod switches;
pub mod view;
pub mod words;

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod integration_tests;
#[cfg(test)]
mod object_tests;
#[cfg(test)]
mod oddity_tests;
#[cfg(test)]
mod popup_tests;
#[cfg(test)]
mod tests;
