//! One kind of part.

use fields_derive::Fields;
use ident::Code;

use crate::Cents;

/// One kind of part.
#[derive(Clone, Debug, PartialEq, Eq, Fields)]
pub struct Part {
    /// What it is ordered by.
    pub code: Code,
    /// What it is called.
    pub name: String,
    /// How many there are.
    pub pieces: u32,
    /// What one of them costs.
    pub price: Cents,
}

impl Part {
    /// What all pieces cost.
    pub fn worth(&self) -> Cents {
        Cents(u64::from(self.pieces) * self.price.0)
    }
}
