//! How the server is set up, and its limits.

use dure_rpc::shape::PeerHealth;
use dure_types::limits;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// Where the server listens and whom it serves.
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whose pages may use it.
    pub origins: Origins,
    /// How much of everything.
    pub limits: RpcLimits,
    /// The node's name on the network, for `node_health`.
    pub peer_id: Option<String>,
    /// Reverse proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<IpAddr>,
    /// What `node_health` tells of the other validators.
    pub peers: Option<PeersView>,
}

/// Looks at how it stands with the other validators.
#[derive(Clone)]
pub struct PeersView(pub Arc<dyn Fn() -> Vec<PeerHealth> + Send + Sync>);

impl std::fmt::Debug for PeersView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PeersView")
    }
}

/// Web pages that may use the server. Programs send no origin and are not concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Any page: for development.
    Any,
    /// Pages of these origins (`https://cafe.example`).
    List(Vec<String>),
}

/// Greatest allowed values. Each is there because something would grow without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RpcLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address.
    pub connections_of_address: usize,
    /// Connections that are turned away with patience at the same time, above those; more are told
    /// and closed at once.
    pub farewells: usize,
    /// Bytes of one request: a deploy in hexadecimal and its envelope.
    pub request_bytes: u32,
    /// Bytes of all requests that come or are at work; those of one address may be half of it.
    /// Requests up to 1,024 bytes are not counted.
    pub requests_bytes: usize,
    /// Bytes of one answer.
    pub response_bytes: u32,
    /// Bytes of all answers that wait for their clients to read them; those of one address may be
    /// half of it.
    pub answers_bytes: usize,
    /// Requests of one JSON-RPC batch.
    pub batch: u32,
    /// Requests at work on one connection.
    pub requests_of_connection: usize,
    /// Subscriptions of one connection.
    pub subscriptions: u32,
    /// Messages that wait for one connection before its subscriptions lag.
    pub messages: u32,
    /// Queries and simulations at work; one address has half of these, and of all permits below, at
    /// most, so that there are at least two. Each holds an instance of the virtual machine.
    pub queries: usize,
    /// Rehearsals at work: each may compile code that nobody paid for.
    pub rehearsals: usize,
    /// Other reads at work; each holds a thread.
    pub reads: usize,
    /// Looks for the receipt of a submitted transaction at work: apart from the reads, too.
    pub receipt_reads: usize,
    /// Pages of subscriptions at work: apart from the reads, which must not wait behind a replay.
    pub subscription_reads: usize,
    /// Submissions with `wait: none` at work.
    pub submissions: usize,
    /// Entries of one page.
    pub page: u32,
    /// Events that one `event_list` looks at.
    pub events_scanned: usize,
    /// Calls of one `contract_query`.
    pub query_calls: usize,
    /// How long a read waits for `min_height`.
    pub height_wait: Duration,
    /// How long `tx_submit` waits for `final` or `certified`.
    pub final_wait: Duration,
    /// How long a request may take in all.
    pub request_time: Duration,
    /// How long a connection may be silent.
    pub silence: Duration,
    /// In this time a client must take...
    pub send_time: Duration,
    /// ... so many bytes of what it is sent, or the connection is closed.
    pub send_bytes_min: usize,
    /// How long a subscription waits for a slow client before it lags.
    pub stall: Duration,
}

impl Default for RpcLimits {
    fn default() -> Self {
        Self {
            connections: 2_048,
            connections_of_address: 1_024,
            farewells: 256,
            request_bytes: 3 << 20,
            // Eighty of the longest.
            requests_bytes: 256 << 20,
            response_bytes: 12 << 20,
            // Twenty of the longest, so that neither memory nor other clients suffer.
            answers_bytes: 256 << 20,
            batch: 64,
            requests_of_connection: 128,
            subscriptions: 64,
            messages: 256,
            queries: 8,
            rehearsals: 2,
            reads: 64,
            receipt_reads: 16,
            subscription_reads: 8,
            submissions: 4_096,
            page: 1_000,
            events_scanned: 10_000,
            query_calls: 64,
            height_wait: Duration::from_secs(5),
            final_wait: Duration::from_secs(30),
            request_time: Duration::from_secs(60),
            silence: Duration::from_secs(120),
            // Some 3 kB a second: a line of 56 kbit/s has twice that.
            send_time: Duration::from_secs(20),
            send_bytes_min: 64 << 10,
            stall: Duration::from_secs(5),
        }
    }
}

const _: () = {
    // A transaction of the greatest size fits in hexadecimal, with its envelope.
    assert!(limits::TRANSACTION_BYTES_MAX * 2 + 4_096 <= 3 << 20);
};

impl RpcLimits {
    /// Lowers the number of connections, with those that are turned away, to what the process may
    /// have open, half of it left to the store: a node that runs out of descriptors cannot write its
    /// ledger.
    #[must_use]
    pub fn within(self, descriptors: u64) -> Self {
        let share = usize::try_from(descriptors / 2).unwrap_or(usize::MAX).max(8);
        let farewells = self.farewells.min(share / 8);
        let connections = self.connections.min(share - farewells);
        Self {
            connections,
            connections_of_address: self.connections_of_address.min(connections),
            farewells,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RpcLimits;

    #[test]
    fn sockets_leave_half_of_the_descriptors_to_the_store() {
        let all = RpcLimits::default();
        for descriptors in [20, 256, 1_024, 4_096, 65_536, u64::MAX] {
            let limits = all.within(descriptors);
            let sockets = (limits.connections + limits.farewells) as u64;
            assert!(sockets <= descriptors / 2, "{sockets} of {descriptors}");
            assert!(limits.connections >= 8, "{descriptors}: too few to be of use");
            assert!(limits.connections_of_address <= limits.connections);
        }
        assert_eq!(all.within(65_536), all);
    }
}
