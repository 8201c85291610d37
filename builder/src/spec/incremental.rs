//! rustc's incremental state.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What is said of a unit whose outputs are those of its base.
pub const SAME: &str = "nothing has changed since the state was kept: the outputs are the same";

/// How a unit is compiled incrementally, or its build script run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    /// The outputs of an earlier build of the unit that kept its state, by name: `state`, `out`,
    /// and what else the unit has. Empty to start from nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub base: BTreeMap<String, String>,
    /// Whether the state is kept, in the output `state`.
    pub keep: bool,
    /// The unit's directory in one of the machine, outside of the sandbox, in which rustc finds its
    /// state and leaves it: then there is neither a base nor an output for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

/// Outputs of units that kept their state, listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct States {
    /// The units by identity.
    pub units: BTreeMap<String, StateOf>,
}

/// A unit that kept its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateOf {
    /// The hash part of its derivation's path, if the derivation has no base: a unit that would have the same one
    /// is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivation: Option<String>,
    /// Its outputs, by name.
    pub outputs: BTreeMap<String, String>,
}

/// A list of states that another derivation has made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatesOf {
    /// Its store path.
    pub list: String,
}

/// A digest of all that a unit is made from, of its specification without [`Incremental`]: paths in the
/// store stand for their contents.
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn digest(specification: &impl Serialize) -> Result<String> {
    let text = serde_json::to_vec(specification)
        .map_err(|e| Error::new(format!("cannot write the specification: {e}")))?;
    Ok(hex(Sha256::new_with_prefix(text)))
}

/// A digest in hexadecimal digits.
pub fn hex(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
