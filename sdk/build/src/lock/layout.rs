//! Writing the types of a specification as their author wrote them.

use super::file::LockedField;
use dure_abi::spec::{ContractSpec, FieldSpec};
use dure_json::primitive_name;
use scale_info::{Field, Path, PortableRegistry, Type, TypeDef, form::PortableForm};
use std::collections::{BTreeMap, BTreeSet};

/// Fields and types of a contract, in words.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) fields: Vec<LockedField>,
    /// As in the file.
    pub(super) types: BTreeMap<String, Vec<String>>,
    /// Types that keys are made of: not even an enum may grow in them.
    pub(super) in_keys: BTreeSet<String>,
    /// The whole path of each name in `types`.
    paths: BTreeMap<String, Vec<String>>,
    /// Names written, and how deep in another the one is that is being written: a stranger's types
    /// may go round in circles.
    names: u32,
    depth: u32,
}

/// Most names of types that are written, and levels of nesting that are followed.
const NAMES_MAX: u32 = 65_536;
const DEPTH_MAX: u32 = 64;

impl Layout {
    pub(super) fn of(spec: &ContractSpec) -> Self {
        let mut layout = Self::default();
        // Keys first: what they name is noted as theirs.
        layout.keys(&spec.types, &spec.storage);
        layout.in_keys = layout.types.keys().cloned().collect();
        for field in &spec.storage {
            let mut shown = layout.field(&spec.types, field);
            let former = spec.history.renamed.iter().filter(|former| former.id == field.id);
            shown.was = former.map(|former| former.name.clone()).collect();
            layout.fields.push(shown);
        }
        layout
    }

    /// Whether everything is written.
    pub(super) const fn is_whole(&self) -> bool {
        self.names < NAMES_MAX
    }

    fn keys(&mut self, types: &PortableRegistry, fields: &[FieldSpec]) {
        for field in fields {
            if let Some(key) = field.key {
                self.name(types, key);
            }
            self.keys(types, &field.parts);
        }
    }

    pub(super) fn field(&mut self, types: &PortableRegistry, field: &FieldSpec) -> LockedField {
        let mut parts = Vec::new();
        self.inner(types, field, "", &mut parts);
        LockedField {
            id: field.id,
            name: field.name.clone(),
            was: Vec::new(),
            // The variant's name is the kind's: a new kind needs nothing here.
            kind: format!("{:?}", field.kind).to_lowercase(),
            key: field.key.map(|key| self.name(types, key)),
            value: self.name(types, field.value),
            parts,
            retired: false,
        }
    }

    /// Notes the parts of a composite, those of its parts under `1.0` and so on.
    fn inner(
        &mut self,
        types: &PortableRegistry,
        field: &FieldSpec,
        above: &str,
        parts: &mut Vec<String>,
    ) {
        for part in &field.parts {
            let place = format!("{above}{}", part.id);
            let mut shown = self.field(types, part);
            // They get lines of their own.
            shown.parts.clear();
            parts.push(format!("{place} {} {}", part.name, shown.layout()));
            self.inner(types, part, &format!("{place}."), parts);
        }
    }

    /// Names a type, and notes the parts of those that are the contract's own.
    fn name(&mut self, types: &PortableRegistry, id: u32) -> String {
        let Some(ty) = types.resolve(id) else { return "?".into() };
        if self.depth >= DEPTH_MAX || self.names >= NAMES_MAX {
            self.names = NAMES_MAX;
            return "?".into();
        }
        self.names += 1;
        self.depth += 1;
        let name = self.written(types, ty);
        self.depth -= 1;
        name
    }

    fn written(&mut self, types: &PortableRegistry, ty: &Type<PortableForm>) -> String {
        match &ty.type_def {
            TypeDef::Primitive(primitive) => primitive_name(primitive).into(),
            TypeDef::Sequence(list) => format!("Vec<{}>", self.name(types, list.type_param.id)),
            TypeDef::Array(array) => {
                format!("[{}; {}]", self.name(types, array.type_param.id), array.len)
            }
            TypeDef::Tuple(tuple) => {
                let parts: Vec<u32> = tuple.fields.iter().map(|field| field.id).collect();
                format!("({})", self.listed(types, &parts))
            }
            TypeDef::Compact(compact) => {
                format!("Compact<{}>", self.name(types, compact.type_param.id))
            }
            TypeDef::BitSequence(_) => "BitVec".into(),
            TypeDef::Composite(_) | TypeDef::Variant(_) => self.named(types, ty),
        }
    }

    fn listed(&mut self, types: &PortableRegistry, ids: &[u32]) -> String {
        ids.iter().map(|id| self.name(types, *id)).collect::<Vec<_>>().join(", ")
    }

    fn named(&mut self, types: &PortableRegistry, ty: &Type<PortableForm>) -> String {
        let parameters: Vec<u32> =
            ty.type_params.iter().filter_map(|param| Some(param.ty?.id)).collect();
        let mut name = self.unique(&ty.path);
        if !parameters.is_empty() {
            name = format!("{name}<{}>", self.listed(types, &parameters));
        }
        if is_own(&ty.path) && !self.types.contains_key(&name) {
            // Before its parts: a type may contain itself.
            self.types.insert(name.clone(), Vec::new());
            let parts = self.parts(types, ty);
            self.types.insert(name.clone(), parts);
        }
        name
    }

    /// The last part of a path, or all of it when another type has that.
    fn unique(&mut self, path: &Path<PortableForm>) -> String {
        let segments: Vec<String> = path.segments.iter().map(ToString::to_string).collect();
        let Some(last) = segments.last().cloned() else { return "?".into() };
        let known = self.paths.entry(last.clone()).or_insert_with(|| segments.clone());
        if *known == segments { last } else { segments.join("::") }
    }

    fn parts(&mut self, types: &PortableRegistry, ty: &Type<PortableForm>) -> Vec<String> {
        match &ty.type_def {
            TypeDef::Composite(composite) => {
                composite.fields.iter().map(|field| self.part(types, field)).collect()
            }
            TypeDef::Variant(variant) => {
                let mut parts = Vec::new();
                for variant in &variant.variants {
                    let mut text = format!("{} {}", variant.index, variant.name);
                    let fields: Vec<String> =
                        variant.fields.iter().map(|field| self.part(types, field)).collect();
                    let fields = fields.join(", ");
                    match variant.fields.first() {
                        None => {}
                        Some(Field { name: Some(_), .. }) => text += &format!(" {{ {fields} }}"),
                        Some(_) => text += &format!("({fields})"),
                    }
                    parts.push(text);
                }
                parts
            }
            _ => Vec::new(),
        }
    }

    fn part(&mut self, types: &PortableRegistry, field: &Field<PortableForm>) -> String {
        let ty = self.name(types, field.ty.id);
        match &field.name {
            Some(name) => format!("{name}: {ty}"),
            None => ty,
        }
    }
}

/// Whether a type is the contract's own: not one of Rust's, whose path is one word, or the SDK's.
fn is_own(path: &Path<PortableForm>) -> bool {
    path.segments.len() > 1 && path.segments.first().is_some_and(|first| first != "dure_abi")
}
