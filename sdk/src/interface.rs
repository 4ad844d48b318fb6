//! Interfaces.

/// The name of an interface and its methods: `#[interface]` makes it a constant of the trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Package and trait that declare it: `dure-sdk::Token`.
    pub name: &'static str,
    /// Names of its methods, in order of declaration.
    pub methods: &'static [&'static str],
}
