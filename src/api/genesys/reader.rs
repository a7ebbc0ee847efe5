//! The right to look: GETs, repeated as often as it takes, pages to the end.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    connection::{Answer, Connection, Manner},
    request::Read,
};
use crate::api::{
    call::{CallError, Retry, TRIES, backoff},
    transport::{Param, Request},
};

/// The largest page that the official clients ask for.
const PAGE_SIZE: usize = 100;

/// Pages of one list. At 100 a page this is far past any limit of an organization; it ends a server
/// that never stops handing out pages.
const MAX_PAGES: usize = 1_000;

/// Sends reads over a connection.
#[derive(Clone, Debug)]
pub struct Reader {
    connection: Arc<Connection>,
}

/// One page of a list. An empty list may come without `entities`; an answer without anything that a
/// page has is no list: taking it for an empty one would make things look absent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: DeserializeOwned")]
pub struct Page<T> {
    #[serde(default = "nothing")]
    entities: Option<Vec<T>>,
    page_number: Option<u64>,
    page_size: Option<u64>,
    page_count: Option<u64>,
    total: Option<u64>,
    next_uri: Option<Value>,
}

fn nothing<T>() -> Option<Vec<T>> {
    None
}

impl<T> Page<T> {
    /// Returns whether another page follows this one, the `asked`th. A page that is not the one that
    /// was asked for would hide another one.
    fn has_next(&self, asked: usize) -> Result<bool, &'static str> {
        let is_paging = [
            self.page_number,
            self.page_size,
            self.page_count,
            self.total,
        ];
        let count = self.entities.as_ref().map_or(0, Vec::len);
        let asked = asked as u64;
        if self.entities.is_none() && is_paging.iter().all(Option::is_none) {
            return Err("it is no page of a list");
        }
        if self.page_number.is_some_and(|number| number != asked) {
            return Err("it is another page of the list than the one that was asked for");
        }
        if asked == 1 && count == 0 && self.total.is_some_and(|total| total > 0) {
            return Err("the list is said to have entries, but shows none");
        }
        let size = self.page_size.unwrap_or(PAGE_SIZE as u64);
        let more = match self.page_count {
            Some(pages) => asked < pages,
            None => self.next_uri.as_ref().is_some_and(Value::is_string) || count as u64 >= size,
        };
        Ok(more && count > 0)
    }
}

impl Reader {
    /// Makes a reader over this connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// Masks every secret of the connection in a text of an answer that is shown to people.
    pub fn mask(&self, text: &str) -> String {
        self.connection.mask(text)
    }

    /// Reads one object.
    pub async fn get<T: DeserializeOwned>(&self, read: &Read<T>) -> Result<T, CallError> {
        self.try_often(&read.request()).await
    }

    /// Reads one object that may be gone. `None`: Genesys Cloud says that it is not there.
    pub async fn find<T: DeserializeOwned>(&self, read: &Read<T>) -> Result<Option<T>, CallError> {
        match self.get(read).await {
            Ok(found) => Ok(Some(found)),
            Err(CallError::Declined(error)) if error.is_missing_object() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a list to its end.
    pub async fn list<T: DeserializeOwned>(
        &self,
        read: &Read<Page<T>>,
    ) -> Result<Vec<T>, CallError> {
        let mut items = Vec::new();
        for number in 1..=MAX_PAGES {
            let mut request = read.request();
            for (name, value) in [("pageSize", PAGE_SIZE), ("pageNumber", number)] {
                request
                    .query
                    .push((name.into(), Param::from(value.to_string())));
            }
            let page: Page<T> = self.try_often(&request).await?;
            let has_next = page.has_next(number).map_err(broken)?;
            items.extend(page.entities.into_iter().flatten());
            if !has_next {
                return Ok(items);
            }
        }
        Err(broken(
            "the list does not end: there are more pages than any organization has",
        ))
    }

    async fn try_often<T: DeserializeOwned>(&self, request: &Request) -> Result<T, CallError> {
        let manner = Manner {
            patience: self.connection.patience,
            gives_way: true,
            knocks_twice: true,
        };
        let mut tried = 1;
        loop {
            let mut trace_id = None;
            let called = self.connection.call(request.clone(), manner, &mut trace_id);
            let error = match called.await.and_then(|answer| object(&answer)) {
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

fn object<T: DeserializeOwned>(answer: &Answer) -> Result<T, CallError> {
    // Without this, a list would pass for an object whose members come in order.
    if answer.body.trim_ascii_start().first() != Some(&b'{') {
        return Err(answer.garbled("it is no JSON object"));
    }
    serde_json::from_slice(&answer.body).map_err(|error| answer.garbled(error))
}

fn broken(problem: &str) -> CallError {
    CallError::Garbled {
        status: 200,
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, asked: usize, expected: Option<bool>) {
        let page: Page<u8> = serde_json::from_str(body).unwrap();
        assert_eq!(page.has_next(asked).ok(), expected, "{body}");
    }

    #[test]
    fn a_list_ends_with_its_last_page_or_an_empty_one() {
        let (more, end) = (Some(true), Some(false));
        check(r#"{"entities":[1],"pageNumber":1,"pageCount":2}"#, 1, more);
        check(r#"{"entities":[1],"pageNumber":2,"pageCount":2}"#, 2, end);
        check(r#"{"entities":[],"pageNumber":2,"pageCount":9}"#, 2, end);
        check(r#"{"pageNumber":1,"pageCount":0,"total":0}"#, 1, end);
        check(r#"{"entities":null,"total":0}"#, 1, end);
        check(r#"{"entities":[1,2]}"#, 1, end);
        check(r#"{"entities":[1,2],"pageSize":2}"#, 1, more);
        check(r#"{"entities":[1],"nextUri":"/x"}"#, 1, more);
        check(r#"{"entities":[1],"nextUri":null}"#, 1, end);
    }

    #[test]
    fn what_would_hide_something_is_no_page() {
        check("{}", 1, None);
        check(r#"{"id":"1"}"#, 1, None);
        check(r#"{"entities":[1],"pageNumber":1,"pageCount":3}"#, 2, None);
        check(r#"{"pageNumber":1,"total":3}"#, 1, None);
        assert!(serde_json::from_str::<Page<u8>>(r#"{"entities":{}}"#).is_err());
    }
}
