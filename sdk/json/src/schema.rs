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
