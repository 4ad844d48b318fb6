//! The system contract at address 0: deploy and instantiate, in native code, with a spec like any
//! other contract. Upgrade and governance join here.

mod method;
mod record;
pub mod spec;

pub(crate) use method::enter;
pub use record::{
    AccountRecord, CodeRecord, ContractRecord, NonceState, NonceWindow, Usage, account_record,
    code, code_record, contract_record, contracts, nonce_window, parameters, spec_of,
    sponsor_record, tiers, validators,
};
pub(crate) use record::{decode, overlay_contract, overlay_read};
