//! Operators of amounts, gas, heights and times: there are none, and the compiler says what to
//! write instead.

use crate::{Amount, Gas, Height, TimestampMs};
use core::ops::{Add, Div, Mul, Sub};

/// What an operator would take. Nothing is: what exceeds a type must not pass unseen.
#[diagnostic::on_unimplemented(
    message = "amounts, gas, heights and times have no operators: they are computed with checks",
    label = "write `a.checked_add(b)`, `checked_sub` or `checked_mul`, and refuse what is `None`",
    note = "a stored amount is a `Balance`, whose `add` and `sub` check; exact shares and parts \
            are in `dure_sdk::domain`, `share` and `split`"
)]
#[doc(hidden)]
pub trait Operand {
    /// Is never called.
    fn never(self) -> !;
}

macro_rules! none {
    ($($operator:ident $method:ident),+ for $ty:ty) => {$(
        impl<T: Operand> $operator<T> for $ty {
            type Output = Self;

            fn $method(self, other: T) -> Self {
                other.never()
            }
        }
    )+};
}

none!(Add add, Sub sub, Mul mul, Div div for Amount);
none!(Add add, Sub sub, Mul mul, Div div for Gas);
none!(Add add, Sub sub, Mul mul, Div div for Height);
none!(Add add, Sub sub, Mul mul, Div div for TimestampMs);
