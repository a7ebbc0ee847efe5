//! The connections of a run, and the secrets that they and its writes need.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::FutureExt;

use crate::{
    api::{
        genesys,
        meta::{Connection, Patience, Reader, Writer},
        transport::Transport,
    },
    clock::Clock,
    plan::Plan,
    secret::{Secret, SecretError, SecretRef, Secrets},
    sim::Simulator,
    snapshot::Readers,
};

/// How long a call may be held back by a rate limit.
const PATIENCE: Patience = Patience(Duration::from_secs(3600));

/// The ways to both APIs.
pub(super) struct Doors {
    pub(super) meta: Arc<dyn Transport>,
    pub(super) genesys: Arc<dyn Transport>,
}

impl Doors {
    /// Those of a simulator, where nothing goes wrong on the way.
    pub(super) fn of(simulator: &Simulator) -> Self {
        Self {
            meta: simulator.transport(),
            genesys: simulator.genesys(),
        }
    }
}

/// The rights of one run: to look, and to change.
pub(super) struct Connections {
    pub(super) readers: Readers,
    pub(super) writer: Writer,
    pub(super) source_writer: Writer,
    /// The Genesys Cloud organization, where the plan names one.
    pub(super) genesys: Option<(genesys::Reader, genesys::Writer)>,
}

impl Connections {
    /// Connects. Sends nothing.
    pub(super) fn open(
        plan: &Plan,
        secrets: &dyn Secrets,
        hidden: &[(String, Secret)],
        doors: &Doors,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let connect = |token: Secret, app_secret: Option<Secret>| {
            let (transport, clock) = (doors.meta.clone(), clock.clone());
            let version = plan.graph.api_version.clone();
            let connection =
                Connection::new(transport, clock, version, token, app_secret, PATIENCE);
            hidden
                .iter()
                .for_each(|(_, secret)| connection.hide(secret));
            Arc::new(connection)
        };
        let app_secret = plan.graph.app_secret.as_ref().map(|it| secret(secrets, it));
        let target = connect(secret(secrets, &plan.target.token), app_secret.clone());
        let own = plan.source.token.as_ref();
        let own = own.filter(|token| **token != plan.target.token);
        let source = match own {
            Some(token) => connect(secret(secrets, token), app_secret.clone()),
            None => target.clone(),
        };
        let app = plan.graph.app_id.as_ref().zip(app_secret);
        let debug = app.map(|(app, secret)| {
            let token = Secret::new(format!("{app}|{}", secret.expose()));
            Reader::new(connect(token, None))
        });
        let genesys = plan.genesys.as_ref().map(|named| {
            let connection = genesys::Connection::new(
                doors.genesys.clone(),
                doors.genesys.clone(),
                &secret(secrets, &named.client_id),
                &secret(secrets, &named.client_secret),
                clock.clone(),
                PATIENCE,
            );
            hidden
                .iter()
                .for_each(|(_, secret)| connection.hide(secret));
            let connection = Arc::new(connection);
            let reader = genesys::Reader::new(connection.clone());
            (reader, genesys::Writer::new(connection))
        });
        Self {
            readers: Readers {
                source: Reader::new(source.clone()),
                target: Reader::new(target.clone()),
                debug,
                source_has_own_token: own.is_some(),
                genesys: genesys.as_ref().map(|(reader, _)| Ok(reader.clone())),
            },
            writer: Writer::new(target),
            source_writer: Writer::new(source),
            genesys,
        }
    }
}

/// Returns the PINs and verify tokens of a plan.
pub(super) fn ready_secrets(plan: &Plan, secrets: &dyn Secrets) -> BTreeMap<SecretRef, Secret> {
    let pins = plan.numbers.iter().map(|number| &number.pin);
    let callback = plan.target.subscription.callback.iter();
    let references = pins.chain(callback.map(|callback| &callback.verify_token));
    references
        .map(|it| (it.clone(), secret(secrets, it)))
        .collect()
}

fn secret(secrets: &dyn Secrets, reference: &SecretRef) -> Secret {
    let read = secrets.read(reference).now_or_never();
    read.and_then(Result::ok)
        .expect("a rehearsal makes its secrets up at once")
}

/// Every secret of a plan, and what it is.
pub(super) async fn hidden(
    plan: &Plan,
    secrets: &dyn Secrets,
) -> Result<Vec<(String, Secret)>, SecretError> {
    let mut references = vec![("the target's token", &plan.target.token)];
    references.extend(
        plan.source
            .token
            .iter()
            .map(|it| ("the source's token", it)),
    );
    references.extend(
        plan.graph
            .app_secret
            .iter()
            .map(|it| ("the app secret", it)),
    );
    references.extend(plan.numbers.iter().map(|number| ("a PIN", &number.pin)));
    references.extend(plan.genesys.iter().flat_map(|genesys| {
        [
            ("the OAuth client's id", &genesys.client_id),
            ("the OAuth client's secret", &genesys.client_secret),
        ]
    }));
    let callback = plan.target.subscription.callback.iter();
    references.extend(callback.map(|callback| ("a verify token", &callback.verify_token)));
    let mut hidden = Vec::new();
    for (name, reference) in references {
        hidden.push((name.to_owned(), secrets.read(reference).await?));
    }
    Ok(hidden)
}
