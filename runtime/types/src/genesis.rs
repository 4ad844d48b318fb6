//! Genesis: height 0. Its canonical bytes hash to the chain id.

use crate::{
    Address, Gas, Hash, Selector, TimestampMs, TransactionBody, ValidatorSet, domain, limits,
    validator::SetError,
};
use alloc::{string::String, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Everything that a chain begins with. Lists ascend by their first field, each entry once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Genesis {
    /// Version of this layout, 1.
    pub version: u16,
    /// The chain's name for people.
    pub name: String,
    /// The time of height 0; block 1 is later.
    pub time: TimestampMs,
    /// First validators.
    pub validators: ValidatorSet,
    /// Quotas by tier; tier 0 is everyone's.
    pub tiers: Vec<Tier>,
    /// Accounts that begin with a tier other than 0.
    pub accounts: Vec<(Address, u8)>,
    /// Accounts that carry others' gas.
    pub sponsors: Vec<SponsorRecord>,
    /// Numbers that the chain may change later.
    pub parameters: Parameters,
}

/// Quota of one tier: a bucket that refills with block time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Tier {
    /// The tier.
    pub tier: u8,
    /// Gas in a full bucket.
    pub capacity: Gas,
    /// Gas that flows back each second.
    pub refill_per_second: Gas,
    /// Whether its accounts may deploy and instantiate.
    pub may_deploy: bool,
}

/// What a sponsor consented to carry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct SponsorRecord {
    /// The sponsoring account.
    pub sponsor: Address,
    /// Calls it pays for; every call of a transaction must be covered.
    pub contracts: Vec<SponsoredContract>,
    /// Lowest tier of an account that it pays for.
    pub tier_min: u8,
    /// Gas for one account in one day (UTC) of block time.
    pub gas_per_account_day: Gas,
    /// Gas for all accounts in one day (UTC) of block time.
    pub gas_per_day: Gas,
}

/// One contract that a sponsor covers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum SponsoredContract {
    /// Any contract but the system contract.
    Any,
    /// One contract: all of its methods, or those listed.
    Contract {
        /// Its address.
        contract: Address,
        /// Methods covered; none listed: all.
        methods: Vec<Selector>,
    },
}

/// Numbers of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Parameters {
    /// Gas limits of one block's transactions, added.
    pub block_gas_max: Gas,
    /// Gas of a transaction before its first call.
    pub transaction_gas_base: Gas,
    /// Gas of each byte of a transaction.
    pub transaction_gas_per_byte: Gas,
    /// Version of the virtual machine's rules.
    pub vm_version: u32,
    /// BLAKE3 of the gas table.
    pub gas_table: Hash,
}

impl SponsorRecord {
    /// Whether the sponsor consented to every call of a transaction.
    #[must_use]
    pub fn covers(&self, body: &TransactionBody) -> bool {
        body.calls.iter().all(|call| {
            self.contracts.iter().any(|covered| match covered {
                SponsoredContract::Any => call.contract != Address::SYSTEM,
                SponsoredContract::Contract { contract, methods } => {
                    *contract == call.contract
                        && (methods.is_empty() || methods.contains(&call.method))
                }
            })
        })
    }
}

impl Genesis {
    /// Version of the layout.
    pub const VERSION: u16 = 1;

    /// The chain id: BLAKE3 of tag, version and canonical bytes.
    #[must_use]
    pub fn chain_id(&self) -> Hash {
        domain::hash_chainless(domain::GENESIS, self)
    }

