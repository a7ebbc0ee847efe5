//! The edge: requests go out and answers come in here, and nowhere else.
//!
//! [`transport`] carries any request; [`http`] is the real one; [`link`] names files outside the API;
//! [`meta`] speaks the Graph API, [`genesys`] the Platform API of Genesys Cloud. What both have in
//! common stands here: what a write is, who may send one, and what can go wrong with a call.

mod call;
pub mod genesys;
mod hidden;
pub mod http;
pub mod link;
pub mod meta;
mod quiet;
mod request;
pub mod transport;
mod writes;

pub use call::{CallError, Retry};
pub use quiet::Patience;
pub use request::{Side, Write};
pub use writes::{Sent, Writes};
