//! A contract's specification as JSON, for clients that hold no SCALE decoder of it.

use crate::{
    hex::Bytes,
    json::type_name,
    shape::{
        ArgumentShape, ContractAnswer, ContractEntry, EventShape, MethodShape, Number,
        StorageShape, TypeShape,
    },
};
use codec::Encode;
use dure_abi::spec::{ContractSpec, FieldKind, FieldSpec, MethodKind};
use scale_info::{Field, PortableRegistry, Type, TypeDef, form::PortableForm};
use serde_json::{Value, json};

/// Describes a contract.
#[must_use]
pub fn contract(height: Number, contract: ContractEntry, spec: &ContractSpec) -> ContractAnswer {
    ContractAnswer {
        height,
        contract,
        name: spec.name.clone(),
        docs: spec.docs.join("\n"),
        methods: methods(spec),
        events: events(spec),
        error: spec.error,
        storage: spec.storage.iter().map(field).collect(),
        storage_version: spec.history.version,
        interfaces: spec.interfaces.iter().map(|interface| interface.name.clone()).collect(),
        types: types(&spec.types),
        scale: Bytes(spec.encode()),
    }
}

/// A spec that a node stores has few levels of parts: deploy sees to that.
fn field(field: &FieldSpec) -> StorageShape {
    StorageShape {
        name: field.name.clone(),
        id: field.id,
        kind: match field.kind {
            FieldKind::Item => "item".into(),
            FieldKind::Map => "map".into(),
            FieldKind::Balance => "balance".into(),
            FieldKind::Composite => "composite".into(),
            FieldKind::Counter => "counter".into(),
        },
        key: field.key,
        value: field.value,
        published: field.published,
        parts: field.parts.iter().map(self::field).collect(),
    }
}

fn methods(spec: &ContractSpec) -> Vec<MethodShape> {
    spec.methods
        .iter()
        .map(|method| MethodShape {
            name: method.name.clone(),
            selector: method.selector.into(),
            kind: match method.kind {
                MethodKind::Init => "init".into(),
                MethodKind::Call => "call".into(),
                MethodKind::Query => "query".into(),
            },
            args: method.args.iter().map(|arg| argument(&spec.types, &arg.name, arg.ty)).collect(),
            returns: method.returns,
            returns_name: type_name(&spec.types, method.returns),
            fallible: method.fallible,
            docs: method.docs.join("\n"),
        })
        .collect()
}

fn events(spec: &ContractSpec) -> Vec<EventShape> {
    spec.events
        .iter()
        .map(|event| EventShape {
            name: event.name.clone(),
            topic: event.topic.into(),
            fields: event
                .fields
                .iter()
                .map(|field| argument(&spec.types, &field.name, field.ty))
                .collect(),
            docs: event.docs.join("\n"),
        })
        .collect()
}

fn argument(types: &PortableRegistry, name: &str, ty: u32) -> ArgumentShape {
    ArgumentShape { name: name.to_owned(), ty, type_name: type_name(types, ty) }
}

fn types(registry: &PortableRegistry) -> Vec<TypeShape> {
    registry
        .types
        .iter()
        .map(|ty| TypeShape { name: type_name(registry, ty.id), form: form(&ty.ty) })
        .collect()
}

fn form(ty: &Type<PortableForm>) -> Value {
    match &ty.type_def {
        TypeDef::Composite(composite) => json!({ "struct": fields(&composite.fields) }),
        TypeDef::Variant(variants) => {
            let variants: Vec<Value> = variants
                .variants
                .iter()
                .map(|variant| {
                    json!({
                        "name": variant.name,
                        "index": variant.index,
                        "fields": fields(&variant.fields),
                        "docs": variant.docs.join("\n"),
                    })
                })
                .collect();
            json!({ "enum": variants })
        }
        TypeDef::Sequence(list) => json!({ "list": list.type_param.id }),
        TypeDef::Array(array) => {
            json!({ "array": { "of": array.type_param.id, "length": array.len } })
        }
        TypeDef::Tuple(tuple) => {
            let ids: Vec<u32> = tuple.fields.iter().map(|field| field.id).collect();
            json!({ "tuple": ids })
        }
        TypeDef::Primitive(primitive) => {
            json!({ "primitive": crate::json::primitive_name(primitive) })
        }
        TypeDef::Compact(compact) => json!({ "compact": compact.type_param.id }),
        TypeDef::BitSequence(_) => json!("bits"),
    }
}

fn fields(fields: &[Field<PortableForm>]) -> Vec<Value> {
    fields.iter().map(|field| json!({ "name": field.name, "type": field.ty.id })).collect()
}
