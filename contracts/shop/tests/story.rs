//! The rules of the shop, the café's story in memory, and the invariants after random acts. Each
//! test runs on WASM and natively.

use ::token::token::{Conditions, Error as TokenError, PurposeToken, Redeemers, call as token};
use dure_sdk::{
    Invocation, Ratio,
    domain::{
        rates::Guard,
        registry::{Category, Merchant, Status as Standing},
    },
};
use dure_testing::{Account, Address, Amount, Chain, Hash, Refusal, TimestampMs, invoke};
use exchange::exchange::{Asset, Exchange, Request, Terms, call as desk};
use proptest::prelude::*;
use shop::shop::{Error, Line, Shop, Status, call};

const TOKEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../token");
const EXCHANGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../exchange");
const SHOP: &str = env!("CARGO_MANIFEST_DIR");

struct Cafe {
    chain: Chain,
    owner: Account,
    guest: Account,
    coin: Address,
    shop: Address,
}

impl Cafe {
    /// Coffee (1) at 30, ten in stock; cake (2) at 50, three in stock.
    fn new() -> Self {
        let mut chain = Chain::new();
        let (owner, guest) = (chain.account("owner"), chain.account("guest"));
        let coin = issue(&mut chain, owner, "CAF", Conditions::NONE);
        chain.send(owner, coin, &token::issue(guest.address(), Amount(1_000))).unwrap();
        chain.shadow::<Shop>(chain.next_address(owner));
        let shop = chain.deploy(SHOP, owner, coin).unwrap();
        for (item, name, price, stock) in [(1, "coffee", 30, 10), (2, "cake", 50, 3)] {
            let set = call::set_item(item, name.to_owned(), Amount(price));
            chain.send(owner, shop, &set).unwrap();
            chain.send(owner, shop, &call::restock(item, stock)).unwrap();
        }
        Self { chain, owner, guest, coin, shop }
    }

    fn order(&mut self, allowed: u128, lines: &[(u32, u32)]) -> Result<u64, Refusal<Error>> {
        let lines = lines.iter().map(|&(item, quantity)| Line { item, quantity }).collect();
        let approve = token::approve(self.shop, Amount(allowed), None);
        let calls = vec![invoke(self.coin, &approve), invoke(self.shop, &call::order(lines))];
        let executed = self.chain.transact(self.guest, calls);
        executed.map_err(|failure| failure.typed()).map(|done| done.output(1).unwrap())
    }

    fn holds(&self, who: Address) -> u128 {
        self.chain.ask(self.coin, &token::balance_of(who)).unwrap().0
    }

    fn stock(&self, item: u32) -> u32 {
        let menu = self.chain.ask(self.shop, &call::menu()).unwrap();
        menu.iter().find(|(number, _)| *number == item).unwrap().1.stock
    }

    /// Stock + sold = stocked; takings = live orders not settled; the shop can pay them.
    fn check(&self) {
        let ask = &self.chain;
        for (item, dish) in ask.ask(self.shop, &call::menu()).unwrap() {
            assert_eq!(dish.stock + dish.sold, dish.stocked, "item {item}");
        }
        let last = ask.ask(self.shop, &call::last_order()).unwrap();
        let settled = ask.ask(self.shop, &call::settled()).unwrap();
        let orders = (settled + 1..=last)
            .map(|order| ask.ask(self.shop, &call::order_by_number(order)).unwrap().unwrap());
        let live = orders.filter(|o| matches!(o.status, Status::Placed | Status::Made));
        let due: u128 = live.map(|order| order.total.0).sum();
        let takings = ask.ask(self.shop, &call::takings()).unwrap().0;
        assert_eq!(takings, due);
        assert!(self.holds(self.shop) >= takings);
    }
}

/// A token of somebody's.
fn issue(chain: &mut Chain, by: Account, name: &str, conditions: Conditions) -> Address {
    chain.shadow::<PurposeToken>(chain.next_address(by));
    chain.deploy(TOKEN, by, (name.to_owned(), name.to_owned(), 0u8, conditions)).unwrap()
}

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
    let result = cafe.order(1_000, &[(1, 2), (2, 4)]);
    let error = Error::OutOfStock { item: 2, left: 3, wanted: 4 };
    assert_eq!(result, Err(Refusal::Contract(error)));
    assert_eq!((cafe.stock(1), cafe.stock(2)), (10, 3));
    assert_eq!(cafe.holds(cafe.guest.address()), 1_000);
    for (lines, error) in [
        (vec![], Error::Empty),
        (vec![(1, 0)], Error::Empty),
        (vec![(9, 1)], Error::UnknownItem { item: 9 }),
        (vec![(1, 1); 33], Error::TooManyLines { lines: 33, limit: 32 }),
    ] {
        assert_eq!(cafe.order(1_000, &lines), Err(Refusal::Contract(error)));
    }
    cafe.check();
}

