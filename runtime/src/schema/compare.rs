//! Comparing types of two registries.

use scale_info::{
    Field, PortableRegistry, Type, TypeDef, TypeDefVariant, Variant,
    form::{Form, PortableForm},
};
use std::collections::{BTreeMap, BTreeSet};

/// How alike two types must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// The same in every part.
    Same,
    /// Every value of the first is one of the second: enums may have more variants.
    Grown,
}

/// The comparison needs more steps than are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManySteps;

type Pair = (u32, u32, Mode);
type Symbol = <PortableForm as Form>::Type;

/// Compares types of one registry with types of another.
///
/// A pair that was seen is taken to be alike, which is what circles need. That is sound only as
/// long as no pair was found to differ: after a difference, `restart`.
pub(super) struct Comparison<'a> {
    old: &'a PortableRegistry,
    new: &'a PortableRegistry,
    seen: BTreeSet<Pair>,
    steps: u64,
    limit: u64,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(old: &'a PortableRegistry, new: &'a PortableRegistry, limit: u64) -> Self {
        Self { old, new, seen: BTreeSet::new(), steps: 0, limit }
    }

    /// Steps taken so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Goes on after a difference: what was taken to be alike is open again.
    pub(super) fn restart(&mut self) {
        self.seen.clear();
    }

    /// Whether a type of the new registry is alike to one of the old.
    pub(super) fn alike(&mut self, old: u32, new: u32, mode: Mode) -> Result<bool, TooManySteps> {
        Ok(self.differing(old, new, mode)?.is_none())
    }

    /// The first two types within these that differ in themselves; none when they are alike.
    pub(super) fn differing(
        &mut self,
        old: u32,
        new: u32,
        mode: Mode,
    ) -> Result<Option<(u32, u32)>, TooManySteps> {
        let mut open = vec![(old, new, mode)];
        while let Some(pair) = open.pop() {
            if !self.seen.insert(pair) {
                continue;
            }
            let (Some(old), Some(new)) = (self.old.resolve(pair.0), self.new.resolve(pair.1))
            else {
                return Ok(Some((pair.0, pair.1)));
            };
            self.spend(parts(old).saturating_add(parts(new)).saturating_add(1))?;
            if !shallow(old, new, pair.2, &mut open) {
                return Ok(Some((pair.0, pair.1)));
            }
        }
        Ok(None)
    }

    /// Takes steps for work outside the types.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), TooManySteps> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > self.limit { Err(TooManySteps) } else { Ok(()) }
    }
}

/// What comparing a type costs: its fields and variants.
fn parts(ty: &Type<PortableForm>) -> usize {
    match &ty.type_def {
        TypeDef::Composite(composite) => composite.fields.len(),
        TypeDef::Variant(variant) => variant
            .variants
            .iter()
            .fold(0, |sum, variant| variant.fields.len().saturating_add(1).saturating_add(sum)),
        TypeDef::Tuple(tuple) => tuple.fields.len(),
        TypeDef::Sequence(_)
        | TypeDef::Array(_)
        | TypeDef::Primitive(_)
        | TypeDef::Compact(_)
        | TypeDef::BitSequence(_) => 0,
    }
}

/// Compares two types but for the types that they name, which are left in `open`.
fn shallow(
    old: &Type<PortableForm>,
    new: &Type<PortableForm>,
    mode: Mode,
    open: &mut Vec<Pair>,
) -> bool {
    let mut parts = |old: &[Symbol], new: &[Symbol]| {
        open.extend(old.iter().zip(new).map(|(old, new)| (old.id, new.id, mode)));
        old.len() == new.len()
    };
    match (&old.type_def, &new.type_def) {
        (TypeDef::Primitive(a), TypeDef::Primitive(b)) => a == b,
        (TypeDef::Composite(a), TypeDef::Composite(b)) => {
            let named = |fields: &[Field<PortableForm>]| {
                !fields.is_empty() && fields.iter().all(|field| field.name.is_some())
            };
            (named(&a.fields) || old.path.segments.last() == new.path.segments.last())
                && fields(&a.fields, &b.fields, mode, open)
        }
        (TypeDef::Variant(a), TypeDef::Variant(b)) => variants(a, b, mode, open),
        (TypeDef::Tuple(a), TypeDef::Tuple(b)) => parts(&a.fields, &b.fields),
        (TypeDef::Sequence(a), TypeDef::Sequence(b)) => parts(&[a.type_param], &[b.type_param]),
        (TypeDef::Array(a), TypeDef::Array(b)) => {
            parts(&[a.type_param], &[b.type_param]) && a.len == b.len
        }
        (TypeDef::Compact(a), TypeDef::Compact(b)) => parts(&[a.type_param], &[b.type_param]),
        (TypeDef::BitSequence(a), TypeDef::BitSequence(b)) => {
            let [old, new] = [a, b].map(|bits| [bits.bit_store_type, bits.bit_order_type]);
            parts(&old, &new)
        }
        (
            TypeDef::Primitive(_)
            | TypeDef::Composite(_)
            | TypeDef::Variant(_)
            | TypeDef::Tuple(_)
            | TypeDef::Sequence(_)
            | TypeDef::Array(_)
            | TypeDef::Compact(_)
            | TypeDef::BitSequence(_),
            _,
        ) => false,
    }
}

