//! The edge: requests go out and answers come in here, and nowhere else.
//!
//! [`transport`] carries any request; [`http`] is the real one; [`link`] names files outside the API;
//! [`meta`] speaks the Graph API.

pub mod http;
pub mod link;
pub mod meta;
pub mod transport;
