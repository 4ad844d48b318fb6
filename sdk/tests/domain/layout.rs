//! What domain modules store, byte by byte: changing one of these is a change of format.

use dure_sdk::{
    Address, Amount, Field, Hash, KeyBuffer, Place, StorageKey, TimestampMs,
    domain::{
        calendar::{Day, Month},
        holds::{Holds, Rest},
        lots::{Class, Earning, LotKey, Lots, PaymentOrder, Purchase},
        netting::Netting,
        roles::{Role, Roles},
        trace::Trace,
        vault::Vault,
    },
    native::Sandbox,
};
use std::collections::BTreeSet;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Stored entries in hexadecimal, each `key value`.
fn stored(body: impl FnOnce()) -> Vec<String> {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| body());
    let entries = sandbox.storage();
    entries.iter().map(|(key, value)| format!("{} {}", hex(key), hex(value))).collect()
}

fn key(key: &impl StorageKey) -> String {
    hex(KeyBuffer::of_entry(Place::field(0x0102), key).as_slice())
}

#[test]
fn keys_sort_by_class_expiry_programme_set_and_purchase() {
    let lot = LotKey {
        class: Class::Own,
        expiry: TimestampMs(0x0a0b),
        programme: 3,
        set: 4,
        purchase: 5,
    };
    assert_eq!(key(&lot), "0102020000000000000a0b00000003000000040000000000000005");
    assert_eq!((key(&Day(7)), key(&Month(8))), ("010200000007".into(), "010200000008".into()));
    assert_eq!((key(&Role::Issuer), key(&Role::Pauser)), ("010201".into(), "010204".into()));
}

#[test]
fn a_vault_stores_four_amounts() {
    let found = stored(|| {
        let mut vault = Vault::<u16>::open(Place::field(9));
        vault.deposit(&0x0a0b, Amount(0x30));
        vault.release(&0x0a0b, Amount(0x10)).unwrap();
    });
    assert_eq!(
        found,
        [
            "0009000a0b 20000000000000000000000000000000",
            "000901 20000000000000000000000000000000",
            "000902 30000000000000000000000000000000",
            "000903 10000000000000000000000000000000",
        ]
    );
}

#[test]
fn a_trace_stores_totals_and_what_lies_behind_them() {
    let found = stored(|| {
        let mut trace = Trace::<u16>::open(Place::field(9));
        trace.give(&0x0a0b, Hash([0xaa; 32]), Amount(0x30)).unwrap();
        trace.spend(&[0x0a0b], Hash([0xbb; 32]), Amount(0x10)).unwrap();
    });
    let (gift, spend, begin) = ("aa".repeat(32), "bb".repeat(32), "00".repeat(16));
    let amount = |byte: &str| byte.to_owned() + &"00".repeat(15);
    assert_eq!(
        found,
        [
            format!("000900000a0b {}", amount("30")),
            format!("000900010a0b{begin} {gift}{}", amount("30")),
            format!("000901000a0b {}", amount("10")),
            format!("000901010a0b{begin} {spend}{}", amount("10")),
        ]
    );
}

#[test]
fn roles_store_holders_and_a_count() {
    let found = stored(|| Roles::open(Place::field(0)).found(Address([0xaa; 32])));
    let holder = "aa".repeat(32);
    assert_eq!(found, [format!("00000000{holder} "), "00000100 01000000".to_owned()]);
}

/// The parts in use, with the length of keys and values.
fn shape(entries: &[String]) -> BTreeSet<(String, usize, usize)> {
    let parts = entries.iter().map(|entry| {
        let (key, value) = entry.split_once(' ').expect("a key and a value");
        (key[4..6].to_owned(), key.len() / 2 - 3, value.len() / 2)
    });
    parts.collect()
}

