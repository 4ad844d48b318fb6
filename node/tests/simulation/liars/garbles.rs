//! Sends what does not decode: cut short, with a tail, of no kind, longer than its kind may be, and
//! with counts that promise far more than there is.

use super::Liar;
use crate::host::{Host, Shared};
use dure_node::machine::{WIRE_BYTES_MAX, Wire};

#[derive(Default)]
pub(crate) struct Garbles {
    sent: usize,
}

impl Liar for Garbles {
    fn sends(&mut self, _: &Shared, _: &Host, to: usize, wire: &Wire) -> Vec<(usize, Wire)> {
        vec![(to, wire.clone())]
    }

    fn garbles(&mut self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        self.sent += 1;
        let kind = bytes[0];
        let garbled = match self.sent % 7 {
            0 => Vec::new(),
            1 => bytes[..bytes.len() / 2].to_vec(),
            2 => [bytes.as_slice(), &[0]].concat(),
            3 => [&[250], &bytes[1..]].concat(),
            // Four thousand million elements.
            4 => [kind, 3, 255, 255, 255, 255].to_vec(),
            5 => bytes.iter().map(|byte| byte.rotate_left(1)).collect(),
            // Seldom: it is copied for each validator.
            _ if self.sent % 70 == 6 => vec![kind; WIRE_BYTES_MAX + 1],
            _ => vec![kind; 70],
        };
        vec![garbled, bytes]
    }
}
