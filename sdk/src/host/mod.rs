//! The host functions, safe to call.
//!
//! In WASM they are imports (`guest`). Elsewhere they are those of the sandbox that the thread
//! runs (`crate::native`), so that contracts and storage types can be tested without WASM. Both
//! have the same names and types, so that nothing above knows which one it stands on.

#[cfg(target_arch = "wasm32")]
mod guest;
mod stop;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::native::table::*;
#[cfg(target_arch = "wasm32")]
pub(crate) use guest::*;
pub use stop::stop;
pub(crate) use stop::unset;
#[cfg(target_arch = "wasm32")]
pub(crate) use stop::write_location;
