//! The right to look: GETs, repeated as often as it takes, pages to the end.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};

use super::{connection::Connection, request::Read};
use crate::{
    api::{
        call::{CallError, Retry, TRIES, backoff},
        transport::{Param, Request},
    },
    ids::WabaId,
    secret::Secret,
};

/// Pages of one list. At 100 a page this is far past any limit of the API; it ends a server that
/// never stops handing out cursors.
const MAX_PAGES: usize = 2_000;

/// Sends reads over a connection.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) connection: Arc<Connection>,
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    /// The items; may be empty although more follow. An answer without them is no list: taking it
    /// for an empty one would make things look absent.
    data: Vec<T>,
    paging: Option<Paging>,
}

#[derive(Debug, Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    after: Option<String>,
}

/// The parameters by which the API names a page.
const PAGE_PARAMS: [&str; 4] = ["after", "offset", "until", "__paging_token"];

impl<T> Page<T> {
    /// Returns the parameters of the page after this one. Only `next` says whether there is one:
    /// the last page may still have a cursor. `next` holds the token, so it is taken apart and
    /// never followed, logged or kept. A `next` that names no page is an error: taking the list
    /// for complete would make what follows look absent.
    fn next(&self) -> Result<Option<Vec<(&'static str, String)>>, CallError> {
        let Some(next) = self
            .paging
            .as_ref()
            .and_then(|paging| paging.next.as_deref())
        else {
            return Ok(None);
        };
        let parsed = url::Url::parse(next).ok();
        let query = parsed.iter().flat_map(url::Url::query_pairs);
        let named = query.filter_map(|(name, value)| {
            let name = PAGE_PARAMS.into_iter().find(|known| *known == name)?;
            Some((name, value.into_owned()))
        });
        let params: Vec<_> = named.collect();
        if !params.is_empty() {
            return Ok(Some(params));
        }
        let cursors = self
            .paging
            .as_ref()
            .and_then(|paging| paging.cursors.as_ref());
        match cursors.and_then(|cursors| cursors.after.clone()) {
            Some(after) => Ok(Some(vec![("after", after)])),
            None => Err(endless("there is a next page, but nothing names it")),
        }
    }
}

impl Reader {
    /// Makes a reader of this connection's token.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// Returns the token, for the one call that asks the API about it.
    pub fn token(&self) -> &Secret {
        self.connection.token()
    }

    /// Returns how much of a WABA's hourly calls is used, in percent, as far as answers told.
    pub fn used(&self, waba: &WabaId) -> Option<u32> {
        self.connection.used(waba.as_str())
    }

    /// Reads one object.
    pub async fn get<T: DeserializeOwned>(&self, read: &Read<T>) -> Result<T, CallError> {
        self.try_often(&read.request()).await
    }

    /// Reads a list to its end.
    pub async fn list<T: DeserializeOwned>(
        &self,
        read: &Read<Page<T>>,
    ) -> Result<Vec<T>, CallError> {
        let mut items = Vec::new();
        let mut request = read.request();
        let own = request.query.len();
        let mut last = None;
        for _ in 0..MAX_PAGES {
            let page: Page<T> = self.try_often(&request).await?;
            let next = page.next()?;
            items.extend(page.data);
            let Some(next) = next else { return Ok(items) };
            if last.as_ref() == Some(&next) {
                return Err(endless("the same cursor came twice"));
            }
            request.query.truncate(own);
            let named = |(name, value): &(&'static str, String)| {
                ((*name).into(), Param::from(value.as_str()))
            };
            request.query.extend(next.iter().map(named));
            last = Some(next);
        }
        Err(endless("there are more pages than any list of the API has"))
    }

    async fn try_often<T: DeserializeOwned>(&self, request: &Request) -> Result<T, CallError> {
        let mut tried = 1;
        loop {
            let patience = self.connection.patience;
            let error = match self.connection.call(request.clone(), patience).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match error.retry() {
                Retry::Soon if tried < TRIES => self.connection.sleep(backoff(tried)).await,
                Retry::Later(pause) if tried < TRIES => self.connection.quiet.keep(pause),
                Retry::Soon | Retry::Later(_) | Retry::Never => return Err(error),
            }
            tried += 1;
        }
    }
}

fn endless(problem: &str) -> CallError {
    CallError::Garbled {
        status: 200,
        problem: format!("the list does not end: {problem}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(paging: &str, expected: Option<(&'static str, &str)>) {
        let page: Page<u8> = serde_json::from_str(&format!(r#"{{"data":[]{paging}}}"#)).unwrap();
        let expected = expected.map(|(name, value)| vec![(name, value.to_owned())]);
        assert_eq!(page.next().unwrap(), expected, "{paging}");
    }

    #[test]
    fn a_next_page_that_nothing_names_is_an_error() {
        let body = r#"{"data":[],"paging":{"next":"https://graph.facebook.com/v25.0/1/x?access_token=EAA"}}"#;
        assert!(
            serde_json::from_str::<Page<u8>>(body)
                .unwrap()
                .next()
                .is_err()
        );
    }

    #[test]
    fn only_next_says_that_more_follows() {
        check("", None);
        check(r#","paging":{"cursors":{"before":"a","after":"b"}}"#, None);
        check(
            r#","paging":{"cursors":{"after":"b"},"next":"https://graph.facebook.com/v25.0/1/x?access_token=EAA&limit=5&after=c%3D"}"#,
            Some(("after", "c=")),
        );
        check(
            r#","paging":{"cursors":{"after":"b"},"next":"not a url"}"#,
            Some(("after", "b")),
        );
    }
}
