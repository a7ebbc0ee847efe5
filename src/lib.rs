//! Moves WhatsApp Business phone numbers and message templates between WhatsApp Business Accounts
//! (WABAs): a plan says what is wanted, everything else follows.
//!
//! # The flow
//!
//! ```text
//! text            --plan::load-->          Plan        right by construction, or findings
//! Plan, Reader    --snapshot::observe-->   Snapshot    each thing Present, Absent or Unknown
//! Plan, Snapshot  --preflight::check-->    [Finding]   what stands in the way, who must act
//! Plan, Snapshot  --changeset::compute-->  ChangeSet   every step decided, in order; pure
//! ChangeSet, ...  --diff::diff-->          [Difference]
//! ChangeSet, ...  --status::status-->      Status      where every number stands
//! StepGraph, Context --apply::apply-->     [Event]     journaled first, sent second
//! ```
//!
//! All that decides, compares, orders or renders is plain synchronous code without I/O. Reading the
//! outside world happens in [`api`], in `journal` and in [`cli`]; time comes from a
//! [`clock::Clock`] that is handed in. `plan`, `preflight` and `diff` never hold a
//! [`api::meta::Writer`], and a writer sends nothing without a [`journal::Intent`] on disk.
//!
//! # Files it writes
//!
//! `.waba-migrate/PLAN/RUN.jsonl` beside the plan file: the journal, one line an event, hash-chained.
//! `.waba-migrate/PLAN/lock` and `codes.lock`: held by the kernel while a run is under way, and while
//! a code is handed in beside one. Nothing else.
//!
//! # Modules, in reading order
//!
//! A module uses only what stands above it. `sim` is used by `chaos`, `cli` and tests alone,
//! `chaos` by `cli` and tests alone.

pub mod ids;
pub mod phone;
pub mod secret;

pub mod clock;
pub mod field;
pub mod finding;
pub mod yaml;

pub mod journal;

pub mod api;

pub mod template;

pub mod plan;
pub mod resource;

pub mod snapshot;

pub mod id_map;
pub mod inventory;

pub mod preflight;

pub mod step;

pub mod changeset;
pub mod diff;
pub mod status;

pub mod apply;

pub mod sim;

pub mod report;

pub mod chaos;

pub mod cli;
