//! Uploads the example media that templates need, each content once.
//!
//! The session is on disk before the first byte leaves. After a cut or a kill the API is asked how
//! many bytes have arrived, and the rest is sent: the guide knows one request for the whole file, and
//! another for what is left. A session that is too old, unknown, or that has everything but lost its
//! answer begins anew; nothing comes of the old one.
//!
//! In doubt: the session's offset proves how much has arrived. Nothing proves that a session was begun
//! when its answer was lost; another is begun then, and nobody misses the one that gets no bytes.
//!
//! Sessions and handles stand in the journal under an address of the content, not of the step that
//! needed it first: other templates, and later runs, take the handle from there.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/upload>

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Context, StepError,
    context::{Repeat, Written},
};
use crate::{
    api::{
        meta::{CallError, GraphError, MediaHandle, UploadSession, write},
        transport::FilePart,
    },
    ids::{Address, AppId},
    resource::Observed,
};

/// Under this name the session of an upload is kept.
const SESSION: &str = "upload_session";

/// Under this name the handle of what was uploaded is kept.
const HANDLE: &str = "upload_handle";

/// How old a session may be that is gone on with. The guide says nothing; about a day is what is
/// seen, unconfirmed. One that ended earlier is noticed when it is asked.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// How old a handle may be that is used again. How long one lives is unconfirmed; nothing tells a
/// dead one from a living one before a template is refused.
const HANDLE_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Requests with bytes that one upload may take in one run. What has arrived by then is not lost.
const ROUNDS: usize = 20;

/// Sessions that one upload may use up in one run. Each may have taken the whole file.
const SESSIONS: usize = 3;

/// A file to upload.
#[derive(Clone)]
pub struct Payload {
    file_name: String,
    mime: String,
    bytes: Arc<[u8]>,
    sha256: String,
}

impl Payload {
    /// Takes a file: its name for people at Meta, and its type, like `image/png`.
    pub fn new(
        file_name: impl Into<String>,
        mime: impl Into<String>,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Self {
        let bytes = bytes.into();
        Self {
            file_name: file_name.into(),
            mime: mime.into(),
            sha256: hex::encode(Sha256::digest(&bytes)),
            bytes,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("file_name", &self.file_name)
            .field("mime", &self.mime)
            .field("length", &self.bytes.len())
            .field("sha256", &self.sha256)
            .finish()
    }
}

/// Who uploads what at the moment: steps that need the same content wait for each other.
#[derive(Debug, Default)]
pub struct Uploads {
    turns: Mutex<BTreeMap<String, Turn>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

impl Uploads {
    fn turn(&self, sha256: &str) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(sha256.to_owned()).or_default().clone()
    }
}

/// Returns a handle for a file, which is uploaded only when no fresh one is known. `step` needs it.
pub async fn upload(
    cx: &Context<'_>,
    step: &Address,
    media: &Payload,
) -> Result<MediaHandle, StepError> {
    let upload = Upload {
        cx,
        needed_by: step,
        media,
        app: app(cx, media)?,
        address: Address::upload(&media.sha256),
    };
    let turn = cx.uploads.turn(&media.sha256);
    let _turn = turn.lock().await;
    if let Some(handle) = upload.kept(HANDLE, HANDLE_LIFE) {
        return Ok(handle);
    }
    let handle = upload.run().await?;
    upload.keep(HANDLE, &handle)?;
    Ok(handle)
}

/// The app that the media is uploaded to: handles of another one are refused.
fn app(cx: &Context<'_>, media: &Payload) -> Result<AppId, StepError> {
    let why = match &cx.seen().app {
        Observed::Present(app) => return Ok(app.clone()),
        Observed::Absent => String::new(),
        Observed::Unknown(why) => format!(" ({why})"),
    };
    Err(StepError::Unexpected(format!(
        "cannot upload {}: nothing tells which app the target's token belongs to{why}; set \
         graph.app_id in the plan",
        media.file_name
    )))
}

/// One upload under way.
struct Upload<'a> {
    cx: &'a Context<'a>,
    needed_by: &'a Address,
    media: &'a Payload,
    app: AppId,
    address: Address,
}

/// What is kept of an upload in the journal.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    app: AppId,
    mime: String,
    at: Timestamp,
    needed_by: Address,
    value: T,
}

/// A session, and what it still has to get.
struct Place {
    session: UploadSession,
    part: FilePart,
    /// Whether it was begun for this very part: then nothing but the part can be to blame.
    is_new: bool,
}

/// What came of sending a part.
enum Sent {
    /// Everything has arrived.
    All(MediaHandle),
    /// This is left.
    UpTo(Place),
    /// The session is of no use any more.
    Lost,
}

impl From<Option<Place>> for Sent {
    fn from(place: Option<Place>) -> Self {
        place.map_or(Self::Lost, Self::UpTo)
    }
}

