//! Arguments from the types of a specification.

use codec::{Compact, Encode};
use dure_types::Address;
use rand_chacha::{ChaCha8Rng, rand_core::Rng};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};
use std::collections::VecDeque;

/// Numbers that occurred lately are kept up to this many.
const NUMBERS_KEPT: usize = 48;
/// Hashes and other 32 bytes that occurred lately.
const HASHES_KEPT: usize = 16;
/// Numbers that methods returned lately.
const RETURNED_KEPT: usize = 6;
/// Nested types are followed this deep; below, options and lists are empty.
const DEPTH_MAX: usize = 6;
const DAY_MS: u64 = 86_400_000;

/// Makes values, and learns from what occurs.
pub(super) struct Generator {
    random: ChaCha8Rng,
    addresses: Vec<Address>,
    numbers: VecDeque<u128>,
    hashes: VecDeque<[u8; 32]>,
    /// Numbers that methods returned lately: names of things, mostly.
    returned: VecDeque<u128>,
    time: u64,
}

impl Generator {
    pub(super) fn new(random: ChaCha8Rng, addresses: Vec<Address>, time: u64) -> Self {
        let (numbers, hashes) = (VecDeque::new(), VecDeque::new());
        Self { random, addresses, numbers, hashes, returned: VecDeque::new(), time }
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.random.next_u64() % bound).unwrap_or(0)
    }

    /// True once in `n` times.
    pub(super) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// How long to wait before a call: mostly not at all.
    pub(super) fn wait(&mut self) -> u64 {
        match self.below(16) {
            0 => 3_600_000,
            1 => DAY_MS,
            2 => DAY_MS * 31,
            3 => u64::try_from(self.below(100)).unwrap_or(0) * DAY_MS,
            _ => 0,
        }
    }

    pub(super) fn set_time(&mut self, time: u64) {
        self.time = time;
    }

    /// Remembers a number that occurred.
    pub(super) fn learn(&mut self, number: u128) {
        if number > 2 && !self.numbers.contains(&number) {
            if self.numbers.len() >= NUMBERS_KEPT {
                self.numbers.pop_front();
            }
            self.numbers.push_back(number);
        }
    }

    /// Remembers a number that a method returned.
    pub(super) fn learn_returned(&mut self, number: u128) {
        if !self.returned.contains(&number) {
            if self.returned.len() >= RETURNED_KEPT {
                self.returned.pop_front();
            }
            self.returned.push_back(number);
        }
    }

    /// Remembers 32 bytes that occurred.
    pub(super) fn learn_hash(&mut self, bytes: [u8; 32]) {
        if !self.hashes.contains(&bytes) {
            if self.hashes.len() >= HASHES_KEPT {
                self.hashes.pop_front();
            }
            self.hashes.push_back(bytes);
        }
    }

    /// Appends a value of a type.
    pub(super) fn value(&mut self, types: &PortableRegistry, id: u32, out: &mut Vec<u8>) {
        self.nested(types, id, out, 0);
    }

    fn nested(&mut self, types: &PortableRegistry, id: u32, out: &mut Vec<u8>, depth: usize) {
        let Some(ty) = types.resolve(id) else { return };
        match ty.path.segments.last().map(String::as_str) {
            Some("Address") => return out.extend_from_slice(&self.address().0),
            Some("TimestampMs") => return self.time().encode_to(out),
            _ => {}
        }
        match &ty.type_def {
            TypeDef::Composite(composite) => {
                composite.fields.iter().for_each(|f| self.nested(types, f.ty.id, out, depth + 1));
            }
            TypeDef::Tuple(tuple) => {
                tuple.fields.iter().for_each(|field| self.nested(types, field.id, out, depth + 1));
            }
            TypeDef::Variant(variants) => {
                let known = &variants.variants;
                // The first variant ends what would nest for ever: `None`, usually.
                let choice = if depth > DEPTH_MAX { 0 } else { self.below(known.len()) };
                let Some(variant) = known.get(choice) else { return };
                out.push(variant.index);
                variant.fields.iter().for_each(|f| self.nested(types, f.ty.id, out, depth + 1));
            }
            TypeDef::Sequence(list) => {
                let length = if depth > DEPTH_MAX { 0 } else { self.length() };
                Compact(u32::try_from(length).unwrap_or(0)).encode_to(out);
                (0..length).for_each(|_| self.nested(types, list.type_param.id, out, depth + 1));
            }
            TypeDef::Array(array) if array.len == 32 && is_u8(types, array.type_param.id) => {
                out.extend_from_slice(&self.hash());
            }
            TypeDef::Array(array) => {
                for _ in 0..array.len {
                    self.nested(types, array.type_param.id, out, depth + 1);
                }
            }
            TypeDef::Primitive(primitive) => self.primitive(primitive, out),
            TypeDef::Compact(compact) => self.compact(types, compact.type_param.id, out),
            TypeDef::BitSequence(_) => {}
        }
    }

    fn primitive(&mut self, primitive: &TypeDefPrimitive, out: &mut Vec<u8>) {
        let width = match primitive {
            TypeDefPrimitive::Bool => return out.push(u8::from(self.once_in(2))),
            TypeDefPrimitive::Char => return u32::from('가').encode_to(out),
            TypeDefPrimitive::Str => return self.text().encode_to(out),
            TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => 1,
            TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => 2,
            TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => 4,
            TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => 8,
            TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => 16,
            TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => 32,
        };
        let number = self.number(width).to_le_bytes();
        out.extend(number.iter().chain([0; 16].iter()).take(width));
    }

    fn compact(&mut self, types: &PortableRegistry, id: u32, out: &mut Vec<u8>) {
        let width = match types.resolve(id).map(|ty| &ty.type_def) {
            Some(TypeDef::Primitive(TypeDefPrimitive::U8)) => 1,
            Some(TypeDef::Primitive(TypeDefPrimitive::U16)) => 2,
            Some(TypeDef::Primitive(TypeDefPrimitive::U32)) => 4,
            Some(TypeDef::Primitive(TypeDefPrimitive::U64)) => 8,
            _ => 16,
        };
        Compact(self.number(width)).encode_to(out);
    }

    /// An integer of so many bytes.
    fn number(&mut self, width: usize) -> u128 {
        let bits = u32::try_from(width.min(16) * 8).unwrap_or(128);
        let greatest = u128::MAX >> 128u32.saturating_sub(bits);
        let small = u128::try_from(self.below(12)).unwrap_or(0);
        if width >= 4 && !self.returned.is_empty() && self.once_in(3) {
            let index = self.below(self.returned.len());
            return self.returned.get(index).copied().unwrap_or_default() & greatest;
        }
        let number = match self.below(16) {
            0 => 0,
            1 => 1,
            2..=4 => small,
            5..=10 if !self.numbers.is_empty() => {
                let index = self.below(self.numbers.len());
                let known = self.numbers.get(index).copied().unwrap_or_default();
                match self.below(6) {
                    0 => known.saturating_add(1),
                    1 => known.saturating_sub(1),
                    2 => known / 2,
                    _ => known,
                }
            }
            11 => greatest,
            12 => greatest >> 1,
            13 => greatest.saturating_sub(small),
            14 => 10u128.saturating_pow(u32::try_from(small).unwrap_or(0)),
            _ => u128::from(self.random.next_u64() % 1_000),
        };
        if number > greatest { number & greatest } else { number }
    }

    fn address(&mut self) -> Address {
        if self.addresses.is_empty() || self.once_in(32) {
            return Address([u8::try_from(self.below(4)).unwrap_or(0); 32]);
        }
        let index = self.below(self.addresses.len());
        self.addresses.get(index).copied().unwrap_or_default()
    }

    fn time(&mut self) -> u64 {
        let days = u64::try_from(self.below(60)).unwrap_or(0);
        match self.below(8) {
            0 => 0,
            1 => u64::MAX,
            2 => self.time,
            3 => self.time.saturating_add(1_000),
            4 => self.time.saturating_sub(DAY_MS * days),
            _ => self.time.saturating_add(DAY_MS * days),
        }
    }

    fn hash(&mut self) -> [u8; 32] {
        if !self.hashes.is_empty() && !self.once_in(4) {
            let index = self.below(self.hashes.len());
            return self.hashes.get(index).copied().unwrap_or_default();
        }
        [u8::try_from(self.below(4)).unwrap_or(0); 32]
    }

    fn length(&mut self) -> usize {
        match self.below(16) {
            0..=3 => 0,
            4..=9 => 1,
            15 => 33,
            other => other % 5,
        }
    }

    fn text(&mut self) -> &'static str {
        const TEXTS: [&str; 6] = ["", "a", "won", "two words", "가나다", "a\0b"];
        let index = self.below(TEXTS.len());
        TEXTS.get(index).copied().unwrap_or_default()
    }
}

fn is_u8(types: &PortableRegistry, id: u32) -> bool {
    let ty = types.resolve(id).map(|ty| &ty.type_def);
    matches!(ty, Some(TypeDef::Primitive(TypeDefPrimitive::U8)))
}
