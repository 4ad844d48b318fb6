//! Looking for events by their type.

use crate::{Chain, Executed};
use codec::Decode;
use dure_types::{Address, Event};

/// The events of one type, decoded, in order; of one contract, or of all.
fn of<E: dure_sdk::Event + Decode>(events: &[Event], contract: Option<Address>) -> Vec<E> {
    let wanted = events.iter().filter(|event| {
        event.topic == E::TOPIC && contract.is_none_or(|contract| contract == event.contract)
    });
    wanted
        .filter_map(|event| {
            // Another contract's event of the same name may have other fields.
            let mut data = event.data.as_slice();
            E::decode(&mut data).ok().filter(|_| data.is_empty())
        })
        .collect()
}

impl Chain {
    /// The events of one type in all blocks, decoded, in order.
    ///
    /// ```no_run
    /// # use dure_testing::{Address, Chain};
    /// # #[derive(codec::Decode, codec::Encode)] struct Moved { to: Address, amount: u128 }
    /// # impl dure_sdk::Event for Moved {
    /// #     const NAME: &'static str = "Moved";
    /// #     const TOPIC: dure_sdk::Selector = dure_sdk::Selector([0; 4]);
    /// # }
    /// # let chain = Chain::new();
    /// assert_eq!(chain.events_of::<Moved>().len(), 2);
    /// ```
    #[must_use]
    pub fn events_of<E: dure_sdk::Event + Decode>(&self) -> Vec<E> {
        of(self.events(), None)
    }

    /// The events of one type that one contract emitted.
    #[must_use]
    pub fn events_by<E: dure_sdk::Event + Decode>(&self, contract: Address) -> Vec<E> {
        of(self.events(), Some(contract))
    }
}

impl Executed {
    /// The events of one type in this transaction, decoded, in order.
    #[must_use]
    pub fn events_of<E: dure_sdk::Event + Decode>(&self) -> Vec<E> {
        of(&self.events, None)
    }
}

/// Asserts that a typed call was refused with the contract's own error, matched by a pattern.
///
/// ```no_run
/// # use dure_testing::{Amount, Refusal, assert_refused};
/// # #[derive(Debug)] enum Error { Short { left: Amount, wanted: Amount } }
/// # let result: Result<(), Refusal<Error>> =
/// #     Err(Refusal::Contract(Error::Short { left: Amount(5), wanted: Amount(6) }));
/// assert_refused!(result, Error::Short { left: Amount(5), wanted } if wanted > Amount(5));
/// ```
#[macro_export]
macro_rules! assert_refused {
    ($result:expr, $pattern:pat $(if $guard:expr)? $(,)?) => {
        match $result {
            Err($crate::Refusal::Contract($pattern)) $(if $guard)? => {}
            other => panic!(
                "not refused with {}: {:?}",
                stringify!($pattern $(if $guard)?),
                other
            ),
        }
    };
}
