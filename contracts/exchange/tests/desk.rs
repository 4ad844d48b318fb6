//! On the executor, with the contract's code natively beside it.

use ::token::token::{Conditions, Error as TokenError, PurposeToken, call as token};
use dure_sdk::{CallError, Ratio, domain::rates::Guard};
use dure_testing::{
    Account, Address, Amount, Chain, Hash, Refusal, TestFailure, TimestampMs, codec::Encode, invoke,
};
use exchange::exchange::{Asset, Error, Exchange, Request, Terms, call};

struct Desk {
    chain: Chain,
    customer: Account,
    takes: Address,
    gives: Address,
    desk: Address,
}

fn deploy(chain: &mut Chain, by: Account, symbol: &str) -> Address {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../token");
    let init = (symbol.to_owned(), symbol.to_owned(), 0u8, Conditions::NONE);
    chain.deploy(folder, by, init).unwrap()
}

fn terms(source: Address, tokens: [Address; 2]) -> Terms {
    let asset = |token| Asset {
        token,
        source,
        takes: true,
        gives: true,
        taken_min: Amount(1),
        taken_max: Amount::MAX,
        inventory_max: Amount::MAX,
    };
    let assets = tokens.map(asset).to_vec();
    Terms { assets, fee_bp: 0, fee_to: source, guard: Guard::NONE }
}

impl Desk {
    /// Three for two.
    fn new() -> Self {
        let mut chain = Chain::new();
        let (owner, customer) = (chain.account("owner"), chain.account("customer"));
        let mut tokens = [Address::SYSTEM; 2];
        for (token, symbol) in tokens.iter_mut().zip(["TAKE", "GIVE"]) {
            chain.shadow::<PurposeToken>(chain.next_address(owner));
            *token = deploy(&mut chain, owner, symbol);
        }
        let [takes, gives] = tokens;
        chain.shadow::<Exchange>(chain.next_address(owner));
        let terms = terms(owner.address(), tokens);
        let desk = chain.deploy(env!("CARGO_MANIFEST_DIR"), owner, terms).unwrap();
        let amount = Amount(100);
        let issue = |to: Account| token::issue(to.address(), amount);
        let rate =
            |token, worth| call::set_rate(token, Ratio::new(worth, 1).unwrap(), TimestampMs(0));
        let calls = vec![
            invoke(takes, &issue(customer)),
            invoke(gives, &issue(owner)),
            invoke(gives, &token::approve(desk, amount, None)),
            invoke(desk, &call::stock(Hash([1; 32]), gives, amount)),
            invoke(desk, &rate(takes, 3)),
            invoke(desk, &rate(gives, 2)),
        ];
        chain.transact(owner, calls).unwrap();
        Self { chain, customer, takes, gives, desk }
    }

    fn request(&self, offered: u128) -> Request {
        let (offer, want) = (self.takes, self.gives);
        let deadline = TimestampMs::MAX;
        Request { offer, offered: Amount(offered), want, least: Amount(1), deadline }
    }
}

#[test]
fn an_exchange_moves_both_tokens_or_neither() {
    let mut d = Desk::new();
    let exchange = |request| call::exchange(Hash([1; 32]), request);
    let calls = vec![
        invoke(d.takes, &token::approve(d.desk, Amount(99), None)),
        invoke(d.desk, &exchange(d.request(5))),
    ];
    let done = d.chain.transact(d.customer, calls).unwrap();
    let receipt: exchange::exchange::Receipt = done.output(1).unwrap();
    assert_eq!((receipt.taken, receipt.given), (Amount(5), Amount(7)), "5 x 3 / 2, rounded down");
    let much = call::exchange(Hash([2; 32]), d.request(70));
    let (left, wanted) = (Amount(93), Amount(105));
    let empty = Error::Inventory { token: d.gives, left, wanted };
    let refused = d.chain.send(d.customer, d.desk, &much);
    assert_eq!(refused, Err(Refusal::Contract(empty)));
    let holds = |token_at, who| d.chain.ask(token_at, &token::balance_of(who)).unwrap().0;
    let customer = d.customer.address();
    assert_eq!((holds(d.takes, d.desk), holds(d.gives, d.desk)), (5, 93));
    assert_eq!((holds(d.takes, customer), holds(d.gives, customer)), (95, 7));
}

#[test]
fn without_allowance_the_reason_of_the_token_comes_through() {
    let mut d = Desk::new();
    let exchange = call::exchange(Hash([1; 32]), d.request(5));
    let result = d.chain.send(d.customer, d.desk, &exchange);
    let short = TokenError::AllowanceShort { left: Amount(0), wanted: Amount(5) };
    let error = CallError::Contract(short.encode());
    let expected = Error::Token { token: d.takes, error };
    assert_eq!(result, Err(Refusal::Contract(expected)));
    // The innermost error, and the calls that led to it.
    assert_eq!(
        d.chain.why(),
        "token::Error::AllowanceShort { left: 0, wanted: 5 } \
         at exchange.exchange -> token.transfer_from"
    );
}

#[test]
fn a_token_that_the_desk_asks_needs_a_shadow_as_well() {
    let mut chain = Chain::new();
    let owner = chain.account("owner");
    let coin = deploy(&mut chain, owner, "KRW");
    chain.shadow::<Exchange>(chain.next_address(owner));
    let terms = terms(owner.address(), [coin, owner.address()]);
    let desk = chain.deploy(env!("CARGO_MANIFEST_DIR"), owner, terms).unwrap();
    let missing = TestFailure::NotShadowed { contract: coin };
    assert_eq!(chain.ask(desk, &call::books(coin)), Err(Refusal::Other(missing)));
    chain.shadow::<PurposeToken>(coin);
    assert_eq!(chain.ask(desk, &call::books(coin)).unwrap().held, Amount(0));
}

#[test]
fn terms_that_are_none_are_refused_in_the_words_of_the_contract() {
    let mut chain = Chain::new();
    let owner = chain.account("owner");
    let terms = terms(owner.address(), [owner.address(), Address::SYSTEM]);
    let terms = Terms { fee_bp: 10_000, ..terms };
    let refused = chain.deploy(env!("CARGO_MANIFEST_DIR"), owner, terms).unwrap_err();
    let why = "exchange::Error::Terms { FeeTooHigh: { fee_bp: 10000 } } at system.instantiate -> \
               exchange.new";
    assert_eq!((refused.to_string(), chain.why()), (format!("call 0: {why}"), why));
}
