//! Amounts of money.

use std::fmt;

/// An amount of money, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cents(pub u64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut whole = integer::Buffer::new();
        let amount = format!("{}.{:02}", whole.format(self.0 / 100), self.0 % 100);
        f.pad(&amount)
    }
}
