//! Canned responses of Genesys Cloud, written back one by one and read again.
//!
//! Each is read alone, changed in one place and sent back whole. The description of the update names
//! only name, libraries and texts as what can be changed, so what was sent is read back: what the API
//! took without doing anything is for a person, and so is what it refused. Neither stops the others.
//!
//! In doubt: the response, read again, proves it. A write carries the version that was read; a second
//! one of the same version is refused (409), and whoever is refused so reads again.
//!
//! Source: `ResponseManagementApi` of
//! <https://github.com/MyPureCloud/platform-client-sdk-python/tree/master/build/docs>

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Map, Value, json};

use super::{Context, StepError, context::Repeat};
use crate::{
    api::{CallError, genesys::write},
    field::FieldChange,
    finding::{Finding, Who},
    ids::{Address, ResponseId},
    resource::{
        Observed,
        genesys::{raw::Changed, response::Response},
    },
    snapshot::{Snapshot, organization::responses},
};

/// How often one response is read, because somebody else was faster.
const READS: u32 = 4;

/// Pauses between looks for what was written: what is read may be a little behind.
const LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Under this name it is kept which responses did not become what was sent.
pub(super) const UNTAKEN: &str = "untaken";

/// The namespace in a response, as changes name it.
const NAMESPACE: &str = "messagingTemplate.whatsApp.namespace";

/// Says what is to be another in a response. `None`: nothing.
type Change<'a> = dyn Fn(&Response) -> Option<Changed> + Sync + 'a;

/// What came of writing responses.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// How many are as they are to be now.
    pub(super) written: usize,
    untaken: Vec<Untaken>,
}

/// A response that did not become what was sent.
#[derive(Debug)]
struct Untaken {
    response: Response,
    fields: Vec<FieldChange>,
    why: String,
}

impl Came {
    /// Returns what is left to a person. Empty: nothing.
    pub(super) fn findings(&self, step: &Address) -> Vec<Finding> {
        let mut untaken: Vec<_> = self.untaken.iter().collect();
        let order = |one: &&Untaken| (one.response.name.clone(), one.response.id.clone());
        untaken.sort_by_key(order);
        untaken.into_iter().map(|one| one.finding(step)).collect()
    }
}

impl Untaken {
    fn finding(&self, step: &Address) -> Finding {
        let Response { id, name, .. } = &self.response;
        let libraries = self.response.library_names();
        let libraries: Vec<_> = libraries.iter().map(|name| format!("`{name}`")).collect();
        let noun = match libraries.len() {
            1 => "library",
            _ => "libraries",
        };
        let each = |words: fn(&FieldChange) -> String| {
            let all = self.fields.iter().map(words);
            all.collect::<Vec<_>>().join(", ")
        };
        let message = format!(
            "the canned response `{name}` ({id}) in {noun} {} still has {}",
            libraries.join(", "),
            each(|field| format!("{} {}", last(field), text(&field.before))),
        );
        let hint = format!(
            "in Genesys Cloud (Admin > Canned Responses), change its {}; then run apply again",
            each(|field| format!("{} to {}", last(field), text(&field.after))),
        );
        let proof = format!(
            "GET /api/v2/responsemanagement/responses/{} shows {}",
            id.segment(),
            each(|field| format!("{} {}", field.path, text(&field.after))),
        );
        Finding::fail("genesys-response-unchanged", step, message)
            .observed(&self.why)
            .ask(Who::GenesysAdmin, hint)
            .proof(proof)
    }
}

/// The name of a field, without where it stands.
fn last(field: &FieldChange) -> &str {
    field.path.rsplit('.').next().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Changes responses, and reads back what became of them.
pub(super) async fn rewrite(
    cx: &Context<'_>,
    step: &Address,
    ids: &[ResponseId],
    change: &Change<'_>,
) -> Result<Came, StepError> {
    let mut rewriting = Rewriting {
        cx,
        step,
        change,
        sent: Vec::new(),
        came: Came::default(),
    };
    let ended = rewriting.all(ids).await;
    if step.undone().is_none() && !matches!(ended, Err(StepError::Journal(_))) {
        rewriting.keep_untaken(ids)?;
    }
    ended.map(|()| rewriting.came)
}

/// Reads the responses of all libraries again, and remembers them.
pub(super) async fn look(cx: &Context<'_>) -> Result<(), StepError> {
    let read = responses(cx.organization()?.reader).await;
    let read = read.map_err(|source| StepError::Call {
        doing: "read the canned responses".to_owned(),
        source,
    })?;
    if let Some(organization) = &mut cx.seen().organization {
        organization.responses = Observed::Present(read);
    }
    Ok(())
}

/// Returns the responses that did not become what runs of this plan sent.
pub(super) fn untaken(seen: &Snapshot, step: &Address) -> BTreeSet<String> {
    let kept = seen.history.kept(step, UNTAKEN);
    kept.and_then(|kept| serde_json::from_value(kept.clone()).ok())
        .unwrap_or_default()
}

struct Rewriting<'a> {
    cx: &'a Context<'a>,
    step: &'a Address,
    change: &'a Change<'a>,
    sent: Vec<ResponseId>,
    came: Came,
}

