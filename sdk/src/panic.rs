//! What a panic says: its message and where it happened, seen in simulations and tests.

use crate::{
    buffer::{Buffer, SMALL},
    host,
};
use core::{fmt::Write, panic::PanicInfo};

struct Text(Buffer<SMALL>);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend(text.as_bytes());
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut text = Text(Buffer::new());
    // Writing to a buffer cannot fail, and there is nobody left to tell.
    let _ = match info.message().as_str() {
        Some(message) => text.write_str(message),
        None => text.write_fmt(format_args!("{}", info.message())),
    };
    if let Some(location) = info.location() {
        host::write_location(&mut text.0, location);
    }
    host::panic(text.0.as_slice())
}
