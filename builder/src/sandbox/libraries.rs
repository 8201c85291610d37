//! Lists of libraries in outputs.
//!
//! A unit of rlibs is told the libraries of its direct dependencies only. The list that each of their outputs has
//! leads to the rest of the closure. Nix finds the store paths in a list too, which makes them inputs of the unit.

use crate::error::{Error, Result};
use crate::spec::{Artifact, LIBRARIES};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The libraries that the unit of an output was given; none if the output has no list.
///
/// # Errors
///
/// If the list cannot be read, or is malformed.
pub fn listed(output: &Path) -> Result<Vec<Artifact>> {
    let file = output.join(LIBRARIES);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(Error::io("cannot read", &file, e)),
    };
    serde_json::from_str(&text)
        .map_err(|e| Error::new(format!("cannot read {}: {e}", file.display())))
}

/// Writes the list of an output, if there is anything to list.
///
/// # Errors
///
/// If it cannot be written.
pub fn list(output: &Path, crates: &[Artifact]) -> Result<()> {
    if crates.is_empty() {
        return Ok(());
    }
    let file = output.join(LIBRARIES);
    let text = serde_json::to_string(crates)
        .map_err(|e| Error::new(format!("cannot write {}: {e}", file.display())))?;
    fs::write(&file, text).map_err(|e| Error::io("cannot write", &file, e))
}
