//! SCALE to JSON.

use super::{
    DEPTH_MAX, JSON_BYTES_MAX, JsonError, JsonErrorKind,
    error::Path,
    schema::{Form, fields_form, find, form, nullable},
};
use codec::{Compact, Decode};
use dure_abi::spec::{primitive_name, type_name};
use scale_info::{PortableRegistry, TypeDefPrimitive, TypeDefVariant, form::PortableForm};
use serde_json::{Map, Value};

/// Reads one value of the type `ty` from the front of `bytes`; `root` begins the path of errors.
///
/// # Errors
/// [`JsonError`] when the bytes are no value of the type, or it is too deep or too large.
pub fn decode(
    types: &PortableRegistry,
    ty: u32,
    bytes: &mut &[u8],
    root: &str,
) -> Result<Value, JsonError> {
    let mut reader = Reader::new(types, root);
    reader.value(ty, bytes, 0)
}

// What `serde_json` allocates, so that `JSON_BYTES_MAX` bounds memory and not only text.
/// A value (32 bytes) in a list, which grows by doubling.
pub(super) const NODE_BYTES: usize = 64;
/// The leaf of a map: room for eleven keys and values, however few there are.
const OBJECT_BYTES: usize = 640;
/// One more key (24 bytes) and value in leaves that are half full, and the key's allocation.
const ENTRY_BYTES: usize = 128;
/// A text's allocation beyond its bytes; a number of 128 bits as text fits twice.
const TEXT_BYTES: usize = 64;

