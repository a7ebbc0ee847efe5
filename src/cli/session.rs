//! What every online command does first: read the plan, fetch the tokens, connect, look.
//!
//! A [`Site`] is where a plan is played: at Meta, or on the simulator. Everything after it is the
//! same for both.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    Global, error::CliError, exit, files::DiskFiles, reports, secrets::SystemSecrets, ui::Ui,
};
use crate::{
    api::{
        genesys::{self, Hosts},
        http::Http,
        meta::{Connection, Patience, Reader},
        transport::Transport,
    },
    changeset::{self, ChangeSet, Choice, StepGraph},
    clock::{Clock, SystemClock},
    finding::Finding,
    journal::{History, read::history},
    plan::{
        Plan,
        load::{Source, load_with},
    },
    preflight,
    report::{clean, findings, markdown},
    resource::{Trouble, Why},
    secret::{Secret, SecretRef, Secrets},
    snapshot::{Readers, Snapshot, observe, observe_target},
};

/// How long a command that only looks waits for a rate limit to pass.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Where a plan is played.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) transport: Arc<dyn Transport>,
    /// Leads to the plan's Genesys Cloud organization, if it has one.
    pub(super) genesys: Option<Doors>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) journal: PathBuf,
}

/// The two ways into Genesys Cloud.
#[derive(Clone)]
pub(super) struct Doors {
    pub(super) api: Arc<dyn Transport>,
    pub(super) login: Arc<dyn Transport>,
}

impl Site {
    /// Meta's API (or what `--graph-url` names), this machine's clock, environment and disk.
    pub(super) fn of(global: &Global, plan: &Plan) -> Result<Self, CliError> {
        Ok(Self {
            transport: Arc::new(Http::new(&global.graph_url)?),
            genesys: doors(global, plan)?,
            clock: Arc::new(SystemClock),
            secrets: Arc::new(SystemSecrets),
            journal: global.journal.clone().unwrap_or_else(|| beside(plan)),
        })
    }
}

/// The hosts of the organization's region, or what `--genesys-url` names.
fn doors(global: &Global, plan: &Plan) -> Result<Option<Doors>, CliError> {
    let Some(organization) = &plan.genesys else {
        return Ok(None);
    };
    let hosts = match &global.genesys_url {
        Some(url) => Hosts::at(url),
        None => Hosts::of_region(&organization.region),
    };
    Ok(Some(Doors {
        api: Arc::new(Http::new(&hosts.api)?),
        login: Arc::new(Http::new(&hosts.login)?),
    }))
}

/// The journal's folder where nothing else is said.
pub(super) const JOURNAL: &str = ".waba-migrate";

/// The journal's folder beside a plan.
pub(super) fn beside(plan: &Plan) -> PathBuf {
    let folder = plan.path.parent();
    folder.unwrap_or(Path::new("")).join(JOURNAL)
}

/// A plan with the connections its tokens give.
pub(super) struct Session {
    pub(super) plan: Plan,
    pub(super) graph: StepGraph,
    pub(super) site: Site,
    pub(super) readers: Readers,
    /// The target's connection; only `apply` and `verify-code` make a writer of it.
    pub(super) connection: Arc<Connection>,
    /// The source's; the same where the plan names one token.
    pub(super) source_connection: Arc<Connection>,
    /// The organization's connection; only `apply` and `undo` make a writer of it.
    pub(super) genesys: Option<Arc<genesys::Connection>>,
    /// Why nothing may be asked of the source: its own token cannot be had.
    pub(super) no_source: Option<Why>,
}

/// What becomes of a command when a secret of the plan cannot be had.
#[derive(Clone, Copy)]
enum Strictness {
    /// It ends: nothing is begun that cannot be ended.
    Strict,
    /// It goes on with the target's token alone, and says so.
    TargetAlone(Ui),
}

/// What was seen, and what follows from it.
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    pub(super) changes: ChangeSet,
}

