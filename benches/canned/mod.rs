//! Answers prepared in advance: a transport that costs next to nothing, so that what is measured
//! is the client alone.
//!
//! The simulator gives the answers, once; after that they are copied from memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::future::{BoxFuture, FutureExt};
use waba_migrate::api::transport::{Download, Param, Request, Response, Transport, TransportError};

/// Hands requests on and keeps the answers.
pub(crate) struct Recorder {
    inner: Arc<dyn Transport>,
    answers: Mutex<HashMap<String, Response>>,
}

/// Answers what a [`Recorder`] has heard.
pub(crate) struct Canned(HashMap<String, Response>);

impl Recorder {
    /// Records what `inner` answers.
    pub(crate) fn new(inner: Arc<dyn Transport>) -> Self {
        let answers = Mutex::default();
        Self { inner, answers }
    }

    /// Returns the answers so far.
    pub(crate) fn canned(&self) -> Canned {
        Canned(self.answers.lock().expect("nobody panicked").clone())
    }
}

impl Transport for Recorder {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let key = key(&request);
        async move {
            let response = self.inner.send(request).await?;
            let mut answers = self.answers.lock().expect("nobody panicked");
            answers.insert(key, response.clone());
            Ok(response)
        }
        .boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.inner.download(download)
    }
}

impl Transport for Canned {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let answer = self.0.get(&key(&request));
        let response = answer.expect("every request was recorded").clone();
        std::future::ready(Ok(response)).boxed()
    }
}

/// What tells one read from another.
fn key(request: &Request) -> String {
    request
        .query
        .iter()
        .fold(request.path.clone(), |key, (name, param)| match param {
            Param::Plain(value) => format!("{key}&{name}={value}"),
            Param::Secret(_) => format!("{key}&{name}"),
        })
}
