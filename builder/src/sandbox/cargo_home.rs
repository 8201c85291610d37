//! A home for the cargo that a build script asks about the workspace.

use crate::error::{Error, Result};
use crate::sandbox::files::create_dir_all;
use std::fs;
use std::path::Path;

/// What stands for the vendor directory in its own configuration, as nixpkgs'
/// `importCargoLock` writes it.
const STAND_IN: &str = "\"cargo-vendor-dir\"";

/// The configuration of a vendor directory that has none of its own.
const PLAIN: &str = r#"[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "cargo-vendor-dir"
"#;

/// Writes cargo's configuration below the home directory `home`: all packages are
/// in the directory `vendor`, and none elsewhere.
///
/// # Errors
///
/// If the configuration of `vendor` cannot be read, or the new one not be written.
pub fn write(vendor: &str, home: &Path) -> Result<()> {
    let own = Path::new(vendor).join(".cargo/config.toml");
    let sources = if own.is_file() {
        fs::read_to_string(&own).map_err(|e| Error::io("cannot read", &own, e))?
    } else {
        PLAIN.to_string()
    };
    let dir = home.join(".cargo");
    create_dir_all(&dir)?;
    let file = dir.join("config.toml");
    fs::write(&file, configuration(&sources, vendor))
        .map_err(|e| Error::io("cannot write", &file, e))
}

fn configuration(sources: &str, vendor: &str) -> String {
    let sources = sources.replace(STAND_IN, &format!("\"{vendor}\""));
    format!("{sources}\n[net]\noffline = true\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stand_in_becomes_the_vendor_directory() {
        let text = configuration(PLAIN, "/nix/store/x-vendor");
        assert!(
            text.contains("directory = \"/nix/store/x-vendor\""),
            "{text}"
        );
        assert!(!text.contains("cargo-vendor-dir"), "{text}");
    }
}
