//! Whether stored entries are values of the types of new code.
//!
//! Keys and values are read as `dure-sdk` writes them (its module `key`, SCALE), by their shape
//! alone: what a type's own decoder asks beyond that, the registry does not say.

use super::compare::TooManySteps;
use codec::{Compact, Decode};
use dure_abi::spec::{FieldKind, FieldSpec};
use scale_info::{
    Field, Path, PortableRegistry, Type, TypeDef, TypeDefPrimitive, TypeDefVariant,
    form::PortableForm,
};

/// How bytes are laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// So that they sort as their values do.
    Key,
    /// SCALE.
    Value,
}

/// Types still to be read, the next one last, and how many times each.
type Open = Vec<(u32, u32)>;

/// Reads entries by the types of one registry, in so many steps.
pub(crate) struct Entries<'a> {
    types: &'a PortableRegistry,
    limit: u64,
    steps: u64,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(types: &'a PortableRegistry, limit: u64) -> Self {
        Self { types, limit, steps: 0 }
    }

    /// Steps taken so far: one for each value within a value.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    fn spend(&mut self, steps: usize) -> Result<(), TooManySteps> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > self.limit { Err(TooManySteps) } else { Ok(()) }
    }

    /// Whether an entry is one of a field; `key` is what follows the field's id.
    pub(crate) fn reads(
        &mut self,
        field: &FieldSpec,
        key: &[u8],
        value: &[u8],
    ) -> Result<bool, TooManySteps> {
        let (mut field, mut key) = (field, key);
        while field.kind == FieldKind::Composite {
            self.spend(field.parts.len().saturating_add(1))?;
            let Some((id, rest)) = key.split_first() else { return Ok(false) };
            let part = field.parts.iter().find(|part| part.id == u16::from(*id));
            let Some(part) = part else { return Ok(false) };
            (field, key) = (part, rest);
        }
        let keyed = match field.key {
            Some(ty) => self.whole(ty, key, Coding::Key)?,
            None => key.is_empty(),
        };
        if !keyed {
            return Ok(false);
        }
        match field.kind {
            FieldKind::Balance => Ok(value.len() == 16),
            FieldKind::Counter => {
                let number = <[u8; 16]>::try_from(value).map(u128::from_le_bytes);
                Ok(number.is_ok_and(|number| number <= u64::MAX.into()))
            }
            FieldKind::Item | FieldKind::Map | FieldKind::Composite => {
                self.whole(field.value, value, Coding::Value)
            }
        }
    }

    /// Whether all bytes are one value of a type.
    fn whole(&mut self, ty: u32, mut bytes: &[u8], coding: Coding) -> Result<bool, TooManySteps> {
        let mut open: Open = vec![(ty, 1)];
        while let Some((id, count)) = open.pop() {
            let Some(more) = count.checked_sub(1) else { continue };
            if more > 0 {
                open.push((id, more));
            }
            self.spend(1)?;
            let Some(ty) = self.types.resolve(id) else { return Ok(false) };
            if self.shallow(ty, coding, &mut bytes, &mut open)?.is_none() {
                return Ok(false);
            }
        }
        Ok(bytes.is_empty())
    }

    /// Reads of a value what is not a value itself; `None` when the bytes are no such value.
    fn shallow(
        &mut self,
        ty: &Type<PortableForm>,
        coding: Coding,
        bytes: &mut &[u8],
        open: &mut Open,
    ) -> Result<Option<()>, TooManySteps> {
        Ok(match &ty.type_def {
            TypeDef::Composite(composite) => self.fields(&composite.fields, open)?,
            TypeDef::Tuple(tuple) => {
                self.spend(tuple.fields.len())?;
                open.extend(tuple.fields.iter().rev().map(|field| (field.id, 1)));
                Some(())
            }
            TypeDef::Array(array) => self.list(array.type_param.id, array.len, bytes, open),
            TypeDef::Sequence(list) if coding == Coding::Value => {
                length(bytes).and_then(|length| self.list(list.type_param.id, length, bytes, open))
            }
            TypeDef::Sequence(list) => {
                let of_bytes = self.width(list.type_param.id) == Some(1);
                escaped(bytes).filter(|_| of_bytes).map(drop)
            }
            TypeDef::Variant(variants) => self.variant(&ty.path, variants, coding, bytes, open)?,
            TypeDef::Primitive(TypeDefPrimitive::Str) => {
                let text = match coding {
                    Coding::Key => escaped(bytes),
                    Coding::Value => text(bytes).map(<[u8]>::to_vec),
                };
                text.filter(|text| std::str::from_utf8(text).is_ok()).map(drop)
            }
            TypeDef::Primitive(primitive) => self::primitive(primitive, bytes),
            TypeDef::Compact(compact) => self.compact(compact.type_param.id, bytes),
            // The SDK has no such type.
            TypeDef::BitSequence(_) => None,
        })
    }

    fn fields(
        &mut self,
        fields: &[Field<PortableForm>],
        open: &mut Open,
    ) -> Result<Option<()>, TooManySteps> {
        self.spend(fields.len())?;
        open.extend(fields.iter().rev().map(|field| (field.ty.id, 1)));
        Ok(Some(()))
    }

    /// Numbers are taken at once, other elements are left open.
    fn list(&self, element: u32, count: u32, bytes: &mut &[u8], open: &mut Open) -> Option<()> {
        match self.width(element) {
            Some(width) => take(bytes, width.checked_mul(count as usize)?).map(drop),
            None => {
                open.push((element, count));
                Some(())
            }
        }
    }

    /// SCALE numbers variants by their index, keys by their position and without fields; an
    /// `Option` has the same mark in both.
    fn variant(
        &mut self,
        path: &Path<PortableForm>,
        variants: &TypeDefVariant<PortableForm>,
        coding: Coding,
        bytes: &mut &[u8],
        open: &mut Open,
    ) -> Result<Option<()>, TooManySteps> {
        let Some(&[mark]) = take(bytes, 1) else { return Ok(None) };
        let variants = &variants.variants;
        let is_option = path.segments.as_slice() == ["Option"];
        if coding == Coding::Key && !is_option {
            let found = variants.get(usize::from(mark));
            return Ok(found.filter(|variant| variant.fields.is_empty()).map(drop));
        }
        self.spend(variants.len() / 8)?;
        match variants.iter().find(|variant| variant.index == mark) {
            Some(variant) => self.fields(&variant.fields, open),
            None => Ok(None),
        }
    }

    fn compact(&self, ty: u32, bytes: &mut &[u8]) -> Option<()> {
        match self.width(ty)? {
            1 => Compact::<u8>::decode(bytes).ok().map(drop),
            2 => Compact::<u16>::decode(bytes).ok().map(drop),
            4 => Compact::<u32>::decode(bytes).ok().map(drop),
            8 => Compact::<u64>::decode(bytes).ok().map(drop),
            _ => Compact::<u128>::decode(bytes).ok().map(drop),
        }
    }

    /// Bytes of a number; `None` for what is none.
    fn width(&self, ty: u32) -> Option<usize> {
        match &self.types.resolve(ty)?.type_def {
            TypeDef::Primitive(primitive) => width(primitive),
            _ => None,
        }
    }
}

