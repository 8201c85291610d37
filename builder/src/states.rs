//! Lists the incremental states of units: `<identity>/<output>` is a link to an output, and `<identity>/derivation` tells
//! the unit's derivation without a reference to it.
//!
//! The list keeps what it names in the store, and is all that a later build needs as its base.

use crate::error::{Error, Result};
use crate::sandbox::files::{create_dir_all, make_link};
use crate::spec::task::Outputs;
use crate::spec::{DERIVATION_FILE, States, StatesOf};
use std::fs;
use std::path::Path;

/// Writes the list to the output `out`.
pub fn list(states: &States, outputs: &Outputs) -> Result<()> {
    let out = outputs.get("out")?;
    create_dir_all(out)?;
    for (identity, of_unit) in &states.units {
        let directory = out.join(identity);
        create_dir_all(&directory)?;
        for (name, path) in &of_unit.outputs {
            make_link(Path::new(path), &directory.join(name))?;
        }
        if let Some(derivation) = &of_unit.derivation {
            let file = directory.join(DERIVATION_FILE);
            fs::write(&file, derivation).map_err(|e| Error::io("cannot write", &file, e))?;
        }
    }
    Ok(())
}

/// Makes the output `out` a link to a list.
pub fn link(other: &StatesOf, outputs: &Outputs) -> Result<()> {
    make_link(Path::new(&other.list), outputs.get("out")?)
}