fn fields(
    old: &[Field<PortableForm>],
    new: &[Field<PortableForm>],
    mode: Mode,
    open: &mut Vec<Pair>,
) -> bool {
    open.extend(old.iter().zip(new).map(|(a, b)| (a.ty.id, b.ty.id, mode)));
    old.len() == new.len() && old.iter().zip(new).all(|(a, b)| a.name == b.name)
}

fn variants(
    old: &TypeDefVariant<PortableForm>,
    new: &TypeDefVariant<PortableForm>,
    mode: Mode,
    open: &mut Vec<Pair>,
) -> bool {
    let by_index: BTreeMap<u8, &Variant<PortableForm>> =
        new.variants.iter().map(|variant| (variant.index, variant)).collect();
    let counts = match mode {
        Mode::Same => old.variants.len() == new.variants.len(),
        Mode::Grown => old.variants.len() <= new.variants.len(),
    };
    counts
        && old.variants.iter().all(|variant| {
            by_index.get(&variant.index).is_some_and(|other| {
                variant.name == other.name && fields(&variant.fields, &other.fields, mode, open)
            })
        })
}

#[cfg(test)]
#[allow(dead_code, reason = "only the type information of these is used")]
mod tests {
    use super::*;
    use dure_types::{Height, TimestampMs};
    use scale_info::{MetaType, Registry, TypeInfo};

    fn registry<T: TypeInfo + 'static>() -> (PortableRegistry, u32) {
        let mut registry = Registry::new();
        // Other types first: ids must not matter.
        registry.register_type(&MetaType::new::<(u8, [u16; 3])>());
        let id = registry.register_type(&MetaType::new::<T>()).id;
        (registry.into(), id)
    }

    fn alike<A: TypeInfo + 'static, B: TypeInfo + 'static>(mode: Mode) -> bool {
        let (old, a) = registry::<A>();
        let mut other = Registry::new();
        let b = other.register_type(&MetaType::new::<B>()).id;
        let new = other.into();
        Comparison::new(&old, &new, 1_000).alike(a, b, mode).expect("few steps")
    }

    mod one {
        use super::TypeInfo;

        #[derive(TypeInfo)]
        pub(super) struct Pair {
            pub(super) x: u64,
            pub(super) y: u64,
        }
        #[derive(TypeInfo)]
        pub(super) enum Light {
            Red,
            Green { since: u64 },
        }
        #[derive(TypeInfo)]
        pub(super) struct List {
            pub(super) head: Light,
            pub(super) tail: Option<Box<List>>,
        }
    }

    mod two {
        use super::TypeInfo;

        #[derive(TypeInfo)]
        pub(super) struct Renamed {
            pub(super) x: u64,
            pub(super) y: u64,
        }
        #[derive(TypeInfo)]
        pub(super) struct Swapped {
            pub(super) y: u64,
            pub(super) x: u64,
        }
        #[derive(TypeInfo)]
        pub(super) enum Light {
            Red,
            Green { since: u64 },
            Off,
        }
        #[derive(TypeInfo)]
        pub(super) enum Moved {
            Off,
            Red,
            Green { since: u64 },
        }
        #[derive(TypeInfo)]
        pub(super) struct List {
            pub(super) head: Light,
            pub(super) tail: Option<Box<List>>,
        }
    }

    #[test]
    fn names_of_parts_count_and_names_of_types_do_not() {
        assert!(alike::<one::Pair, two::Renamed>(Mode::Same));
        assert!(!alike::<one::Pair, two::Swapped>(Mode::Grown));
        assert!(!alike::<u64, u32>(Mode::Grown));
        assert!(!alike::<(u8, u8), (u8, u8, u8)>(Mode::Grown));
        assert!(!alike::<[u8; 3], [u8; 4]>(Mode::Grown));
        assert!(alike::<Vec<one::Pair>, Vec<two::Renamed>>(Mode::Same));
    }

    #[test]
    fn a_type_whose_fields_have_no_names_is_known_by_its_own() {
        assert!(alike::<Height, Height>(Mode::Same));
        assert!(!alike::<Height, TimestampMs>(Mode::Grown));
        assert!(!alike::<Height, u64>(Mode::Grown));
    }

    #[test]
    fn an_enum_may_grow_at_its_end_where_values_are_read() {
        assert!(alike::<one::Light, two::Light>(Mode::Grown));
        assert!(!alike::<one::Light, two::Light>(Mode::Same));
        assert!(!alike::<two::Light, one::Light>(Mode::Grown));
        assert!(!alike::<one::Light, two::Moved>(Mode::Grown));
        assert!(alike::<one::List, two::List>(Mode::Grown));
        assert!(!alike::<two::List, one::List>(Mode::Grown));
    }

    #[test]
    fn steps_are_bounded_in_types_that_go_in_circles() {
        let ((old, a), (new, b)) = (registry::<one::List>(), registry::<two::List>());
        let mut comparison = Comparison::new(&old, &new, 5);
        assert_eq!(comparison.alike(a, b, Mode::Grown), Err(TooManySteps));
        let mut comparison = Comparison::new(&old, &new, 100);
        assert_eq!(comparison.alike(a, b, Mode::Grown), Ok(true));
        assert!(comparison.steps() < 30, "{}", comparison.steps());
    }
}
