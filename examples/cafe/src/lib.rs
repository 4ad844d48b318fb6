//! cafe.
