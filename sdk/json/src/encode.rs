//! JSON to SCALE.

use super::{
    DEPTH_MAX, JsonError, JsonErrorKind, date,
    error::{Path, shorten},
    schema::{Form, fields_form, find, form, is_time, nullable},
};
use codec::{Compact, Encode};
use dure_abi::spec::{primitive_name, type_name};
use scale_info::{Field, PortableRegistry, TypeDefPrimitive, TypeDefVariant, form::PortableForm};
use serde_json::Value;

/// Appends the SCALE bytes of `value`, read as the type `ty`, to `out`, which may grow to `limit`
/// bytes; `root` begins the path of errors.
///
/// # Errors
/// [`JsonError`] names the first value that does not fit its type.
pub fn encode(
    types: &PortableRegistry,
    ty: u32,
    value: &Value,
    out: &mut Vec<u8>,
    limit: usize,
    root: &str,
) -> Result<(), JsonError> {
    let mut writer = Writer { types, path: Path::new(root), out, limit };
    writer.value(ty, value, 0)
}

/// Walks types and JSON together.
pub(super) struct Writer<'a> {
    pub(super) types: &'a PortableRegistry,
    pub(super) path: Path,
    pub(super) out: &'a mut Vec<u8>,
    pub(super) limit: usize,
}

