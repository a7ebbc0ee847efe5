//! The program as people run it: arguments, output, exit codes, and no secret anywhere.

mod bench;
mod change_sets;
mod commands;
mod diff;
mod genesys;
mod graph;
#[cfg(unix)]
mod kill;
mod pull_request;
mod reports;
mod runs;
mod secrets;
#[cfg(unix)]
mod signals;
mod undo;
