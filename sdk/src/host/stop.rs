//! Ending a contract.

#[cfg(target_arch = "wasm32")]
use crate::buffer::{Buffer, SMALL};
#[cfg(target_arch = "wasm32")]
use core::panic::Location;
use dure_abi::UNSET_FIELD;

/// Ends the contract: a trap whose text, with file and line, simulations and tests show.
///
/// For what cannot happen unless the contract has a bug; what a caller may cause is an error of
/// the contract's own enum. Takes a fraction of the code that `panic!` takes.
///
/// # Example
/// ```should_panic
/// dure_sdk::stop("the books do not balance");
/// ```
#[cold]
#[track_caller]
pub fn stop(text: &'static str) -> ! {
    #[cfg(target_arch = "wasm32")]
    {
        let mut whole = Buffer::<SMALL>::new();
        whole.extend(text.as_bytes());
        write_location(&mut whole, Location::caller());
        super::panic(whole.as_slice())
    }
    #[cfg(not(target_arch = "wasm32"))]
    panic!("{text}")
}

/// Ends the contract since a field was read before it was set; its place opens with its number.
///
/// The number is all that the contract knows: who shows the text has the name and the remedy
/// (`ContractSpec::with_field_name`). Where it was read would cost each contract a place in its
/// data for each field that it reads.
#[cold]
pub(crate) fn unset(place: &[u8]) -> ! {
    let id = place.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    #[cfg(target_arch = "wasm32")]
    {
        let mut whole = Buffer::<SMALL>::new();
        whole.extend(UNSET_FIELD.as_bytes());
        write_number(&mut whole, u32::from(id));
        super::panic(whole.as_slice())
    }
    #[cfg(not(target_arch = "wasm32"))]
    panic!(
        "{UNSET_FIELD}{id}: set it in #[init], in a #[migrate] where an upgrade added it, or read \
         it by try_get"
    )
}

/// Appends ` at file:line`.
#[cfg(target_arch = "wasm32")]
pub(crate) fn write_location(text: &mut Buffer<SMALL>, location: &Location<'_>) {
    text.extend(b" at ");
    text.extend(location.file().as_bytes());
    text.extend(b":");
    write_number(text, location.line());
}

#[cfg(target_arch = "wasm32")]
fn write_number(text: &mut Buffer<SMALL>, number: u32) {
    let mut digits = [0u8; 10];
    let (mut start, mut rest) = (digits.len(), number);
    while let Some(digit) = start.checked_sub(1) {
        start = digit;
        if let Some(slot) = digits.get_mut(digit) {
            *slot = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits.get(start..).unwrap_or_default());
}