/// Walks types and bytes together.
pub(super) struct Reader<'a> {
    types: &'a PortableRegistry,
    path: Path,
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(types: &'a PortableRegistry, root: &str) -> Self {
        Self::within(types, root, JSON_BYTES_MAX)
    }

    pub(super) fn within(types: &'a PortableRegistry, root: &str, budget: usize) -> Self {
        Self { types, path: Path::new(root), budget }
    }

    /// What is left of the budget.
    pub(super) const fn left(&self) -> usize {
        self.budget
    }

    /// Reads named values one after another; all bytes must be used.
    pub(super) fn fields<'n>(
        &mut self,
        fields: impl Iterator<Item = (&'n str, u32)>,
        mut bytes: &[u8],
    ) -> Result<Value, JsonError> {
        self.spend(OBJECT_BYTES)?;
        let mut object = Map::new();
        for (name, ty) in fields {
            object.insert(name.to_owned(), self.named(name, ty, &mut bytes, 0)?);
        }
        self.finish(bytes)?;
        Ok(Value::Object(object))
    }

    /// Reads one value; all bytes must be used.
    pub(super) fn whole(&mut self, ty: u32, mut bytes: &[u8]) -> Result<Value, JsonError> {
        let value = self.value(ty, &mut bytes, 0)?;
        self.finish(bytes)?;
        Ok(value)
    }

    fn finish(&self, rest: &[u8]) -> Result<(), JsonError> {
        if rest.is_empty() {
            return Ok(());
        }
        Err(self.path.error(JsonErrorKind::LeftOver { extra: rest.len() }))
    }

    fn named(
        &mut self,
        name: &str,
        ty: u32,
        bytes: &mut &[u8],
        depth: usize,
    ) -> Result<Value, JsonError> {
        self.spend(ENTRY_BYTES.saturating_add(name.len()))?;
        let mark = self.path.enter_field(name);
        let result = self.value(ty, bytes, depth);
        self.path.leave(mark);
        result
    }

    fn element(
        &mut self,
        index: usize,
        ty: u32,
        bytes: &mut &[u8],
        depth: usize,
    ) -> Result<Value, JsonError> {
        let mark = self.path.enter_index(index);
        let result = self.value(ty, bytes, depth);
        self.path.leave(mark);
        result
    }

    fn value(&mut self, ty: u32, bytes: &mut &[u8], depth: usize) -> Result<Value, JsonError> {
        if depth > DEPTH_MAX {
            return Err(self.path.error(JsonErrorKind::Depth { limit: DEPTH_MAX }));
        }
        self.spend(NODE_BYTES)?;
        let types = self.types;
        let described = find(types, ty)
            .ok_or_else(|| self.path.error(JsonErrorKind::UnknownType { id: ty }))?;
        match form(types, described) {
            Form::Option(inner) => self.option(ty, inner, bytes, depth),
            Form::Enum(variants) => self.variant(ty, variants, bytes, depth),
            Form::Bytes => {
                let length = self.length(ty, bytes)?;
                self.hex(ty, length, bytes)
            }
            Form::FixedBytes(length) => self.hex(ty, length, bytes),
            Form::List(element) => {
                let length = self.length(ty, bytes)?;
                self.list(element, length, bytes, depth)
            }
            Form::Array { element, length } => self.list(element, length, bytes, depth),
            Form::Primitive(primitive) => self.primitive(primitive, bytes),
            Form::Compact(primitive) => self.compact(ty, primitive, bytes),
            Form::Unsupported => {
                let ty = type_name(types, ty);
                Err(self.path.error(JsonErrorKind::Unsupported { ty }))
            }
            fields @ (Form::Struct(_) | Form::Tuple(_) | Form::Newtype(_)) => {
                self.composite(fields, bytes, depth)
            }
        }
    }

    fn composite(
        &mut self,
        fields: Form<'_>,
        bytes: &mut &[u8],
        depth: usize,
    ) -> Result<Value, JsonError> {
        match fields {
            Form::Newtype(inner) => self.value(inner, bytes, depth + 1),
            Form::Struct(fields) => {
                self.spend(OBJECT_BYTES)?;
                let mut object = Map::new();
                for field in fields {
                    let name = field.name.as_deref().unwrap_or_default();
                    object
                        .insert(name.to_owned(), self.named(name, field.ty.id, bytes, depth + 1)?);
                }
                Ok(Value::Object(object))
            }
            Form::Tuple(items) => {
                let mut list = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    list.push(self.element(index, *item, bytes, depth + 1)?);
                }
                Ok(Value::Array(list))
            }
            _ => Ok(Value::Null),
        }
    }

    fn option(
        &mut self,
        ty: u32,
        inner: u32,
        bytes: &mut &[u8],
        depth: usize,
    ) -> Result<Value, JsonError> {
        match self.byte(ty, bytes)? {
            0 => Ok(Value::Null),
            1 => {
                let value = self.value(inner, bytes, depth + 1)?;
                if nullable(self.types, inner) {
                    self.spend(OBJECT_BYTES)?;
                    return Ok(Value::Object(Map::from_iter([("Some".to_owned(), value)])));
                }
                Ok(value)
            }
            other => Err(self.invalid(ty, format!("the mark {other}"))),
        }
    }

    fn variant(
        &mut self,
        ty: u32,
        variants: &TypeDefVariant<PortableForm>,
        bytes: &mut &[u8],
        depth: usize,
    ) -> Result<Value, JsonError> {
        let index = self.byte(ty, bytes)?;
        let Some(variant) = variants.variants.iter().find(|variant| variant.index == index) else {
            return Err(self.invalid(ty, format!("variant {index}")));
        };
        self.spend(TEXT_BYTES.saturating_add(variant.name.len()))?;
        if variant.fields.is_empty() {
            return Ok(Value::String(variant.name.clone()));
        }
        self.spend(OBJECT_BYTES)?;
        let fields = self.composite(fields_form(&variant.fields), bytes, depth + 1)?;
        Ok(Value::Object(Map::from_iter([(variant.name.clone(), fields)])))
    }

    fn list(
        &mut self,
        element: u32,
        length: usize,
        bytes: &mut &[u8],
        depth: usize,
    ) -> Result<Value, JsonError> {
        // No capacity is reserved: the length is a stranger's word.
        let mut list = Vec::new();
        for index in 0..length {
            list.push(self.element(index, element, bytes, depth + 1)?);
        }
        Ok(Value::Array(list))
    }

    fn hex(&mut self, ty: u32, length: usize, bytes: &mut &[u8]) -> Result<Value, JsonError> {
        self.spend(length.saturating_mul(2).saturating_add(TEXT_BYTES))?;
        let taken = self.take(ty, length, bytes)?;
        Ok(Value::String(crate::hex::to_text(taken)))
    }

    fn primitive(
        &mut self,
        primitive: &TypeDefPrimitive,
        bytes: &mut &[u8],
    ) -> Result<Value, JsonError> {
        Ok(match primitive {
            TypeDefPrimitive::Bool => match self.read::<u8>(primitive, bytes)? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => return Err(self.no(primitive, format!("the byte {other}"))),
            },
            TypeDefPrimitive::Char => {
                let code = self.read::<u32>(primitive, bytes)?;
                let Some(character) = char::from_u32(code) else {
                    return Err(self.no(primitive, format!("the code point {code}")));
                };
                self.spend(TEXT_BYTES)?;
                Value::String(character.into())
            }
            TypeDefPrimitive::Str => {
                let length = self.read::<Compact<u32>>(primitive, bytes)?.0 as usize;
                self.spend(length.saturating_add(TEXT_BYTES))?;
                let Some((text, rest)) = bytes.split_at_checked(length) else {
                    let ty = primitive_name(primitive).to_owned();
                    return Err(self.path.error(JsonErrorKind::Truncated { ty }));
                };
                *bytes = rest;
                let Ok(text) = std::str::from_utf8(text) else {
                    return Err(self.no(primitive, "text that is not UTF-8".to_owned()));
                };
                Value::String(text.to_owned())
            }
            TypeDefPrimitive::U8 => self.read::<u8>(primitive, bytes)?.into(),
            TypeDefPrimitive::U16 => self.read::<u16>(primitive, bytes)?.into(),
            TypeDefPrimitive::U32 => self.read::<u32>(primitive, bytes)?.into(),
            TypeDefPrimitive::I8 => self.read::<i8>(primitive, bytes)?.into(),
            TypeDefPrimitive::I16 => self.read::<i16>(primitive, bytes)?.into(),
            TypeDefPrimitive::I32 => self.read::<i32>(primitive, bytes)?.into(),
            TypeDefPrimitive::U64 => {
                let number = self.read::<u64>(primitive, bytes)?;
                self.wide(number)?
            }
            TypeDefPrimitive::I64 => {
                let number = self.read::<i64>(primitive, bytes)?;
                self.wide(number)?
            }
            TypeDefPrimitive::U128 => {
                let number = self.read::<u128>(primitive, bytes)?;
                self.wide(number)?
            }
            TypeDefPrimitive::I128 => {
                let number = self.read::<i128>(primitive, bytes)?;
                self.wide(number)?
            }
            TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => {
                let ty = primitive_name(primitive).to_owned();
                return Err(self.path.error(JsonErrorKind::Unsupported { ty }));
            }
        })
    }

    fn compact(
        &mut self,
        ty: u32,
        primitive: &TypeDefPrimitive,
        bytes: &mut &[u8],
    ) -> Result<Value, JsonError> {
        Ok(match primitive {
            TypeDefPrimitive::U8 => self.read::<Compact<u8>>(primitive, bytes)?.0.into(),
            TypeDefPrimitive::U16 => self.read::<Compact<u16>>(primitive, bytes)?.0.into(),
            TypeDefPrimitive::U32 => self.read::<Compact<u32>>(primitive, bytes)?.0.into(),
            TypeDefPrimitive::U64 => {
                let number = self.read::<Compact<u64>>(primitive, bytes)?.0;
                self.wide(number)?
            }
            TypeDefPrimitive::U128 => {
                let number = self.read::<Compact<u128>>(primitive, bytes)?.0;
                self.wide(number)?
            }
            _ => {
                let ty = type_name(self.types, ty);
                return Err(self.path.error(JsonErrorKind::Unsupported { ty }));
            }
        })
    }

    fn read<T: Decode>(
        &self,
        primitive: &TypeDefPrimitive,
        bytes: &mut &[u8],
    ) -> Result<T, JsonError> {
        T::decode(bytes).map_err(|_| {
            let ty = primitive_name(primitive).to_owned();
            self.path.error(JsonErrorKind::Truncated { ty })
        })
    }

    fn no(&self, primitive: &TypeDefPrimitive, found: String) -> JsonError {
        let ty = primitive_name(primitive).to_owned();
        self.path.error(JsonErrorKind::Invalid { ty, found })
    }

    /// A count of elements.
    fn length(&self, ty: u32, bytes: &mut &[u8]) -> Result<usize, JsonError> {
        let length = Compact::<u32>::decode(bytes).map_err(|_| self.truncated(ty))?;
        Ok(length.0 as usize)
    }

    fn byte(&self, ty: u32, bytes: &mut &[u8]) -> Result<u8, JsonError> {
        let (first, rest) = bytes.split_first().ok_or_else(|| self.truncated(ty))?;
        *bytes = rest;
        Ok(*first)
    }

    fn take<'b>(
        &self,
        ty: u32,
        length: usize,
        bytes: &mut &'b [u8],
    ) -> Result<&'b [u8], JsonError> {
        let (taken, rest) = bytes.split_at_checked(length).ok_or_else(|| self.truncated(ty))?;
        *bytes = rest;
        Ok(taken)
    }

    fn truncated(&self, ty: u32) -> JsonError {
        self.path.error(JsonErrorKind::Truncated { ty: type_name(self.types, ty) })
    }

    fn invalid(&self, ty: u32, found: String) -> JsonError {
        self.path.error(JsonErrorKind::Invalid { ty: type_name(self.types, ty), found })
    }

    fn spend(&mut self, bytes: usize) -> Result<(), JsonError> {
        self.budget = self
            .budget
            .checked_sub(bytes)
            .ok_or_else(|| self.path.error(JsonErrorKind::Size { limit: JSON_BYTES_MAX }))?;
        Ok(())
    }

    /// Integers that JavaScript's numbers cannot hold are strings, always.
    fn wide(&mut self, value: impl ToString) -> Result<Value, JsonError> {
        self.spend(TEXT_BYTES)?;
        Ok(Value::String(value.to_string()))
    }
}