impl Upload<'_> {
    async fn run(&self) -> Result<MediaHandle, StepError> {
        let mut place = self.resumed().await?;
        let mut lost = 0;
        for _ in 0..ROUNDS {
            let next = match place.take() {
                Some(place) => place,
                None => self.start().await?,
            };
            match self.send(&next).await? {
                Sent::All(handle) => return Ok(handle),
                Sent::UpTo(next) => place = Some(next),
                Sent::Lost => lost += 1,
            }
            if lost == SESSIONS {
                break;
            }
        }
        Err(StepError::Unexpected(format!(
            "cannot upload {}: it broke off too often; run apply again when the connection is \
             better, what has arrived is not sent again",
            self.media.file_name
        )))
    }

    /// Takes up the session of an earlier run.
    async fn resumed(&self) -> Result<Option<Place>, StepError> {
        let kept = self.kept::<String>(SESSION, SESSION_LIFE);
        match kept.and_then(|id| id.parse().ok()) {
            Some(session) => self.ask(&session).await,
            None => Ok(None),
        }
    }

    /// Begins a session. In doubt it is begun again: nobody misses one that gets no bytes.
    async fn start(&self) -> Result<Place, StepError> {
        let Payload {
            file_name,
            mime,
            bytes,
            sha256: _,
        } = self.media;
        let Some(part) = FilePart::rest(bytes, 0) else {
            let problem = format!("cannot upload {file_name}: the file is empty");
            return Err(StepError::Unexpected(problem));
        };
        let write = write::start_upload(&self.app, file_name, bytes.len(), mime);
        let doing = format!("begin the upload of {file_name}");
        let nothing_to_see = || async { Ok::<Option<()>, CallError>(None) };
        let written = self.cx.write(
            &self.address,
            &doing,
            &write,
            Repeat::Harmless,
            nothing_to_see,
        );
        let session = match written.await? {
            Written::Answered(answer) => UploadSession::of(&answer),
            Written::Found(()) => None,
        };
        let Some(session) = session else {
            let problem = format!("the API began the upload of {file_name} but named no session");
            return Err(StepError::Unexpected(problem));
        };
        self.keep(SESSION, session.to_string())?;
        Ok(Place {
            session,
            part,
            is_new: true,
        })
    }

    /// Sends a part once; whether it arrived is asked for when the answer is lost.
    async fn send(&self, place: &Place) -> Result<Sent, StepError> {
        let Place {
            session,
            part,
            is_new,
        } = place;
        let write = write::upload_bytes(session, part.clone());
        let doing = format!("upload {}", self.media.file_name);
        let moved = || async {
            match self.cx.target.get(&session.progress()).await {
                Ok(progress) if progress.file_offset == part.offset() => Ok(None),
                Ok(progress) => Ok(Some(self.place(session, progress.file_offset))),
                Err(error) if is_gone(&error) => Ok(Some(None)),
                Err(error) => Err(error),
            }
        };
        let written = self
            .cx
            .write(&self.address, &doing, &write, Repeat::AfterLookup, moved)
            .await;
        match written {
            Ok(Written::Found(place)) => Ok(place.into()),
            Ok(Written::Answered(answer)) => match MediaHandle::of(&answer) {
                Some(handle) => Ok(Sent::All(handle)),
                None => Ok(self.ask(session).await?.into()),
            },
            // Only a session that had its own past can be to blame.
            Err(StepError::Call { source, .. }) if is_judged(&source) && !is_new => {
                let place = self.ask(session).await?;
                Ok(place
                    .filter(|place| place.part.offset() != part.offset())
                    .into())
            }
            Err(error) => Err(error),
        }
    }

    /// Asks a session what it still has to get. `None`: it is of no use any more.
    async fn ask(&self, session: &UploadSession) -> Result<Option<Place>, StepError> {
        match self.cx.target.get(&session.progress()).await {
            Ok(progress) => Ok(self.place(session, progress.file_offset)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(source) => Err(StepError::Call {
                doing: format!("ask how much of {} has arrived", self.media.file_name),
                source,
            }),
        }
    }

    /// `None`: everything has arrived, but the answer with the handle was lost and is told nowhere.
    fn place(&self, session: &UploadSession, offset: usize) -> Option<Place> {
        Some(Place {
            session: session.clone(),
            part: FilePart::rest(&self.media.bytes, offset)?,
            is_new: false,
        })
    }

    /// Returns what was kept for this content, app and type, unless it is too old.
    fn kept<T: DeserializeOwned>(&self, what: &str, life: SignedDuration) -> Option<T> {
        let kept = self.cx.seen().history.kept(&self.address, what).cloned()?;
        let kept: Kept<T> = serde_json::from_value(kept).ok()?;
        let age = self.cx.clock.now().duration_since(kept.at);
        let is_meant = kept.app == self.app && kept.mime == self.media.mime;
        (is_meant && age < life).then_some(kept.value)
    }

    fn keep(&self, what: &str, value: impl Serialize) -> Result<(), StepError> {
        let kept = Kept {
            app: self.app.clone(),
            mime: self.media.mime.clone(),
            at: self.cx.clock.now(),
            needed_by: self.needed_by.clone(),
            value,
        };
        self.cx.keep(&self.address, what, json!(kept))
    }
}

/// Whether what was sent is to blame, and not who sent it, how often, or the connection.
fn is_judged(error: &CallError) -> bool {
    error.graph().is_some_and(GraphError::judges)
}

/// Whether a session is not there any more. What the API answers then is not documented, so every
/// refusal of such a plain question counts, also one that is no error of Graph.
fn is_gone(error: &CallError) -> bool {
    let is_refused =
        matches!(error, CallError::Garbled { status, .. } if (400..500).contains(status));
    is_refused || is_judged(error)
}
