//! What is wrong with a value, and where.

use std::fmt::Write;

/// Says which value is wrong and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind}")]
pub struct JsonError {
    /// Names and indices from the outermost value to the wrong one: `args.lines[2].amount`.
    pub path: String,
    /// What is wrong there.
    pub kind: JsonErrorKind,
}

/// What can be wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// JSON of another form than the type asks for.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// The form that the type asks for.
        expected: String,
        /// What was there, shortened.
        found: String,
    },
    /// An object lacks a field.
    #[error("the field is missing")]
    Missing,
    /// An object has a field that the type does not have.
    #[error("there is no such field; {}", there_are(known))]
    Unknown {
        /// The fields that exist; empty where there is none.
        known: String,
    },
    /// The bytes ended inside the value.
    #[error("the bytes end inside a {ty}")]
    Truncated {
        /// Name of the type.
        ty: String,
    },
    /// Bytes that no value of the type has.
    #[error("{found} is no {ty}")]
    Invalid {
        /// Name of the type.
        ty: String,
        /// What was there.
        found: String,
    },
    /// The value ended before the bytes did.
    #[error("{extra} bytes are left over")]
    LeftOver {
        /// Bytes that belong to nothing.
        extra: usize,
    },
    /// Nested too deeply.
    #[error("nested more than {limit} levels deep")]
    Depth {
        /// Levels allowed.
        limit: usize,
    },
    /// The value would be too large.
    #[error("larger than {limit} bytes")]
    Size {
        /// Bytes allowed.
        limit: usize,
    },
    /// The specification names a type that it does not describe.
    #[error("the specification has no type {id}")]
    UnknownType {
        /// The id.
        id: u32,
    },
    /// A type that has no JSON form here (bit sequences, 256-bit integers).
    #[error("the type {ty} has no JSON form")]
    Unsupported {
        /// Name of the type.
        ty: String,
    },
}

fn there_are(known: &str) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("there are {known}") }
}

/// The path to the value at hand; grows and shrinks as the walker goes.
pub(super) struct Path(String);

impl Path {
    pub(super) fn new(root: &str) -> Self {
        Self(root.to_owned())
    }

    /// Goes into a field; hand the result to [`Path::leave`].
    pub(super) fn enter_field(&mut self, name: &str) -> usize {
        let length = self.0.len();
        self.0.push('.');
        // A hostile specification could make the path itself large.
        self.0.extend(name.chars().take(64));
        length
    }

    /// Goes to an element of a list; hand the result to [`Path::leave`].
    pub(super) fn enter_index(&mut self, index: usize) -> usize {
        let length = self.0.len();
        // Writing to a `String` cannot fail.
        let _ = write!(self.0, "[{index}]");
        length
    }

    /// Goes back to where the matching `enter` was.
    pub(super) fn leave(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(super) fn error(&self, kind: JsonErrorKind) -> JsonError {
        let path = self.0.clone();
        JsonError { path, kind }
    }
}

/// A JSON value shortened for an error message.
pub(super) fn shorten(value: &serde_json::Value) -> String {
    const KEPT: usize = 80;
    let text = match value {
        serde_json::Value::Array(items) => return format!("a list of {}", items.len()),
        serde_json::Value::Object(fields) => {
            let names: Vec<&str> = fields.keys().take(4).map(String::as_str).collect();
            format!("an object with the fields [{}]", names.join(", "))
        }
        other => other.to_string(),
    };
    if text.chars().count() <= KEPT {
        return text;
    }
    let mut head: String = text.chars().take(KEPT).collect();
    head.push_str("...");
    head
}
