//! Reading the types of a specification: what the two walkers and the descriptions share.

use super::DEPTH_MAX;
use scale_info::{Field, PortableRegistry, Type, TypeDef, TypeDefPrimitive, form::PortableForm};

/// A type as JSON sees it: newtypes and collections have been looked through.
pub(super) enum Form<'a> {
    Struct(&'a [Field<PortableForm>]),
    Tuple(Vec<u32>),
    Newtype(u32),
    Option(u32),
    Enum(&'a scale_info::TypeDefVariant<PortableForm>),
    Bytes,
    FixedBytes(usize),
    List(u32),
    Array { element: u32, length: usize },
    Primitive(&'a TypeDefPrimitive),
    Compact(&'a TypeDefPrimitive),
    Unsupported,
}

/// Finds a type by its id.
pub(super) fn find(types: &PortableRegistry, id: u32) -> Option<&Type<PortableForm>> {
    types.resolve(id)
}

/// Sorts a type into a form.
pub(super) fn form<'a>(types: &'a PortableRegistry, ty: &'a Type<PortableForm>) -> Form<'a> {
    match &ty.type_def {
        TypeDef::Composite(composite) => fields_form(&composite.fields),
        TypeDef::Variant(variants) => match option_of(ty) {
            Some(inner) => Form::Option(inner),
            None => Form::Enum(variants),
        },
        TypeDef::Sequence(list) if is_u8(types, list.type_param.id) => Form::Bytes,
        TypeDef::Sequence(list) => Form::List(list.type_param.id),
        TypeDef::Array(array) if is_u8(types, array.type_param.id) => {
            Form::FixedBytes(array.len as usize)
        }
        TypeDef::Array(array) => {
            Form::Array { element: array.type_param.id, length: array.len as usize }
        }
        TypeDef::Tuple(tuple) => Form::Tuple(tuple.fields.iter().map(|field| field.id).collect()),
        TypeDef::Primitive(primitive) => Form::Primitive(primitive),
        TypeDef::Compact(compact) => match primitive_below(types, compact.type_param.id) {
            Some(primitive) => Form::Compact(primitive),
            None => Form::Unsupported,
        },
        TypeDef::BitSequence(_) => Form::Unsupported,
    }
}

/// The form of the fields of a struct or of a variant that has some.
pub(super) fn fields_form(fields: &[Field<PortableForm>]) -> Form<'_> {
    match fields {
        [only] if only.name.is_none() => Form::Newtype(only.ty.id),
        _ if fields.iter().all(|field| field.name.is_some()) => Form::Struct(fields),
        _ => Form::Tuple(fields.iter().map(|field| field.ty.id).collect()),
    }
}

/// Whether the type is a point in time: the SDK's `TimestampMs`, a number of milliseconds.
pub(super) fn is_time(types: &PortableRegistry, ty: &Type<PortableForm>) -> bool {
    let Form::Newtype(inner) = form(types, ty) else { return false };
    let is_u64 = find(types, inner)
        .is_some_and(|ty| matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U64)));
    is_u64 && ty.path.segments.last().is_some_and(|name| name == "TimestampMs")
}

/// Whether a value of the type can be `null` in JSON, so that an `Option` around it needs a mark.
pub(super) fn nullable(types: &PortableRegistry, id: u32) -> bool {
    let mut id = id;
    for _ in 0..DEPTH_MAX {
        let Some(ty) = find(types, id) else { return false };
        match form(types, ty) {
            Form::Option(_) => return true,
            Form::Newtype(inner) => id = inner,
            _ => return false,
        }
    }
    true
}

fn option_of(ty: &Type<PortableForm>) -> Option<u32> {
    let [segment] = ty.path.segments.as_slice() else { return None };
    let TypeDef::Variant(variants) = &ty.type_def else { return None };
    let [none, some] = variants.variants.as_slice() else { return None };
    let [field] = some.fields.as_slice() else { return None };
    let named = segment.as_str() == "Option" && none.name == "None" && some.name == "Some";
    let numbered = none.index == 0 && some.index == 1 && none.fields.is_empty();
    (named && numbered).then_some(field.ty.id)
}

fn is_u8(types: &PortableRegistry, id: u32) -> bool {
    find(types, id)
        .is_some_and(|ty| matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U8)))
}

fn primitive_below(types: &PortableRegistry, id: u32) -> Option<&TypeDefPrimitive> {
    let mut id = id;
    for _ in 0..DEPTH_MAX {
        match &find(types, id)?.type_def {
            TypeDef::Primitive(primitive) => return Some(primitive),
            TypeDef::Composite(composite) => match composite.fields.as_slice() {
                [only] => id = only.ty.id,
                _ => return None,
            },
            TypeDef::Tuple(tuple) => match tuple.fields.as_slice() {
                [only] => id = only.id,
                _ => return None,
            },
            _ => return None,
        }
    }
    None
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
    let Some(ty) = find(types, id) else { return out.push('?') };
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
