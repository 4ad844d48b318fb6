//! The methods: each takes its permits, reads one snapshot on a thread of its own, and answers.

use super::{
    config::{PeersView, RpcConfig, RpcLimits},
    failure::{self, of_fault, of_stop},
    filter::{EventMatcher, TransactionMatcher},
    follow,
    peer::{Client, Permits, Sockets, on_behalf},
    reader::Reader,
    spec::Specs,
    trace, trial,
};
use crate::{driver::AHEAD_MAX_MS, fault::Fault, handle::Handle};
use dure_rpc::{
    DureServer, Place, RpcError,
    api::{AddressText, BlockRef, BytesText, HashText, Number, OpenRpc, Queries},
    decimal::Decimal,
    shape::{
        AccountAnswer, BlockAnswer, ChainParams, ChainStatus, ClockAnswer, ContractAnswer,
        ContractList, EventFilter, EventList, Health, History, Mempool, QueryAnswer, ReceiptAnswer,
        SimulateRequest, SimulationAnswer, StateAnswer, StateProofAnswer, StorageList, Submission,
        TraceAnswer, TransactionFilter, Wait,
    },
};
use dure_types::Height;
use jsonrpsee::{
    PendingSubscriptionSink,
    core::{SubscriptionResult, async_trait},
};
use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// How long a read waits for a permit before it is refused as busy.
const PERMIT_WAIT: Duration = Duration::from_millis(200);

/// Everything that the methods share. Cheap to clone.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) handle: Handle,
    pub(super) limits: Arc<RpcLimits>,
    pub(super) submissions: Arc<Semaphore>,
    specs: Arc<Specs>,
    queries: Arc<Permits>,
    rehearsals: Arc<Permits>,
    reads: Arc<Permits>,
    receipt_reads: Arc<Permits>,
    subscription_reads: Arc<Permits>,
    sockets: Arc<Sockets>,
    peer_id: Option<String>,
    peers: Option<PeersView>,
    begun: Instant,
}

impl Service {
    pub(super) fn new(handle: Handle, config: &RpcConfig, sockets: Arc<Sockets>) -> Self {
        Self {
            handle,
            limits: Arc::new(config.limits),
            submissions: Arc::new(Semaphore::new(config.limits.submissions)),
            specs: Arc::default(),
            queries: Arc::new(Permits::new(config.limits.queries)),
            rehearsals: Arc::new(Permits::new(config.limits.rehearsals)),
            reads: Arc::new(Permits::new(config.limits.reads)),
            receipt_reads: Arc::new(Permits::new(config.limits.receipt_reads)),
            subscription_reads: Arc::new(Permits::new(config.limits.subscription_reads)),
            sockets,
            peer_id: config.peer_id.clone(),
            peers: config.peers.clone(),
            begun: Instant::now(),
        }
    }

    /// Permits of all kinds that are taken now.
    pub(super) fn at_work(&self) -> usize {
        let kinds = [
            &self.queries,
            &self.rehearsals,
            &self.reads,
            &self.receipt_reads,
            &self.subscription_reads,
        ];
        kinds.iter().map(|permits| permits.taken()).sum()
    }

