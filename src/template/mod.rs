//! What a message template says, whoever holds it: a file of the plan or an account.
//!
//! Pure: no account, no file, no request. Source of all words:
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

mod content;
mod text;
mod writable;

pub use content::{Content, FlowIds};
pub use writable::{Sample, Writable, map_flows};
