//! The program as people run it: arguments, output, exit codes, and no secret anywhere.

mod bench;
mod commands;
mod secrets;