fn width(primitive: &TypeDefPrimitive) -> Option<usize> {
    match primitive {
        TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => Some(1),
        TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => Some(2),
        TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => Some(4),
        TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => Some(8),
        TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => Some(16),
        TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => Some(32),
        TypeDefPrimitive::Bool | TypeDefPrimitive::Char | TypeDefPrimitive::Str => None,
    }
}

fn primitive(primitive: &TypeDefPrimitive, bytes: &mut &[u8]) -> Option<()> {
    match (primitive, width(primitive)) {
        (_, Some(width)) => take(bytes, width).map(drop),
        (TypeDefPrimitive::Bool, None) => bool::decode(bytes).ok().map(drop),
        (_, None) => char::from_u32(u32::decode(bytes).ok()?).map(drop),
    }
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn length(bytes: &mut &[u8]) -> Option<u32> {
    Compact::<u32>::decode(bytes).ok().map(|length| length.0)
}

fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = length(bytes)? as usize;
    take(bytes, length)
}

/// Bytes in which 0 stands as 0, 255 and the end as 0, 0.
fn escaped(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    loop {
        match take(bytes, 1)? {
            [0] => match take(bytes, 1)? {
                [0] => return Some(value),
                [255] => value.push(0),
                _ => return None,
            },
            byte => value.extend_from_slice(byte),
        }
    }
}
