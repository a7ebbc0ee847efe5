//! What Genesys Cloud has: one file per kind of thing, with its observed type and how it is read.
//!
//! Answers hold more than anybody documents, and words that come without notice. Unknown properties
//! are left alone, unknown words are kept as they are, and what is written back as a whole is kept
//! [`raw`], so that nothing is dropped. Source of all shapes: the models of the official SDKs,
//! <https://github.com/MyPureCloud/platform-client-sdk-python>.

pub mod campaign;
pub mod flow;
pub mod identity;
pub mod integration;
pub mod library;
pub mod organization;
pub mod queue;
pub mod raw;
pub mod recipient;
pub mod reference;
pub mod response;
pub mod rule_set;
