//! The rules of the shop, and the café's story in memory.

use crate::scene::{Cafe, SHOP, issue};
use ::token::token::{Conditions, Error as TokenError, PurposeToken, Redeemers, call as token};
use dure_sdk::{
    CallError, Invocation, Ratio,
    codec::{Decode, Encode},
    domain::{
        rates::Guard,
        registry::{Category, Merchant, Status as Standing},
    },
    native::Sandbox,
};
use dure_testing::{Account, Address, Amount, Chain, Hash, Refusal, TimestampMs, invoke};
use exchange::exchange::{Asset, Exchange, Request, Terms, call as desk};
use shop::shop::{Dish, Error, Line, MENU_MAX, Order, Shop, Status, call};
use std::collections::BTreeMap;

const EXCHANGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../exchange");

/// Makes somebody a merchant of a token.
fn register(account: Account) -> Invocation<(), TokenError> {
    let merchant = Merchant {
        owner: Hash(account.address().0),
        region: 1,
        category: Category([1, 0, 0, 0]),
        tier: 0,
        status: Standing::Active,
    };
    token::register_merchant(account.address(), merchant, vec![])
}

/// A desk that takes one token and gives the other for as much.
fn one_for_one(source: Address, takes: Address, gives: Address) -> Terms {
    let asset = |token| Asset {
        token,
        source,
        takes: token == takes,
        gives: token == gives,
        taken_min: Amount(1),
        taken_max: Amount::MAX,
        inventory_max: Amount::MAX,
    };
    let assets = [takes, gives].map(asset).to_vec();
    Terms { assets, fee_bp: 0, fee_to: source, guard: Guard::NONE }
}

/// Brings in 50,000 of the token that is given, and says that each is worth as much.
fn stock(chain: &mut Chain, cafe: Account, desk_at: Address, tokens: [Address; 2]) {
    let (coin, all) = (tokens[1], Amount(50_000));
    chain.send(cafe, coin, &token::approve(desk_at, all, None)).unwrap();
    chain.send(cafe, desk_at, &desk::stock(Hash([1; 32]), coin, all)).unwrap();
    for token in tokens {
        let rate = desk::set_rate(token, Ratio::new(1, 1).unwrap(), TimestampMs(0));
        chain.send(cafe, desk_at, &rate).unwrap();
    }
}

#[test]
fn the_story_of_two_coffees() {
    let mut chain = Chain::new();
    let [company, cafe, employee] = ["company", "cafe", "employee"].map(|n| chain.account(n));
    let of_merchants = Conditions { redeem: Redeemers::Merchants, ..Conditions::NONE };
    let k_token = issue(&mut chain, company, "K", of_merchants);
    let coin = issue(&mut chain, cafe, "CAFE", Conditions::NONE);
    chain.shadow::<Exchange>(chain.next_address(cafe));
    let terms = one_for_one(cafe.address(), k_token, coin);
    let desk_at = chain.deploy(EXCHANGE, cafe, terms).unwrap();
    chain.shadow::<Shop>(chain.next_address(cafe));
    let shop = chain.deploy(SHOP, cafe, coin).unwrap();
    let n = |amount| Amount(amount);
    chain.send(company, k_token, &token::book_deposit(n(100_000))).unwrap();
    chain.send(company, k_token, &register(cafe)).unwrap();
    chain.send(cafe, coin, &token::book_deposit(n(50_000))).unwrap();
    chain.send(cafe, coin, &token::issue(cafe.address(), n(50_000))).unwrap();
    stock(&mut chain, cafe, desk_at, [k_token, coin]);
    chain.send(cafe, shop, &call::set_item(1, "coffee".to_owned(), n(4_500))).unwrap();
    chain.send(cafe, shop, &call::restock(1, 5)).unwrap();
    chain.send(company, k_token, &token::issue(employee.address(), n(20_000))).unwrap();

    let buy = |cups: u32| {
        let price = n(4_500 * u128::from(cups));
        let lines = vec![Line { item: 1, quantity: cups }];
        let request = Request {
            offer: k_token,
            offered: price,
            want: coin,
            least: price,
            deadline: TimestampMs::MAX,
        };
        vec![
            invoke(k_token, &token::approve(desk_at, price, None)),
            invoke(desk_at, &desk::exchange(Hash([cups as u8; 32]), request)),
            invoke(coin, &token::approve(shop, price, None)),
            invoke(shop, &call::order(lines)),
            invoke(shop, &call::settle()),
        ]
    };
    let done = chain.transact(employee, buy(2)).unwrap();
    assert_eq!(done.output::<Amount>(4).unwrap(), n(9_000));
    let holds = |chain: &Chain, token_at, who: Address| {
        chain.ask(token_at, &token::balance_of(who)).unwrap().0
    };
    assert_eq!(holds(&chain, k_token, employee.address()), 11_000);
    assert_eq!(holds(&chain, coin, cafe.address()), 9_000, "settled in the same block");
    assert_eq!(holds(&chain, k_token, desk_at), 9_000);

    let failure = chain.transact(employee, buy(4)).unwrap_err();
    let error = Error::OutOfStock { item: 1, left: 3, wanted: 4 };
    // 18,000 are more than the employee has: the token refuses first, with less in the purse.
    assert!(failure.refused_by().is_some());
    chain.send(company, k_token, &token::issue(employee.address(), n(20_000))).unwrap();
    let failure = chain.transact(employee, buy(4)).unwrap_err();
    assert_eq!(failure.contract_error(), Some(error));
    assert_eq!(holds(&chain, k_token, employee.address()), 31_000, "nothing changed");

    // The café takes its K-token out of the desk and redeems it against the deposit.
    chain.send(cafe, desk_at, &desk::withdraw(Hash([2; 32]), k_token, n(9_000))).unwrap();
    chain.send(cafe, k_token, &token::redeem(n(9_000), None)).unwrap();
    assert_eq!(chain.ask(k_token, &token::deposit()).unwrap(), Some(n(91_000)));
    assert_eq!(chain.ask(k_token, &token::total_supply()).unwrap(), n(31_000));
}

