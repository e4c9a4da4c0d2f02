//! Where a request comes from.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};

use super::Peer;
use crate::{App, config::Network};

/// The address a request comes from, as well as it can be known; `None` if it cannot.
///
/// Each proxy adds to `X-Forwarded-For` whom it heard from. So what it says is read from the end, for as long as those
/// who said it are believed (`trusted_proxies`): anybody else could say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl ClientAddress {
    fn of(trusted: &[Network], peer: Option<&Peer>, headers: &HeaderMap) -> Self {
        let Some(Peer::Address(peer)) = peer else {
            return Self(None);
        };
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        let mut address = peer.ip().to_canonical();
        let said = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let said: Vec<&str> = said.flat_map(|value| value.split(',')).map(str::trim).collect();
        for named in said.into_iter().rev() {
            if !is_trusted(address) {
                break;
            }
            let Ok(named) = named.parse::<IpAddr>() else { break };
            address = named.to_canonical();
        }
        Self(Some(address))
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(&app.config.trusted_proxies, parts.extensions.get::<Peer>(), &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn address(trusted: &str, peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let environment = [("PLENARY_TRUSTED_PROXIES".to_owned(), trusted.to_owned())];
        let config = Config::from_layers(None, environment, serde_json::Map::new()).unwrap();
        let peer = Peer::Address(peer.parse().unwrap());
        ClientAddress::of(&config.trusted_proxies, Some(&peer), &headers).0.unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let here = "127.0.0.1, ::1";
        assert_eq!(address(here, "127.0.0.1:9", &["203.0.113.1, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(address(here, "127.0.0.1:9", &["203.0.113.1", "192.0.2.7"]), "192.0.2.7");
        assert_eq!(address(here, "[::1]:9", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(address(here, "192.0.2.7:9", &["203.0.113.1"]), "192.0.2.7");
        assert_eq!(address(here, "127.0.0.1:9", &["nonsense"]), "127.0.0.1");
        assert_eq!(address(here, "127.0.0.1:9", &[]), "127.0.0.1");
        assert_eq!(address("", "127.0.0.1:9", &["192.0.2.7"]), "127.0.0.1");
    }

    #[test]
    fn several_proxies_are_followed_as_far_as_they_are_trusted() {
        let networks = "10.0.0.0/8, 2001:db8:1::/48";
        assert_eq!(address(networks, "10.0.0.2:9", &["203.0.113.9, 192.0.2.7, 10.1.1.1"]), "192.0.2.7");
        assert_eq!(address(networks, "[2001:db8:1::5]:9", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(address(networks, "[::ffff:10.0.0.2]:9", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(address(networks, "10.0.0.2:9", &["10.0.0.3, 10.0.0.4"]), "10.0.0.3");
        assert_eq!(address(networks, "11.0.0.2:9", &["192.0.2.7"]), "11.0.0.2");
    }

    #[test]
    fn what_came_by_the_operators_socket_has_no_address() {
        let trusted = Config::default().trusted_proxies;
        assert_eq!(ClientAddress::of(&trusted, Some(&Peer::Operator), &HeaderMap::new()).0, None);
        assert_eq!(ClientAddress::of(&trusted, None, &HeaderMap::new()).0, None);
    }
}
