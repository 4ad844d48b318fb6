//! Why the contract refuses.

use crate::scheme::SchemeError;
use dure_sdk::{
    domain::{
        calendar::CalendarError,
        caps::CapsError,
        cash_out::CashOutsError,
        freeze::FreezeError,
        lots::{LotsError, PaymentId},
        policy::PolicyError,
        pool::PoolError,
        recovery::RecoveryError,
        registry::RegistryError,
        roles::{RolesError, TwoManError},
        split::ReceivablesError,
        supply::SupplyError,
    },
    prelude::*,
};
use merchants::merchants::Error as RegistryRefusal;

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// The account lacks the role.
    Roles(RolesError),
    /// Something is stopped.
    Freeze(FreezeError),
    /// The account was moved, or cannot be.
    Recovery(RecoveryError),
    /// The registry does not know it, or the merchant does not count.
    Registry(RegistryError),
    /// The buyer owns a merchant, and such persons do not buy.
    Owner(CallError<RegistryRefusal>),
    /// A recovery is for an account of the same person.
    OtherPerson { account: Address, to: Address },
    /// The holder's money does not do it.
    Lots(LotsError),
    /// A cap of a month, or of what is held. It says what is left.
    Caps(CapsError),
    /// The month's pool.
    Pool(PoolError),
    /// The merchant is owed less.
    Receivables(ReceivablesError),
    /// The cash-out.
    CashOuts(CashOutsError),
    /// The id was used for something else.
    IdUsed { id: Hash },
    /// The payer paid another amount under the receipt.
    OtherPayment { payment: PaymentId, amount: Amount },
    /// Nobody gives money away in this scheme.
    NoGifts,
    /// There is no such programme.
    NoProgramme { programme: u32 },
    /// A programme keeps its terms.
    ProgrammeExists { programme: u32 },
    /// A programme has less left.
    ProgrammeShort { programme: u32, left: Amount, wanted: Amount },
    /// A programme grants a person less.
    AboveGrant { programme: u32, left: Amount, wanted: Amount },
    /// An amount of nought.
    Zero,
    /// More than can be counted.
    TooMuch { amount: Amount },
    /// A date beyond what can be named.
    Calendar(CalendarError),
    /// The policy cannot change so.
    Policy(PolicyError),
    /// That is no scheme.
    Scheme(SchemeError),
    /// The books.
    Supply(SupplyError),
    /// The escrow is more or less than what it stands for.
    Mismatch { escrow: Amount, owed: Amount },
    /// The escrow holds less: the books are wrong.
    Escrow { left: Amount, wanted: Amount },
    /// A second issuer must agree, and this is not it.
    TwoMan(TwoManError),
}

dure_sdk::errors_from! {
    Error;
    Roles: RolesError,
    Freeze: FreezeError,
    Recovery: RecoveryError,
    Registry: RegistryError,
    Lots: LotsError,
    Caps: CapsError,
    Pool: PoolError,
    Receivables: ReceivablesError,
    CashOuts: CashOutsError,
    Calendar: CalendarError,
    Policy: PolicyError,
    Scheme: SchemeError,
    Supply: SupplyError,
    TwoMan: TwoManError,
}
