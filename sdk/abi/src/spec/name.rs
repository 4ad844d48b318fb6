//! Types and fields in words, for messages and descriptions.

use super::{FieldKind, FieldSpec};
use alloc::{format, string::String, vec::Vec};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};

/// Bytes after which a description ends.
const BYTES_MAX: usize = 1_024;

impl FieldSpec {
    /// Kind and types of the field, as `map Address -> Price`; of a composite its parts.
    #[must_use]
    pub fn layout(&self, types: &PortableRegistry) -> String {
        let mut out = String::new();
        self.write_layout(types, &mut out);
        out
    }

    fn write_layout(&self, types: &PortableRegistry, out: &mut String) {
        // The variant's name is the kind's: a new kind needs nothing here.
        out.push_str(&format!("{:?}", self.kind).to_lowercase());
        if self.kind == FieldKind::Composite {
            for (index, part) in self.parts.iter().enumerate() {
                if out.len() > BYTES_MAX {
                    return out.push_str(", ..");
                }
                out.push_str(if index == 0 { " { " } else { ", " });
                out.push_str(&part.name);
                out.push_str(": ");
                part.write_layout(types, out);
            }
            out.push_str(if self.parts.is_empty() { "" } else { " }" });
            return;
        }
        if let Some(key) = self.key {
            out.push_str(&format!(" {} ->", type_name(types, key)));
        }
        out.push_str(&format!(" {}", type_name(types, self.value)));
    }
}

/// Writes a type as an author would (`Vec<(Address, u128)>`), for messages and descriptions.
///
/// Named types keep their name; what the registry lacks is `?`.
#[must_use]
pub fn type_name(types: &PortableRegistry, id: u32) -> String {
    let mut name = String::new();
    write_name(types, id, 0, &mut name);
    name
}

fn write_name(types: &PortableRegistry, id: u32, depth: usize, out: &mut String) {
    const NAME_BYTES_MAX: usize = 256;
    let Some(ty) = types.resolve(id) else { return out.push('?') };
    if depth > 6 || out.len() > NAME_BYTES_MAX {
        return out.push_str("..");
    }
    if let Some(name) = ty.path.segments.last() {
        out.extend(name.chars().take(64));
        let parameters: Vec<u32> =
            ty.type_params.iter().filter_map(|param| Some(param.ty.as_ref()?.id)).collect();
        if !parameters.is_empty() {
            write_list(types, &parameters, depth, ('<', '>'), out);
        }
        return;
    }
    match &ty.type_def {
        TypeDef::Primitive(primitive) => out.push_str(primitive_name(primitive)),
        TypeDef::Sequence(list) => {
            write_list(types, &[list.type_param.id], depth, ('<', '>'), prefixed(out, "Vec"));
        }
        TypeDef::Array(array) => {
            out.push('[');
            write_name(types, array.type_param.id, depth + 1, out);
            out.push_str(&format!("; {}]", array.len));
        }
        TypeDef::Tuple(tuple) => {
            let fields: Vec<u32> = tuple.fields.iter().map(|field| field.id).collect();
            write_list(types, &fields, depth, ('(', ')'), out);
        }
        TypeDef::Compact(compact) => {
            let inner = [compact.type_param.id];
            write_list(types, &inner, depth, ('<', '>'), prefixed(out, "Compact"));
        }
        TypeDef::Composite(_) => out.push_str("struct"),
        TypeDef::Variant(_) => out.push_str("enum"),
        TypeDef::BitSequence(_) => out.push_str("bits"),
    }
}

fn prefixed<'a>(out: &'a mut String, prefix: &str) -> &'a mut String {
    out.push_str(prefix);
    out
}

fn write_list(
    types: &PortableRegistry,
    ids: &[u32],
    depth: usize,
    (open, close): (char, char),
    out: &mut String,
) {
    out.push(open);
    for (index, id) in ids.iter().take(16).enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_name(types, *id, depth + 1, out);
    }
    out.push(close);
}

/// The name of a primitive type.
#[must_use]
pub const fn primitive_name(primitive: &TypeDefPrimitive) -> &'static str {
    match primitive {
        TypeDefPrimitive::Bool => "bool",
        TypeDefPrimitive::Char => "char",
        TypeDefPrimitive::Str => "String",
        TypeDefPrimitive::U8 => "u8",
        TypeDefPrimitive::U16 => "u16",
        TypeDefPrimitive::U32 => "u32",
        TypeDefPrimitive::U64 => "u64",
        TypeDefPrimitive::U128 => "u128",
        TypeDefPrimitive::U256 => "u256",
        TypeDefPrimitive::I8 => "i8",
        TypeDefPrimitive::I16 => "i16",
        TypeDefPrimitive::I32 => "i32",
        TypeDefPrimitive::I64 => "i64",
        TypeDefPrimitive::I128 => "i128",
        TypeDefPrimitive::I256 => "i256",
    }
}
