//! Memory that the values of one answer share.

use super::{
    JSON_BYTES_MAX, JsonError, JsonErrorKind,
    decode::Reader,
    storage::{Entry, entry_within},
    text::{cut, written},
};
use dure_abi::spec::{ContractSpec, EventSpec, MethodSpec};
use scale_info::PortableRegistry;
use serde_json::Value;
use std::cell::Cell;

/// Memory left for decoded values. A value that does not fit is refused, and takes what reading it
/// took: the budget bounds the work of an answer too.
#[derive(Debug)]
pub struct Budget(Cell<usize>);

impl Budget {
    /// A budget of so many bytes; one value takes [`JSON_BYTES_MAX`] at most, however many.
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self(Cell::new(bytes))
    }

    /// Whether any one value still fits.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.0.get() >= JSON_BYTES_MAX
    }

    /// As [`arguments_to_json`](super::arguments_to_json).
    ///
    /// # Errors
    /// [`JsonError`] when the bytes are no arguments of the method, or do not fit.
    pub fn arguments(
        &self,
        spec: &ContractSpec,
        method: &MethodSpec,
        bytes: &[u8],
    ) -> Result<Value, JsonError> {
        let fields = method.args.iter().map(|arg| (arg.name.as_str(), arg.ty));
        self.read(&spec.types, "args", |reader| reader.fields(fields, bytes))
    }

    /// As [`return_to_json`](super::return_to_json).
    ///
    /// # Errors
    /// [`JsonError`] when the bytes are no such value, or it does not fit.
    pub fn value(
        &self,
        spec: &ContractSpec,
        ty: u32,
        bytes: &[u8],
        root: &str,
    ) -> Result<Value, JsonError> {
        self.read(&spec.types, root, |reader| reader.whole(ty, bytes))
    }

    /// As [`event_to_json`](super::event_to_json).
    ///
    /// # Errors
    /// [`JsonError`] when the bytes are no data of the event, or do not fit.
    pub fn event(
        &self,
        spec: &ContractSpec,
        event: &EventSpec,
        bytes: &[u8],
    ) -> Result<Value, JsonError> {
        let fields = event.fields.iter().map(|field| (field.name.as_str(), field.ty));
        self.read(&spec.types, &event.name, |reader| reader.fields(fields, bytes))
    }

    /// As [`error_text`](super::error_text); of an error that does not fit, the head of its bytes
    /// and how many there are.
    #[must_use]
    pub fn error_text(&self, spec: &ContractSpec, error: &[u8]) -> String {
        let decoded = spec.error.map(|ty| self.value(spec, ty, error, "error"));
        if !matches!(&decoded, Some(Err(JsonError { kind: JsonErrorKind::Size { .. }, .. }))) {
            let text = written(spec, decoded.and_then(Result::ok).as_ref(), error);
            if self.take(text.len()) {
                return text;
            }
        }
        cut(spec, error)
    }

    /// Takes memory for something else; false, and nothing is taken, when there is less.
    #[must_use]
    pub fn take(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        if let Some(left) = left {
            self.0.set(left);
        }
        left.is_some()
    }

    /// As [`entry_to_json`](super::entry_to_json); a value that does not fit is hexadecimal text.
    #[must_use]
    pub fn entry(&self, spec: &ContractSpec, key: &[u8], value: &[u8]) -> Entry {
        entry_within(self, spec, key, value)
    }

    fn read(
        &self,
        types: &PortableRegistry,
        root: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Result<Value, JsonError>,
    ) -> Result<Value, JsonError> {
        let granted = self.0.get().min(JSON_BYTES_MAX);
        let mut reader = Reader::within(types, root, granted);
        let value = read(&mut reader);
        let spent = granted.saturating_sub(reader.left());
        self.0.set(self.0.get().saturating_sub(spent));
        value
    }
}
