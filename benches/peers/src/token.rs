//! Calls of the token of `dure new`.

use codec::Encode;
use dure_types::{Address, Call, domain::selector};

fn call(token: Address, method: &str, args: Vec<u8>) -> Call {
    Call { contract: token, method: selector(method), args }
}

/// Arguments of its `init` method.
pub(crate) fn init() -> Vec<u8> {
    ("Won", "KRW", 0u8).encode()
}

/// Issues to each of the accounts.
pub(crate) fn fund(token: Address, accounts: &[Address]) -> Vec<Call> {
    let each = 1_000_000_000u128;
    accounts.iter().map(|to| call(token, "issue", (to, each).encode())).collect()
}

/// Transfers a little.
pub(crate) fn transfer(token: Address, to: Address) -> Call {
    call(token, "transfer", (to, 5u128, None::<Vec<u8>>).encode())
}
