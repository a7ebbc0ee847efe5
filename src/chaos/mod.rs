//! A plan played on the simulator with faults: does it come to the same end, whatever goes wrong?
//!
//! * [`faults`]: what goes wrong, drawn from a seed. Pure.
//! * [`rules`]: what has to hold; [`invariants`]: whether it does, at every moment. Pure.
//! * [`end`]: where a play has come to, compared with the undisturbed end. Pure.
//! * [`manner`]: how people carry it out, drawn from the same seed. Pure.
//! * `scene`, `transport`, `disk`, `connections`: the world, the wire, the clock and the journal's bytes, disturbed.
//! * [`play`]: one play: run, die, run again; `process`: one run; `people`: what is done between two.
//! * `organization`: the Genesys Cloud side. Pure.
//! * [`series`]: many plays, spread over the cores.
//! * [`tally`]: what many plays come to. Pure.
//!
//! The planner, the applier, the client and the journal are the real ones. Time is the simulator's.
//! What is drawn, and in which order, depends on the seed alone, so a seed plays the same again.

mod connections;
mod disk;
pub mod end;
pub mod faults;
pub mod invariants;
pub mod manner;
mod organization;
mod people;
pub mod play;
mod process;
pub mod rules;
mod scene;
pub mod series;
pub mod tally;
mod transport;