#[test]
fn an_order_above_the_stock_changes_nothing() {
    let mut cafe = Cafe::new();
    let result = cafe.order(0, 1_000, &[(1, 2), (2, 4)]);
    let error = Error::OutOfStock { item: 2, left: 3, wanted: 4 };
    assert_eq!(result, Err(Refusal::Contract(error)));
    assert_eq!((cafe.stock(1), cafe.stock(2)), (10, 3));
    assert_eq!(cafe.holds(cafe.guests[0].address()), 1_000);
    for (lines, error) in [
        (vec![], Error::Empty),
        (vec![(1, 0)], Error::Empty),
        (vec![(9, 1)], Error::UnknownItem { item: 9 }),
        (vec![(1, 1); 33], Error::TooManyLines { lines: 33, limit: 32 }),
    ] {
        assert_eq!(cafe.order(0, 1_000, &lines), Err(Refusal::Contract(error)));
    }
    cafe.audit();
}

#[test]
fn cancelling_before_it_is_made_gives_everything_back() {
    let mut cafe = Cafe::new();
    let (owner, guest, shop) = (cafe.owner, cafe.guests[0], cafe.shop);
    let order = cafe.order(0, 110, &[(1, 2), (2, 1)]).unwrap();
    assert_eq!((cafe.stock(1), cafe.stock(2), cafe.holds(guest.address())), (8, 2, 890));
    let customer = guest.address();
    let stranger = cafe.chain.send(owner, shop, &call::cancel(order));
    assert_eq!(stranger, Err(Refusal::Contract(Error::NotCustomer { customer })));
    cafe.chain.send(guest, shop, &call::cancel(order)).unwrap();
    assert_eq!((cafe.stock(1), cafe.stock(2), cafe.holds(customer)), (10, 3, 1_000));
    let again = cafe.chain.send(guest, shop, &call::cancel(order));
    let error = Error::WrongStatus { order, status: Status::Cancelled };
    assert_eq!(again, Err(Refusal::Contract(error)));
    let order = cafe.order(0, 30, &[(1, 1)]).unwrap();
    cafe.chain.send(owner, shop, &call::make(order)).unwrap();
    let late = cafe.chain.send(guest, shop, &call::cancel(order));
    let error = Error::WrongStatus { order, status: Status::Made };
    assert_eq!(late, Err(Refusal::Contract(error)));
    cafe.audit();
}

