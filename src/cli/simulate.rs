//! `simulate`: serves the simulator over HTTP on loopback, for any client of the two APIs.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use tokio::net::TcpListener;

use super::{
    error::CliError,
    exit,
    rehearse::read_world,
    ui::{Format, Ui},
};
use crate::{
    ids::WabaId,
    sim::{
        Simulator,
        file::default_world,
        serve,
        world::{Token, World},
    },
};

/// Serve the simulator over HTTP, for any client of the Graph API or of Genesys Cloud
///
/// Prints base URLs, ids, a token and an OAuth client of its world, one per line. Stand-ins for
/// people live under /__sim/: GET code?phone=, POST two_step_off {phone}, POST popup {waba, phone},
/// POST intent {solution_id, status, waba}, GET world. Where the world has a Genesys Cloud
/// organization, the popup is the one in its user interface. Ends with Ctrl-C.
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
    let (lines, has_genesys) = (lines(&world), world.genesys.is_some());
    let simulator = Simulator::new(world);
    let failed = |error: std::io::Error| {
        CliError::Internal(format!("cannot listen on {}: {error}", arguments.listen))
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(failed)?;
    let base = format!("http://{}", listener.local_addr().map_err(failed)?);
    let mut all = vec![("graph", base.clone())];
    if has_genesys {
        all.push(("genesys", base.clone()));
    }
    all.extend(lines);
    all.push(("code_url", format!("{base}/__sim/code?phone=")));
    all.push(("popup_url", format!("{base}/__sim/popup")));
    ui.print(&text(all, ui.format))?;
    serve::serve(listener, simulator, stopped())
        .await
        .map_err(failed)?;
    Ok(exit::OK)
}

/// One piece, so that a reader never sees half of it.
fn text(all: Vec<(&'static str, String)>, format: Format) -> String {
    match format {
        Format::Json => {
            let pairs = all.into_iter();
            let object: serde_json::Map<_, _> = pairs
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            format!("{}\n", serde_json::Value::Object(object))
        }
        Format::Text | Format::Markdown => {
            let lines = all.iter().map(|(name, value)| format!("{name}: {value}\n"));
            lines.collect()
        }
    }
}

/// Returns when somebody asks the server to end.
async fn stopped() {
    // Without signals it runs until it is killed.
    if super::terminal::signal().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// What a client of this world has to know.
fn lines(world: &World) -> Vec<(&'static str, String)> {
    let source = source(world);
    let target = world.wabas.keys().find(|waba| Some(*waba) != source);
    let reaches = |token: &&Token| {
        let mut both = source.into_iter().chain(target);
        !token.revoked && both.all(|waba| token.reaches(waba))
    };
    let token = world.tokens.iter().find(reaches);
    let token = token.or(world.tokens.first());
    let organization = world.genesys.as_ref();
    let client = organization.and_then(|it| it.clients.iter().find(|client| !client.inactive));
    let app = token.and_then(|token| Some((&token.app, world.apps.get(&token.app)?)));
    [
        ("token", token.map(|token| token.value.expose().to_owned())),
        ("app_id", app.map(|(id, _)| id.to_string())),
        (
            "app_secret",
            app.map(|(_, app)| app.secret.expose().to_owned()),
        ),
        ("client_id", client.map(|client| client.id.clone())),
        (
            "client_secret",
            client.map(|client| client.secret.expose().to_owned()),
        ),
        ("source_waba", source.map(ToString::to_string)),
        ("target_waba", target.map(ToString::to_string)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// Returns the account with the most live numbers: those are what can be moved.
fn source(world: &World) -> Option<&WabaId> {
    let live_on = |waba: &WabaId| {
        let numbers = world.numbers.values();
        numbers
            .filter(|number| number.waba == *waba && number.is_live())
            .count()
    };
    // Of equals `max_by_key` takes the last.
    world.wabas.keys().rev().max_by_key(|waba| live_on(waba))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_what_it_needs() {
        let told: Vec<(&str, String)> = lines(&default_world());
        let expected = [
            ("token", "EAASIMULATOR"),
            ("app_id", "634974688087057"),
            ("app_secret", "simulated-app-secret"),
            ("client_id", "5f1c2f0a-8f7e-4b52-9d2f-3a6f5c1f4b10"),
            ("client_secret", "simulated-client-secret"),
            ("source_waba", "102290129340398"),
            ("target_waba", "215589313241560"),
        ];
        assert_eq!(told, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn the_source_is_where_the_live_numbers_are() {
        let mut world = default_world();
        let target: WabaId = "215589313241560".parse().unwrap();
        for number in world.numbers.values_mut() {
            number.waba = target.clone();
        }
        assert_eq!(source(&world), Some(&target));
    }
}