impl Writer<'_> {
    /// Writes named values in the order of `fields`, from an object or from a list.
    pub(super) fn fields(
        &mut self,
        fields: &[(&str, u32)],
        value: &Value,
        depth: usize,
    ) -> Result<(), JsonError> {
        let object = match value {
            Value::Object(object) => object,
            Value::Array(items) => {
                let types: Vec<u32> = fields.iter().map(|(_, ty)| *ty).collect();
                return self.items(&types, items, value, depth);
            }
            other => return Err(self.expected("an object".to_owned(), other)),
        };
        let stranger = object.keys().find(|key| !fields.iter().any(|(name, _)| name == key));
        if let Some(stranger) = stranger {
            let names: Vec<&str> = fields.iter().take(32).map(|(name, _)| *name).collect();
            self.path.enter_field(stranger);
            return Err(self.path.error(JsonErrorKind::Unknown { known: names.join(", ") }));
        }
        for (name, ty) in fields {
            let mark = self.path.enter_field(name);
            match object.get(*name) {
                Some(field) => self.value(*ty, field, depth)?,
                // A field that may be null may be left out.
                None if nullable(self.types, *ty) => self.value(*ty, &Value::Null, depth)?,
                None => return Err(self.path.error(JsonErrorKind::Missing)),
            }
            self.path.leave(mark);
        }
        Ok(())
    }

    fn items(
        &mut self,
        types: &[u32],
        items: &[Value],
        whole: &Value,
        depth: usize,
    ) -> Result<(), JsonError> {
        if types.len() != items.len() {
            return Err(self.expected(format!("a list of {}", types.len()), whole));
        }
        for (index, (ty, item)) in types.iter().zip(items).enumerate() {
            self.element(index, *ty, item, depth)?;
        }
        Ok(())
    }

    fn element(
        &mut self,
        index: usize,
        ty: u32,
        item: &Value,
        depth: usize,
    ) -> Result<(), JsonError> {
        let mark = self.path.enter_index(index);
        self.value(ty, item, depth)?;
        self.path.leave(mark);
        Ok(())
    }

    fn value(&mut self, ty: u32, value: &Value, depth: usize) -> Result<(), JsonError> {
        if depth > DEPTH_MAX {
            return Err(self.path.error(JsonErrorKind::Depth { limit: DEPTH_MAX }));
        }
        if self.out.len() > self.limit {
            return Err(self.path.error(JsonErrorKind::Size { limit: self.limit }));
        }
        let types = self.types;
        let described = find(types, ty)
            .ok_or_else(|| self.path.error(JsonErrorKind::UnknownType { id: ty }))?;
        if let Value::String(text) = value
            && is_time(types, described)
            && !is_decimal(text)
        {
            let time = date::milliseconds(text);
            return self.put(&time.ok_or_else(|| self.expected(date::FORMS.to_owned(), value))?);
        }
        match form(types, described) {
            Form::Option(inner) => self.option(inner, value, depth),
            Form::Enum(variants) => self.variant(ty, variants, value, depth),
            Form::Bytes => {
                let bytes = self.hex(ty, value)?;
                self.length(bytes.len())?;
                self.append(&bytes)
            }
            Form::FixedBytes(length) => {
                let bytes = self.hex(ty, value)?;
                if bytes.len() != length {
                    return Err(self.expected(format!("0x and {} digits", length * 2), value));
                }
                self.append(&bytes)
            }
            Form::List(element) => {
                let Value::Array(items) = value else {
                    return Err(self.expected(self.described("a list", ty), value));
                };
                self.length(items.len())?;
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, item)| self.element(index, element, item, depth + 1))
            }
            Form::Array { element, length } => {
                let Value::Array(items) = value else {
                    return Err(self.expected(self.described("a list", ty), value));
                };
                if items.len() != length {
                    return Err(self.expected(format!("a list of {length}"), value));
                }
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, item)| self.element(index, element, item, depth + 1))
            }
            Form::Primitive(primitive) => self.primitive(primitive, value),
            Form::Compact(primitive) => self.compact(primitive, value),
            Form::Unsupported => {
                let ty = type_name(types, ty);
                Err(self.path.error(JsonErrorKind::Unsupported { ty }))
            }
            fields @ (Form::Struct(_) | Form::Tuple(_) | Form::Newtype(_)) => {
                self.composite(fields, value, depth)
            }
        }
    }

    fn composite(
        &mut self,
        fields: Form<'_>,
        value: &Value,
        depth: usize,
    ) -> Result<(), JsonError> {
        match fields {
            Form::Newtype(inner) => self.value(inner, value, depth + 1),
            Form::Struct(fields) => {
                // A list in place of an object is taken for arguments only.
                if !value.is_object() {
                    return Err(self.expected(object_of(fields), value));
                }
                let named: Vec<(&str, u32)> = fields
                    .iter()
                    .map(|field| (field.name.as_deref().unwrap_or_default(), field.ty.id))
                    .collect();
                self.fields(&named, value, depth + 1)
            }
            Form::Tuple(types) => match value {
                Value::Array(items) => self.items(&types, items, value, depth + 1),
                other => Err(self.expected(format!("a list of {}", types.len()), other)),
            },
            _ => Ok(()),
        }
    }

    fn option(&mut self, inner: u32, value: &Value, depth: usize) -> Result<(), JsonError> {
        if value.is_null() {
            return self.append(&[0]);
        }
        self.append(&[1])?;
        if !nullable(self.types, inner) {
            return self.value(inner, value, depth + 1);
        }
        match value.as_object().filter(|object| object.len() == 1).and_then(|o| o.get("Some")) {
            Some(marked) => self.value(inner, marked, depth + 1),
            None => Err(self.expected("null or {\"Some\": value}".to_owned(), value)),
        }
    }

    fn variant(
        &mut self,
        ty: u32,
        variants: &TypeDefVariant<PortableForm>,
        value: &Value,
        depth: usize,
    ) -> Result<(), JsonError> {
        let (name, fields) = match value {
            Value::String(name) => (name.as_str(), None),
            Value::Object(object) => match object.iter().next() {
                Some((name, fields)) if object.len() == 1 => (name.as_str(), Some(fields)),
                _ => return Err(self.expected(variants_of(variants), value)),
            },
            _ => return Err(self.expected(variants_of(variants), value)),
        };
        let Some(variant) = variants.variants.iter().find(|variant| variant.name == name) else {
            return Err(self.expected(variants_of(variants), value));
        };
        self.append(&[variant.index])?;
        match (variant.fields.is_empty(), fields) {
            (true, None) => Ok(()),
            (false, Some(fields)) => {
                let mark = self.path.enter_field(name);
                self.composite(fields_form(&variant.fields), fields, depth + 1)?;
                self.path.leave(mark);
                Ok(())
            }
            (true, Some(_)) => Err(self.expected(format!("\"{name}\""), value)),
            (false, None) => {
                let expected = format!("{{\"{name}\": ..}} of {}", type_name(self.types, ty));
                Err(self.expected(expected, value))
            }
        }
    }

    fn hex(&self, ty: u32, value: &Value) -> Result<Vec<u8>, JsonError> {
        let expected = || self.expected(self.described("0x and hexadecimal digits", ty), value);
        let text = value.as_str().ok_or_else(expected)?;
        if text.len() / 2 > self.limit {
            return Err(self.path.error(JsonErrorKind::Size { limit: self.limit }));
        }
        crate::hex::to_bytes(text).map_err(|_| expected())
    }

    fn primitive(&mut self, ty: &TypeDefPrimitive, value: &Value) -> Result<(), JsonError> {
        match ty {
            TypeDefPrimitive::Bool => {
                let flag = value.as_bool();
                let flag = flag.ok_or_else(|| self.expected("true or false".to_owned(), value))?;
                self.put(&flag)
            }
            TypeDefPrimitive::Char => {
                let mut characters = value.as_str().unwrap_or_default().chars();
                match (characters.next(), characters.next()) {
                    (Some(character), None) => self.put(&u32::from(character)),
                    _ => Err(self.expected("a string of one character".to_owned(), value)),
                }
            }
            TypeDefPrimitive::Str => match value.as_str() {
                Some(text) => {
                    self.length(text.len())?;
                    self.append(text.as_bytes())
                }
                None => Err(self.expected("a string".to_owned(), value)),
            },
            TypeDefPrimitive::U8 => self.number::<u8>(ty, value),
            TypeDefPrimitive::U16 => self.number::<u16>(ty, value),
            TypeDefPrimitive::U32 => self.number::<u32>(ty, value),
            TypeDefPrimitive::U64 => self.number::<u64>(ty, value),
            TypeDefPrimitive::U128 => self.number::<u128>(ty, value),
            TypeDefPrimitive::I8 => self.number::<i8>(ty, value),
            TypeDefPrimitive::I16 => self.number::<i16>(ty, value),
            TypeDefPrimitive::I32 => self.number::<i32>(ty, value),
            TypeDefPrimitive::I64 => self.number::<i64>(ty, value),
            TypeDefPrimitive::I128 => self.number::<i128>(ty, value),
            TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => {
                let ty = primitive_name(ty).to_owned();
                Err(self.path.error(JsonErrorKind::Unsupported { ty }))
            }
        }
    }

    fn compact(&mut self, ty: &TypeDefPrimitive, value: &Value) -> Result<(), JsonError> {
        match ty {
            TypeDefPrimitive::U8 => self.integer::<u8>(ty, value).map(Compact)?.encode_to(self.out),
            TypeDefPrimitive::U16 => {
                self.integer::<u16>(ty, value).map(Compact)?.encode_to(self.out);
            }
            TypeDefPrimitive::U32 => {
                self.integer::<u32>(ty, value).map(Compact)?.encode_to(self.out);
            }
            TypeDefPrimitive::U64 => {
                self.integer::<u64>(ty, value).map(Compact)?.encode_to(self.out);
            }
            TypeDefPrimitive::U128 => {
                self.integer::<u128>(ty, value).map(Compact)?.encode_to(self.out);
            }
            other => {
                let ty = format!("Compact<{}>", primitive_name(other));
                return Err(self.path.error(JsonErrorKind::Unsupported { ty }));
            }
        }
        Ok(())
    }

    fn number<T: Encode + std::str::FromStr>(
        &mut self,
        ty: &TypeDefPrimitive,
        value: &Value,
    ) -> Result<(), JsonError> {
        let number = self.integer::<T>(ty, value)?;
        self.put(&number)
    }

    /// A number, or a string of decimal digits; no number that JavaScript may have rounded.
    fn integer<T: std::str::FromStr>(
        &self,
        ty: &TypeDefPrimitive,
        value: &Value,
    ) -> Result<T, JsonError> {
        let text = match value {
            Value::String(text) if is_decimal(text) => Some(text.clone()),
            Value::Number(number) if is_safe(number) => Some(number.to_string()),
            _ => None,
        };
        text.and_then(|text| text.parse().ok()).ok_or_else(|| {
            let name = primitive_name(ty);
            let digits = value.is_number() || matches!(value, Value::String(t) if is_decimal(t));
            let form = match (is_wide(ty), digits) {
                (true, false) => " as decimal string",
                (false, false) => "",
                (true, true) => " as decimal string, within its range",
                (false, true) => " within its range",
            };
            self.expected(format!("{name}{form}"), value)
        })
    }

    fn put(&mut self, value: &impl Encode) -> Result<(), JsonError> {
        value.encode_to(self.out);
        Ok(())
    }

    fn length(&mut self, length: usize) -> Result<(), JsonError> {
        let size = || self.path.error(JsonErrorKind::Size { limit: self.limit });
        let length = u32::try_from(length).map_err(|_| size())?;
        Compact(length).encode_to(self.out);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), JsonError> {
        if self.out.len().saturating_add(bytes.len()) > self.limit {
            return Err(self.path.error(JsonErrorKind::Size { limit: self.limit }));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn expected(&self, expected: String, found: &Value) -> JsonError {
        self.path.error(JsonErrorKind::Expected { expected, found: shorten(found) })
    }

    fn described(&self, form: &str, ty: u32) -> String {
        format!("{form} for {}", type_name(self.types, ty))
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 40 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_safe(number: &serde_json::Number) -> bool {
    const SAFE: u64 = 1 << 53;
    match (number.as_u64(), number.as_i64()) {
        (Some(value), _) => value < SAFE,
        (None, Some(value)) => value.unsigned_abs() < SAFE,
        (None, None) => false,
    }
}

const fn is_wide(ty: &TypeDefPrimitive) -> bool {
    matches!(
        ty,
        TypeDefPrimitive::U64
            | TypeDefPrimitive::U128
            | TypeDefPrimitive::I64
            | TypeDefPrimitive::I128
    )
}

fn object_of(fields: &[Field<PortableForm>]) -> String {
    let names: Vec<&str> =
        fields.iter().take(16).filter_map(|field| field.name.as_deref()).collect();
    format!("an object with [{}]", names.join(", "))
}

fn variants_of(variants: &TypeDefVariant<PortableForm>) -> String {
    let names: Vec<&str> =
        variants.variants.iter().take(16).map(|variant| variant.name.as_str()).collect();
    format!("one of {}", names.join(", "))
}
