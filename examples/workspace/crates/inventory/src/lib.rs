//! What is in stock.

#[cfg(feature = "csv")]
pub mod csv;
#[cfg(feature = "json")]
pub mod json;
mod money;
mod part;
#[cfg(test)]
mod tests;

pub use money::Cents;
pub use part::Part;

/// What all pieces of all `parts` cost.
pub fn worth(parts: &[Part]) -> Cents {
    Cents(parts.iter().map(|part| part.worth().0).sum())
}
