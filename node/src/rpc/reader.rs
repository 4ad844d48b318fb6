//! Reads of one snapshot: what the methods answer.

use super::{
    config::RpcLimits,
    decode,
    failure::{of_fault, of_runtime},
    filter::EventMatcher,
    spec::Specs,
};
use crate::{
    driver::WallClock,
    view::{CertifiedEntry, View},
};
use codec::Encode;
use dure_rpc::{
    Place, RpcError,
    api::BlockRef,
    hex::Bytes,
    shape::{
        AccountAnswer, Block, BlockAnswer, BlockRoots, BlockTransaction, Certified, ChainParams,
        ContractEntry, ContractList, EventFilter, EventList, History, HistoryItem, Limits, Number,
        ReceiptAnswer, StateAnswer, StateProofAnswer, TierShape, TransactionStatus,
    },
};
use dure_runtime::{state::key::of_contract, system};
use dure_types::{Address, Hash, Header, Height, Outcome, TimestampMs, ValidatorSet, limits};

/// One snapshot with what decodes it.
pub(super) struct Reader<'a> {
    pub(super) view: View,
    pub(super) specs: &'a Specs,
    pub(super) limits: &'a RpcLimits,
    pub(super) genesis_time: TimestampMs,
    pub(super) clock: &'a WallClock,
}

