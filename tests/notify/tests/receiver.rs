//! A receiver that opted in is told, and an error of its undoes the transfer: as WASM, and natively
//! beside it.

use dure_sdk::CallError;
use dure_testing::{Account, Address, Amount, Chain, assert_refused, codec::Encode};
use notify::coin::{Coin, Error, call};

const ALL: Amount = Amount(100);

struct Scene {
    chain: Chain,
    guest: Account,
    won: Address,
    /// Ten units at most, each for one won.
    token: Address,
}

fn scene() -> Scene {
    let mut chain = Chain::new();
    let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
    let [won, token] = [ALL, Amount(10)].map(|limit| {
        chain.shadow::<Coin>(chain.next_address(issuer));
        chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, limit).unwrap()
    });
    chain.send(issuer, won, &call::issue(guest.address(), ALL)).unwrap();
    chain.send(issuer, token, &call::wrap(won)).unwrap();
    Scene { chain, guest, won, token }
}

impl Scene {
    /// The guest's won, those behind the token, and the guest's tokens.
    fn held(&self) -> [u128; 3] {
        let of = |coin, holder| self.chain.ask(coin, &call::balance(holder)).unwrap().0;
        let guest = self.guest.address();
        [of(self.won, guest), of(self.won, self.token), of(self.token, guest)]
    }
}

#[test]
fn a_receiver_that_opted_in_is_told_and_its_error_undoes_the_transfer() {
    let mut scene = scene();
    let (guest, won, token) = (scene.guest, scene.won, scene.token);
    scene.chain.send(guest, won, &call::transfer(token, Amount(4), None)).unwrap();
    assert_eq!(scene.held(), [96, 4, 4]);

    let refused = scene.chain.send(guest, won, &call::transfer(token, Amount(7), None));
    assert_refused!(
        refused,
        Error::Receiver(CallError::Contract(error)) if error == Error::Full.encode()
    );
    assert_eq!(scene.held(), [96, 4, 4]);
}

#[test]
fn who_did_not_opt_in_is_not_told_and_who_is_no_receiver_is_given_nothing() {
    let mut scene = scene();
    let (guest, won) = (scene.guest, scene.won);
    let other = scene.chain.account("other");
    let give = call::transfer(other.address(), Amount(5), None);
    scene.chain.send(guest, won, &give).unwrap();
    assert_eq!(scene.held(), [95, 0, 0]);
    scene.chain.send(other, won, &call::opt_in()).unwrap();
    let refused = scene.chain.send(guest, won, &give);
    assert_refused!(refused, Error::Receiver(CallError::UnknownContract));
    assert_eq!(scene.held(), [95, 0, 0]);
}

#[test]
fn anybody_else_than_the_token_tells_in_vain() {
    let mut scene = scene();
    let (guest, token) = (scene.guest, scene.token);
    let told = call::on_receive(guest.address(), Amount(1), None);
    assert_refused!(scene.chain.send(guest, token, &told), Error::NotBacking);
}
