//! `simulate`: serves the simulator over HTTP on loopback, for any Graph client.

use std::{
    net::SocketAddr,
    path::PathBuf,
};

use clap::Args;
use tokio::net::TcpListener;

use super::{
    error::CliError,
    exit,
    rehearse::read_world,
    ui::{Format, Ui},
};
use crate::sim::{Simulator, World, serve};

/// Serve the simulator over HTTP, for any client of the Graph API
///
/// Prints the base URL, ids and a token of its world, one per line. Stand-ins for people live under
/// /__sim/: GET code?phone=, POST two_step_off {phone}, GET world. Ends with Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A world file: accounts, numbers, templates, oddities, faults
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_WORLD")]
    world: Option<PathBuf>,
    /// Where to listen; loopback only, port 0 picks one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", env = "WABA_MIGRATE_LISTEN")]
    listen: SocketAddr,
}

pub(super) async fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    if !arguments.listen.ip().is_loopback() {
        let message = format!("--listen {}: the simulator listens on loopback only", arguments.listen);
        return Err(CliError::Usage(message));
    }
    let world = match &arguments.world {
        Some(path) => read_world(path, ui)?,
        None => World::default(),
    };
    let lines = lines(&world);
    let simulator = Simulator::new(world);
    let failed = |error: std::io::Error| CliError::Internal(format!("cannot listen on {}: {error}", arguments.listen));
    let listener = TcpListener::bind(arguments.listen).await.map_err(failed)?;
    let base = format!("http://{}", listener.local_addr().map_err(failed)?);
    let mut all = vec![("graph", base.clone())];
    all.extend(lines);
    all.push(("code_url", format!("{base}/__sim/code?phone=")));
    match ui.format {
        Format::Json => {
            let object: serde_json::Map<_, _> =
                all.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            ui.print(&format!("{}\n", serde_json::Value::Object(object)))?;
        }
        Format::Text => {
            for (name, value) in all {
                ui.print(&format!("{name}: {value}\n"))?;
            }
        }
    }
    serve::serve(listener, simulator, super::apply::signal_once()).await.map_err(failed)?;
    Ok(exit::OK)
}

/// What a client of this world has to know.
fn lines(world: &World) -> Vec<(&'static str, String)> {
    let access = world.access();
    vec![
        ("token", access.token),
        ("app_id", access.app_id),
        ("app_secret", access.app_secret),
        ("source_waba", access.source_waba),
        ("target_waba", access.target_waba),
    ]
}
