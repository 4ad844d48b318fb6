//! Listings of the pages on concepts.

mod amounts;
mod calls;
mod composite;
mod crypto;
mod errors;
mod events;
mod published;
mod reentrance;
mod standards;
mod storage;
