//! What happened.

use crate::state::{Plan, Purpose, Rules, Track};
use dure_sdk::{
    domain::{policy::Version, trace::Interval},
    prelude::*,
};

pub use dure_sdk::standard::RoleChanged;

/// A campaign is open.
#[dure::event]
pub struct CampaignOpened {
    #[index]
    pub campaign: u32,
    pub plan: Plan,
}

/// A campaign was ended before its time.
#[dure::event]
pub struct CampaignEnded {
    #[index]
    pub campaign: u32,
    pub by: Address,
    pub reason: Hash,
}

/// Somebody gave.
#[dure::event]
pub struct Donated {
    #[index]
    pub donation: Hash,
    #[index]
    pub donor: Address,
    #[index]
    pub campaign: u32,
    pub line: Option<u8>,
    pub amount: Amount,
    /// Where it lies on its track, and its overhead on that track's.
    pub programme: Interval,
    pub overhead: Interval,
}

/// The charity reported on a milestone: approvals of another report are void.
#[dure::event]
pub struct MilestoneReported {
    #[index]
    pub campaign: u32,
    pub milestone: u8,
    pub evidence: Hash,
}

/// An auditor approved a report.
#[dure::event]
pub struct MilestoneApproved {
    #[index]
    pub campaign: u32,
    #[index]
    pub auditor: Address,
    pub milestone: u8,
    pub evidence: Hash,
}

/// Enough auditors approved: money is released.
#[dure::event]
pub struct MilestoneReleased {
    #[index]
    pub campaign: u32,
    pub milestone: u8,
    pub amount: Amount,
}

/// Money was spent. Whose it was is where the parts overlap with gifts.
#[dure::event]
pub struct Spent {
    #[index]
    pub receipt: Hash,
    #[index]
    pub campaign: u32,
    #[index]
    pub to: Address,
    pub purpose: Purpose,
    pub amount: Amount,
    pub parts: Vec<(Track, Interval)>,
}

/// A donor got the own unspent part back.
#[dure::event]
pub struct Refunded {
    #[index]
    pub donation: Hash,
    #[index]
    pub donor: Address,
    #[index]
    pub campaign: u32,
    pub amount: Amount,
}

/// Campaigns opened from then on keep to these rules.
#[dure::event]
pub struct RulesScheduled {
    pub from: Version,
    pub rules: Rules,
}

/// Everything is stopped for a reason, or goes on.
#[dure::event]
pub struct PauseChanged {
    pub reason: Option<Hash>,
}

/// An account is frozen for a reason, or free.
#[dure::event]
pub struct FreezeChanged {
    #[index]
    pub account: Address,
    pub reason: Option<Hash>,
}
