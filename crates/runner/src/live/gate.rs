//! Who may see the page: those who know its token, and only under the name of this machine.

use crate::errors::Error;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use std::fmt::Write;
use std::io;

/// Lets requests in, or not.
pub struct Gate {
    port: u16,
    token: String,
    digest: blake3::Hash,
}

impl Gate {
    /// With a new token, from the system's own source of random numbers.
    pub fn new(port: u16) -> Result<Gate, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| Error::Live(io::Error::other(error.to_string())))?;
        let mut token = String::new();
        for byte in bytes {
            let _ = write!(token, "{byte:02x}");
        }
        Ok(Gate { port, digest: blake3::hash(token.as_bytes()), token })
    }

    /// The address of the page. All of its files lie below the token, so that they need no cookie.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// Why a request is refused, if it is.
    pub fn refuses(&self, headers: &HeaderMap, path: &str) -> Option<StatusCode> {
        // A page of elsewhere whose name was made to lead to this machine ("DNS rebinding") comes under that name.
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let mut named = headers.get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return Some(StatusCode::FORBIDDEN) };
        if !hosts.iter().any(|own| own.as_bytes() == host.as_bytes()) {
            return Some(StatusCode::FORBIDDEN);
        }
        let given = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        // Digests of blake3 are compared in constant time.
        (blake3::hash(given.as_bytes()) != self.digest).then_some(StatusCode::NOT_FOUND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(gate: &Gate, hosts: &[&str], path: &str) -> Option<StatusCode> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().unwrap());
        }
        gate.refuses(&headers, path)
    }

    #[test]
    fn only_the_token_opens() {
        let gate = Gate::new(4000).unwrap();
        let url = gate.url();
        let path = url.strip_prefix("http://127.0.0.1:4000").unwrap();
        let own = ["127.0.0.1:4000"];
        assert_eq!(path.len(), 34);
        assert_eq!(asked(&gate, &own, path), None);
        assert_eq!(asked(&gate, &own, &format!("{path}events")), None);
        let shorter = &path[..32];
        for wrong in ["/", "/events", "//", "", shorter, &format!("/x{path}"), &format!("{shorter}//events")]
        {
            assert_eq!(asked(&gate, &own, wrong), Some(StatusCode::NOT_FOUND), "{wrong}");
        }
        assert_ne!(Gate::new(4000).unwrap().url(), url);
    }

    #[test]
    fn only_this_machine_is_named() {
        let gate = Gate::new(4000).unwrap();
        let url = gate.url();
        let path = url.strip_prefix("http://127.0.0.1:4000").unwrap();
        assert_eq!(asked(&gate, &["localhost:4000"], path), None);
        for hosts in [
            &["evil.example:4000"][..],
            &["127.0.0.1"],
            &["127.0.0.1:4001"],
            &["127.0.0.1:4000", "evil.example"],
            &["127.0.0.1:4000.evil.example"],
            &[],
        ] {
            assert_eq!(asked(&gate, hosts, path), Some(StatusCode::FORBIDDEN), "{hosts:?}");
        }
    }
}