impl Reader<'_> {
    pub(super) fn height(&self) -> Number {
        self.view.height().into()
    }

    pub(super) fn params(&self, chain: Hash) -> Result<ChainParams, RpcError> {
        let state = self.view.state().as_ref();
        let parameters = system::parameters(state).map_err(of_runtime)?;
        let tiers = system::tiers(state).map_err(of_runtime)?;
        Ok(ChainParams {
            height: self.height(),
            chain: chain.into(),
            block_gas_max: parameters.block_gas_max.into(),
            transaction_gas_base: parameters.transaction_gas_base.into(),
            transaction_gas_per_byte: parameters.transaction_gas_per_byte.into(),
            vm_version: parameters.vm_version,
            gas_table: parameters.gas_table.into(),
            tiers: tiers
                .iter()
                .map(|tier| TierShape {
                    tier: tier.tier,
                    capacity: tier.capacity.into(),
                    refill_per_second: tier.refill_per_second.into(),
                    may_deploy: tier.may_deploy,
                })
                .collect(),
            limits: Limits {
                transaction_bytes: limits::TRANSACTION_BYTES_MAX as u64,
                calls: limits::CALLS_MAX as u64,
                args_bytes: limits::ARGS_BYTES_MAX as u64,
                transaction_gas: limits::TRANSACTION_GAS_MAX.into(),
                valid_for_ms: limits::VALID_FOR_MS_MAX.into(),
                nonce_window: limits::NONCE_WINDOW,
                code_bytes: limits::CODE_BYTES_MAX as u64,
                query_gas: limits::QUERY_GAS_MAX.into(),
                page: self.limits.page.into(),
                query_calls: self.limits.query_calls as u64,
                request_bytes: self.limits.request_bytes.into(),
                batch_requests: self.limits.batch.into(),
            },
        })
    }

    pub(super) fn block(&self, wanted: Option<BlockRef>) -> Result<BlockAnswer, RpcError> {
        let height = match &wanted {
            None => self.view.height(),
            Some(BlockRef::Height(height)) => Height(height.0),
            Some(BlockRef::Id(id)) => {
                let id = id.check("block").map_err(no_block)?;
                let found = self.view.block_by_id(id).map_err(of_fault)?;
                found.ok_or_else(|| RpcError::UnknownBlock { block: id.to_string() })?
            }
        };
        Ok(BlockAnswer { height: self.height(), block: self.block_at(height)? })
    }

    pub(super) fn block_at(&self, height: Height) -> Result<Block, RpcError> {
        let unknown = || RpcError::UnknownBlock { block: height.to_string() };
        let id = self.view.block_id(height).map_err(of_fault)?.ok_or_else(unknown)?;
        if height == Height::ZERO {
            return Ok(genesis_block(id, self.genesis_time));
        }
        let header = self.view.header(height).map_err(of_fault)?.ok_or_else(unknown)?;
        let certificate = self.view.certificate(height).map_err(of_fault)?;
        let outcomes = self.view.block_outcomes(height).map_err(of_fault)?;
        let transactions = self.view.block_transactions(height).map_err(of_fault)?;
        let events = outcomes.iter().map(|(_, outcome)| outcome.events());
        Ok(Block {
            height: height.into(),
            id: id.into(),
            parent: header.parent.into(),
            time: header.time.into(),
            events: events.fold(0, u32::saturating_add),
            transactions: outcomes
                .iter()
                .zip(&transactions)
                .map(|((id, outcome), transaction)| BlockTransaction {
                    id: (*id).into(),
                    status: status(outcome),
                    account: transaction.body.account.into(),
                })
                .collect(),
            executed: header.executed.into(),
            roots: roots(&header),
            header: Some(Bytes(header.encode())),
            certificate: certificate.map(|certificate| Bytes(certificate.encode())),
        })
    }

    pub(super) fn receipt(&self, id: Hash, proof: bool) -> Result<ReceiptAnswer, RpcError> {
        let located = self.view.receipt(id).map_err(of_fault)?;
        let located = located.ok_or(RpcError::UnknownTransaction { id: id.into() })?;
        let specs = self.specs.of(&self.view)?;
        let receipt = decode::receipt(&self.view, &specs, &located)?;
        let certified = if proof {
            let outcome = &located.outcome;
            Some(self.certified(located.height, located.index, id, outcome)?)
        } else {
            None
        };
        Ok(ReceiptAnswer { height: self.height(), receipt, certified })
    }

    /// Everything that proves an outcome.
    fn certified(
        &self,
        height: Height,
        index: u32,
        id: Hash,
        outcome: &Outcome,
    ) -> Result<Certified, RpcError> {
        let certified = self.view.certified();
        let not_yet =
            || RpcError::NotCertified { height: height.into(), certified: certified.into() };
        if certified < height {
            return Err(not_yet());
        }
        let proof = self.view.receipt_proof(height, index).map_err(of_fault)?;
        let proof = proof.ok_or(RpcError::InternalError)?;
        let (header, at) = self.certifying(height)?.ok_or_else(not_yet)?;
        let listed = roots(&header).into_iter().find(|roots| roots.height.0 == height.0);
        let root = listed.ok_or(RpcError::InternalError)?.receipts;
        Ok(Certified {
            leaf: Bytes((index, id, outcome).encode()),
            proof: Bytes(proof.encode()),
            root,
            height: at.into(),
            header: Bytes(header.encode()),
            certificate: self.certificate(at)?,
            validators: self.validators()?,
        })
    }

    /// The header that lists the roots of a height: one of the next few.
    fn certifying(&self, height: Height) -> Result<Option<(Header, Height)>, RpcError> {
        let last = height.0.saturating_add(limits::CERTIFY_LAG_MAX).saturating_add(1);
        for at in height.0.saturating_add(1)..=last {
            let header = self.view.header(Height(at)).map_err(of_fault)?;
            match header {
                Some(header) if header.executed >= height => return Ok(Some((header, Height(at)))),
                Some(_) => {}
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn certificate(&self, height: Height) -> Result<Bytes, RpcError> {
        let certificate = self.view.certificate(height).map_err(of_fault)?;
        Ok(Bytes(certificate.ok_or(RpcError::InternalError)?.encode()))
    }

    /// The set that signed. It does not change in this release; the header's hash says so.
    fn validators(&self) -> Result<Bytes, RpcError> {
        let set: ValidatorSet =
            system::validators(self.view.state().as_ref()).map_err(of_runtime)?;
        Ok(Bytes(set.encode()))
    }

    pub(super) fn contract_entry(&self, address: Address) -> Result<ContractEntry, RpcError> {
        if address == Address::SYSTEM {
            return Ok(ContractEntry {
                address: address.into(),
                code: Hash::ZERO.into(),
                creator: Address::SYSTEM.into(),
                since: Height::ZERO.into(),
                upgrader: None,
            });
        }
        let record = system::contract_record(self.view.state().as_ref(), address);
        let record = record.map_err(of_runtime)?;
        let record = record.ok_or(RpcError::UnknownContract { contract: address.into() })?;
        Ok(entry(address, &record))
    }

    pub(super) fn contracts(
        &self,
        after: Option<Address>,
        limit: Option<u32>,
    ) -> Result<ContractList, RpcError> {
        let limit = self.page(limit)?;
        let found = self.view.contracts(after, limit).map_err(of_fault)?;
        let full = found.len() == limit;
        let next = found.last().filter(|_| full).map(|(address, _)| (*address).into());
        let contracts = found.iter().map(|(address, record)| entry(*address, record)).collect();
        Ok(ContractList { height: self.height(), contracts, next })
    }

    /// What a transaction sent now would meet, by this node's clock: the last block's time is older,
    /// by more where the chain stands still, and what has ended since would still show.
    pub(super) fn next_time(&self) -> TimestampMs {
        TimestampMs(self.view.time().0.saturating_add(1)).max(self.clock.now())
    }

    pub(super) fn account(&self, account: Address, lane: u16) -> Result<AccountAnswer, RpcError> {
        let state = self.view.state().as_ref();
        let record = system::account_record(state, account).map_err(of_runtime)?;
        let window = system::nonce_window(state, account, lane).map_err(of_runtime)?;
        let tiers = system::tiers(state).map_err(of_runtime)?;
        let tier = tiers.iter().find(|tier| tier.tier == record.tier);
        let time = self.next_time();
        let passed = u128::from(time.saturating_sub(record.updated).0);
        let (capacity, rate) =
            tier.map_or((0, 0), |tier| (tier.capacity.0, tier.refill_per_second.0));
        let flow = passed.saturating_mul(rate.into()) / 1_000;
        let spent = record.spent.0.saturating_sub(u64::try_from(flow).unwrap_or(u64::MAX));
        Ok(AccountAnswer {
            height: self.height(),
            time: time.into(),
            account: account.into(),
            tier: record.tier,
            gas: capacity.saturating_sub(spent).into(),
            gas_capacity: capacity.into(),
            may_deploy: tier.is_some_and(|tier| tier.may_deploy),
            lane,
            nonce_highest: window.highest.into(),
            nonce_next: window.next().into(),
        })
    }

    pub(super) fn history(
        &self,
        account: Address,
        cursor: Option<Place>,
        limit: Option<u32>,
    ) -> Result<History, RpcError> {
        let limit = self.page(limit)?;
        let before = cursor.map(|place| (place.height, place.index));
        let (entries, next) = self.view.history(account, before, limit).map_err(of_fault)?;
        let mut transactions = Vec::with_capacity(entries.len());
        for entry in entries {
            let located = self.view.receipt(entry.transaction).map_err(of_fault)?;
            transactions.push(HistoryItem {
                place: Place::new(entry.height, entry.index),
                id: entry.transaction.into(),
                status: located.map(|located| status(&located.outcome)),
            });
        }
        let next = next.map(|(height, index)| Place::new(height, index));
        Ok(History { height: self.height(), transactions, next })
    }

    pub(super) fn state(&self, contract: Address, key: &[u8]) -> Result<StateAnswer, RpcError> {
        let value = self.view.state().get(&of_contract(contract, key)).map_err(of_runtime)?;
        Ok(StateAnswer { height: self.height(), value: value.map(Bytes) })
    }

    pub(super) fn state_proof(
        &self,
        contract: Address,
        key: &[u8],
    ) -> Result<StateProofAnswer, RpcError> {
        let key = of_contract(contract, key);
        let CertifiedEntry { height, header, root, value, proof } =
            self.view.state_proof(&key).map_err(of_fault)?;
        let decided = self.view.header(header).map_err(of_fault)?;
        let decided = decided.ok_or(RpcError::NotCertified {
            height: height.into(),
            certified: self.view.certified().into(),
        })?;
        Ok(StateProofAnswer {
            height: height.into(),
            key: Bytes(key),
            value: value.map(Bytes),
            root: root.into(),
            proof: Bytes(proof.encode()),
            header: Bytes(decided.encode()),
            certificate: self.certificate(header)?,
            validators: self.validators()?,
        })
    }

    pub(super) fn events(&self, filter: &EventFilter) -> Result<EventList, RpcError> {
        let specs = self.specs.of(&self.view)?;
        let matcher = EventMatcher::new(&specs, filter)?;
        let limit = self.page(filter.limit)?;
        let newest = self.view.height();
        let to = filter.to.map_or(newest, |to| Height(to.0).min(newest));
        let mut place = filter.from.unwrap_or_default();
        let mut events = Vec::new();
        let mut scanned = 0;
        while place.height <= to {
            if scanned >= self.limits.events_scanned {
                return Ok(EventList { height: self.height(), events, next: Some(place) });
            }
            let page = self.event_page(&matcher, place, to)?;
            let Some(last) = page.last() else { break };
            scanned += page.len();
            place = Place::new(last.height, last.index).next();
            for stored in &page {
                let here = Place::new(stored.height, stored.index);
                if events.len() == limit || !specs.has_room() {
                    return Ok(EventList { height: self.height(), events, next: Some(here) });
                }
                if matcher.matches(&specs, stored) {
                    events.push(decode::numbered(&specs, stored));
                }
            }
        }
        Ok(EventList { height: self.height(), events, next: None })
    }

    /// The next stored events, of the filter's contract when it names one.
    pub(super) fn event_page(
        &self,
        matcher: &EventMatcher,
        from: Place,
        to: Height,
    ) -> Result<Vec<crate::view::NumberedEvent>, RpcError> {
        const PAGE: usize = 256;
        let from = (from.height, from.index);
        let page = match matcher.contract {
            Some(contract) => self.view.contract_events(contract, from, to, PAGE),
            None => self.view.events(from, to, PAGE),
        };
        page.map_err(of_fault)
    }

    pub(super) fn page(&self, limit: Option<u32>) -> Result<usize, RpcError> {
        let limit = limit.unwrap_or(100);
        if limit == 0 || limit > self.limits.page {
            return Err(RpcError::OutOfRange {
                argument: "limit".into(),
                found: u64::from(limit).into(),
                limit: u64::from(self.limits.page).into(),
            });
        }
        Ok(limit as usize)
    }
}

/// What a text that names no block was meant to be: a height, where it has digits only.
fn no_block(error: RpcError) -> RpcError {
    match error {
        RpcError::MalformedHex { found, .. }
            if !found.is_empty() && found.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            RpcError::UnknownBlock { block: found }
        }
        RpcError::MalformedHex { argument, found, .. } => {
            let reason = "expected a height, or 0x and 64 hexadecimal digits".to_owned();
            RpcError::MalformedHex { argument, reason, found }
        }
        other => other,
    }
}

fn entry(address: Address, record: &system::ContractRecord) -> ContractEntry {
    ContractEntry {
        address: address.into(),
        code: record.code.into(),
        creator: record.creator.into(),
        since: record.height.into(),
        upgrader: record.upgrader.map(Into::into),
    }
}

fn genesis_block(id: Hash, time: TimestampMs) -> Block {
    Block {
        height: Height::ZERO.into(),
        id: id.into(),
        parent: Hash::ZERO.into(),
        time: time.into(),
        transactions: Vec::new(),
        events: 0,
        executed: Height::ZERO.into(),
        roots: Vec::new(),
        header: None,
        certificate: None,
    }
}

pub(super) const fn status(outcome: &Outcome) -> TransactionStatus {
    match outcome {
        Outcome::Receipt(receipt) if receipt.result.is_ok() => TransactionStatus::Succeeded,
        Outcome::Receipt(_) => TransactionStatus::Failed,
        Outcome::Skipped(_) => TransactionStatus::Skipped,
    }
}

/// The roots that a header lists, with their heights: the last is of `executed`.
fn roots(header: &Header) -> Vec<BlockRoots> {
    let count = header.roots.len() as u64;
    let first = header.executed.0.saturating_sub(count).saturating_add(1);
    let heights = first..=header.executed.0;
    heights
        .zip(&header.roots)
        .map(|(height, roots)| BlockRoots {
            height: height.into(),
            state: roots.state.into(),
            receipts: roots.receipts.into(),
        })
        .collect()
}
