//! Nix's base 32: an alphabet without `e`, `o`, `u` and `t`, and the digits of
//! the number that the bytes are in little-endian order, most significant first.
//!
//! Nix's `nix32.cc` is what this mirrors.
//!
//! ```
//! use dyndrv::drv::nix32;
//!
//! assert_eq!(nix32::encode(&[0x1f]), "0z");
//! assert_eq!(nix32::decode("0z")?, [0x1f]);
//! # Ok::<(), nix32::Error>(())
//! ```

/// The digits by value.
const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Why a text is not base 32.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A character outside the alphabet.
    #[error("`{character}` at byte {offset} of `{text}` is not a digit of Nix's base 32")]
    Digit {
        /// The whole text.
        text: String,
        /// Where the character starts.
        offset: usize,
        /// The character.
        character: char,
    },
    /// The first digits have bits beyond the last byte, or no number of bytes has
    /// this many digits.
    #[error("`{text}` does not encode a whole number of bytes")]
    Length {
        /// The whole text.
        text: String,
    },
}

/// How many digits encode this many bytes.
const fn encoded_len(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// Whether a byte is a digit.
pub(super) fn is_digit(byte: u8) -> bool {
    ALPHABET.contains(&byte)
}

/// Encodes bytes.
pub fn encode(bytes: &[u8]) -> String {
    let byte = |index: usize| u16::from(bytes.get(index).copied().unwrap_or(0));
    (0..encoded_len(bytes.len()))
        .rev()
        .map(|digit| {
            let bit = digit * 5;
            let pair = byte(bit / 8) | byte(bit / 8 + 1) << 8;
            char::from(ALPHABET[usize::from(pair >> (bit % 8) & 0x1f)])
        })
        .collect()
}

/// Decodes what [`encode`] writes, and nothing else.
pub fn decode(text: &str) -> Result<Vec<u8>, Error> {
    let length = || Error::Length {
        text: text.to_owned(),
    };
    let mut bytes = vec![0u8; text.len() * 5 / 8];
    for (offset, character) in text.char_indices() {
        let value = ALPHABET
            .iter()
            .position(|digit| char::from(*digit) == character)
            .ok_or_else(|| Error::Digit {
                text: text.to_owned(),
                offset,
                character,
            })?;
        // A value below 32, moved by less than 8, fits into two bytes.
        let bit = (text.len() - 1 - offset) * 5;
        let pair = ((value as u16) << (bit % 8)).to_le_bytes();
        for (index, part) in (bit / 8..).zip(pair) {
            match bytes.get_mut(index) {
                Some(byte) => *byte |= part,
                None if part == 0 => {}
                None => return Err(length()),
            }
        }
    }
    if encoded_len(bytes.len()) == text.len() {
        Ok(bytes)
    } else {
        Err(length())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::drv::hash::Sha256;

    #[test]
    fn sha256_of_nothing_as_nix_prints_it() {
        let nothing = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
        assert_eq!(encode(&Sha256::of("").0), nothing);
        assert_eq!(decode(nothing).unwrap(), Sha256::of("").0);
    }

    #[test]
    fn round_trip_of_every_length() {
        let bytes: Vec<u8> = (0..64u8).map(|n| n.wrapping_mul(151) ^ 0xa5).collect();
        for length in 0..bytes.len() {
            let text = encode(&bytes[..length]);
            assert_eq!(decode(&text).unwrap(), &bytes[..length], "{text}");
        }
    }

    #[test]
    fn letters_that_are_left_out_are_named() {
        for (text, offset, character) in [("0e", 1, 'e'), ("u0", 0, 'u'), ("0ü0", 1, 'ü')] {
            let text = text.to_owned();
            assert_eq!(
                decode(&text),
                Err(Error::Digit {
                    text,
                    offset,
                    character
                })
            );
        }
    }

    #[test]
    fn bits_beyond_the_last_byte_are_refused() {
        assert!(decode("7z").is_ok(), "255");
        for text in ["8z", "0", "z", "000", "000000"] {
            let text = text.to_owned();
            assert_eq!(decode(&text), Err(Error::Length { text }));
        }
    }
}
