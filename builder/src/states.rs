//! Lists the incremental states of units, as one file: a JSON object with a [`StateOf`](crate::spec::StateOf) for each
//! identity. The derivation of a unit is in it without a reference to it.
//!
//! The list keeps what it names in the store, and is all that a later build needs as its base.

use crate::error::{Error, Result};
use crate::sandbox::files::make_link;
use crate::spec::task::Outputs;
use crate::spec::{States, StatesOf};
use std::fs;
use std::path::Path;

/// Writes the list to the output `out`.
pub fn list(states: &States, outputs: &Outputs) -> Result<()> {
    let out = outputs.get("out")?;
    let text = serde_json::to_vec(&states.units)
        .map_err(|e| Error::new(format!("cannot write the list of states: {e}")))?;
    fs::write(out, text).map_err(|e| Error::io("cannot write", out, e))
}

/// Makes the output `out` a link to a list.
pub fn link(other: &StatesOf, outputs: &Outputs) -> Result<()> {
    make_link(Path::new(&other.list), outputs.get("out")?)
}
