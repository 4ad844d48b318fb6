//! Exact splits (rules C8, C10, C13): parts that sum to the whole, to the last won.
//!
//! **Largest remainder.** Each part is its exact share rounded down; the units that are left go,
//! one each, to the parts with the largest remainders, ties to the lower index. See
//! [`by_weight`].
//!
//! The method is not monotone: of a larger whole a part may be smaller. So each redemption is split
//! **by itself**, never as the difference of two splits of running totals, and an undo reverses the
//! parts that were recorded, never parts computed again.
//!
//! **Legs** (C8). A redemption is divided among five payees: merchant, headquarters, issuer,
//! distributor and platform. Shares are basis points and sum to 10,000; any may be nought. See
//! [`Legs`].
//!
//! **Exchanges** (C10). Output is rounded down, and no more is taken than what gives it. The output
//! is divided over the sources, each part expiring with its source at the latest. See [`Exchange`].
//!
//! **Receivables** (C8, C5). What a payee was credited is its receivable until it is cashed out. A
//! credit that can still be undone stays: `take` leaves it, so that an undo never finds a leg
//! empty. How long is fixed at the credit, by the day from which it is free; a later change of
//! policy does not change it. A window of nought days frees it at once. See [`Receivables`].

mod exchange;
mod legs;
mod receivables;
mod weight;

pub use exchange::{Exchange, ExchangeError};
pub use legs::{Leg, Legs, LegsError};
pub use receivables::{Receivables, ReceivablesError};
pub use weight::{SplitError, by_weight};
