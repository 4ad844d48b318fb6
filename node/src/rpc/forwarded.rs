//! Who asks through a reverse proxy: the last hop that is no trusted proxy.
//!
//! A hop is believed only as far as a trusted proxy wrote it: the list is read from its end, and what
//! stands before the first address that is not trusted may be anybody's word. A proxy writes one of
//! the two headers and may pass the other on as its client sent it, so that where both name somebody
//! else, nobody is believed. Whoever is not known shares what the proxy's own address may have.

use super::{
    peer::{Client, Net, Peer},
    refusal::response,
};
use futures::future::Either;
use jsonrpsee::{
    core::BoxError,
    server::{HttpRequest, HttpResponse, ws::is_upgrade_request},
};
use std::{
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    task::{Context, Poll},
};
use tower::Service;

/// Marks requests of somebody else than the socket's peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForwardedFor(pub(super) Net);

/// The socket that a request came on.
#[derive(Clone)]
pub(super) struct CameOn(Weak<Peer>);

/// Whose a request is; none once its socket is closed.
pub(super) fn client<B>(request: &HttpRequest<B>) -> Option<Client> {
    let CameOn(peer) = request.extensions().get()?;
    let forwarded = request.extensions().get().map(|ForwardedFor(net)| *net);
    Some(Client::of(peer.upgrade()?, forwarded))
}

/// The proxies that are believed.
#[derive(Clone, Debug)]
pub(super) struct Proxies(Arc<[IpAddr]>);

impl Proxies {
    pub(super) fn new(trusted: &[IpAddr]) -> Self {
        Self(trusted.iter().map(IpAddr::to_canonical).collect())
    }

    pub(super) fn trust(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The client of a request that came from `peer`.
    fn client<B>(&self, peer: IpAddr, request: &HttpRequest<B>) -> IpAddr {
        if !self.trust(peer) {
            return peer;
        }
        let of = |header, read| self.last_hop(peer, request, header, read);
        match (of("x-forwarded-for", address), of("forwarded", forwarded_for)) {
            (Some(one), Some(other)) if one != other => peer,
            (one, other) => one.or(other).unwrap_or(peer),
        }
    }

    /// The last hop in a header that is not trusted, or the first where all are; `peer` where a hop
    /// cannot be read, none without the header.
    fn last_hop<B>(
        &self,
        peer: IpAddr,
        request: &HttpRequest<B>,
        header: &str,
        read: fn(&str) -> Option<IpAddr>,
    ) -> Option<IpAddr> {
        let mut client = None;
        for value in request.headers().get_all(header).iter().rev() {
            let Ok(text) = value.to_str() else { return Some(peer) };
            for hop in text.rsplit(',') {
                let Some(address) = read(hop.trim()) else { return Some(peer) };
                client = Some(address);
                if !self.trust(address) {
                    return client;
                }
            }
        }
        client
    }
}

/// An address with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    let address: IpAddr = bare.parse().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

/// `for` of an element of `Forwarded` (RFC 7239). An element with a comma in quotes is not read.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let node = node.trim();
    address(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

/// The requests of one socket, each with its client.
#[derive(Clone)]
pub(super) struct Attributed<S> {
    inner: S,
    proxies: Proxies,
    address: IpAddr,
    peer: Weak<Peer>,
}

impl<S> Attributed<S> {
    pub(super) const fn new(inner: S, proxies: Proxies, address: IpAddr, peer: Weak<Peer>) -> Self {
        Self { inner, proxies, address, peer }
    }
}

impl<S, B> Service<HttpRequest<B>> for Attributed<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse, Error = BoxError>,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Either<S::Future, Ready<Result<HttpResponse, BoxError>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: HttpRequest<B>) -> Self::Future {
        if self.proxies.trust(self.address) {
            let client = self.proxies.client(self.address, &request);
            // A WebSocket stays with its client; other requests of a proxy share its connections.
            let is_websocket = is_upgrade_request(&request);
            let holder = if is_websocket { client } else { self.address };
            let counted = self.peer.upgrade().map(|peer| peer.hand_to(holder, is_websocket));
            if let Some(Err(refusal)) = counted {
                return Either::Right(ready(Ok(response(refusal))));
            }
            request.extensions_mut().insert(ForwardedFor(Net::of(client)));
        }
        request.extensions_mut().insert(CameOn(Weak::clone(&self.peer)));
        Either::Left(self.inner.call(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        let proxies = Proxies::new(&[PROXY.parse().unwrap(), "::1".parse().unwrap()]);
        let mut request = HttpRequest::new(());
        for (name, value) in headers {
            let name: &'static str = if *name == "x" { "x-forwarded-for" } else { "forwarded" };
            request.headers_mut().append(name, value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &request).to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_no_trusted_proxy_is() {
        let check = |headers: &[(&str, &str)], expect: &str| {
            assert_eq!(client(PROXY, headers), expect, "{headers:?}");
        };
        check(&[], PROXY);
        check(&[("x", "7.7.7.7")], "7.7.7.7");
        check(&[("x", "9.9.9.9, 7.7.7.7")], "7.7.7.7");
        check(&[("x", "9.9.9.9"), ("x", "7.7.7.7,10.0.0.1")], "7.7.7.7");
        check(&[("x", "9.9.9.9, 7.7.7.7, ::1")], "7.7.7.7");
        check(&[("x", "10.0.0.1")], PROXY);
        check(&[("x", "7.7.7.7:80")], "7.7.7.7");
        check(&[("x", "::ffff:7.7.7.7")], "7.7.7.7");
        for six in ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:80"] {
            check(&[("x", six)], "2001:db8::7");
            check(&[("f", &format!("for=\"{six}\""))], "2001:db8::7");
        }
        check(&[("f", "for=9.9.9.9, proto=https; For=\"7.7.7.7:1\";by=10.0.0.1")], "7.7.7.7");
        check(&[("f", "for=7.7.7.7"), ("x", "7.7.7.7")], "7.7.7.7");
    }

    #[test]
    fn what_cannot_be_known_is_the_proxys_own() {
        for headers in [
            &[("x", "9.9.9.9, unknown")][..],
            &[("x", "9.9.9.9,")],
            &[("f", "for=9.9.9.9, for=_hidden")],
            &[("f", "for=9.9.9.9, by=10.0.0.1")],
            &[("f", "for=9.9.9.9, for=\"7.7.7.7")],
            // The client wrote the header that the proxy does not.
            &[("f", "for=9.9.9.9"), ("x", "7.7.7.7")],
            &[("f", "nonsense"), ("x", "7.7.7.7")],
        ] {
            assert_eq!(client(PROXY, headers), PROXY, "{headers:?}");
        }
    }

    #[test]
    fn nobody_else_is_believed() {
        for header in [("x", "9.9.9.9"), ("f", "for=9.9.9.9")] {
            assert_eq!(client("7.7.7.7", &[header]), "7.7.7.7");
        }
        assert_eq!(client("::ffff:10.0.0.1", &[("x", "7.7.7.7")]), "7.7.7.7");
    }
}
