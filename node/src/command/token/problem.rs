//! What is wrong in a policy file, where, and what to do about it.

/// Why a policy file is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {}{problem}", prefix(.key))]
pub struct PolicyFileError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key with its sections, as `merchants.regions`; empty where the text is no TOML.
    pub key: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Correct the text.
    #[error("{0}")]
    Syntax(String),
    /// Remove the key, or spell it as one of those.
    #[error("there is no such key; remove it, or use one of {}", .known.join(", "))]
    Unknown {
        /// The keys that there are.
        known: &'static [&'static str],
    },
    /// Add the key.
    #[error("is missing; add it, as in {example}")]
    Missing {
        /// A line that would do.
        example: &'static str,
    },
    /// Write a value of the other kind.
    #[error("is a {found}; write {expected}")]
    Kind {
        /// What stands there.
        found: &'static str,
        /// What should.
        expected: String,
    },
    /// Write another value.
    #[error("{found} cannot be used; write {expected}")]
    Value {
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// Add the section, or remove the key.
    #[error("needs the section [merchants], without which nothing is a purchase; add it")]
    NeedsMerchants,
    /// Correct one of the days.
    #[error("is before period.first_day; correct one of them")]
    Backwards,
    /// Remove one of the two.
    #[error("{account} was listed on line {first} already; remove one")]
    Twice {
        /// The account.
        account: String,
        /// The line where it was listed first.
        first: usize,
    },
}

fn prefix(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("{key} ") }
}
