//! The system contract at address 0: deploy, instantiate and upgrade, in native code, with a spec
//! like any other contract. Governance joins here.

mod method;
mod record;
pub mod spec;
mod upgrade;

pub(crate) use method::enter;
pub use record::{
    AccountRecord, CodeRecord, ContractRecord, NonceState, NonceWindow, Usage, account_record,
    code, code_record, contract_record, contracts, nonce_window, parameters, spec_of, spec_of_code,
    sponsor_record, tiers, validators,
};
pub(crate) use record::{decode, overlay_contract, overlay_read};