#[test]
fn a_settled_order_is_refunded_by_the_owners_allowance_only() {
    let mut cafe = Cafe::new();
    let (owner, guest, shop, coin) = (cafe.owner, cafe.guests[0], cafe.shop, cafe.coin);
    let order = cafe.order(0, 60, &[(1, 2)]).unwrap();
    cafe.chain.send(guest, shop, &call::settle()).unwrap();
    assert_eq!(cafe.holds(owner.address()), 60);
    let refused = cafe.chain.send(owner, shop, &call::refund(order));
    assert!(matches!(refused, Err(Refusal::Contract(Error::Token(_)))), "{refused:?}");
    cafe.chain.send(owner, coin, &token::approve(shop, Amount(60), None)).unwrap();
    cafe.chain.send(owner, shop, &call::refund(order)).unwrap();
    assert_eq!((cafe.holds(owner.address()), cafe.holds(guest.address())), (0, 1_000));
    let nothing = cafe.chain.send(guest, shop, &call::settle());
    assert_eq!(nothing, Err(Refusal::Contract(Error::NothingToSettle)));
    cafe.audit();
}

#[test]
fn an_audit_finds_what_bypassed_the_books() {
    let [owner, guest, coin, cafe] = [1, 2, 3, 4].map(|byte| Address([byte; 32]));
    let mut sandbox = Sandbox::new();
    sandbox.caller(owner);
    let won = ("Won".to_owned(), "W".to_owned(), 0u8, Conditions::NONE);
    sandbox.deploy::<PurposeToken>(coin, won).unwrap();
    sandbox.send(coin, &token::issue(guest, Amount(100))).unwrap();
    sandbox.deploy::<Shop>(cafe, coin).unwrap();
    sandbox.send(cafe, &call::set_item(1, "coffee".to_owned(), Amount(30))).unwrap();
    sandbox.send(cafe, &call::restock(1, 10)).unwrap();
    sandbox.caller(guest).send(coin, &token::approve(cafe, Amount(100), None)).unwrap();
    sandbox.send(cafe, &call::order(vec![Line { item: 1, quantity: 2 }])).unwrap();
    assert_eq!(sandbox.ask(cafe, &call::audit(None, 9)).unwrap().next, None);

    let right = sandbox.storage_of(cafe);
    let [menu, orders, takings] = [2u8, 3, 6].map(|field| {
        let of_field = |key: &&Vec<u8>| key.starts_with(&[0, field]);
        right.keys().find(of_field).unwrap().clone()
    });
    let dish = Dish::decode(&mut right[&menu].as_slice()).unwrap();
    let order = Order::decode(&mut right[&orders].as_slice()).unwrap();
    let counted = Error::Miscounted { takings: Amount(60), counted: Amount(61) };
    for (key, wrong, error) in [
        (
            &takings,
            Amount(59).encode(),
            Error::Miscounted { takings: Amount(59), counted: Amount(60) },
        ),
        (&orders, Order { total: Amount(61), ..order }.encode(), counted),
        (&menu, Dish { stocked: 9, ..dish.clone() }.encode(), Error::Misstocked { item: 1 }),
        (
            &menu,
            Dish { stock: 9, sold: 1, ..dish }.encode(),
            Error::Missold { sold: 1, counted: 2 },
        ),
    ] {
        let mut values = right.clone();
        values.insert(key.clone(), wrong);
        sandbox.load(cafe, values);
        assert_eq!(sandbox.ask(cafe, &call::audit(None, 9)), Err(CallError::Contract(error)));
    }
    sandbox.load(cafe, right);
    sandbox.load(coin, BTreeMap::new());
    let unbacked = Error::Unbacked { takings: Amount(60), tokens: Amount(0) };
    assert_eq!(sandbox.ask(cafe, &call::audit(None, 9)), Err(CallError::Contract(unbacked)));
}

#[test]
fn a_menu_has_as_many_items_as_one_answer() {
    let mut cafe = Cafe::new();
    let (owner, shop) = (cafe.owner, cafe.shop);
    let item = |number| invoke(shop, &call::set_item(number, "tea".to_owned(), Amount(20)));
    let rest: Vec<_> = (3..=MENU_MAX).map(item).collect();
    for calls in rest.chunks(50) {
        cafe.chain.transact(owner, calls.to_vec()).unwrap();
    }
    let more = cafe.chain.transact(owner, vec![item(MENU_MAX + 1)]).unwrap_err();
    assert_eq!(more.contract_error(), Some(Error::MenuFull { limit: MENU_MAX }));
    cafe.chain.transact(owner, vec![item(1)]).unwrap();
    let menu = cafe.chain.ask(shop, &call::menu()).unwrap();
    assert_eq!((menu.len(), menu[0].1.price), (MENU_MAX as usize, Amount(20)));
}