    /// Reads one snapshot, within the permits.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        self.within(&self.reads, "reads", self.limits.reads, Some(PERMIT_WAIT), read).await
    }

    /// The same for those who wait for a receipt, on permits of their own: what they look for is
    /// found at once, and they must not queue behind long lists.
    pub(super) async fn read_receipt<T: Send + 'static>(
        &self,
        patience: Duration,
        read: impl FnOnce(&Reader<'_>) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let (permits, limit) = (&self.receipt_reads, self.limits.receipt_reads);
        self.within(permits, "receipt reads", limit, Some(patience), read).await
    }

    /// The same for subscriptions, which wait for their turn, on permits of their own.
    pub(super) async fn read_waiting<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let (permits, limit) = (&self.subscription_reads, self.limits.subscription_reads);
        self.within(permits, "subscription reads", limit, None, read).await
    }

    /// The same for what runs contracts.
    async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        self.within(&self.queries, "queries", self.limits.queries, Some(PERMIT_WAIT), read).await
    }

    async fn within<T: Send + 'static>(
        &self,
        permits: &Arc<Permits>,
        what: &str,
        limit: usize,
        patience: Option<Duration>,
        read: impl FnOnce(&Reader<'_>) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let permit = permits.take();
        let permit = match patience {
            Some(patience) => tokio::time::timeout(patience, permit).await,
            None => Ok(permit.await),
        };
        let Ok(Some(permit)) = permit else {
            return Err(RpcError::Busy { what: what.to_owned(), limit: limit as u64 });
        };
        let this = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let reader = Reader {
                view: this.handle.view().map_err(of_fault)?,
                specs: &this.specs,
                limits: &this.limits,
                genesis_time: this.handle.genesis().time,
                clock: &this.handle.clock,
            };
            let answer = read(&reader);
            drop(permit);
            answer
        });
        match work.await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "a read panicked");
                Err(RpcError::InternalError)
            }
        }
    }

    /// Whose subscription it is; none once the connection is closed. It runs on its own, outside
    /// of the request that began it.
    fn client_of(&self, pending: &PendingSubscriptionSink) -> Option<Client> {
        let peer = self.sockets.peer(pending.connection_id().0)?;
        Some(Client::of(peer, None))
    }

    /// Why a node whose threads end serves no more: said before the last of them is gone.
    pub(super) async fn stopping(&self) -> RpcError {
        let mut reason = self.handle.reason.clone();
        let reason = reason.wait_for(Option::is_some).await;
        of_stop(reason.ok().and_then(|reason| reason.clone()))
    }

    /// Waits until the node is at a height, for a while.
    async fn reach(&self, min_height: Option<Number>) -> Result<(), RpcError> {
        self.reach_by(min_height, |head| head.height).await
    }

    async fn reach_by(
        &self,
        min_height: Option<Number>,
        of: impl Fn(&crate::chain::Head) -> Height,
    ) -> Result<(), RpcError> {
        let Some(min_height) = min_height else { return Ok(()) };
        let mut head = self.handle.head();
        let reached = head.wait_for(|head| of(head).0 >= min_height.0);
        let reached = tokio::time::timeout(self.limits.height_wait, reached).await;
        match reached.map(|reached| reached.map(drop)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.stopping().await),
            Err(_) => {
                let height = of(&self.handle.head().borrow()).into();
                Err(RpcError::HeightNotReached { min_height, height })
            }
        }
    }
}

/// Built once: it is the same for every caller.
static DOCUMENT: LazyLock<OpenRpc> = LazyLock::new(dure_rpc::discover::openrpc);

