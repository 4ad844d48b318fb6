//! Reads.

use crate::{Client, ClientError};
use dure_rpc::{
    DureClient, Place,
    api::BlockRef,
    hex::Unchecked,
    shape::{
        AccountAnswer, BlockAnswer, CallRequest, ChainParams, ChainStatus, ContractAnswer,
        ContractList, EventFilter, EventList, Health, History, OneOrMany, QueryAnswer,
        ReceiptAnswer, SimulateRequest, SimulationAnswer, StorageList, TraceAnswer,
    },
};
use dure_types::{Address, Hash, Height, TimestampMs};
use serde_json::Value;
use std::time::Duration;

impl Client {
    /// Which chain it is and how far.
    ///
    /// # Errors
    /// [`ClientError`], here and below: what the node refused, or that it could not be reached.
    pub async fn status(&self) -> Result<ChainStatus, ClientError> {
        self.transport().chain_status(None).await.map_err(|error| self.error(error))
    }

    /// Waits, as long as the node lets us, until it is at a height.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reach(&self, height: Height) -> Result<ChainStatus, ClientError> {
        let answer = self.transport().chain_status(Some(height.into())).await;
        answer.map_err(|error| self.error(error))
    }

    /// Moves the clock of a `dure dev` forward, and says what it shows then.
    ///
    /// # Errors
    /// [`ClientError`]; any other node refuses.
    pub async fn advance(&self, by: Duration) -> Result<TimestampMs, ClientError> {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let answer = self.transport().dev_advance(by_ms.into()).await;
        answer.map(|clock| TimestampMs(clock.now.0)).map_err(|error| self.error(error))
    }

    /// Numbers of the chain and limits of the release.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn params(&self) -> Result<ChainParams, ClientError> {
        self.transport().chain_params(None).await.map_err(|error| self.error(error))
    }

    /// A block by height; the newest when none is given.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn block(&self, height: Option<Height>) -> Result<BlockAnswer, ClientError> {
        let block = height.map(|height| BlockRef::Height(height.into()));
        self.transport().chain_block(block, None).await.map_err(|error| self.error(error))
    }

    /// How the node fares.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.transport().node_health().await.map_err(|error| self.error(error))
    }

    /// What became of a transaction.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn receipt(&self, id: Hash, proof: bool) -> Result<ReceiptAnswer, ClientError> {
        let answer = self.transport().tx_receipt(id.into(), Some(proof), None).await;
        answer.map_err(|error| self.error(error))
    }

    /// Tries calls without signing them.
    ///
    /// # Errors
    /// [`ClientError`]; that the calls would fail is an answer, not an error.
    pub async fn simulate(
        &self,
        request: SimulateRequest,
    ) -> Result<SimulationAnswer, ClientError> {
        self.transport().tx_simulate(request, None).await.map_err(|error| self.error(error))
    }

    /// Runs a transaction again on the state that it met.
    ///
    /// # Errors
    /// [`ClientError`], also when that state is no longer kept.
    pub async fn trace(&self, id: Hash) -> Result<TraceAnswer, ClientError> {
        self.transport().tx_trace(id.into(), None).await.map_err(|error| self.error(error))
    }

    /// A page of a contract's storage, ascending by key, decoded by its specification.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn storage(
        &self,
        contract: Address,
        cursor: Option<Vec<u8>>,
        limit: u32,
    ) -> Result<StorageList, ClientError> {
        let cursor = cursor.map(Unchecked::from);
        let answer = self.transport().state_list(contract.into(), cursor, Some(limit), None).await;
        answer.map_err(|error| self.error(error))
    }

    /// Asks one read-only method; the value in JSON.
    ///
    /// # Errors
    /// [`ClientError`], also when the contract refuses.
    pub async fn query(
        &self,
        contract: Address,
        method: &str,
        args: Value,
    ) -> Result<Value, ClientError> {
        let request = CallRequest { contract: contract.into(), method: method.into(), args };
        let answer = self.query_many(vec![request]).await?;
        let result = answer.results.into_iter().next();
        let result = result.ok_or_else(|| ClientError::Malformed("no result".into()))?;
        match result.error {
            Some(error) => Err(error.data.into()),
            None => Ok(result.value),
        }
    }

    /// Asks several read-only methods at one height.
    ///
    /// # Errors
    /// [`ClientError`]; that a contract refuses stands in its result.
    pub async fn query_many(&self, calls: Vec<CallRequest>) -> Result<QueryAnswer, ClientError> {
        let answer = self.transport().contract_query(OneOrMany::Many(calls), None).await;
        answer.map_err(|error| self.error(error))
    }

    /// A contract's specification as JSON.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn contract(&self, contract: Address) -> Result<ContractAnswer, ClientError> {
        let answer = self.transport().contract_spec(contract.into(), None).await;
        answer.map_err(|error| self.error(error))
    }

    /// A page of contracts, ascending by address.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn contracts(&self, cursor: Option<Address>) -> Result<ContractList, ClientError> {
        let cursor = cursor.map(Unchecked::from);
        let answer = self.transport().contract_list(cursor, None, None).await;
        answer.map_err(|error| self.error(error))
    }

    /// Tier, quota and nonces of an account.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn account(&self, account: Address) -> Result<AccountAnswer, ClientError> {
        let answer = self.transport().account_get(account.into(), None, None).await;
        answer.map_err(|error| self.error(error))
    }

    /// A page of an account's or contract's transactions, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn history(
        &self,
        account: Address,
        cursor: Option<Place>,
        limit: u32,
    ) -> Result<History, ClientError> {
        let account = Unchecked::from(account);
        let answer = self.transport().account_history(account, cursor, Some(limit), None).await;
        answer.map_err(|error| self.error(error))
    }

    /// A page of events.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(&self, filter: EventFilter) -> Result<EventList, ClientError> {
        let answer = self.transport().event_list(Some(filter), None).await;
        answer.map_err(|error| self.error(error))
    }
}
