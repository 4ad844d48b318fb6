//! Policy as data with effective dates (rules C3, C4, C9; correction W3).
//!
//! Rates, caps and terms of a scheme change every year, and each change says from when. They are
//! values in storage, never constants in code.
//!
//! **Versions.** A version is known by the instant from which it holds. A new one must hold later
//! than every other, and not sooner than the notice after now. A version not yet in force can be
//! withdrawn; one in force never changes. So what held at any past instant can always be asked.
//! See [`Policy`].
//!
//! **Frozen terms** (C9). A purchase records the version at which it was made, and is judged by
//! that one. A later version applies to it only if it was scheduled as *retroactive* and is better
//! for the holder in every respect: see [`Terms`].
//!
//! **Brackets.** Rates by size are bounds with rates, the bounds inclusive, either by the class of
//! one amount or marginal over the total of a month: see [`Brackets`].

mod brackets;
mod schedule;

pub use brackets::{Bracket, Brackets, BracketsError};
pub use schedule::{Policy, PolicyError, Terms, Version};
