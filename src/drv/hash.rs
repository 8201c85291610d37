//! SHA-256, the only algorithm that the other formats need.
//!
//! ```
//! use dyndrv::drv::hash::{Hasher, Sha256};
//! use std::io::Write;
//!
//! let mut hasher = Hasher::default();
//! hasher.write_all(b"a")?;
//! hasher.write_all(b"bc")?;
//! let hash = hasher.finish();
//! assert_eq!(hash, Sha256::of("abc"));
//! assert_eq!(
//!     hash.to_string(),
//!     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
//! );
//! # std::io::Result::Ok(())
//! ```

use data_encoding::HEXLOWER;
use sha2::Digest;
use std::{fmt, io};

/// A SHA-256 hash. It displays as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 hash: 64 lower-case hexadecimal digits are needed")]
pub struct NotSha256(String);

impl Sha256 {
    /// Hashes bytes that are in memory.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads the form that `Display` writes.
    pub fn from_hex(text: &str) -> Result<Self, NotSha256> {
        HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| NotSha256(text.to_owned()))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

/// A sink that hashes what is written to it.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// The hash of everything written.
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_round_trip() {
        let hash = Sha256::of("");
        assert_eq!(Sha256::from_hex(&hash.to_string()).unwrap(), hash);
    }

    #[test]
    fn hexadecimal_refuses_other_lengths_cases_and_characters() {
        let good = Sha256::of("").to_string();
        for bad in [
            "",
            &good[2..],
            &format!("{good}00"),
            &good.to_uppercase(),
            &good.replace('e', "g"),
        ] {
            assert_eq!(Sha256::from_hex(bad), Err(NotSha256(bad.to_owned())));
        }
    }
}
