//! A connection to a node, over HTTP or WebSocket.

use crate::{ClientError, Key, TransactionBuilder, refused::Told};
use codec::Decode;
use dure_abi::spec::ContractSpec;
use dure_rpc::DureClient;
use dure_types::{Address, Hash};
use jsonrpsee::core::{
    ClientError as TransportError, DeserializeOwned,
    client::{BatchResponse, ClientT, Subscription, SubscriptionClientT},
    params::BatchRequestBuilder,
    traits::ToRpcParams,
};
use jsonrpsee_http_client::{HttpBackend, HttpClientBuilder, RpcLogger, RpcService};
use jsonrpsee_ws_client::{WsClient, WsClientBuilder};
use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Longer than the node waits for `final` or `certified`.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// Deploying sends a whole module in hexadecimal.
const REQUEST_BYTES_MAX: u32 = 4 << 20;
const RESPONSE_BYTES_MAX: u32 = 16 << 20;

/// A client of one node. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    transport: Transport,
    chain: Hash,
    name: String,
    specs: Mutex<BTreeMap<Address, Arc<ContractSpec>>>,
    /// The next that an account has, as far as this client gave them.
    nonces: Mutex<BTreeMap<Address, u64>>,
}

impl Client {
    /// Connects to `http://HOST:PORT/v1` or `ws://HOST:PORT/v1`, with the feature `tls` to
    /// `https://` and `wss://`, too, and learns which chain it is.
    ///
    /// # Errors
    /// [`ClientError::Url`], [`ClientError::NoTls`], [`ClientError::Unreachable`] when nobody
    /// answers, or [`ClientError::Refused`] when the node takes no more connections.
    pub async fn connect(url: &str) -> Result<Self, ClientError> {
        let transport = Transport::connect(url).await?;
        let status = transport.chain_status(None).await.map_err(|e| ClientError::of(url, e))?;
        Ok(Self {
            inner: Arc::new(Inner {
                url: url.to_owned(),
                transport,
                chain: status.chain.0,
                name: status.name,
                specs: Mutex::default(),
                nonces: Mutex::default(),
            }),
        })
    }

    /// The URL that it was connected to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The chain that the node had when it was connected to; transactions are signed for it.
    #[must_use]
    pub fn chain(&self) -> Hash {
        self.inner.chain
    }

    /// The name of that chain: what its genesis calls it, which is no proof of anything.
    #[must_use]
    pub fn chain_name(&self) -> &str {
        &self.inner.name
    }

    /// Every method of the node, as the table of `dure-rpc` has them.
    #[must_use]
    pub fn raw(&self) -> &(impl DureClient + use<>) {
        &self.inner.transport
    }

    /// Begins a transaction on behalf of a key's account.
    pub fn transaction<'a>(&'a self, key: &'a Key) -> TransactionBuilder<'a> {
        TransactionBuilder::new(self, key)
    }

    /// Reads a contract's specification; asked once, then kept until this client upgrades it.
    ///
    /// # Errors
    /// [`ClientError`] when there is no such contract.
    pub async fn spec(&self, contract: Address) -> Result<Arc<ContractSpec>, ClientError> {
        let known = lock(&self.inner.specs).get(&contract).cloned();
        if let Some(spec) = known {
            return Ok(spec);
        }
        let answer = self.transport().contract_spec(contract.into(), None).await;
        let answer = answer.map_err(|error| self.error(error))?;
        let spec = ContractSpec::decode(&mut answer.scale.0.as_slice())
            .map_err(|error| ClientError::Malformed(error.to_string()))?;
        let spec = Arc::new(spec);
        lock(&self.inner.specs).insert(contract, Arc::clone(&spec));
        Ok(spec)
    }

    /// Forgets a specification that an upgrade replaced.
    pub(crate) fn forget_spec(&self, contract: Address) {
        lock(&self.inner.specs).remove(&contract);
    }

    /// A nonce of lane 0 that neither the chain nor this client has used.
    pub(crate) async fn nonce(&self, account: Address) -> Result<u64, ClientError> {
        let free = self.free_nonce(account).await?;
        Ok(self.take_nonces(account, free, 1).start)
    }

    /// So many nonces of lane 0, ascending, that neither the chain nor this client has used.
    ///
    /// For many transactions at once of keys that no other program uses: the node is asked only for
    /// an account that this client has given none of.
    ///
    /// # Errors
    /// [`ClientError`] when the node does not answer.
    pub async fn nonces(&self, account: Address, count: u64) -> Result<Range<u64>, ClientError> {
        let known = lock(&self.inner.nonces).contains_key(&account);
        let free = if known { 0 } else { self.free_nonce(account).await? };
        Ok(self.take_nonces(account, free, count))
    }

    async fn free_nonce(&self, account: Address) -> Result<u64, ClientError> {
        let answer = self.transport().account_get(account.into(), None, None).await;
        Ok(answer.map_err(|error| self.error(error))?.nonce_next.0)
    }

