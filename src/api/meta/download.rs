//! Fetching files that the API shows by signed links.

use super::{reader::Reader, request::transfer_timeout};
use crate::api::{
    call::{TRIES, backoff},
    link::SignedLink,
    transport::{Download, Response, TransportError},
};

/// A file that was fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Its type, as the server says, like `image/png`; without parameters, in lower case.
    pub mime: Option<String>,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Downloaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Downloaded")
            .field("mime", &self.mime)
            .field("length", &self.bytes.len())
            .finish()
    }
}

/// Why a file could not be fetched. Never holds the link's signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The server does not give it.
    #[error("{host} answers with HTTP {status}: the link may have expired, so read it again")]
    Refused {
        /// Where it should be.
        host: String,
        /// The status code.
        status: u16,
    },
    /// There was no answer, or more than is taken in.
    #[error("it cannot be fetched from {host}")]
    Transport {
        /// Where it should be.
        host: String,
        /// Why.
        source: TransportError,
    },
}

impl DownloadError {
    /// Returns whether the same may work in a moment.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused { host: _, status } => *status >= 500 || *status == 429,
            Self::Transport { host: _, source } => match source {
                TransportError::Redirect(_) | TransportError::TooLarge(_) => false,
                TransportError::Unreachable { .. }
                | TransportError::Cut(_)
                | TransportError::Timeout(_) => true,
            },
        }
    }
}

impl Reader {
    /// Fetches a file of at most `limit` bytes by its link. **No token is sent.** What may pass is
    /// tried again.
    pub async fn download(
        &self,
        link: &SignedLink,
        limit: usize,
    ) -> Result<Downloaded, DownloadError> {
        let mut tried = 1;
        loop {
            let download = Download {
                link: link.clone(),
                limit,
                timeout: transfer_timeout(limit),
            };
            let answer = self.connection.download(download).await;
            match understood(link, answer) {
                Err(error) if error.may_pass() && tried < TRIES => {
                    self.connection.sleep(backoff(tried)).await;
                }
                done => return done,
            }
            tried += 1;
        }
    }
}

fn understood(
    link: &SignedLink,
    answer: Result<Response, TransportError>,
) -> Result<Downloaded, DownloadError> {
    let host = link.host().to_owned();
    let response = match answer {
        Ok(response) => response,
        Err(source) => return Err(DownloadError::Transport { host, source }),
    };
    if response.status != 200 {
        let status = response.status;
        return Err(DownloadError::Refused { host, status });
    }
    let mime = response.header("content-type").map(mime);
    Ok(Downloaded {
        mime,
        bytes: response.body,
    })
}

/// The type without parameters like `; charset=…`.
fn mime(header: &str) -> String {
    let (mime, _) = header.split_once(';').unwrap_or((header, ""));
    mime.trim().to_ascii_lowercase()
}
