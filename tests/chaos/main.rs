//! Whatever goes wrong, wherever a process dies: run again, same end, and every promise is kept.

mod awake;
mod program;
mod proof;
mod stage;
