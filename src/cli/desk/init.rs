//! `dyndrv init`.

use crate::cli::error::Error;
use clap::Args;
use dyndrv::desk;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The flake of the template, which does for any project with a lock file.
const FLAKE: &str = include_str!("../../../templates/default/flake.nix");

/// The options of `dyndrv init`.
#[derive(Args)]
pub struct Options {
    /// The directory of the project
    #[arg(default_value = ".")]
    directory: PathBuf,
}

/// Writes the flake of a project that has none.
pub fn run(options: &Options) -> Result<(), Error> {
    write(&options.directory)?;
    let file = options.directory.join("flake.nix");
    eprintln!(
        "wrote {}; in a git checkout, `git add` it, so that Nix sees it",
        file.display()
    );
    Ok(())
}

fn write(directory: &Path) -> Result<(), desk::Error> {
    for name in ["Cargo.toml", "Cargo.lock"] {
        if !directory.join(name).is_file() {
            return Err(desk::Error::Run(format!(
                "{} has no {name}; `dyndrv init` writes the flake of a project that has both: \
                 `cargo generate-lockfile` writes the second",
                directory.display()
            )));
        }
    }
    let file = directory.join("flake.nix");
    let create = OpenOptions::new().write(true).create_new(true).open(&file);
    let mut created = match create {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(desk::Error::Run(format!(
                "{} is there already, and stays as it is",
                file.display()
            )));
        }
        other => other.map_err(desk::Error::io("creating", &file))?,
    };
    created
        .write_all(FLAKE.as_bytes())
        .map_err(desk::Error::io("writing", &file))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn nothing_is_overwritten() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("flake.nix");
        let error = write(temp.path()).unwrap_err().to_string();
        assert!(error.contains("no Cargo.toml"), "{error}");
        for name in ["Cargo.toml", "Cargo.lock"] {
            fs::write(temp.path().join(name), "").unwrap();
        }
        write(temp.path()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), FLAKE);
        fs::write(&file, "own").unwrap();
        let error = write(temp.path()).unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "own");
    }
}