#[test]
fn cancelling_before_it_is_made_gives_everything_back() {
    let mut cafe = Cafe::new();
    let (owner, guest, shop) = (cafe.owner, cafe.guest, cafe.shop);
    let order = cafe.order(110, &[(1, 2), (2, 1)]).unwrap();
    assert_eq!((cafe.stock(1), cafe.stock(2), cafe.holds(guest.address())), (8, 2, 890));
    let customer = guest.address();
    let stranger = cafe.chain.send(owner, shop, &call::cancel(order));
    assert_eq!(stranger, Err(Refusal::Contract(Error::NotCustomer { customer })));
    cafe.chain.send(guest, shop, &call::cancel(order)).unwrap();
    assert_eq!((cafe.stock(1), cafe.stock(2), cafe.holds(customer)), (10, 3, 1_000));
    let again = cafe.chain.send(guest, shop, &call::cancel(order));
    let error = Error::WrongStatus { order, status: Status::Cancelled };
    assert_eq!(again, Err(Refusal::Contract(error)));
    let order = cafe.order(30, &[(1, 1)]).unwrap();
    cafe.chain.send(owner, shop, &call::make(order)).unwrap();
    let late = cafe.chain.send(guest, shop, &call::cancel(order));
    let error = Error::WrongStatus { order, status: Status::Made };
    assert_eq!(late, Err(Refusal::Contract(error)));
    cafe.check();
}

#[test]
fn a_settled_order_is_refunded_by_the_owners_allowance_only() {
    let mut cafe = Cafe::new();
    let (owner, guest, shop, coin) = (cafe.owner, cafe.guest, cafe.shop, cafe.coin);
    let order = cafe.order(60, &[(1, 2)]).unwrap();
    cafe.chain.send(guest, shop, &call::settle()).unwrap();
    assert_eq!(cafe.holds(owner.address()), 60);
    let refused = cafe.chain.send(owner, shop, &call::refund(order));
    assert!(matches!(refused, Err(Refusal::Contract(Error::Token(_)))), "{refused:?}");
    cafe.chain.send(owner, coin, &token::approve(shop, Amount(60), None)).unwrap();
    cafe.chain.send(owner, shop, &call::refund(order)).unwrap();
    assert_eq!((cafe.holds(owner.address()), cafe.holds(guest.address())), (0, 1_000));
    let nothing = cafe.chain.send(guest, shop, &call::settle());
    assert_eq!(nothing, Err(Refusal::Contract(Error::NothingToSettle)));
    cafe.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn stock_and_takings_add_up_whatever_happens(
        acts in prop::collection::vec((0u8..6, 1u32..3, 0u32..4, 1u64..8), 1..40)
    ) {
        let mut cafe = Cafe::new();
        let (owner, guest, shop, coin) = (cafe.owner, cafe.guest, cafe.shop, cafe.coin);
        cafe.chain.send(owner, coin, &token::approve(shop, Amount(100), None)).unwrap();
        for (act, item, quantity, order) in acts {
            // Whether an act is refused is the other tests' concern: what holds after it is here.
            let done = match act {
                0 | 1 => cafe.order(120, &[(item, quantity)]).is_ok(),
                2 => cafe.chain.send(guest, shop, &call::cancel(order)).is_ok(),
                3 => cafe.chain.send(owner, shop, &call::make(order)).is_ok(),
                4 => cafe.chain.send(owner, shop, &call::refund(order)).is_ok(),
                _ => cafe.chain.send(owner, shop, &call::settle()).is_ok(),
            };
            cafe.check();
            let all = cafe.holds(owner.address()) + cafe.holds(guest.address()) + cafe.holds(shop);
            prop_assert_eq!(all, 1_000, "conserved after act {} ({})", act, done);
        }
    }
}