#[async_trait]
impl DureServer for Service {
    async fn chain_status(&self, min_height: Option<Number>) -> Result<ChainStatus, RpcError> {
        self.reach(min_height).await?;
        let head = *self.handle.head().borrow();
        let genesis = self.handle.genesis();
        Ok(ChainStatus {
            chain: self.handle.chain().into(),
            name: genesis.name.clone(),
            height: head.height.into(),
            block: head.id.into(),
            time: head.time.into(),
            now: self.handle.clock.now().max(head.time).into(),
            certified: head.certified.into(),
            validators: u32::try_from(genesis.validators.0.len()).unwrap_or(u32::MAX),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    async fn chain_block(
        &self,
        block: Option<BlockRef>,
        min_height: Option<Number>,
    ) -> Result<BlockAnswer, RpcError> {
        self.reach(min_height).await?;
        self.read(move |reader| reader.block(block)).await
    }

    async fn chain_params(&self, min_height: Option<Number>) -> Result<ChainParams, RpcError> {
        self.reach(min_height).await?;
        let chain = self.handle.chain();
        self.read(move |reader| reader.params(chain)).await
    }

    async fn tx_submit(
        &self,
        bytes: BytesText,
        wait: Option<Wait>,
        chain: Option<HashText>,
    ) -> Result<Submission, RpcError> {
        let signed = chain.map(|chain| chain.check("chain")).transpose()?;
        self.submit(bytes.check("bytes")?, wait.unwrap_or_default(), signed).await
    }

    async fn tx_receipt(
        &self,
        id: HashText,
        proof: Option<bool>,
        min_height: Option<Number>,
    ) -> Result<ReceiptAnswer, RpcError> {
        let id = id.check("id")?;
        self.reach(min_height).await?;
        self.read(move |reader| reader.receipt(id, proof.unwrap_or_default())).await
    }

    async fn tx_simulate(
        &self,
        transaction: SimulateRequest,
        min_height: Option<Number>,
    ) -> Result<SimulationAnswer, RpcError> {
        self.reach(min_height).await?;
        let (handle, rehearses) = (self.handle.clone(), transaction.rehearse);
        let simulate = move |reader: &Reader<'_>| trial::simulate(reader, &handle, transaction);
        if !rehearses {
            return self.run(simulate).await;
        }
        let limit = self.limits.rehearsals;
        self.within(&self.rehearsals, "rehearsals", limit, Some(PERMIT_WAIT), simulate).await
    }

    async fn tx_trace(
        &self,
        id: HashText,
        min_height: Option<Number>,
    ) -> Result<TraceAnswer, RpcError> {
        let id = id.check("id")?;
        self.reach(min_height).await?;
        let handle = self.handle.clone();
        self.run(move |reader| trace::of_transaction(reader, &handle, id)).await
    }

    async fn contract_query(
        &self,
        calls: Queries,
        min_height: Option<Number>,
    ) -> Result<QueryAnswer, RpcError> {
        self.reach(min_height).await?;
        let (handle, calls) = (self.handle.clone(), calls.into_vec());
        self.run(move |reader| trial::query(reader, &handle, &calls)).await
    }

    async fn contract_spec(
        &self,
        contract: AddressText,
        min_height: Option<Number>,
    ) -> Result<ContractAnswer, RpcError> {
        let contract = contract.check("contract")?;
        self.reach(min_height).await?;
        self.read(move |reader| {
            let spec = reader.specs.at(reader.view.state().as_ref()).need(contract)?;
            let entry = reader.contract_entry(contract)?;
            Ok(dure_rpc::describe::contract(reader.height(), entry, &spec))
        })
        .await
    }

    async fn contract_list(
        &self,
        cursor: Option<AddressText>,
        limit: Option<u32>,
        min_height: Option<Number>,
    ) -> Result<ContractList, RpcError> {
        let after = cursor.map(|cursor| cursor.check("cursor")).transpose()?;
        self.reach(min_height).await?;
        self.read(move |reader| reader.contracts(after, limit)).await
    }

    async fn account_get(
        &self,
        account: AddressText,
        lane: Option<u16>,
        min_height: Option<Number>,
    ) -> Result<AccountAnswer, RpcError> {
        let account = account.check("account")?;
        self.reach(min_height).await?;
        self.read(move |reader| reader.account(account, lane.unwrap_or_default())).await
    }

    async fn account_history(
        &self,
        account: AddressText,
        cursor: Option<Place>,
        limit: Option<u32>,
        min_height: Option<Number>,
    ) -> Result<History, RpcError> {
        let account = account.check("account")?;
        self.reach(min_height).await?;
        self.read(move |reader| reader.history(account, cursor, limit)).await
    }

    async fn state_get(
        &self,
        contract: AddressText,
        key: BytesText,
        min_height: Option<Number>,
    ) -> Result<StateAnswer, RpcError> {
        let (contract, key) = (contract.check("contract")?, key.check("key")?);
        self.reach(min_height).await?;
        self.read(move |reader| reader.state(contract, &key)).await
    }

    async fn state_list(
        &self,
        contract: AddressText,
        cursor: Option<BytesText>,
        limit: Option<u32>,
        min_height: Option<Number>,
    ) -> Result<StorageList, RpcError> {
        let contract = contract.check("contract")?;
        let cursor = cursor.map(|cursor| cursor.check("cursor")).transpose()?;
        self.reach(min_height).await?;
        self.read(move |reader| reader.storage(contract, cursor, limit)).await
    }

    async fn state_proof(
        &self,
        contract: AddressText,
        key: BytesText,
        min_height: Option<Number>,
    ) -> Result<StateProofAnswer, RpcError> {
        let (contract, key) = (contract.check("contract")?, key.check("key")?);
        self.reach_by(min_height, |head| head.certified).await?;
        self.read(move |reader| reader.state_proof(contract, &key)).await
    }

    async fn event_list(
        &self,
        filter: Option<EventFilter>,
        min_height: Option<Number>,
    ) -> Result<EventList, RpcError> {
        self.reach(min_height).await?;
        self.read(move |reader| reader.events(&filter.unwrap_or_default())).await
    }

    async fn node_health(&self) -> Result<Health, RpcError> {
        let (head, mempool) = (*self.handle.head().borrow(), self.handle.mempool());
        let stopped = self.handle.stopped();
        Ok(Health {
            running: stopped.is_none(),
            fault: stopped
                .filter(|reason| *reason != Fault::Stopped)
                .map(|fault| failure::named(&fault).into()),
            height: head.height.into(),
            time: head.time.into(),
            mempool: Mempool {
                transactions: mempool.transactions as u64,
                bytes: mempool.bytes as u64,
            },
            connections: u32::try_from(self.sockets.count()).unwrap_or(u32::MAX),
            uptime_s: self.begun.elapsed().as_secs(),
            peers: self.peers.as_ref().map(|view| (view.0)()).unwrap_or_default(),
            peer_id: self.peer_id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    async fn dev_advance(&self, by_ms: Number) -> Result<ClockAnswer, RpcError> {
        let clock = &self.handle.clock;
        if !clock.is_movable() {
            return Err(RpcError::ClockFixed);
        }
        let limit_ms = Decimal(AHEAD_MAX_MS);
        let now = clock.advance(by_ms.0).ok_or(RpcError::ClockTooFar { by_ms, limit_ms })?;
        Ok(ClockAnswer { now: now.into() })
    }

    async fn rpc_discover(&self) -> Result<OpenRpc, RpcError> {
        Ok(DOCUMENT.clone())
    }

    async fn sub_blocks(
        &self,
        pending: PendingSubscriptionSink,
        from: Option<Number>,
    ) -> SubscriptionResult {
        let from = from.map(|height| Place::new(Height(height.0), 0));
        let Some(client) = self.client_of(&pending) else { return Ok(()) };
        on_behalf(client, follow::pump(self.clone(), pending, from, follow::blocks)).await;
        Ok(())
    }

    async fn sub_events(
        &self,
        pending: PendingSubscriptionSink,
        filter: Option<EventFilter>,
    ) -> SubscriptionResult {
        let filter = filter.unwrap_or_default();
        let ends = [("to", filter.to.is_some()), ("limit", filter.limit.is_some())];
        if let Some((name, _)) = ends.into_iter().find(|(_, is_there)| *is_there) {
            let reason = format!("filter.{name}: a subscription has no end; event_list has one");
            pending.reject(RpcError::InvalidParams { reason }).await;
            return Ok(());
        }
        let checked = filter.clone();
        let check = move |reader: &Reader<'_>| {
            let specs = reader.specs.at(reader.view.state().as_ref());
            EventMatcher::new(&specs, &checked).map(drop)
        };
        let Some(client) = self.client_of(&pending) else { return Ok(()) };
        if let Err(error) = on_behalf(client.clone(), self.read(check)).await {
            pending.reject(error).await;
            return Ok(());
        }
        let from = filter.from;
        let page = move |reader: &Reader<'_>, place| follow::events(reader, place, &filter);
        on_behalf(client, follow::pump(self.clone(), pending, from, page)).await;
        Ok(())
    }

    async fn sub_tx(
        &self,
        pending: PendingSubscriptionSink,
        filter: Option<TransactionFilter>,
    ) -> SubscriptionResult {
        let filter = filter.unwrap_or_default();
        let matcher = match TransactionMatcher::new(&filter) {
            Ok(matcher) => matcher,
            Err(error) => {
                pending.reject(error).await;
                return Ok(());
            }
        };
        let page = move |reader: &Reader<'_>, place| follow::receipts(reader, place, matcher);
        // One transaction is looked for everywhere, at once.
        let from = if matcher.id.is_some() { Some(Place::default()) } else { filter.from };
        let Some(client) = self.client_of(&pending) else { return Ok(()) };
        on_behalf(client, follow::pump(self.clone(), pending, from, page)).await;
        Ok(())
    }
}
