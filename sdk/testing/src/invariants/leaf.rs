//! The numbers inside SCALE bytes, found by their types.

use codec::{Compact, Decode};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};

/// What a leaf says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An integer.
    Number,
    /// An instant: an integer, too.
    Time,
    /// An account or a contract: 32 bytes.
    Address,
    /// Other 32 bytes.
    Hash,
}

/// One integer of fixed width, or 32 bytes, inside encoded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Where it begins.
    pub(super) at: usize,
    /// How many bytes it has: 1, 2, 4, 8, 16, or 32 for an address or a hash.
    pub(super) width: usize,
    /// What it says.
    pub(super) kind: Kind,
}

impl Leaf {
    /// Its value, when it is an integer.
    pub(super) fn number(self, bytes: &[u8]) -> Option<u128> {
        let bytes = bytes.get(self.at..self.at + self.width).filter(|_| self.width <= 16)?;
        let mut wide = [0u8; 16];
        wide.get_mut(..self.width)?.copy_from_slice(bytes);
        Some(u128::from_le_bytes(wide))
    }

    /// Its value, when it is 32 bytes.
    pub(super) fn wide(self, bytes: &[u8]) -> Option<[u8; 32]> {
        bytes.get(self.at..self.at + self.width)?.try_into().ok()
    }

    /// Writes another number in its place.
    pub(super) fn put(self, bytes: &mut [u8], number: u128) {
        self.put_bytes(bytes, &number.to_le_bytes());
    }

    /// Writes other bytes in its place: the first ones of these.
    pub(super) fn put_bytes(self, bytes: &mut [u8], value: &[u8]) {
        let place = bytes.get_mut(self.at..self.at + self.width);
        if let (Some(place), Some(value)) = (place, value.get(..self.width)) {
            place.copy_from_slice(value);
        }
    }
}

/// Nested types are followed this deep.
const DEPTH_MAX: usize = 16;

/// Lists the leaves of values of these types, one after another; those before the first byte that
/// does not decode.
pub(super) fn leaves(types: &PortableRegistry, ids: &[u32], bytes: &[u8]) -> Vec<Leaf> {
    let mut walker = Walker::new(types, bytes);
    let _ = ids.iter().try_for_each(|id| walker.value(*id, 0));
    walker.found
}

/// The bytes of each value of these types, one after another; none when they do not decode.
pub(super) fn split(types: &PortableRegistry, ids: &[u32], bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut walker = Walker::new(types, bytes);
    let parts = ids.iter().map(|id| {
        let begin = walker.at;
        walker.value(*id, 0)?;
        Some(bytes.get(begin..walker.at)?.to_vec())
    });
    parts.collect()
}

struct Walker<'a> {
    types: &'a PortableRegistry,
    bytes: &'a [u8],
    at: usize,
    found: Vec<Leaf>,
}

impl<'a> Walker<'a> {
    fn new(types: &'a PortableRegistry, bytes: &'a [u8]) -> Self {
        Self { types, bytes, at: 0, found: Vec::new() }
    }

    fn value(&mut self, id: u32, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        let ty = self.types.resolve(id)?;
        match ty.path.segments.last().map(String::as_str) {
            Some("Address") => return self.leaf(32, Kind::Address),
            Some("TimestampMs") => return self.leaf(8, Kind::Time),
            _ => {}
        }
        match &ty.type_def {
            TypeDef::Composite(composite) => {
                composite.fields.iter().try_for_each(|field| self.value(field.ty.id, depth + 1))
            }
            TypeDef::Tuple(tuple) => {
                tuple.fields.iter().try_for_each(|field| self.value(field.id, depth + 1))
            }
            TypeDef::Variant(variants) => {
                let index = self.skip(1)?;
                let index = *self.bytes.get(index)?;
                let variant = variants.variants.iter().find(|known| known.index == index)?;
                variant.fields.iter().try_for_each(|field| self.value(field.ty.id, depth + 1))
            }
            TypeDef::Sequence(list) => {
                let length = self.compact()?;
                (0..length).try_for_each(|_| self.value(list.type_param.id, depth + 1))
            }
            TypeDef::Array(array) => self.array(array.len as usize, array.type_param.id, depth),
            TypeDef::Primitive(primitive) => self.primitive(primitive),
            TypeDef::Compact(_) => self.compact().map(drop),
            TypeDef::BitSequence(_) => None,
        }
    }

    fn array(&mut self, length: usize, element: u32, depth: usize) -> Option<()> {
        let of_bytes = matches!(
            self.types.resolve(element)?.type_def,
            TypeDef::Primitive(TypeDefPrimitive::U8)
        );
        match (of_bytes, length) {
            (true, 32) => self.leaf(32, Kind::Hash),
            (true, _) => self.skip(length).map(drop),
            (false, _) => (0..length).try_for_each(|_| self.value(element, depth + 1)),
        }
    }

    fn primitive(&mut self, primitive: &TypeDefPrimitive) -> Option<()> {
        match primitive {
            TypeDefPrimitive::Bool => self.skip(1).map(drop),
            TypeDefPrimitive::Char => self.skip(4).map(drop),
            TypeDefPrimitive::Str => {
                let length = self.compact()?;
                self.skip(usize::try_from(length).ok()?).map(drop)
            }
            TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => self.leaf(1, Kind::Number),
            TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => self.leaf(2, Kind::Number),
            TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => self.leaf(4, Kind::Number),
            TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => self.leaf(8, Kind::Number),
            TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => self.leaf(16, Kind::Number),
            TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => self.skip(32).map(drop),
        }
    }

    fn leaf(&mut self, width: usize, kind: Kind) -> Option<()> {
        let at = self.skip(width)?;
        self.found.push(Leaf { at, width, kind });
        Some(())
    }

    /// Where the next bytes begin, which are then behind.
    fn skip(&mut self, length: usize) -> Option<usize> {
        let at = self.at;
        let end = at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        self.at = end;
        Some(at)
    }

    fn compact(&mut self) -> Option<u64> {
        let mut rest = self.bytes.get(self.at..)?;
        let before = rest.len();
        let value = Compact::<u64>::decode(&mut rest).ok()?.0;
        self.at += before - rest.len();
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;
    use scale_info::{MetaType, Registry};

    #[test]
    fn numbers_are_found_behind_texts_lists_and_marks() {
        let mut registry = Registry::new();
        type Value = (String, Option<u64>, Vec<u16>, [u8; 32], bool);
        let ty = registry.register_type(&MetaType::new::<Value>()).id;
        let types = PortableRegistry::from(registry);
        let value: Value = ("won".into(), Some(7), vec![1, 2], [9; 32], true);
        let bytes = value.encode();
        let found = leaves(&types, &[ty], &bytes);
        let numbers: Vec<Option<u128>> = found.iter().map(|leaf| leaf.number(&bytes)).collect();
        assert_eq!(numbers, [Some(7), Some(1), Some(2), None]);
        assert_eq!(found.iter().map(|leaf| leaf.width).collect::<Vec<_>>(), [8, 2, 2, 32]);
        let mut changed = bytes.clone();
        found[0].put(&mut changed, 8);
        let expect: Value = ("won".into(), Some(8), vec![1, 2], [9; 32], true);
        assert_eq!(changed, expect.encode());
        assert_eq!(leaves(&types, &[ty], &bytes[..5]), []);
        let twice = [bytes.clone(), changed.clone()];
        assert_eq!(split(&types, &[ty, ty], &twice.concat()), Some(twice.to_vec()));
        assert_eq!(split(&types, &[ty, ty], &bytes), None);
    }
}
