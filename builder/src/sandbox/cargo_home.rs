//! A home for the cargo that a build script asks about the workspace.

use crate::error::{Error, Result};
use crate::sandbox::files::create_dir_all;
use std::fs;
use std::path::Path;

/// Writes the configuration of a cargo whose user has the home directory `home`.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(config: &str, home: &Path) -> Result<()> {
    let dir = home.join(".cargo");
    create_dir_all(&dir)?;
    let file = dir.join("config.toml");
    fs::write(&file, config).map_err(|e| Error::io("cannot write", &file, e))
}
