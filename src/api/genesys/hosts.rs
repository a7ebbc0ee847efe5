//! Where Genesys Cloud is reached: every region has a host for the API and one for logins.
//!
//! Source: <https://developer.genesys.cloud/platform/api/>

/// The two base URLs of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// Serves `/api/v2/…`.
    pub api: String,
    /// Serves `/oauth/token`.
    pub login: String,
}

impl Hosts {
    /// Returns those of a region, which is named by its domain, like `mypurecloud.de`.
    pub fn of_region(domain: &str) -> Self {
        Self {
            api: format!("https://api.{domain}"),
            login: format!("https://login.{domain}"),
        }
    }

    /// Returns one base URL for both.
    pub fn at(url: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self {
            api: url.clone(),
            login: url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_two_hosts_and_a_simulator_one() {
        let hosts = Hosts::of_region("euw2.pure.cloud");
        assert_eq!(hosts.api, "https://api.euw2.pure.cloud");
        assert_eq!(hosts.login, "https://login.euw2.pure.cloud");
        let hosts = Hosts::at("http://127.0.0.1:8080/");
        assert_eq!(
            (&*hosts.api, &*hosts.login),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080")
        );
    }
}
