//! Standards: interfaces that every implementer offers with exactly the same types.
//!
//! `dure_sdk::standard` declares them as traits, with the meaning of each method; here are the
//! types that they name, and the descriptions that deploy holds a module against which claims one.
//! A standard never changes: another set of methods has another name.

use crate::{Address, Amount, Hash, TimestampMs};
use codec::{Decode, Encode};

/// What a holder lets somebody take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub struct Allowance {
    /// Left to be taken.
    pub amount: Amount,
    /// First block time at which it is void; none: until revoked.
    pub expires: Option<TimestampMs>,
}

/// Why a token would not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub enum Reason {
    /// An amount of nought moves nothing.
    Zero,
    /// The holder has less than that.
    Short {
        /// What there is.
        left: Amount,
        /// What was wanted.
        wanted: Amount,
    },
    /// Nothing moves at present.
    Paused,
    /// The account may neither give nor take.
    Frozen {
        /// The account.
        account: Address,
    },
    /// The rules of the token do not let the account take part.
    NotPermitted {
        /// The account.
        account: Address,
    },
    /// The units are void since then.
    Expired {
        /// First block time at which they are void.
        at: TimestampMs,
    },
    /// More than the rules allow at once or within a period.
    Limit {
        /// Allowed.
        limit: Amount,
        /// What was wanted.
        wanted: Amount,
    },
    /// A rule of this token alone, by the number that its own documentation gives it.
    Other {
        /// The number.
        code: u32,
    },
}

/// What binds units in the hands of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub struct Bounds {
    /// What they are spent for; units of one purpose name the same hash. None: for anything.
    pub purpose: Option<Hash>,
    /// First block time at which they are void; none: never.
    pub expires: Option<TimestampMs>,
}

impl Bounds {
    /// Money: for anything, for ever.
    pub const NONE: Self = Self { purpose: None, expires: None };

    /// Whether units bound so may be given up for units that are bound as `got`: for the same
    /// purpose, where there is one, and no longer good.
    ///
    /// # Example
    /// ```
    /// use dure_abi::{Hash, TimestampMs, standard::Bounds};
    /// let meals = Bounds { purpose: Some(Hash([1; 32])), expires: Some(TimestampMs(9)) };
    /// assert!(Bounds::NONE.allow(&meals) && !meals.allow(&Bounds::NONE));
    /// assert!(meals.allow(&Bounds { expires: Some(TimestampMs(8)), ..meals }));
    /// assert!(!meals.allow(&Bounds { expires: Some(TimestampMs(10)), ..meals }));
    /// assert!(!meals.allow(&Bounds { purpose: Some(Hash([2; 32])), ..meals }));
    /// ```
    #[must_use]
    pub fn allow(&self, got: &Self) -> bool {
        let lasts = match (self.expires, got.expires) {
            (None, _) => true,
            (Some(ends), Some(end)) => end <= ends,
            (Some(_), None) => false,
        };
        lasts && (self.purpose.is_none() || self.purpose == got.purpose)
    }
}

#[cfg(feature = "spec")]
pub use described::{Standard, StandardMethod, all};

#[cfg(feature = "spec")]
mod described {
    use super::{Allowance, Bounds, Reason};
    use crate::{Address, Amount, TimestampMs, spec::MethodKind};
    use alloc::vec::Vec;
    use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};

    /// One standard as deploy knows it. Type ids index `types`.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Standard {
        /// As [`crate::spec::InterfaceSpec::name`].
        pub name: &'static str,
        /// Its methods in order of declaration.
        pub methods: Vec<StandardMethod>,
        /// Every type named here.
        pub types: PortableRegistry,
    }

    /// One method of a standard.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct StandardMethod {
        /// Its name.
        pub name: &'static str,
        /// How it is entered.
        pub kind: MethodKind,
        /// Type ids of the arguments.
        pub args: Vec<u32>,
        /// Type id of the value.
        pub returns: u32,
        /// Whether the implementer's error enum can come back.
        pub fallible: bool,
    }

    struct Builder {
        registry: Registry,
        methods: Vec<StandardMethod>,
    }

    impl Builder {
        fn new() -> Self {
            Self { registry: Registry::new(), methods: Vec::new() }
        }

        /// A query that always answers.
        fn query<T: TypeInfo + 'static>(self, name: &'static str, args: &[MetaType]) -> Self {
            self.method(name, MethodKind::Query, args, &MetaType::new::<T>(), false)
        }

        /// A call that returns nothing, or the implementer's error.
        fn call(self, name: &'static str, args: &[MetaType]) -> Self {
            self.method(name, MethodKind::Call, args, &MetaType::new::<()>(), true)
        }

        fn method(
            mut self,
            name: &'static str,
            kind: MethodKind,
            args: &[MetaType],
            returns: &MetaType,
            fallible: bool,
        ) -> Self {
            let args = args.iter().map(|ty| self.registry.register_type(ty).id).collect();
            let returns = self.registry.register_type(returns).id;
            self.methods.push(StandardMethod { name, kind, args, returns, fallible });
            self
        }

        fn finish(self, name: &'static str) -> Standard {
            Standard { name, methods: self.methods, types: self.registry.into() }
        }
    }

    fn ty<T: TypeInfo + 'static>() -> MetaType {
        MetaType::new::<T>()
    }

    /// Every standard.
    #[must_use]
    pub fn all() -> Vec<Standard> {
        let (address, amount) = (ty::<Address>(), ty::<Amount>());
        let bytes = ty::<Option<Vec<u8>>>();
        let token = Builder::new()
            .query::<alloc::string::String>("name", &[])
            .query::<alloc::string::String>("symbol", &[])
            .query::<u8>("decimals", &[])
            .query::<Amount>("total_supply", &[])
            .query::<Amount>("balance_of", &[address])
            .call("transfer", &[address, amount, bytes])
            .call("approve", &[address, amount, ty::<Option<TimestampMs>>()])
            .call("transfer_from", &[address, address, amount, bytes])
            .query::<Option<Allowance>>("allowance", &[address, address])
            .query::<Result<(), Reason>>("can_transfer", &[address, address, amount])
            .finish("dure-sdk::Token");
        let receiver = Builder::new()
            .call("on_receive", &[address, amount, bytes])
            .finish("dure-sdk::Receiver");
        let redeemable = Builder::new()
            .call("redeem", &[amount, bytes])
            .query::<Result<(), Reason>>("can_redeem", &[address, amount])
            .finish("dure-sdk::Redeemable");
        let bounded =
            Builder::new().query::<Bounds>("bounds_of", &[address]).finish("dure-sdk::Bounded");
        [token, receiver, redeemable, bounded].into()
    }
}
