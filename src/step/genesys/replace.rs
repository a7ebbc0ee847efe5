//! Objects of Genesys Cloud that are written back as a whole: read, changed in one place, sent with the
//! version that was read. Whoever was faster is read again, a few times.
//!
//! In doubt: reading the object again shows whether it is as it is to be. A second write of the same carries
//! an old version and is refused; queues have none, and a second one changes nothing.

use serde::de::DeserializeOwned;

use crate::{
    api::{CallError, Write, genesys::Read},
    ids::Address,
    resource::genesys::raw::Changed,
    step::{Context, StepError, context::Repeat},
};

/// How often an object is read again because somebody was faster.
const READS: u32 = 4;

/// What came of replacing an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::step) enum Replaced {
    /// It was written.
    Written,
    /// It is as it is to be.
    Already,
    /// It is not there any more.
    Gone,
}

/// Changes one object. `change` says what is to be another in what was read; `None` or nothing: it is as
/// it is to be.
pub(in crate::step) async fn replace<T: DeserializeOwned>(
    cx: &Context<'_>,
    step: &Address,
    doing: &str,
    read: &Read<T>,
    change: impl Fn(&T) -> Option<Changed>,
    write: impl Fn(Changed) -> Write,
) -> Result<Replaced, StepError> {
    let reader = cx.organization()?.reader;
    let differs = |object: &T| change(object).filter(|changed| !changed.fields.is_empty());
    let lookup = || async {
        let found = reader.find(read).await?;
        Ok::<_, CallError>(found.filter(|object| differs(object).is_none()).map(|_| ()))
    };
    let mut reads = 1;
    loop {
        let found = reader.find(read).await.map_err(|source| StepError::Call {
            doing: doing.to_owned(),
            source,
        })?;
        let Some(object) = found else {
            return Ok(Replaced::Gone);
        };
        let Some(changed) = differs(&object) else {
            return Ok(Replaced::Already);
        };
        let write = write(changed);
        match cx
            .write::<(), _>(step, doing, &write, Repeat::AfterLookup, &lookup)
            .await
        {
            Ok(_) => return Ok(Replaced::Written),
            Err(StepError::Call { source, .. }) if reads < READS && is_outdated(&source) => {
                reads += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns whether somebody else has changed the object since it was read.
fn is_outdated(error: &CallError) -> bool {
    let told = error.genesys().map(|error| (error.status, error.words()));
    told.is_some_and(|(status, words)| {
        status == 409 || matches!(status, 400 | 408) && words.to_lowercase().contains("version")
    })
}
