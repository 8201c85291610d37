//! rustc's incremental state.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file of a list of states that has [`StateOf::derivation`].
pub const DERIVATION_FILE: &str = "derivation";

/// How a unit is compiled incrementally.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    /// The outputs of an earlier build of the unit that kept its state, by name: `state`, `out`,
    /// and `meta` if the unit has it. Empty to start from nothing.
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
