//! Names of units and packages.
//!
//! | type | names | holds for |
//! |---|---|---|
//! | [`UnitId`], [`PackageId`] | by its place | one graph in memory, and the references inside its document |
//! | [`Identity`] | a unit by what it is | every document and every graph that has this unit |
//!
//! So a document that tells something about the units of a graph is keyed by [`Identity`].

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The place of a unit in its graph. Dependencies have smaller ones than their dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(pub(in crate::graph) usize);

/// The place of a package in its graph: in the order of name, version and source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PackageId(pub(in crate::graph) usize);

/// The unique name of a unit among those of all graphs: sixteen hexadecimal digits.
///
/// [`identity`](crate::graph::rules::identity) says what enters it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity(u64);

/// A text that is no [`Identity`].
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the identity of a unit, which has 16 hexadecimal digits in lower case")]
pub struct NotAnIdentity(String);

impl Identity {
    /// The identity with these bytes.
    pub(in crate::graph) fn of(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The first eight digits, which tell units of one graph apart where the rest of a name does not.
    pub fn short(self) -> String {
        format!("{:08x}", self.0 >> 32)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Identity {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, NotAnIdentity> {
        let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        match u64::from_str_radix(text, 16) {
            Ok(value) if text.len() == 16 && text.chars().all(is_digit) => Ok(Self(value)),
            _ => Err(NotAnIdentity(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Identity {
    type Error = NotAnIdentity;

    fn try_from(text: String) -> Result<Self, NotAnIdentity> {
        text.parse()
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> Self {
        identity.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_sixteen_digits() {
        let text = "00a1b2c3d4e5f607";
        let identity: Option<Identity> = text.parse().ok();
        assert_eq!(identity.map(|id| id.to_string()).as_deref(), Some(text));
        assert_eq!(identity.map(Identity::short).as_deref(), Some("00a1b2c3"));
        for wrong in [
            "",
            "00a1b2c3d4e5f60",
            "00A1B2C3D4E5F607",
            "+0a1b2c3d4e5f607",
        ] {
            assert!(wrong.parse::<Identity>().is_err(), "{wrong}");
        }
    }
}
