//! Why the contract refuses.

use crate::state::Stage;
use dure_sdk::{
    domain::{
        freeze::FreezeError, policy::PolicyError, registry::RegistryError, roles::RolesError,
        trace::TraceError, vault::VaultError,
    },
    prelude::*,
};

/// Why a plan is none.
#[dure::ty]
#[derive(Copy)]
pub enum PlanError {
    /// No lines or milestones, or more lines, milestones, auditors or bytes of a name.
    Count {
        /// How many there are.
        count: u32,
        /// How many there may be.
        limit: u32,
    },
    /// A goal, least, cap or milestone of nought.
    Zero,
    /// The least is above the goal.
    AboveGoal {
        /// What is above it.
        amount: Amount,
        /// The goal.
        goal: Amount,
    },
    /// Not now, then the end of gifts, then the end of spending.
    Times,
    /// More overhead than the rules allow.
    Overhead {
        /// What it is.
        rate_bp: u32,
        /// What it may be.
        limit_bp: u32,
    },
    /// Fewer than the rules ask for, or more than there are auditors.
    Quorum {
        /// What it is.
        quorum: u8,
        /// What it must be at least.
        least: u8,
        /// How many auditors there are.
        auditors: u32,
    },
    /// Charity and auditors are different persons.
    SamePerson {
        /// The account of whom it has already.
        account: Address,
    },
}

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// The account lacks the role.
    Roles(RolesError),
    /// Something is stopped.
    Freeze(FreezeError),
    /// The registry does not know it, or it may not be paid.
    Registry(RegistryError),
    /// The charity would pay itself.
    OwnPerson { account: Address },
    /// The policy cannot change so.
    Policy(PolicyError),
    /// Those are no rules: a share above the whole, or a quorum of nought.
    Rules,
    /// The plan is none.
    Plan(PlanError),
    /// A campaign stays as it is.
    CampaignExists { campaign: u32 },
    /// There is no such campaign.
    NoCampaign { campaign: u32 },
    /// The budget has no such line.
    NoLine { campaign: u32, line: u8 },
    /// The campaign has no such milestone.
    NoMilestone { campaign: u32, milestone: u8 },
    /// There is no such gift.
    NoDonation { donation: Hash },
    /// There is no such spend.
    NoSpend { receipt: Hash },
    /// The campaign is not where that can be done.
    WrongStage { campaign: u32, stage: Stage },
    /// The caller is not the campaign's charity.
    NotCharity { charity: Address },
    /// Not an auditor of the campaign.
    NotAuditor { campaign: u32, account: Address },
    /// The auditor approved that report.
    ApprovedBefore { auditor: Address },
    /// Another report is to be judged, or none.
    OtherEvidence { evidence: Option<Hash> },
    /// The milestone's money is released.
    ReleasedBefore { milestone: u8 },
    /// An amount of nought.
    Zero,
    /// The id was used for another gift.
    OtherDonation { campaign: u32, line: Option<u8>, amount: Amount },
    /// The receipt was used for another spend.
    ReceiptUsed { campaign: u32, to: Address, amount: Amount },
    /// The campaign takes no more than its goal.
    AboveGoal { left: Amount, wanted: Amount },
    /// What is given for a line is never more than may be spent on it.
    LineFull { left: Amount, wanted: Amount },
    /// The campaign has not reached its least.
    BelowLeast { given: Amount, least: Amount },
    /// No more than its cap is spent on a line.
    AboveCap { left: Amount, wanted: Amount, cap: Amount },
    /// Milestones have released less.
    NotReleased { left: Amount, wanted: Amount },
    /// The running totals.
    Trace(TraceError),
    /// The escrow.
    Vault(VaultError),
    /// The token refused: the bytes are its own error.
    Token(CallError<Vec<u8>>),
    /// The token said yes, and the donor has not so much less.
    NotMoved { moved: Amount, amount: Amount },
    /// All of the gift was spent.
    AllSpent { donation: Hash },
    /// A total is not what was counted of its parts.
    Mismatch { booked: Amount, counted: Amount },
    /// A gift or a spend does not lie where its own record says.
    Misplaced { of: Hash },
    /// More was spent than caps or milestones allow.
    Overspent { spent: Amount, allowed: Amount },
}

dure_sdk::errors_from! {
    Error;
    Roles: RolesError,
    Freeze: FreezeError,
    Registry: RegistryError,
    Policy: PolicyError,
    Plan: PlanError,
    Trace: TraceError,
    Vault: VaultError,
}