/// Reads a plan file, shows its problems, and returns it when nothing is wrong.
pub(super) fn read_plan(path: &Path, ui: Ui) -> Result<Plan, CliError> {
    read_plan_from(path, &read_file(path)?, ui)
}

/// The same of a file that was read already.
pub(super) fn read_plan_from(path: &Path, bytes: &[u8], ui: Ui) -> Result<Plan, CliError> {
    let name = path.display().to_string();
    let source = Source {
        name: &name,
        path,
        bytes,
    };
    let loaded = load_with(source, &DiskFiles);
    match loaded.plan {
        Some(plan) => {
            if !loaded.findings.is_empty() {
                ui.say(findings::render(&loaded.findings, true).trim_end());
            }
            Ok(plan)
        }
        None => {
            reports::annotate(&loaded.findings, ui);
            ui.show_any(
                &loaded.findings,
                || findings::render(&loaded.findings, true),
                |max_chars| markdown::findings::validate(&loaded.findings, 1, 1, max_chars),
            )?;
            Err(CliError::Invalid)
        }
    }
}

/// Reads a file, but not more of it than any plan can have.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    read_bytes(path, crate::yaml::MAX_BYTES as u64)
}

/// Reads a file, and not much more of it than `most` bytes: the reader finds out that it is too long.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line reads the files it is given"
)]
pub(super) fn read_bytes(path: &Path, most: u64) -> Result<Vec<u8>, CliError> {
    use std::io::Read;
    let failed = |source| CliError::File {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

impl Session {
    /// Fetches the tokens and connects. Sends nothing.
    pub(super) async fn open(plan: Plan, site: Site, patience: Duration) -> Result<Self, CliError> {
        Self::connect(plan, site, patience, Strictness::Strict).await
    }

    async fn connect(
        plan: Plan,
        site: Site,
        patience: Duration,
        strictness: Strictness,
    ) -> Result<Self, CliError> {
        let connect = |token, app_secret: Option<Secret>| {
            let (transport, clock) = (site.transport.clone(), site.clock.clone());
            let version = plan.graph.api_version.clone();
            Arc::new(Connection::new(
                transport,
                clock,
                version,
                token,
                app_secret,
                Patience(patience),
            ))
        };
        let secrets = &*site.secrets;
        let app_secret = match &plan.graph.app_secret {
            Some(reference) => {
                let read = fetch(secrets, reference, "graph.app_secret").await;
                let without = "calls carry no appsecret_proof, which Meta may ask for";
                strictness.or_without(read, without)?.ok()
            }
            None => None,
        };
        let target_token = token(secrets, &plan.target.token, "target.token").await?;
        let own = plan
            .source
            .token
            .as_ref()
            .filter(|source| **source != plan.target.token);
        let (source_token, no_source) = match own {
            Some(reference) => {
                let read = token(secrets, reference, "source.token").await;
                match strictness.or_without(read, "nothing is said of the source")? {
                    Ok(token) => (Some(token), None),
                    Err(why) => (None, Some(why)),
                }
            }
            None => (None, None),
        };
        let connection = connect(target_token.clone(), app_secret.clone());
        let source = source_token
            .clone()
            .map(|token| connect(token, app_secret.clone()));
        let debug = plan
            .graph
            .app_id
            .as_ref()
            .zip(app_secret.as_ref())
            .map(|(app, secret)| connect(Secret::new(format!("{app}|{}", secret.expose())), None));
        // An answer on one connection may quote the token of another.
        for connection in [Some(&connection), source.as_ref(), debug.as_ref()]
            .into_iter()
            .flatten()
        {
            let secrets = [
                Some(&target_token),
                source_token.as_ref(),
                app_secret.as_ref(),
            ];
            secrets
                .into_iter()
                .flatten()
                .for_each(|secret| connection.hide(secret));
        }
        let (genesys, no_genesys) = match client(secrets, &plan, strictness).await? {
            None => (None, None),
            Some(Err(why)) => (None, Some(why)),
            Some(Ok((id, secret))) => {
                [Some(&connection), source.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|connection| connection.hide(&secret));
                let connection = enter(&site, (&id, &secret), patience);
                let tokens = [
                    Some(&target_token),
                    source_token.as_ref(),
                    app_secret.as_ref(),
                ];
                let known = tokens.into_iter().flatten();
                if let Some(connection) = &connection {
                    known.for_each(|secret| connection.hide(secret));
                }
                (connection, None)
            }
        };
        let source_connection = source.unwrap_or_else(|| connection.clone());
        let readers = Readers {
            source: Reader::new(source_connection.clone()),
            target: Reader::new(connection.clone()),
            debug: debug.map(Reader::new),
            source_has_own_token: source_token.is_some(),
            genesys: match (&genesys, no_genesys) {
                (Some(connection), _) => Some(Ok(genesys::Reader::new(connection.clone()))),
                (None, why) => why.map(Err),
            },
        };
        let graph = StepGraph::of(&plan);
        Ok(Self {
            plan,
            graph,
            site,
            readers,
            connection,
            source_connection,
            genesys,
            no_source,
        })
    }

    /// Connects for a command that only looks: it does not wait long for a rate limit to pass.
    pub(super) async fn to_look(global: &Global, plan: Plan) -> Result<Self, CliError> {
        let site = Site::of(global, &plan)?;
        Self::open(plan, site, PATIENCE).await
    }

    /// Connects for a command that compares and decides nothing: it goes on without the secrets that
    /// only the source or the app has.
    pub(super) async fn to_compare(global: &Global, plan: Plan, ui: Ui) -> Result<Self, CliError> {
        let site = Site::of(global, &plan)?;
        Self::connect(plan, site, PATIENCE, Strictness::TargetAlone(ui)).await
    }

    /// Connects for an undo, which asks nothing of the source: its graph is that of what earlier runs
    /// did.
    pub(super) async fn to_undo(
        plan: Plan,
        site: Site,
        patience: Duration,
        ui: Ui,
    ) -> Result<Self, CliError> {
        let session = Self::connect(plan, site, patience, Strictness::TargetAlone(ui)).await?;
        let graph = StepGraph::undo(&session.plan, &session.history()?);
        Ok(Self { graph, ..session })
    }

    /// Looks at the world and decides every step.
    pub(super) async fn look(&self, history: History) -> Seen {
        self.look_at(&Choice::default(), history).await
    }

    /// Looks at the world and decides those steps that are wanted.
    pub(super) async fn look_at(&self, choice: &Choice, history: History) -> Seen {
        let (plan, readers, now) = (&self.plan, &self.readers, self.site.clock.now());
        let snapshot = match &self.no_source {
            Some(why) => observe_target(plan, readers, why, history, now).await,
            None => observe(plan, readers, history, now).await,
        };
        let changes = changeset::compute_part(plan, &self.graph, &snapshot, choice);
        Seen { snapshot, changes }
    }

    /// Says once when the world shows progress that no journal tells of.
    pub(super) fn tell_lost_journal(&self, seen: &Snapshot, ui: Ui) {
        let place = self.site.journal.display().to_string();
        if let Some(lost) = preflight::without_journal(&self.plan, seen, &place) {
            ui.say(&clean(&lost));
        }
    }

    /// Reads what earlier runs of this plan did.
    pub(super) fn history(&self) -> Result<History, CliError> {
        Ok(history(&self.site.journal, &self.plan.name)?)
    }
}

impl Strictness {
    /// Takes a secret, or goes on without one that cannot be had. One of a wrong form is always an
    /// error: somebody has set it, and has to correct it.
    fn or_without(
        self,
        read: Result<Secret, CliError>,
        without: &str,
    ) -> Result<Result<Secret, Why>, CliError> {
        match (self, read) {
            (_, Ok(secret)) => Ok(Ok(secret)),
            (Self::TargetAlone(ui), Err(CliError::Secret { what, source })) => {
                ui.say(&clean(&format!(
                    "{what} cannot be read ({source}): {without}"
                )));
                Ok(Err(Why {
                    reason: format!("{what} cannot be read: {source}"),
                    said: String::new(),
                    trouble: Trouble::Missing,
                    lacks: Vec::new(),
                }))
            }
            (_, Err(error)) => Err(error),
        }
    }
}

impl Seen {
    /// Refuses to tell anything of a target that cannot be read.
    pub(super) fn readable(self) -> Result<Self, CliError> {
        if self.snapshot.unreadable_target().is_none() {
            return Ok(self);
        }
        let code = self.stop_code().unwrap_or(exit::FAILED);
        Err(CliError::Findings {
            findings: self.changes.findings,
            code,
        })
    }

    /// The exit code of what stands in the way, as far as `counts` lets a finding count: a refused
    /// credential, an API that does not answer, a limit, or a world that somebody has to change.
    pub(super) fn stops(&self, counts: impl Fn(&Finding) -> bool) -> Option<u8> {
        let findings = self.changes.findings.iter();
        let blocking: Vec<_> = findings
            .filter(|finding| finding.blocks() && counts(finding))
            .collect();
        let is_any = |is: fn(&Finding) -> bool| blocking.iter().any(|finding| is(finding));
        if blocking.is_empty() {
            return None;
        }
        if is_any(preflight::is_credential) {
            return Some(exit::CREDENTIAL);
        }
        Some(
            match self.snapshot.trouble(is_any(preflight::is_about_genesys)) {
                Some(Trouble::Credential) => exit::CREDENTIAL,
                Some(Trouble::Failure) => exit::FAILED,
                Some(Trouble::Limit) => exit::PARKED,
                Some(Trouble::Missing) | None => exit::BLOCKED,
            },
        )
    }

    /// The same, with every finding counting.
    pub(super) fn stop_code(&self) -> Option<u8> {
        self.stops(|_| true)
    }
}

/// Fetches id and secret of the plan's OAuth client. `None`: the plan names no organization.
async fn client(
    secrets: &dyn Secrets,
    plan: &Plan,
    strictness: Strictness,
) -> Result<Option<Result<(Secret, Secret), Why>>, CliError> {
    let Some(organization) = &plan.genesys else {
        return Ok(None);
    };
    let without = "nothing is said of the Genesys Cloud organization";
    let id = token(secrets, &organization.client_id, "genesys.client_id").await;
    let id = match strictness.or_without(id, without)? {
        Ok(id) => id,
        Err(why) => return Ok(Some(Err(why))),
    };
    let secret = token(
        secrets,
        &organization.client_secret,
        "genesys.client_secret",
    )
    .await;
    let secret = strictness.or_without(secret, without)?;
    Ok(Some(secret.map(|secret| (id, secret))))
}

/// Connects to the organization. `None`: the site has no way in.
fn enter(
    site: &Site,
    (id, secret): (&Secret, &Secret),
    patience: Duration,
) -> Option<Arc<genesys::Connection>> {
    let doors = site.genesys.as_ref()?;
    Some(Arc::new(genesys::Connection::new(
        doors.api.clone(),
        doors.login.clone(),
        id,
        secret,
        site.clock.clone(),
        Patience(patience),
    )))
}

/// Fetches a secret that must be there.
pub(super) async fn fetch(
    secrets: &dyn Secrets,
    reference: &SecretRef,
    what: &str,
) -> Result<Secret, CliError> {
    let read = secrets.read(reference).await;
    read.map_err(|source| CliError::Secret {
        what: what.to_owned(),
        source,
    })
}

/// Fetches a token, which has to fit into an HTTP header.
async fn token(
    secrets: &dyn Secrets,
    reference: &SecretRef,
    what: &str,
) -> Result<Secret, CliError> {
    let token = fetch(secrets, reference, what).await?;
    if token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(token);
    }
    let form = "one word of plain characters, without spaces or line breaks";
    Err(CliError::SecretForm {
        what: what.to_owned(),
        form,
    })
}
