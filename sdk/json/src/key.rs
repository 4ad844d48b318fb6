//! Ordered keys of storage as JSON.
//!
//! The bytes of a key sort as its values do, so they are not SCALE; `dure-sdk`'s `key` module
//! lists them. They are rewritten as SCALE here and then read like any other value.

use super::{
    DEPTH_MAX, JSON_BYTES_MAX, JsonError, JsonErrorKind,
    decode::{NODE_BYTES, decode},
    error::Path,
    schema::{Form, find, form},
};
use codec::{Compact, Encode};
use dure_abi::spec::{primitive_name, type_name};
use scale_info::{PortableRegistry, TypeDefPrimitive, TypeDefVariant, form::PortableForm};
use serde_json::Value;

/// Decodes an ordered key of the type `ty`; `root` begins the path of errors.
///
/// # Errors
/// [`JsonError`] when the bytes are no such key.
pub fn key_to_json(
    types: &PortableRegistry,
    ty: u32,
    bytes: &[u8],
    root: &str,
) -> Result<Value, JsonError> {
    decode(types, ty, &mut key_to_scale(types, ty, bytes, root)?.as_slice(), root)
}

/// Rewrites an ordered key of the type `ty` as SCALE; `root` begins the path of errors.
///
/// # Errors
/// [`JsonError`] when the bytes are no such key.
pub fn key_to_scale(
    types: &PortableRegistry,
    ty: u32,
    bytes: &[u8],
    root: &str,
) -> Result<Vec<u8>, JsonError> {
    let mut rest = bytes;
    let mut walker =
        Walker { types, path: Path::new(root), out: Vec::new(), budget: JSON_BYTES_MAX };
    walker.value(ty, &mut rest, 0)?;
    if !rest.is_empty() {
        return Err(walker.path.error(JsonErrorKind::LeftOver { extra: rest.len() }));
    }
    Ok(walker.out)
}

struct Walker<'a> {
    types: &'a PortableRegistry,
    path: Path,
    out: Vec<u8>,
    /// Types that take no bytes must not be walked for ever.
    budget: usize,
}

impl<'a> Walker<'a> {
    fn value(&mut self, ty: u32, bytes: &mut &[u8], depth: usize) -> Result<(), JsonError> {
        if depth > DEPTH_MAX {
            return Err(self.path.error(JsonErrorKind::Depth { limit: DEPTH_MAX }));
        }
        self.budget = self
            .budget
            .checked_sub(NODE_BYTES)
            .ok_or_else(|| self.path.error(JsonErrorKind::Size { limit: JSON_BYTES_MAX }))?;
        let types = self.types;
        let described = find(types, ty)
            .ok_or_else(|| self.path.error(JsonErrorKind::UnknownType { id: ty }))?;
        match form(types, described) {
            Form::Primitive(primitive) => self.primitive(ty, primitive, bytes),
            Form::FixedBytes(length) => {
                let taken = self.take(ty, length, bytes)?;
                self.out.extend_from_slice(taken);
                Ok(())
            }
            Form::Bytes => self.escaped(ty, bytes),
            Form::Option(inner) => match self.take(ty, 1, bytes)? {
                [0] => {
                    self.out.push(0);
                    Ok(())
                }
                [1] => {
                    self.out.push(1);
                    self.value(inner, bytes, depth + 1)
                }
                other => Err(self.invalid(ty, format!("the mark {}", other[0]))),
            },
            Form::Enum(variants) => self.variant(ty, variants, bytes),
            fields @ (Form::Struct(_) | Form::Tuple(_) | Form::Newtype(_)) => {
                self.fields(fields, bytes, depth)
            }
            Form::List(_) | Form::Array { .. } | Form::Compact(_) | Form::Unsupported => {
                let ty = type_name(types, ty);
                Err(self.path.error(JsonErrorKind::Unsupported { ty }))
            }
        }
    }

    fn fields(
        &mut self,
        fields: Form<'a>,
        bytes: &mut &[u8],
        depth: usize,
    ) -> Result<(), JsonError> {
        let ids: Vec<u32> = match fields {
            Form::Newtype(inner) => vec![inner],
            Form::Struct(fields) => fields.iter().map(|field| field.ty.id).collect(),
            Form::Tuple(ids) => ids,
            _ => Vec::new(),
        };
        ids.into_iter().try_for_each(|id| self.value(id, bytes, depth + 1))
    }

    /// Keys number the variants by their position, SCALE by their index.
    fn variant(
        &mut self,
        ty: u32,
        variants: &TypeDefVariant<PortableForm>,
        bytes: &mut &[u8],
    ) -> Result<(), JsonError> {
        let position = usize::from(self.take(ty, 1, bytes)?[0]);
        match variants.variants.get(position) {
            Some(variant) if variant.fields.is_empty() => {
                self.out.push(variant.index);
                Ok(())
            }
            _ => Err(self.invalid(ty, format!("variant {position}"))),
        }
    }

    fn primitive(
        &mut self,
        ty: u32,
        primitive: &TypeDefPrimitive,
        bytes: &mut &[u8],
    ) -> Result<(), JsonError> {
        let (width, signed) = match primitive {
            TypeDefPrimitive::Bool | TypeDefPrimitive::U8 => (1, false),
            TypeDefPrimitive::U16 => (2, false),
            TypeDefPrimitive::U32 => (4, false),
            TypeDefPrimitive::U64 => (8, false),
            TypeDefPrimitive::U128 => (16, false),
            TypeDefPrimitive::I8 => (1, true),
            TypeDefPrimitive::I16 => (2, true),
            TypeDefPrimitive::I32 => (4, true),
            TypeDefPrimitive::I64 => (8, true),
            TypeDefPrimitive::I128 => (16, true),
            TypeDefPrimitive::Str => return self.escaped(ty, bytes),
            TypeDefPrimitive::Char | TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => {
                let ty = primitive_name(primitive).to_owned();
                return Err(self.path.error(JsonErrorKind::Unsupported { ty }));
            }
        };
        let mut number = self.take(ty, width, bytes)?.to_vec();
        if signed && let Some(first) = number.first_mut() {
            *first ^= 0x80;
        }
        number.reverse();
        self.out.append(&mut number);
        Ok(())
    }

    /// Bytes in which 0 stands as 0, 255 and the end as 0, 0.
    fn escaped(&mut self, ty: u32, bytes: &mut &[u8]) -> Result<(), JsonError> {
        let mut value = Vec::new();
        loop {
            match self.take(ty, 1, bytes)? {
                [0] => match self.take(ty, 1, bytes)? {
                    [0] => break,
                    [255] => value.push(0),
                    other => return Err(self.invalid(ty, format!("the mark {}", other[0]))),
                },
                other => value.extend_from_slice(other),
            }
        }
        let length = u32::try_from(value.len())
            .map_err(|_| self.path.error(JsonErrorKind::Size { limit: u32::MAX as usize }))?;
        Compact(length).encode_to(&mut self.out);
        self.out.append(&mut value);
        Ok(())
    }

    fn take<'b>(
        &self,
        ty: u32,
        length: usize,
        bytes: &mut &'b [u8],
    ) -> Result<&'b [u8], JsonError> {
        let Some((taken, rest)) = bytes.split_at_checked(length) else {
            let ty = type_name(self.types, ty);
            return Err(self.path.error(JsonErrorKind::Truncated { ty }));
        };
        *bytes = rest;
        Ok(taken)
    }

    fn invalid(&self, ty: u32, found: String) -> JsonError {
        self.path.error(JsonErrorKind::Invalid { ty: type_name(self.types, ty), found })
    }
}
