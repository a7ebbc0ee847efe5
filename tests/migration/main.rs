//! Whole migrations on the simulator: what is decided, what is done, what a crash leaves behind.

mod apply;
mod cleanup;
mod crash;
mod creations;
mod cut_over;
mod decisions;
mod definitions;
mod diff;
mod events;
mod faults;
mod genesys;
mod genesys_faults;
mod genesys_preflight;
mod genesys_switches;
mod methods;
mod oddities;
mod organization;
mod preconditions;
mod preflight;
mod refused;
mod review;
mod stage;
mod status;
mod templates;
mod undo;
mod uploads;
