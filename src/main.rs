//! The `waba-migrate` program.

fn main() -> std::process::ExitCode {
    waba_migrate::cli::run(std::env::args_os())
}