    fn take_nonces(&self, account: Address, free: u64, count: u64) -> Range<u64> {
        let mut nonces = lock(&self.inner.nonces);
        let next = nonces.entry(account).or_default();
        let first = free.max(*next);
        *next = first.saturating_add(count);
        first..*next
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    pub(crate) fn error(&self, error: TransportError) -> ClientError {
        ClientError::of(&self.inner.url, error)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.inner.url)
    }
}

/// What the locks guard is whole after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// HTTP whose refusals are read, whatever their status.
type HttpClient = jsonrpsee_http_client::HttpClient<RpcLogger<RpcService<Told<HttpBackend>>>>;

/// How long a node that refused a WebSocket is asked why.
const WHY_TIMEOUT: Duration = Duration::from_secs(5);

/// HTTP or WebSocket behind one type.
pub(crate) enum Transport {
    Http(HttpClient),
    Ws(WsClient),
}

impl Transport {
    async fn connect(url: &str) -> Result<Self, ClientError> {
        let failed = |error| ClientError::of(url, error);
        let secure = url.starts_with("https://") || url.starts_with("wss://");
        if secure && !cfg!(feature = "tls") {
            return Err(ClientError::NoTls { url: url.to_owned() });
        }
        if url.starts_with("http://") || url.starts_with("https://") {
            return http(url).map(Self::Http);
        }
        if url.starts_with("ws://") || url.starts_with("wss://") {
            let client = WsClientBuilder::default()
                .request_timeout(REQUEST_TIMEOUT)
                .max_request_size(REQUEST_BYTES_MAX)
                .max_response_size(RESPONSE_BYTES_MAX)
                .build(url)
                .await;
            return match client {
                Ok(client) => Ok(Self::Ws(client)),
                Err(error) => Err(why(url).await.unwrap_or_else(|| failed(error))),
            };
        }
        Err(ClientError::Url { url: url.to_owned() })
    }
}

fn http(url: &str) -> Result<HttpClient, ClientError> {
    let client = HttpClientBuilder::default()
        .request_timeout(REQUEST_TIMEOUT)
        .max_request_size(REQUEST_BYTES_MAX)
        .max_response_size(RESPONSE_BYTES_MAX)
        .set_http_middleware(tower::ServiceBuilder::new().layer_fn(Told))
        .build(url);
    client.map_err(|error| ClientError::of(url, error))
}

/// Why a node refuses a WebSocket: the library drops the answer's body, so that the same is asked
/// over HTTP. None where that says nothing.
async fn why(url: &str) -> Option<ClientError> {
    let http = http(&format!("http{}", url.strip_prefix("ws")?)).ok()?;
    let status = tokio::time::timeout(WHY_TIMEOUT, http.chain_status(None)).await.ok()?;
    let error = ClientError::of(url, status.err()?);
    error.refusal().is_some().then_some(error)
}

impl ClientT for Transport {
    async fn notification<Params>(&self, method: &str, params: Params) -> Result<(), TransportError>
    where
        Params: ToRpcParams + Send,
    {
        match self {
            Self::Http(client) => client.notification(method, params).await,
            Self::Ws(client) => client.notification(method, params).await,
        }
    }

    async fn request<R, Params>(&self, method: &str, params: Params) -> Result<R, TransportError>
    where
        R: DeserializeOwned,
        Params: ToRpcParams + Send,
    {
        match self {
            Self::Http(client) => client.request(method, params).await,
            Self::Ws(client) => client.request(method, params).await,
        }
    }

    async fn batch_request<'a, R>(
        &self,
        batch: BatchRequestBuilder<'a>,
    ) -> Result<BatchResponse<'a, R>, TransportError>
    where
        R: DeserializeOwned + fmt::Debug + 'a,
    {
        match self {
            Self::Http(client) => client.batch_request(batch).await,
            Self::Ws(client) => client.batch_request(batch).await,
        }
    }
}

impl SubscriptionClientT for Transport {
    async fn subscribe<'a, Notif, Params>(
        &self,
        subscribe_method: &'a str,
        params: Params,
        unsubscribe_method: &'a str,
    ) -> Result<Subscription<Notif>, TransportError>
    where
        Params: ToRpcParams + Send,
        Notif: DeserializeOwned,
    {
        match self {
            Self::Http(client) => {
                client.subscribe(subscribe_method, params, unsubscribe_method).await
            }
            Self::Ws(client) => {
                client.subscribe(subscribe_method, params, unsubscribe_method).await
            }
        }
    }

    async fn subscribe_to_method<Notif>(
        &self,
        method: &str,
    ) -> Result<Subscription<Notif>, TransportError>
    where
        Notif: DeserializeOwned,
    {
        match self {
            Self::Http(client) => client.subscribe_to_method(method).await,
            Self::Ws(client) => client.subscribe_to_method(method).await,
        }
    }
}

#[cfg(all(test, not(feature = "tls")))]
mod tests {
    use super::{Client, ClientError};

    #[tokio::test]
    async fn a_build_without_tls_says_so_before_it_connects() {
        for url in ["https://127.0.0.1:1/v1", "wss://127.0.0.1:1/v1"] {
            let refused = Client::connect(url).await;
            assert!(matches!(refused, Err(ClientError::NoTls { url: told }) if told == url));
        }
    }
}
