//! Two banks with their deposit tokens and customers, two companies, and the contract, in the
//! memory of the test.

use dure_sdk::{Address, Amount, Hash, TimestampMs, native::Sandbox, prelude::CallError};
use settlement::settlement::{Cycle, Error, Route, Scheme, Settlement, Standing, call};
use token::token::{Conditions, PurposeToken, call as money};

pub(crate) const OPERATOR: Address = Address([90; 32]);
pub(crate) const WON: Address = Address([91; 32]);
pub(crate) const HUB: Address = Address([93; 32]);
/// 2026-03-30 00:00 in Korea.
pub(crate) const START: u64 = 1_774_796_400_000;
pub(crate) const HOUR: u64 = 60 * 60 * 1_000;
pub(crate) const DAY: u64 = 24 * HOUR;
/// Two banks, two companies.
pub(crate) const MEMBERS: usize = 4;
pub(crate) const BANKS: usize = 2;
pub(crate) const CAPS: [u128; MEMBERS] = [50_000, 40_000, 30_000, 30_000];
pub(crate) const CUSTOMERS: usize = 3;
/// What each customer has at each bank.
pub(crate) const DEPOSIT: u128 = 60_000;
/// Deposit tokens that a bank has ready.
pub(crate) const READY: u128 = 1_000_000;
/// What each member has of what is settled in.
pub(crate) const RICH: u128 = 1_000_000;
pub(crate) const PENALTY_BP: u32 = 150;

pub(crate) fn member(index: usize) -> Address {
    Address([10 + index as u8; 32])
}

pub(crate) fn deposit(bank: usize) -> Address {
    Address([20 + bank as u8; 32])
}

/// The last one is a merchant.
pub(crate) fn customer(index: usize) -> Address {
    Address([50 + index as u8; 32])
}

pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Hash(bytes)
}

pub(crate) fn route(from: usize, to: usize) -> Route {
    Route { from: from as u32, to: to as u32 }
}

pub(crate) fn scheme() -> Scheme {
    Scheme {
        hold_ms: 7 * DAY,
        penalty_bp: PENALTY_BP,
        payment_priority: 200,
        cycle: Cycle::Hours(24),
    }
}

/// Money of an issuer, all of it deposited; the hub may take it.
fn issue(sandbox: &mut Sandbox, address: Address, issuer: Address, holders: &[(Address, u128)]) {
    sandbox.caller(issuer);
    let won = ("Won".to_owned(), "W".to_owned(), 0u8, Conditions::NONE);
    sandbox.deploy::<PurposeToken>(address, won).unwrap();
    let all = holders.iter().map(|(_, amount)| amount).sum();
    sandbox.send(address, &money::book_deposit(Amount(all))).unwrap();
    for (holder, amount) in holders {
        sandbox.caller(issuer).send(address, &money::issue(*holder, Amount(*amount))).unwrap();
        let approve = money::approve(HUB, Amount(u128::MAX), None);
        sandbox.caller(*holder).send(address, &approve).unwrap();
    }
}

pub(crate) fn banks(scheme: Scheme) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.time(TimestampMs(START));
    let rich: Vec<_> = (0..MEMBERS).map(|index| (member(index), RICH)).collect();
    issue(&mut sandbox, WON, OPERATOR, &rich);
    for bank in 0..BANKS {
        let mut holders = vec![(member(bank), READY)];
        holders.extend((0..CUSTOMERS).map(|index| (customer(index), DEPOSIT)));
        issue(&mut sandbox, deposit(bank), member(bank), &holders);
    }
    sandbox.caller(OPERATOR).deploy::<Settlement>(HUB, (WON, scheme)).unwrap();
    for (index, cap) in CAPS.into_iter().enumerate() {
        let token = (index < BANKS).then(|| deposit(index));
        let admit = call::admit(member(index), token, Amount(cap));
        assert_eq!(sandbox.send(HUB, &admit), Ok(index as u32));
    }
    sandbox
}

pub(crate) fn tokens(sandbox: &mut Sandbox, token: Address, of: Address) -> u128 {
    sandbox.ask(token, &money::balance_of(of)).unwrap().0
}

pub(crate) fn standing(sandbox: &mut Sandbox, index: usize) -> Standing {
    sandbox.ask(HUB, &call::standing(index as u32)).unwrap()
}

/// Counts everything again, page by page.
pub(crate) fn audit_all(sandbox: &mut Sandbox) -> Result<(), CallError<Error>> {
    let mut counted = None;
    loop {
        counted = sandbox.ask(HUB, &call::audit(counted, 1))?.next;
        if counted.is_none() {
            return Ok(());
        }
    }
}

/// Asks for every audit that there is; says how many obligations the open cycle has.
pub(crate) fn audit(sandbox: &mut Sandbox) -> u32 {
    audit_all(sandbox).unwrap();
    for bank in 0..BANKS {
        let mut counted = None;
        loop {
            let audit = call::audit_holds(bank as u32, counted, 1);
            counted = sandbox.ask(HUB, &audit).unwrap().next;
            if counted.is_none() {
                break;
            }
        }
    }
    let open = sandbox.ask(HUB, &call::cycle()).unwrap().number;
    sandbox.ask(HUB, &call::debts(open, None, 999)).unwrap().items.len() as u32
}

pub(crate) fn refusal<T>(result: Result<T, CallError<Error>>) -> Result<T, Error> {
    result.map_err(|error| match error {
        CallError::Contract(error) => error,
        other => panic!("{other:?}"),
    })
}