#[test]
fn a_hold_stores_two_balances_itself_and_its_end() {
    let found = stored(|| {
        let mut holds = Holds::open(Place::field(0));
        let (payer, payee) = (Address([1; 32]), Address([2; 32]));
        holds.fund(payer, Amount(9));
        let id = Hash([3; 32]);
        holds.reserve(id, payer, payee, Amount(5), TimestampMs(7), TimestampMs(1)).unwrap();
        holds.post(id, Amount(2), Rest::Keep, TimestampMs(2)).unwrap();
    });
    let shape = shape(&found);
    let expected = [("00", 32, 16), ("01", 32, 16), ("02", 32, 137), ("03", 40, 0)];
    assert_eq!(shape, expected.map(|(part, key, value)| (part.to_owned(), key, value)).into());
}

#[test]
fn an_obligation_stores_itself_its_rank_and_three_amounts() {
    let found = stored(|| {
        let mut netting = Netting::open(Place::field(0));
        netting.found(TimestampMs(1));
        netting.admit(Amount(9)).unwrap();
        netting.admit(Amount(9)).unwrap();
        netting.fund(1, Amount(7)).unwrap();
        netting.enter(0, Hash([3; 32]), 1, Amount(5), 2, TimestampMs(1)).unwrap();
    });
    let expected = [
        // Funds and room of members, their limits, how many they are.
        ("00", 4, 16),
        ("01", 4, 16),
        ("02", 0, 1 + 2 * 32),
        ("03", 0, 4),
        // By debtor and id; by cycle, debtor, priority, age and id; the sum; the open cycle.
        ("04", 4 + 32, 4 + 16 + 16 + 1 + 8 + 8),
        ("05", 8 + 4 + 1 + 8 + 32, 0),
        ("06", 8, 16),
        ("07", 0, 16),
    ];
    assert_eq!(
        shape(&found),
        expected.map(|(part, key, value)| (part.to_owned(), key, value)).into()
    );
}

#[test]
fn a_payment_stores_a_purse_a_person_and_itself() {
    let found = stored(|| {
        let (ana, now) = (Address([1; 32]), TimestampMs(1_000));
        let mut lots = Lots::open(Place::field(0));
        let end = TimestampMs(9_000);
        let (person, face, paid) = (Hash([2; 32]), Amount(100), Amount(94));
        let purchase = Purchase { face, paid, bonus: Amount(0), set: 1, expiry: end };
        lots.buy(ana, person, &purchase, now).unwrap();
        lots.buy(ana, person, &purchase, now).unwrap();
        let plan = lots.plan(ana, Amount(150), now, |set| set == 1).unwrap();
        let credit = LotKey { class: Class::Bonus, expiry: end, programme: 1, set: 0, purchase: 0 };
        let terms = Earning { tier_bp: 1_000, base_cap: Amount(1_000), credit };
        let accrual = lots.earn(person, &plan, &terms, now);
        let (id, payee) = (lots.new_id(Hash([3; 32])).unwrap(), Address([4; 32]));
        let order = PaymentOrder { id, payer: ana, person, payee, time: now };
        lots.pay(order, plan, &accrual, credit).unwrap();
    });
    let expected = [
        // The first purchase, used up.
        ("01", 57, 104),
        // Small numbers are one byte, or two. Three sums and two counts, how many lots lie behind;
        // bonus, and what is left of the second purchase with what is known of it.
        ("02", 32, 5 + 1 + 1 + (12 + 1 + 1) + (12 + 1 + 1 + 2 + 2 + 3 + 8)),
        // Payer, person, payee, time, amount, two parts with a price each and no bonus, nothing
        // divided, what it earned, what was credited, the lot of the cashback, no claws.
        (
            "04",
            32,
            3 * 32 + 8 + 2 + 1 + (12 + 2 + 33 + 1) + (12 + 1 + 33 + 1) + 1 + 7 + 1 + 13 + 1 + 2,
        ),
        // The person's debt, number of purchases, month and base.
        ("05", 32, 1 + 1 + 4 + 2),
    ];
    let expected = expected.map(|(part, key, value)| (part.to_owned(), key, value)).into();
    assert_eq!(shape(&found), expected);
    assert_eq!(found.len(), 4);
}