    /// Judges all that can be judged from the bytes, except signatures.
    ///
    /// # Errors
    /// [`GenesisError`] names the first that is wrong.
    pub fn check(&self) -> Result<(), GenesisError> {
        if self.version != Self::VERSION {
            return Err(GenesisError::Version { version: self.version });
        }
        name(&self.name)?;
        self.validators.check().map_err(GenesisError::Validators)?;
        for record in &self.validators.0 {
            if record.id != crate::ValidatorId::of_key(&record.consensus_key) {
                return Err(GenesisError::ValidatorId);
            }
            name(&record.name)?;
        }
        if self.tiers.is_empty() || self.tiers.len() > limits::TIERS_MAX {
            return Err(GenesisError::Tiers { count: self.tiers.len(), limit: limits::TIERS_MAX });
        }
        ascending(self.tiers.iter().map(|tier| tier.tier)).ok_or(GenesisError::Order("tiers"))?;
        ascending(self.accounts.iter().map(|(address, _)| *address))
            .ok_or(GenesisError::Order("accounts"))?;
        ascending(self.sponsors.iter().map(|record| record.sponsor))
            .ok_or(GenesisError::Order("sponsors"))?;
        if self.tiers.first().is_none_or(|tier| tier.tier != 0) {
            return Err(GenesisError::TierZero);
        }
        for (_, tier) in &self.accounts {
            if !self.tiers.iter().any(|known| known.tier == *tier) {
                return Err(GenesisError::UnknownTier { tier: *tier });
            }
        }
        let entries = self.accounts.len().max(self.sponsors.len());
        if entries > limits::GENESIS_ENTRIES_MAX {
            return Err(GenesisError::Entries {
                count: entries,
                limit: limits::GENESIS_ENTRIES_MAX,
            });
        }
        self.check_sponsors()?;
        if self.parameters.block_gas_max.0 > limits::BLOCK_GAS_MAX {
            let limit = Gas(limits::BLOCK_GAS_MAX);
            return Err(GenesisError::BlockGas { gas: self.parameters.block_gas_max, limit });
        }
        Ok(())
    }

    fn check_sponsors(&self) -> Result<(), GenesisError> {
        let limit = limits::SPONSORED_MAX;
        for record in &self.sponsors {
            let methods = record.contracts.iter().map(|covered| match covered {
                SponsoredContract::Any => 0,
                SponsoredContract::Contract { methods, .. } => methods.len(),
            });
            let count = methods.max().unwrap_or(0).max(record.contracts.len());
            if count > limit {
                return Err(GenesisError::Sponsored { sponsor: record.sponsor, count, limit });
            }
        }
        Ok(())
    }
}

const fn name(name: &str) -> Result<(), GenesisError> {
    let limit = limits::NAME_BYTES_MAX;
    if name.len() > limit {
        return Err(GenesisError::Name { length: name.len(), limit });
    }
    Ok(())
}

fn ascending<T: PartialOrd>(mut items: impl Iterator<Item = T>) -> Option<()> {
    let Some(mut last) = items.next() else {
        return Some(());
    };
    for item in items {
        if item <= last {
            return None;
        }
        last = item;
    }
    Some(())
}

/// Says why a genesis is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// Another layout.
    #[error("genesis version {version}; this release reads {}", Genesis::VERSION)]
    Version {
        /// Found.
        version: u16,
    },
    /// The validator set is none.
    #[error("validators: {0}")]
    Validators(SetError),
    /// A validator's id is not that of its consensus key.
    #[error("a validator's id is not the hash of its consensus key")]
    ValidatorId,
    /// No tier, or too many.
    #[error("{count} tiers; allowed are 1 to {limit}")]
    Tiers {
        /// Found.
        count: usize,
        /// Allowed.
        limit: usize,
    },
    /// A list does not ascend, or has an entry twice.
    #[error("{0} are not strictly ascending")]
    Order(&'static str),
    /// Tier 0 is everyone's and must be described.
    #[error("tier 0 is missing")]
    TierZero,
    /// An account has a tier that is not described.
    #[error("tier {tier} is not described")]
    UnknownTier {
        /// Which.
        tier: u8,
    },
    /// Too many accounts or sponsors.
    #[error("{count} entries exceed {limit}")]
    Entries {
        /// Found.
        count: usize,
        /// Allowed.
        limit: usize,
    },
    /// A sponsor covers too many contracts, or too many methods of one.
    #[error("sponsor {sponsor} lists {count} contracts or methods; allowed are {limit}")]
    Sponsored {
        /// Whose record.
        sponsor: Address,
        /// Found.
        count: usize,
        /// Allowed.
        limit: usize,
    },
    /// The name of the chain or of a validator is too long.
    #[error("a name of {length} bytes exceeds {limit}")]
    Name {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The block's gas is above what a node can promise.
    #[error("block gas {gas} exceeds {limit}")]
    BlockGas {
        /// Asked for.
        gas: Gas,
        /// Allowed.
        limit: Gas,
    },
}