impl Rewriting<'_> {
    async fn all(&mut self, ids: &[ResponseId]) -> Result<(), StepError> {
        for id in ids {
            self.one(id).await?;
        }
        self.read_back().await
    }

    async fn one(&mut self, id: &ResponseId) -> Result<(), StepError> {
        let mut reads = 1;
        loop {
            let Some((response, changed)) = self.differing(id).await? else {
                return Ok(());
            };
            self.keep_before(&changed)?;
            let fields = changed.fields.clone();
            let error = match self.write(id, changed).await {
                Ok(()) => {
                    self.sent.push(id.clone());
                    return Ok(());
                }
                Err(StepError::Call { source, .. }) if source.genesys().is_some() => source,
                Err(error) => return Err(error),
            };
            match Refused::of(&error) {
                Refused::Gone => return Ok(()),
                Refused::Outdated if reads < READS => reads += 1,
                Refused::Outdated | Refused::ForGood => {
                    let why = error.to_string();
                    self.came.untaken.push(Untaken {
                        response,
                        fields,
                        why,
                    });
                    return Ok(());
                }
                Refused::OnTheWay => {
                    return Err(StepError::Call {
                        doing: doing(id),
                        source: error,
                    });
                }
            }
        }
    }

    /// Reads one. `None`: it is as it is to be, or gone.
    async fn differing(&self, id: &ResponseId) -> Result<Option<(Response, Changed)>, StepError> {
        let found = self.find(id).await.map_err(|source| StepError::Call {
            doing: format!("read the canned response {id}"),
            source,
        })?;
        let changed = found.as_ref().and_then(self.change);
        Ok(found.zip(changed))
    }

    async fn find(&self, id: &ResponseId) -> Result<Option<Response>, CallError> {
        let Ok(organization) = self.cx.organization() else {
            return Ok(None);
        };
        let found = organization.reader.find(&Response::read(id)).await?;
        remember(self.cx, id, found.clone());
        Ok(found)
    }

    async fn write(&self, id: &ResponseId, changed: Changed) -> Result<(), StepError> {
        let paths = changed.paths();
        let write = write::replace_response(id, changed.object, &paths);
        let lookup = || async {
            let found = self.find(id).await?;
            let differs = found.as_ref().and_then(self.change).is_some();
            Ok((!differs).then_some(()))
        };
        self.cx
            .write(self.step, &doing(id), &write, Repeat::AfterLookup, lookup)
            .await
            .map(|_| ())
    }

    /// Looks at all that was sent until each shows it. While one does not, the rest can wait.
    async fn read_back(&mut self) -> Result<(), StepError> {
        let mut left = std::mem::take(&mut self.sent);
        for (at, pause) in LOOKS.into_iter().enumerate() {
            if left.is_empty() {
                break;
            }
            self.cx.clock.sleep(pause).await;
            let is_last = at + 1 == LOOKS.len();
            let mut still = Vec::new();
            for id in left {
                if !is_last && !still.is_empty() {
                    still.push(id);
                    continue;
                }
                match self.differing(&id).await? {
                    None => self.came.written += 1,
                    Some(_) if !is_last => still.push(id),
                    Some((response, changed)) => self.came.untaken.push(Untaken {
                        response,
                        fields: changed.fields,
                        why: "Genesys Cloud accepted the update and left it as it was".to_owned(),
                    }),
                }
            }
            left = still;
        }
        Ok(())
    }

    /// Keeps the namespace that stood there, for whoever takes it back.
    fn keep_before(&self, changed: &Changed) -> Result<(), StepError> {
        let mut fields = changed.fields.iter();
        let namespace = fields.find(|field| field.path == NAMESPACE);
        let id = changed.object.get("id").and_then(Value::as_str);
        match (namespace, id) {
            (Some(namespace), Some(id)) if self.step.undone().is_none() => {
                let before = Map::from_iter([(id.to_owned(), namespace.before.clone())]);
                self.cx.keep_before(self.step, &before)
            }
            _ => Ok(()),
        }
    }

    /// Keeps which responses did not become what was sent: what they become later is not our doing.
    fn keep_untaken(&self, tried: &[ResponseId]) -> Result<(), StepError> {
        let known = untaken(&self.cx.seen(), self.step);
        let mut now = known.clone();
        now.retain(|id| tried.iter().all(|tried| tried.as_str() != id));
        let new = self.came.untaken.iter();
        now.extend(new.map(|one| one.response.id.to_string()));
        match now == known {
            true => Ok(()),
            false => self.cx.keep(self.step, UNTAKEN, json!(now)),
        }
    }
}

fn doing(id: &ResponseId) -> String {
    format!("change the canned response {id}")
}

fn remember(cx: &Context<'_>, id: &ResponseId, found: Option<Response>) {
    let mut seen = cx.seen();
    let Some(organization) = &mut seen.organization else {
        return;
    };
    if let Observed::Present(known) = &mut organization.responses {
        known.retain(|one| one.id != *id);
        known.extend(found);
        known.sort_by(|one, two| one.id.cmp(&two.id));
    }
}

/// What a refusal means.
enum Refused {
    /// It is not there any more.
    Gone,
    /// Somebody else has changed it since it was read.
    Outdated,
    /// The API does not take it.
    ForGood,
    /// It is not about this one: the client, a limit, a server in trouble.
    OnTheWay,
}

impl Refused {
    fn of(error: &CallError) -> Self {
        let Some(said) = error.genesys() else {
            return Self::OnTheWay;
        };
        let names_version = || said.words().to_lowercase().contains("version");
        match said.status {
            _ if said.is_missing_object() => Self::Gone,
            409 => Self::Outdated,
            400 if names_version() => Self::Outdated,
            _ if said.judges() => Self::ForGood,
            _ => Self::OnTheWay,
        }
    }
}
