//! Signed links: files that the API shows by an address of their own, like the example media of a
//! template.
//!
//! Whoever holds such a link can fetch the file until it expires. It is fetched without token, and
//! its query, where the signature stands, is never shown.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// A link to a file, `https` or, on loopback, `http`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedLink(Url);

/// Why a text is no link that can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is not a URL.
    #[error("it is not a URL")]
    NotAUrl,
    /// What it gives could be changed on its way.
    #[error("it is not https (http is allowed on loopback only)")]
    Insecure,
    /// It names a user; no link of the API does.
    #[error("it names a user")]
    User,
}

impl SignedLink {
    /// Returns the host, for messages.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns whether it is plain `http`, and so on loopback.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Returns the whole link, for the one place that fetches it and for the simulator.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl FromStr for SignedLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let url = Url::parse(text).map_err(|_| LinkError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(LinkError::User);
        }
        if is_protected(&url) {
            Ok(Self(url))
        } else {
            Err(LinkError::Insecure)
        }
    }
}

impl fmt::Display for SignedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, path) = (self.0.scheme(), self.host(), self.0.path());
        write!(f, "{scheme}://{host}{path}")
    }
}

impl fmt::Debug for SignedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedLink({self})")
    }
}

/// Returns whether nobody on the way can read or change what is sent there.
pub(super) fn is_protected(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

/// Returns whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_protected_links_are_links() {
        #[track_caller]
        fn check(text: &str, expected: Result<(), LinkError>) {
            assert_eq!(text.parse::<SignedLink>().map(|_| ()), expected, "{text}");
        }
        check("https://scontent.whatsapp.net/v/t61/a.png?oh=1", Ok(()));
        check("http://127.0.0.1:8080/media/1?oh=1", Ok(()));
        check(
            "http://scontent.whatsapp.net/a.png",
            Err(LinkError::Insecure),
        );
        check("http://127.0.0.1.evil.example/a", Err(LinkError::Insecure));
        check("file:///etc/passwd", Err(LinkError::Insecure));
        check("https://me:pw@scontent.whatsapp.net/", Err(LinkError::User));
        check("4::aW1hZ2UvanBn:ARYy:e:1681000441", Err(LinkError::NotAUrl));
        check("", Err(LinkError::NotAUrl));
    }

    #[test]
    fn the_signature_is_never_shown() {
        let link: SignedLink = "https://cdn.example/v/a.png?oh=SIGNED#x".parse().unwrap();
        assert_eq!(link.to_string(), "https://cdn.example/v/a.png");
        assert_eq!(
            format!("{link:?}"),
            "SignedLink(https://cdn.example/v/a.png)"
        );
    }
}
