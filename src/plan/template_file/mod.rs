//! Templates as code: one file, one template in one language.
//!
//! Text becomes a [`document::Template`] (one to one with the YAML, with places), and a document
//! that passes every rule becomes a [`Definition`](super::Definition). What validates is not refused
//! by Meta for its form: every rule of form that Meta documents is checked here, before anything is
//! sent. Rules are pure; files come in by [`Files`](super::files::Files).
//!
//! Source of the rules:
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>.
//! Limits that no page of Meta's gives, but that are well known, are marked "general knowledge".

mod build;
mod choices;
pub(super) mod collect;
pub mod document;
mod load;
mod media;
mod rules;
#[cfg(test)]
mod testing;

mod variables;
mod words;
