//! `simulate`: serves the simulator over HTTP on loopback, for any Graph client.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use tokio::net::TcpListener;

use super::{
    error::CliError,
    exit,
    rehearse::read_world,
    ui::{Format, Ui},
};
use crate::sim::{Simulator, file::default_world, serve, world::World};

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
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:0",
        env = "WABA_MIGRATE_LISTEN"
    )]
    listen: SocketAddr,
}

pub(super) async fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    if !arguments.listen.ip().is_loopback() {
        let message = format!(
            "--listen {}: the simulator listens on loopback only",
            arguments.listen
        );
        return Err(CliError::Usage(message));
    }
    let world = match &arguments.world {
        Some(path) => read_world(path, ui)?,
        None => default_world(),
    };
    let lines = lines(&world);
    let simulator = Simulator::new(world);
    let failed = |error: std::io::Error| {
        CliError::Internal(format!("cannot listen on {}: {error}", arguments.listen))
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(failed)?;
    let base = format!("http://{}", listener.local_addr().map_err(failed)?);
    let mut all = vec![("graph", base.clone())];
    all.extend(lines);
    all.push(("code_url", format!("{base}/__sim/code?phone=")));
    match ui.format {
        Format::Json => {
            let object: serde_json::Map<_, _> = all
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            ui.print(&format!("{}\n", serde_json::Value::Object(object)))?;
        }
        Format::Text => {
            for (name, value) in all {
                ui.print(&format!("{name}: {value}\n"))?;
            }
        }
    }
    serve::serve(listener, simulator, stopped())
        .await
        .map_err(failed)?;
    Ok(exit::OK)
}

/// Returns when somebody asks the server to end.
async fn stopped() {
    // Without signals it runs until it is killed.
    if super::apply::signal().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// What a client of this world has to know.
fn lines(world: &World) -> Vec<(&'static str, String)> {
    let token = world.tokens.first();
    let app = token.and_then(|token| Some((&token.app, world.apps.get(&token.app)?)));
    let mut wabas = world.wabas.keys();
    let source = world
        .numbers
        .values()
        .next()
        .map(|number| number.waba.to_string());
    let target = wabas.find(|waba| Some(waba.to_string()) != source);
    [
        ("token", token.map(|token| token.value.expose().to_owned())),
        ("app_id", app.map(|(id, _)| id.to_string())),
        (
            "app_secret",
            app.map(|(_, app)| app.secret.expose().to_owned()),
        ),
        ("source_waba", source.clone()),
        ("target_waba", target.map(ToString::to_string)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}
