//! Events.

use codec::Encode;
use dure_abi::Selector;

/// An event: `#[event]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "cannot be emitted",
    note = "put `#[event]` on the struct, or `#[dure::event]` when it lies in another file"
)]
pub trait Event: Encode {
    /// Name in the source.
    const NAME: &'static str;
    /// First four bytes of BLAKE3 of the name.
    const TOPIC: Selector;

    /// Describes it.
    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> dure_abi::spec::EventSpec;
}
