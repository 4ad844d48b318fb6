//! Who may do what, and what no one may do alone.

// ANCHOR: contract
use dure_sdk::{
    domain::roles::{CoolingError, Role, RolesError, Verdict},
    native::Sandbox,
    prelude::*,
};

#[dure::contract]
pub mod mint {
    use dure_sdk::{
        domain::roles::{
            Cooling, CoolingError, Role, Roles, RolesError, TwoMan, TwoManError, Verdict,
        },
        prelude::*,
    };

    const HOUR: u64 = 60 * 60 * 1_000;
    /// What one person may issue in a day without a second.
    const ALONE: Amount = Amount(1_000);

    #[storage]
    pub struct Mint {
        roles: Roles,
        two_man: TwoMan,
        cooling: Cooling,
        held: Map<Address, Balance>,
    }

    #[error]
    pub enum Error {
        Roles(RolesError),
        TwoMan(TwoManError),
        Cooling(CoolingError),
        Short { left: Amount, wanted: Amount },
    }

    impl Mint {
        #[init]
        pub fn new(&mut self, cx: &Cx) {
            self.roles.found(cx.caller());
        }

        #[call]
        pub fn grant(&mut self, cx: &Cx, account: Address, role: Role) -> Result<(), Error> {
            self.roles.grant(cx.caller(), account, role).map_err(Error::Roles)
        }

        /// Issues, or waits for a second issuer who asks for the very same.
        #[call]
        pub fn issue(
            &mut self,
            cx: &Cx,
            to: Address,
            amount: Amount,
            number: u64,
        ) -> Result<Verdict, Error> {
            let by = cx.caller();
            self.roles.check(by, Role::Issuer).map_err(Error::Roles)?;
            // Everything that matters of the action, with a number of its own.
            let mut bytes = to.0.to_vec();
            bytes.extend(amount.0.to_le_bytes());
            bytes.extend(number.to_le_bytes());
            let action = dure_sdk::crypto::blake3(&bytes);
            let verdict = self.two_man.ask(by, action, amount, ALONE, cx.time(), 24 * HOUR);
            let verdict = verdict.map_err(Error::TwoMan)?;
            if verdict == Verdict::Do {
                self.held.at(&to).add(amount);
                self.cooling.issued(to, amount, cx.time(), 24 * HOUR);
            }
            Ok(verdict)
        }

        /// Sells the caller's units: not those that are too new.
        #[call]
        pub fn sell(&mut self, cx: &Cx, amount: Amount) -> Result<(), Error> {
            let seller = cx.caller();
            let balance = self.held.at(&seller).get();
            let checked = self.cooling.check_sale(seller, balance, amount, cx.time());
            checked.map_err(Error::Cooling)?;
            let short = |short: Short| Error::Short { left: short.left, wanted: short.wanted };
            self.held.at(&seller).sub(amount).map_err(short)
        }
    }
}
// ANCHOR_END: contract

// ANCHOR: test
use mint::{Error, Mint, call};

#[test]
fn a_large_issue_takes_two_people_and_a_day_of_cooling() {
    let (ana, ben, holder) = (Address([1; 32]), Address([2; 32]), Address([3; 32]));
    let (mint, now) = (Address([9; 32]), TimestampMs(1_767_225_600_000));
    let day = 24 * 60 * 60 * 1_000;
    let mut sandbox = Sandbox::new();
    sandbox.time(now).caller(ana).deploy::<Mint>(mint, ()).unwrap();
    sandbox.send(mint, &call::grant(ana, Role::Issuer)).unwrap();
    sandbox.send(mint, &call::grant(ben, Role::Issuer)).unwrap();

    let refused = sandbox.caller(holder).send(mint, &call::issue(holder, Amount(1), 1));
    let lacks = RolesError::Lacks { account: holder, role: Role::Issuer };
    assert_eq!(refused, Err(CallError::Contract(Error::Roles(lacks))));

    let issue = call::issue(holder, Amount(5_000), 1);
    let asked = sandbox.caller(ana).send(mint, &issue);
    assert_eq!(asked, Ok(Verdict::Waits { until: TimestampMs(now.0 + day) }));
    assert_eq!(sandbox.send(mint, &issue), asked, "one person is not two");
    assert_eq!(sandbox.caller(ben).send(mint, &issue), Ok(Verdict::Do));

    let early = sandbox.caller(holder).send(mint, &call::sell(Amount(1)));
    let next = TimestampMs(now.0 + day);
    let (account, matured, wanted) = (holder, Amount(0), Amount(1));
    let cooling = CoolingError::Cooling { account, matured, wanted, next };
    assert_eq!(early, Err(CallError::Contract(Error::Cooling(cooling))));
    sandbox.time(next).send(mint, &call::sell(Amount(1))).unwrap();
}
// ANCHOR_END: test
