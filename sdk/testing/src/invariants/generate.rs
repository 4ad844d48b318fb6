//! Arguments from the types of a specification.

use super::{
    leaf::{Kind, Leaf},
    learned::{Fact, Learned},
};
use codec::{Compact, Encode};
use dure_types::Address;
use rand_chacha::{ChaCha8Rng, rand_core::Rng};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};
use std::collections::VecDeque;

/// Nested types are followed this deep; below, options and lists are empty.
const DEPTH_MAX: usize = 6;
const HOUR_MS: u64 = 3_600_000;
pub(super) const DAY_MS: u64 = 24 * HOUR_MS;
/// Time from one block to the next, unless more passes.
const BLOCK_MS: u64 = crate::chain::BLOCK_MS;

/// Makes values, mostly out of what was learned.
pub(super) struct Generator {
    random: ChaCha8Rng,
    accounts: Vec<Address>,
    contracts: Vec<Address>,
    pub(super) learned: Learned,
    /// The stored entry that the next call is about.
    about: Option<Fact>,
    time: u64,
}

impl Generator {
    pub(super) const fn new(
        random: ChaCha8Rng,
        accounts: Vec<Address>,
        contracts: Vec<Address>,
        learned: Learned,
    ) -> Self {
        Self { random, accounts, contracts, learned, about: None, time: 0 }
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

    /// Which of so many: the last, which are the latest, more often.
    pub(super) fn late(&mut self, length: usize) -> usize {
        self.below(length).max(self.below(length))
    }

    fn recall<T: Copy>(&mut self, known: impl Fn(&Learned) -> &VecDeque<T>) -> Option<T> {
        let length = known(&self.learned).len();
        let index = self.late(length);
        known(&self.learned).get(index).copied()
    }

    /// Chooses the stored entry that the next call is about; some calls are about none.
    pub(super) fn choose_fact(&mut self) {
        let index = self.late(self.learned.facts().len());
        let fact = self.learned.facts().get(index).map(|(_, fact)| fact.clone());
        self.about = fact.filter(|_| !self.once_in(4));
    }

    /// Two times of three, one of those that belong to the entry that the call is about.
    fn related<T: Copy>(&mut self, of: impl Fn(&Fact) -> Vec<T>) -> Option<T> {
        let known = self.about.as_ref().map(of).filter(|known| !known.is_empty())?;
        let index = self.below(known.len());
        known.get(index).copied().filter(|_| !self.once_in(3))
    }

    /// Index of the account that calls.
    pub(super) fn caller(&mut self) -> usize {
        let related = self.related(|fact| fact.addresses.clone());
        let known = related
            .and_then(|related| self.accounts.iter().position(|account| account.0 == related));
        known.unwrap_or_else(|| self.below(self.accounts.len()))
    }

    /// How long all waits of a sequence may be together, in milliseconds.
    pub(super) fn span(&mut self, most: u64) -> u64 {
        let span = match self.below(4) {
            0 => DAY_MS,
            1 => 10 * DAY_MS,
            2 => 40 * DAY_MS,
            _ => most,
        };
        span.min(most)
    }

    /// How long to wait before a call: mostly not at all, and never longer than `left`.
    pub(super) fn wait(&mut self, left: u64) -> u64 {
        if !self.once_in(8) {
            return 0;
        }
        let wait = match self.below(4) {
            0 => HOUR_MS,
            1 => DAY_MS,
            2 => left >> self.below(4),
            _ => {
                // Until just before what ends at a known time, that very time, or just after.
                let known = self.recall(Learned::times).unwrap_or(0);
                let side = u64::try_from(self.below(3)).unwrap_or(0);
                known.saturating_add(side).saturating_sub(self.time.saturating_add(BLOCK_MS + 1))
            }
        };
        if wait <= left { wait } else { 0 }
    }

    pub(super) const fn set_time(&mut self, time: u64) {
        self.time = time;
    }

    /// Writes another value in the place of a leaf.
    pub(super) fn renew(&mut self, leaf: Leaf, bytes: &mut [u8]) {
        match leaf.kind {
            Kind::Address => leaf.put_bytes(bytes, &self.address().0),
            Kind::Hash => leaf.put_bytes(bytes, &self.hash()),
            Kind::Time => leaf.put(bytes, u128::from(self.time())),
            Kind::Number => {
                let was = leaf.number(bytes).unwrap_or(0);
                let near = self.once_in(3);
                let number = if near { self.near(was) } else { self.number(leaf.width) };
                leaf.put(bytes, number);
            }
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
        let of_width = move |known: &[(usize, u128)]| -> Vec<u128> {
            known.iter().filter(|known| known.0 == width).map(|known| known.1).collect()
        };
        if let Some(key) = self.related(|fact| of_width(&fact.keys)) {
            return key & greatest;
        }
        if let Some(known) = self.related(|fact| of_width(&fact.numbers)) {
            let part = u128::try_from(self.below(17)).unwrap_or(0);
            let part = if self.once_in(4) { known / 16 * part } else { self.near(known) };
            return part & greatest;
        }
        let number = match self.below(32) {
            0 => match self.below(3) {
                0 => greatest,
                1 => greatest >> 1,
                _ => greatest.saturating_sub(small),
            },
            1 => 10u128.saturating_pow(u32::try_from(small).unwrap_or(0)),
            2 => self.recall(|known| known.numbers(16)).unwrap_or(small),
            3 | 4 => u128::try_from(self.below(1_000)).unwrap_or(0),
            5..=11 => small,
            12..=17 => self.recall(|known| known.all_returned(width)).unwrap_or(small),
            _ => match self.recall(|known| known.numbers(width)) {
                Some(known) => self.near(known),
                None => small,
            },
        };
        if number > greatest { number & greatest } else { number }
    }

    /// A known number, its neighbours, a part of it, or what it is above another.
    fn near(&mut self, known: u128) -> u128 {
        let part = u128::try_from(self.below(17)).unwrap_or(0);
        match self.below(12) {
            0 => known.saturating_add(1),
            1 => known.saturating_sub(1),
            2 => known / 2,
            3 => known / 16 * part,
            4 => known / 100,
            5 => self.recall(|all| all.numbers(16)).map_or(known, |other| known.abs_diff(other)),
            _ => known,
        }
    }

    fn address(&mut self) -> Address {
        if self.once_in(2)
            && let Some(related) = self.related(|fact| fact.addresses.clone())
        {
            return Address(related);
        }
        if self.once_in(32) {
            return Address([u8::try_from(self.below(4)).unwrap_or(0); 32]);
        }
        if self.once_in(8) {
            let index = self.below(self.contracts.len());
            return self.contracts.get(index).copied().unwrap_or_default();
        }
        let index = self.below(self.accounts.len());
        self.accounts.get(index).copied().unwrap_or_default()
    }

    fn time(&mut self) -> u64 {
        let days = u64::try_from(self.below(60)).unwrap_or(0);
        match self.below(16) {
            0 => 0,
            1 => u64::MAX,
            2 => self.time.saturating_sub(DAY_MS * days),
            3 => self.time,
            4 => self.time.saturating_add(1_000),
            5 => self.time.saturating_add(HOUR_MS),
            6 => self.time.saturating_add(DAY_MS * 10 * days),
            7..=9 => self.recall(Learned::times).unwrap_or(self.time),
            10 | 11 => self.related(|fact| fact.times.clone()).unwrap_or(self.time),
            _ => self.time.saturating_add(DAY_MS * days),
        }
    }

    fn hash(&mut self) -> [u8; 32] {
        let related = self.related(|fact| fact.hashes.clone());
        let known = match related {
            None if !self.once_in(3) => self.recall(Learned::hashes),
            related => related,
        };
        known.unwrap_or_else(|| [u8::try_from(self.below(256)).unwrap_or(0); 32])
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
