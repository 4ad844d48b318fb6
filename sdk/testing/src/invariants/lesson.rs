//! What sequences learn from: accepted calls, and what contracts store.

use super::{
    leaf::{Kind, Leaf, leaves, split},
    learned::{Example, Fact, Learned},
    play::Game,
};
use dure_abi::spec::FieldSpec;
use dure_json::key_to_scale;
use dure_runtime::{StateDelta, state::key::after_prefix};
use std::ops::Bound;

/// Entries of one contract that are looked at before the first call.
const ENTRIES_MAX: usize = 4_096;

/// A call that was accepted.
pub(super) struct Lesson<'a> {
    /// Index of the account, if it is one of those that call.
    pub(super) by: Option<usize>,
    /// Indices of target and method.
    pub(super) method: (usize, usize),
    pub(super) args: &'a [u8],
    pub(super) output: &'a [u8],
}

impl Game<'_> {
    /// Learns from the chain as the test set it up.
    pub(super) fn learn_start(&self, chain: &crate::Chain) -> Learned {
        let mut learned = Learned::default();
        for target in &self.targets {
            let prefix = target.contract.0.to_vec();
            let end = after_prefix(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
            let entries = chain.state.range((Bound::Included(prefix), end)).take(ENTRIES_MAX);
            entries.for_each(|(key, value)| self.learn_entry(&mut learned, key, value));
        }
        for accepted in &chain.accepted {
            let call = &accepted.call;
            let target = self.targets.iter().position(|known| known.contract == call.contract);
            let method = target.and_then(|index| {
                let methods = &self.targets.get(index)?.spec.methods;
                let method = methods.iter().position(|known| known.selector == call.method)?;
                Some((index, method))
            });
            let by = self.accounts.iter().position(|(address, _)| *address == accepted.by);
            let (args, output) = (&call.args, &accepted.output);
            if let Some(method) = method {
                self.learn(&mut learned, &Lesson { by, method, args, output });
            }
        }
        learned
    }

    /// Learns from a call that was accepted.
    pub(super) fn learn(&self, learned: &mut Learned, lesson: &Lesson<'_>) {
        let Some((target, method)) = self.method_at(lesson.method) else { return };
        let types = &target.spec.types;
        let args: Vec<u32> = method.args.iter().map(|arg| arg.ty).collect();
        note(learned, &leaves(types, &args, lesson.args), lesson.args);
        let found = leaves(types, &[method.returns], lesson.output);
        note(learned, &found, lesson.output);
        for leaf in found.iter().filter(|leaf| leaf.kind == Kind::Number) {
            if let Some(number) = leaf.number(lesson.output) {
                learned.returned(leaf.width, number);
            }
        }
        let Some(args) = split(types, &args, lesson.args) else { return };
        for (index, bytes) in args.iter().enumerate() {
            if let Some(slot) = target.slot(lesson.method.1, index) {
                learned.value(lesson.method.0, slot, bytes.clone());
            }
        }
        if let Some(by) = lesson.by {
            learned.example(lesson.method, Example { by, args });
        }
    }

    /// Learns from what a call stored.
    pub(super) fn learn_state(&self, learned: &mut Learned, delta: &StateDelta) {
        for (key, value) in delta {
            match value {
                Some(value) => self.learn_entry(learned, key, value),
                None => learned.forget(key),
            }
        }
    }

    fn learn_entry(&self, learned: &mut Learned, entry: &[u8], value: &[u8]) {
        let Some((contract, key)) = entry.split_first_chunk::<32>() else { return };
        let owner = self.targets.iter().find(|known| known.contract.0 == *contract);
        let (Some(owner), Some((id, key))) = (owner, key.split_first_chunk::<2>()) else { return };
        let field = field_of(&owner.spec.storage, u16::from_be_bytes(*id), key);
        let Some((field, key)) = field else { return };
        let types = &owner.spec.types;
        let found = leaves(types, &[field.value], value);
        note(learned, &found, value);
        let mut fact = Fact::default();
        found.iter().for_each(|leaf| state(&mut fact, *leaf, value, false));
        if let Some(ty) = field.key
            && let Ok(key) = key_to_scale(types, ty, key, "key")
        {
            leaves(types, &[ty], &key).iter().for_each(|leaf| state(&mut fact, *leaf, &key, true));
        }
        learned.fact(entry, fact);
    }
}

/// Adds what a leaf says to a fact.
fn state(fact: &mut Fact, leaf: Leaf, bytes: &[u8], of_key: bool) {
    if let Some(number) = leaf.number(bytes) {
        match (leaf.kind, of_key) {
            (Kind::Time, _) => fact.times.push(u64::try_from(number).unwrap_or(u64::MAX)),
            (_, true) => fact.keys.push((leaf.width, number)),
            (_, false) => fact.numbers.push((leaf.width, number)),
        }
    } else if let Some(bytes) = leaf.wide(bytes) {
        match leaf.kind {
            Kind::Address => fact.addresses.push(bytes),
            _ => fact.hashes.push(bytes),
        }
    }
}

/// Learns what leaves say, each for itself.
fn note(learned: &mut Learned, found: &[Leaf], bytes: &[u8]) {
    for leaf in found {
        match (leaf.kind, leaf.number(bytes), leaf.wide(bytes)) {
            (Kind::Number, Some(number), _) => learned.number(leaf.width, number),
            (Kind::Time, Some(time), _) => learned.time(u64::try_from(time).unwrap_or(u64::MAX)),
            (Kind::Hash, _, Some(hash)) => learned.hash(hash),
            _ => {}
        }
    }
}

/// The field that a key belongs to, or the part of a composite one, and what is left of the key.
fn field_of<'f, 'k>(
    fields: &'f [FieldSpec],
    id: u16,
    key: &'k [u8],
) -> Option<(&'f FieldSpec, &'k [u8])> {
    let field = fields.iter().find(|field| field.id == id)?;
    match (field.parts.is_empty(), key.split_first()) {
        (false, Some((part, key))) => field_of(&field.parts, u16::from(*part), key),
        _ => Some((field, key)),
    }
}
