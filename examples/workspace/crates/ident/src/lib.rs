//! Part numbers as codes that detect a slip of the pen.

#[cfg(feature = "spell")]
mod spell;

#[cfg(feature = "spell")]
pub use spell::spell;

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;

/// A part number, written as five letters and digits of which the last ones
/// depend on all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    number: u16,
}

/// Why a text is no [`Code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// It has other characters, or another length.
    Shape,
    /// The check does not fit the number.
    Check,
}

impl Code {
    /// The code of part `number`.
    pub fn new(number: u16) -> Self {
        Self { number }
    }

    /// The number that the code stands for.
    pub fn number(self) -> u16 {
        self.number
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [high, low] = self.number.to_be_bytes();
        let code = BASE32_NOPAD.encode(&[high, low, check(self.number)]);
        f.pad(&code)
    }
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let bytes = BASE32_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| CodeError::Shape)?;
        let &[high, low, found] = bytes.as_slice() else {
            return Err(CodeError::Shape);
        };
        let number = u16::from_be_bytes([high, low]);
        if found == check(number) {
            Ok(Self { number })
        } else {
            Err(CodeError::Check)
        }
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "not a code",
            Self::Check => "misspelled",
        })
    }
}

impl std::error::Error for CodeError {}

/// Differs for any two numbers that differ in one digit of the code.
fn check(number: u16) -> u8 {
    let [high, low] = number.to_be_bytes();
    high.wrapping_mul(31).wrapping_add(low).rotate_left(3) ^ 0x5a
}
