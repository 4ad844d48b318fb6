//! A contract that works with any token.

// ANCHOR: contract
use dure_sdk::{native::Sandbox, prelude::*};

#[dure::contract]
pub mod tip {
    use dure_sdk::{
        prelude::*,
        standard::{Receiver, TokenClient},
    };

    #[storage]
    pub struct Tip {
        owner: Item<Address>,
        received: Map<Address, Balance>,
    }

    #[error]
    pub enum Error {
        /// The token did not move. The bytes are its own error: its type is not known here.
        Token(CallError<Vec<u8>>),
        Zero,
    }

    impl Tip {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.owner.set(&cx.caller());
        }

        /// Hands what was collected of a token to the owner.
        #[call]
        pub fn collect(&mut self, cx: &Cx, token: Address) -> Result<Amount, Error> {
            let token = TokenClient::at(token);
            let all = token.balance_of(cx.address()).map_err(Error::Token)?;
            token.transfer(self.owner.get(), all, None).map_err(Error::Token)?;
            Ok(all)
        }
    }

    #[implements]
    impl Receiver for Tip {
        type Error = Error;

        /// Books what came in. The caller is the token.
        fn on_receive(
            &mut self,
            cx: &Cx,
            _from: Address,
            amount: Amount,
            _memo: Option<Vec<u8>>,
        ) -> Result<(), Error> {
            ensure!(amount > Amount::ZERO, Error::Zero);
            self.received.at(&cx.caller()).add(amount);
            Ok(())
        }
    }
}
// ANCHOR_END: contract

// ANCHOR: test
use token::token::{Conditions, PurposeToken, call as coin};

#[test]
fn tips_of_any_token_are_collected() {
    let (owner, won, tips) = (Address([1; 32]), Address([8; 32]), Address([9; 32]));
    let mut sandbox = Sandbox::new();
    sandbox.caller(owner);
    let init = ("Won".to_string(), "KRW".to_string(), 0u8, Conditions::NONE);
    sandbox.deploy::<PurposeToken>(won, init).unwrap();
    sandbox.deploy::<tip::Tip>(tips, ()).unwrap();
    sandbox.send(won, &coin::issue(tips, Amount(30))).unwrap();
    assert_eq!(sandbox.send(tips, &tip::call::collect(won)), Ok(Amount(30)));
    assert_eq!(sandbox.ask(won, &coin::balance_of(owner)), Ok(Amount(30)));
}
// ANCHOR_END: test
